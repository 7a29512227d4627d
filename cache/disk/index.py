"""The index of a disk layer: where each entry lies. It can be lost: the segments hold all that it says, but the last uses.

SQLite in WAL mode, so that readers do not wait for a writer, and a kill at any moment leaves the last transaction that
ended. The version of the schema is in the file's name: two versions of the compiler share the segments and do not
fight over one index.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.cache.disk.records import HEADER_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hyper.cache.disk.records import Header

SCHEMA: Final = 1
FILE: Final = f"index-{SCHEMA}.sqlite3"
_IN_ONE_QUESTION: Final = 250
_TABLES: Final = (
    """CREATE TABLE segments (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL, created REAL NOT NULL)""",
    """CREATE TABLE entries (
        kind INTEGER NOT NULL, key BLOB NOT NULL, segment INTEGER NOT NULL, offset INTEGER NOT NULL,
        stored INTEGER NOT NULL, raw INTEGER NOT NULL, codec INTEGER NOT NULL, cost REAL NOT NULL,
        created REAL NOT NULL, used REAL NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID""",
    "CREATE TABLE state (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID",
    f"PRAGMA user_version = {SCHEMA}",
)
_ADD: Final = """INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (kind, key) DO UPDATE SET segment = excluded.segment, offset = excluded.offset,
        stored = excluded.stored, raw = excluded.raw, codec = excluded.codec, cost = excluded.cost,
        created = excluded.created, used = MAX(used, excluded.used)
    WHERE excluded.created > entries.created"""
_LOOK_UP: Final = """SELECT key, name, offset, stored, used FROM entries JOIN segments ON id = segment
    WHERE kind = ? AND key IN """
# Result codes of SQLite after which the file is of no use: an error of SQL is another schema.
_BROKEN: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Row(NamedTuple):
    """Where an entry lies: its record is ``size`` bytes at ``offset``. ``used``: seconds since 1970."""

    segment: str
    offset: int
    size: int
    used: float


class UnmadeError(Exception):
    """The file has no tables yet: another process is making it, or was killed when it did."""


class VersionError(sqlite3.DatabaseError):
    """The index is of another schema than its name says."""


def is_broken(error: sqlite3.Error) -> bool:
    """Whether the file is of no use any more; else it is only not to be had now (locked, read-only, disk full)."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or (code & 0xFF) in _BROKEN


class Index:
    """An open index. Every method raises ``sqlite3.Error``."""

    def __init__(self, path: str, busy: float, *, make: bool = False) -> None:
        """Open the index, or ``make`` it while the folder's lock is held; ``busy``: seconds to wait for a writer.

        Raises ``UnmadeError`` where there is nothing yet and none is to be made.
        """
        self.path = path
        self.read_only = False
        self.fresh = False
        self._make = make
        self._relaxed = False
        before = identity(path)
        self._connection = sqlite3.connect(
            path, timeout=busy, isolation_level=None, check_same_thread=False
        )
        try:
            self._open(busy)
        except BaseException:
            self._connection.close()
            raise
        after = identity(path)
        self.identity = after if before in {None, after} else None
        """Which file this is the index of; ``None`` where another came to its path while it was opened."""

    def _open(self, busy: float) -> None:
        try:
            self._check()
        except sqlite3.OperationalError as error:
            if is_broken(error) or not os.path.exists(self.path) or not self._guarded():
                raise
            # WAL needs a file beside the index even to read, unless nobody can change it.
            self._connection.close()
            self._connection = sqlite3.connect(
                f"file:{_quoted(self.path)}?mode=ro&immutable=1",
                timeout=busy,
                isolation_level=None,
                check_same_thread=False,
                uri=True,
            )
            self._check()
            self.read_only = True

    def _guarded(self) -> bool:
        """Whether this process may not write here."""
        effective = os.access in os.supports_effective_ids
        return not all(
            os.access(path, os.W_OK, effective_ids=effective)
            for path in (self.path, os.path.dirname(os.path.abspath(self.path)))
        )

    def _check(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA:
            return
        (tables,) = self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if version or tables:
            # Another process may have made tables and version between the two questions, in one transaction.
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version == SCHEMA:
                return
            raise VersionError(f"schema {version}")
        if not self._make:
            raise UnmadeError(self.path)
        self._connection.execute("PRAGMA journal_mode = WAL")
        with self:
            for statement in _TABLES:
                self._connection.execute(statement)
        self.fresh = True

    def __enter__(self) -> None:
        """A transaction that writes."""
        if not self._relaxed:
            # The index can be made again, so no commit waits for the disk; WAL keeps it whole all the same.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._relaxed = True
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            # A commit that failed leaves its transaction open; some errors have ended it already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def rows(self, kind: int, keys: list[bytes]) -> dict[bytes, Row]:
        """The rows of the entries that are there."""
        found: dict[bytes, Row] = {}
        for at in range(0, len(keys), _IN_ONE_QUESTION):
            some = keys[at : at + _IN_ONE_QUESTION]
            # Few different questions, so that SQLite's compiled statements are found again.
            width = 1 if len(some) == 1 else _IN_ONE_QUESTION
            padded = [*some, *some[:1] * (width - len(some))]
            question = _LOOK_UP + f"({', '.join('?' * width)})"
            for key, name, offset, stored, used in self._connection.execute(
                question, (kind, *padded)
            ):
                found[key] = Row(name, offset, HEADER_BYTES + stored, used)
        return found

    def add(self, name: str, size: int, now: float, entries: Iterable[tuple[int, Header]]) -> None:
        """Add a segment and the entries in it, at their offsets.

        Of two entries of one key the later stays, and of two made at one time the one that is there: another process may
        have adopted this segment already, and have moved its records on.
        """
        run = self._connection.execute
        run("INSERT OR IGNORE INTO segments VALUES (NULL, ?, ?, ?)", (name, size, now))
        (segment,) = run("SELECT id FROM segments WHERE name = ?", (name,)).fetchone()
        self._connection.executemany(
            _ADD,
            (
                (
                    each.kind,
                    each.key,
                    segment,
                    offset,
                    each.stored,
                    each.raw,
                    each.codec,
                    each.cost,
                    each.created,
                    now,
                )
                for offset, each in entries
            ),
        )

    def touch(self, entries: Iterable[tuple[int, bytes]], now: float) -> None:
        """These entries were used."""
        self._connection.executemany(
            "UPDATE entries SET used = ? WHERE kind = ? AND key = ? AND used < ?",
            ((now, kind, key, now) for kind, key in entries),
        )

    def drop_bad(self, entries: Iterable[tuple[int, bytes, str, int]]) -> None:
        """Forget entries, by kind, key, segment and offset, that still are where they were found bad."""
        self._connection.executemany(
            "DELETE FROM entries WHERE kind = ? AND key = ?"
            " AND segment = (SELECT id FROM segments WHERE name = ?) AND offset = ?",
            entries,
        )

    def drop_all(self, entries: Iterable[tuple[int, bytes]]) -> None:
        """Forget entries."""
        self._connection.executemany("DELETE FROM entries WHERE kind = ? AND key = ?", entries)

    def forget(self, names: Iterable[str]) -> None:
        """Forget segments and the entries in them."""
        for name in names:
            self._connection.execute(
                "DELETE FROM entries WHERE segment = (SELECT id FROM segments WHERE name = ?)",
                (name,),
            )
            self._connection.execute("DELETE FROM segments WHERE name = ?", (name,))

    def moved(self, name: str, size: int, now: float, moves: Iterable[Move]) -> None:
        """Add a segment that took over records of others."""
        run = self._connection.execute
        run("INSERT OR IGNORE INTO segments VALUES (NULL, ?, ?, ?)", (name, size, now))
        (segment,) = run("SELECT id FROM segments WHERE name = ?", (name,)).fetchone()
        self._connection.executemany(
            "UPDATE entries SET segment = ?, offset = ? WHERE kind = ? AND key = ?"
            " AND segment = (SELECT id FROM segments WHERE name = ?) AND offset = ?",
            ((segment, m.offset, m.kind, m.key, m.segment, m.was) for m in moves),
        )

    def segments(self) -> dict[str, int]:
        """Bytes on the disk by segment, oldest first."""
        return dict(self._connection.execute("SELECT name, bytes FROM segments ORDER BY created"))

    def live_bytes(self) -> dict[str, int]:
        """Bytes of records that the index points to, by segment; segments without any are not in it."""
        return dict(
            self._connection.execute(
                f"SELECT name, SUM(stored + {HEADER_BYTES}) FROM entries"  # noqa: S608 - a constant
                " JOIN segments ON id = segment GROUP BY segment"
            )
        )

    def by_use(self, before: float) -> Iterator[tuple[int, bytes, int, float]]:
        """Kind, key, bytes of the record and last use of entries last used ``before`` a time, the oldest first."""
        return self._connection.execute(
            f"SELECT kind, key, stored + {HEADER_BYTES}, used FROM entries"  # noqa: S608 - a constant
            " WHERE used < ? ORDER BY used, kind, key",
            (before,),
        )

    def within(self, name: str) -> list[tuple[int, bytes, int, int]]:
        """Kind, key, offset and bytes of the records of a segment's entries, in the order of the file."""
        return self._connection.execute(
            f"SELECT kind, key, offset, stored + {HEADER_BYTES} FROM entries"  # noqa: S608 - a constant
            " WHERE segment = (SELECT id FROM segments WHERE name = ?) ORDER BY offset",
            (name,),
        ).fetchall()

    def totals(self) -> list[tuple[int, int, int, int, float, float]]:
        """By kind: how many entries, bytes of values, bytes stored, cost in seconds, and the oldest last use."""
        return self._connection.execute(
            "SELECT kind, COUNT(*), SUM(raw), SUM(stored), SUM(cost), MIN(used)"
            " FROM entries GROUP BY kind"
        ).fetchall()

    def aged(self) -> float:
        """When entries were last pruned by age; 0 before that."""
        row = self._connection.execute("SELECT value FROM state WHERE name = 'aged'").fetchone()
        return float(row[0]) if row else 0.0

    def set_aged(self, now: float) -> None:
        """Entries were pruned by age."""
        self._connection.execute("INSERT OR REPLACE INTO state VALUES ('aged', ?)", (now,))

    def clear(self) -> None:
        """Forget everything."""
        self._connection.execute("DELETE FROM entries")
        self._connection.execute("DELETE FROM segments")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


class Move(NamedTuple):
    """An entry whose record was at ``was`` in ``segment`` and is at ``offset`` in a new one."""

    kind: int
    key: bytes
    segment: str
    was: int
    offset: int


def set_aside(path: str) -> None:
    """Give a broken index another name, in place of an earlier one. Raises ``OSError``."""
    for end in ("-wal", "-shm"):
        try:
            os.unlink(path + end)
        except FileNotFoundError:
            continue
    with contextlib.suppress(FileNotFoundError):
        os.replace(path, f"{path}.broken")


def identity(path: str) -> tuple[int, int] | None:
    """Which file a path is now; ``None`` where none is."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(os.path.abspath(path))
