"""The disk layer: entries of all builds on one machine.

A flush writes one segment with everything that is new, gives it its name, and then tells the index in one transaction.
A kill between the two leaves a segment that the index does not know, which a later flush adopts; an entry whose data
is gone is a miss. What is read is proved on every read, so that nothing here needs repair before it can be used.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Final, TypeVar

from hyper.cache.disk import segments
from hyper.cache.disk.index import FILE, Index, Row, UnmadeError, identity, is_broken, set_aside
from hyper.cache.disk.leases import Lease
from hyper.cache.disk.locks import locked
from hyper.cache.disk.records import ACTION, BLOB, Codec, DamagedError, parse
from hyper.cache.mapped import MAP_FROM, MappedFiles, TruncatedError
from hyper.cache.policies.lru import LRU
from hyper.cache.protocol import KEY_BYTES, fresh_counters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hyper.cache.disk.place import Place
    from hyper.cache.disk.prune import Pruned
    from hyper.cache.disk.records import Header
    from hyper.cache.disk.statistics import DiskStats
    from hyper.cache.disk.verify import Verified
    from hyper.cache.protocol import Kind

T = TypeVar("T")

MAX_BYTES: Final = 30 * 10**9
MAX_AGE: Final = 30 * 24 * 3600.0
_CODES: Final = {"action": ACTION, "blob": BLOB}
# The last use is known to the hour, so that a build that finds everything writes nothing.
_RECENT: Final = 3600.0
_TICK: Final = 1e-6
# What is pending stays in memory, compressed; a build that makes more writes more segments.
_MOST_PENDING: Final = 32 << 20
_MOST_MAPPED: Final = 1 << 30
_FORBIDDEN: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_COUNTERS: Final = ("known", "bytes_written", "segments", "adopted", "rebuilt", "evicted")
_LIES: Final = (DamagedError, TruncatedError, TypeError, ValueError, OverflowError, MemoryError)


class DiskLayer:
    """A folder of segments with an index. For several threads and processes at once.

    ``max_bytes`` and ``max_age`` (seconds) are bounds that flushes keep. ``pack_after`` is how many small segments become
    a pack. ``counts`` counts uses, which say what leaves; without it the last use does. ``read_only`` takes nothing.
    ``sync`` waits for the disk before a segment has its name, against losses at a power cut. ``map_from`` is the size in
    bytes from which a data file is mapped, ``busy`` the seconds to wait for another process's transaction; ``clock`` gives
    seconds since 1970.
    """

    def __init__(
        self,
        folder: str,
        *,
        name: str = "disk",
        max_bytes: int = MAX_BYTES,
        max_age: float = MAX_AGE,
        pack_after: int = 32,
        counts: bool = True,
        read_only: bool = False,
        sync: bool = False,
        map_from: int = MAP_FROM,
        busy: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is opened or made before it is needed."""
        self.name = name
        self.folder = os.path.abspath(folder)
        self.max_bytes = max_bytes
        self.max_age = max_age
        self._pack_after = pack_after
        self._counts = counts
        self._read_only = read_only
        self._sync = sync
        self._map_from = map_from
        self._busy = busy
        self._clock = clock
        self._counters = fresh_counters(_COUNTERS)
        self._lock = threading.RLock()
        self._closed = False
        self._last = 0.0
        self._inherited: list[Index] = []
        self._start()

    def _start(self) -> None:
        """The state that belongs to one process."""
        self._process = os.getpid()
        self._index: Index | None = None
        self._without_index = False
        self._codec = Codec()
        self._files = MappedFiles(LRU(_MOST_MAPPED), self._map_from)
        self._lease = Lease(self.folder)
        self._pending: dict[tuple[int, bytes], bytes] = {}
        self._pending_bytes = 0
        self._touched: set[tuple[int, bytes]] = set()
        self._used: set[bytes] = set()
        self._wrote = False
        self._held = False

    def _forked(self) -> None:
        # SQLite's connections must not cross a fork, not even to be closed: the old one is kept, and let be.
        self._lock = threading.RLock()
        if self._index is not None:
            self._inherited.append(self._index)
        self._lease.forked()
        self._start()

    def _own(self) -> threading.RLock:
        """The lock of the state, which is made anew in a copy of the process."""
        if self._process != os.getpid():
            self._forked()
        return self._lock

    @property
    def counters(self) -> dict[str, int]:
        """Counts since the layer was made."""
        return dict(self._counters)

    def get_many(self, kind: Kind, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """See ``Layer``."""
        with self._own():
            wanted = dict.fromkeys(keys)
            found = {} if self._closed else self._find(_CODES[kind], list(wanted))
            self._used.update(found)
            self._counters["hits"] += len(found)
            self._counters["misses"] += len(wanted) - len(found)
            self._counters["bytes_out"] += sum(map(len, found.values()))
            return {key: found[key] for key in wanted if key in found}

    def _find(self, code: int, keys: list[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        rest = []
        for key in keys:
            record = self._pending.get((code, key))
            if record is None:
                rest.append(key)
                continue
            try:
                found[key] = self._codec.decode(code, key, record)
            except DamagedError:
                self._counters["dropped"] += 1
                self._pending_bytes -= len(self._pending.pop((code, key)))
        if rest:
            rows = self._rows(code, rest)
            self._lease.note(rows)
            found.update(self._read(code, rows))
        return found

    def _rows(self, code: int, keys: list[bytes]) -> dict[bytes, Row]:
        nothing: dict[bytes, Row] = {}
        return self._ask(lambda index: index.rows(code, keys), nothing) if keys else nothing

    def _read(self, code: int, rows: Mapping[bytes, Row]) -> dict[bytes, bytes]:
        """Read the entries of rows; one whose segment is gone is looked up again, since packing moves entries.

        As often as it has moved: a process that gets little of the processor may find it moved on each time.
        """
        found: dict[bytes, bytes] = {}
        bad: list[tuple[int, bytes, str, int]] = []
        gone = self._read_rows(code, rows, found, bad)
        while gone:
            still = self._read_rows(code, self._rows(code, list(gone)), found, bad)
            # Where it is, and not when it was used last, which others say all the time.
            lost = {key: row for key, row in still.items() if row[:2] == gone[key][:2]}
            if lost:
                self._counters["dropped"] += len(lost)
                self._forget({row.segment for row in lost.values()})
            gone = {key: row for key, row in still.items() if key not in lost}
        if bad:
            self._counters["dropped"] += len(bad)
            self._change(lambda index: index.drop_bad(bad))
        return found

    def _forget(self, names: set[str]) -> None:
        self._change(lambda index: index.forget(names))

    def _read_rows(
        self,
        code: int,
        rows: Mapping[bytes, Row],
        found: dict[bytes, bytes],
        bad: list[tuple[int, bytes, str, int]],
    ) -> dict[bytes, Row]:
        gone: dict[bytes, Row] = {}
        stale = self._clock() - _RECENT
        ordered = list(rows.items())
        # In the order of the disk, and a file at a time; an index that lies may have anything in a row.
        with contextlib.suppress(TypeError):
            ordered.sort(key=lambda item: item[1][:2])
        name, file = "", None
        for key, row in ordered:
            try:
                if file is None or row.segment != name:
                    name, file = row.segment, None
                    file = self._files.file(segments.data_file(self.folder, name))
                record = file.read(row.offset, row.size)
                found[key] = self._codec.decode(code, key, record)
                if row.used < stale:
                    self._touched.add((code, key))
            except (FileNotFoundError, NotADirectoryError):
                gone[key] = row
            except _LIES:
                bad.append((code, key, row.segment, row.offset))
            except OSError:
                self._counters["errors"] += 1
        return gone

    def put_many(self, kind: Kind, entries: Mapping[bytes, bytes], cost: float = 0.0) -> None:
        """See ``Layer``."""
        with self._own():
            if self._closed or self._read_only or not entries:
                return
            code = _CODES[kind]
            known = self._known(code, entries)
            bad = {key for key in entries if len(key) != KEY_BYTES}
            now, share = self._later(), cost / len(entries)
            for key, value in entries.items():
                if key in known or key in bad:
                    continue
                record = self._codec.encode(code, key, value, now, share)
                self._pending_bytes += len(record) - len(self._pending.get((code, key), b""))
                self._pending[code, key] = record
                self._counters["bytes_in"] += len(value)
            self._counters["puts"] += len(entries) - len(known) - len(bad)
            self._counters["dropped"] += len(bad)
            self._counters["known"] += len(known)
            self._lease.note(entries.keys() - bad)
            self._used |= entries.keys() - bad
            if self._pending_bytes >= _MOST_PENDING:
                self._write()

    def _later(self) -> float:
        """A time after that of the last put, so that the later of two entries is told by it on a coarse clock, too."""
        self._last = max(self._clock(), self._last + _TICK)
        return self._last

    def _known(self, code: int, entries: Iterable[bytes]) -> set[bytes]:
        """Blobs that are there already: content under one key is the same."""
        if code != BLOB:
            return set()
        fresh = [key for key in entries if (code, key) not in self._pending]
        rows = self._rows(code, fresh)
        stale = self._clock() - _RECENT
        self._touched.update((code, key) for key, row in rows.items() if row.used < stale)
        return set(rows)

    def flush(self) -> None:
        """See ``Layer``. Entries are then free to be pruned by others, and this layer prunes if it is over its bounds.

        An index that could not be had is tried again, for what is written now and in the next build.
        """
        with self._own():
            if self._closed:
                return
            self._without_index = False
            self._write()
            self._count()
            if self._wrote:
                self._wrote = False
                self._keep_house()
                self._files.forget_removed()
            self._without_index = False
            self._lease.release()

    def _write(self) -> None:
        """Write what is pending as one segment, and tell the index."""
        now = self._clock()
        pending, touched = self._pending, self._touched
        self._pending, self._pending_bytes, self._touched = {}, 0, set()
        name, size = "", 0
        if pending:
            try:
                name, size = segments.write(self.folder, pending.values(), sync=self._sync)
            except OSError as error:
                self._cannot_write(error)
            else:
                self._wrote = True
                self._counters["segments"] += 1
                self._counters["bytes_written"] += size

        def tell(index: Index) -> None:
            if name:
                index.add(name, size, now, _offsets(pending.values()))
            index.touch(touched, now)

        if name or touched:
            self._change(tell)

    def _count(self) -> None:
        """Count what was used. Where that cannot be, in a folder that is only read say, it is no error: nothing depends on it."""
        used, self._used = self._used, set()
        if not used or not self._counts or self._read_only:
            return
        from hyper.cache.disk import uses

        with contextlib.suppress(OSError):
            uses.count(self.folder, used)

    def _cannot_write(self, error: OSError) -> None:
        """A full disk may have room again; a folder that is read-only stays so, and is said once."""
        self._counters["errors"] += 1
        if error.errno in _FORBIDDEN:
            self._read_only = True

    def _keep_house(self) -> None:
        from hyper.cache.disk import upkeep

        with self._hold(wait=False) as ours:
            if ours:
                done = self._ask(lambda index: upkeep.after_flush(self._place(index)), None)
                if done is not None:
                    self._counters["adopted"] += done.adopted
                    self._counters["evicted"] += done.evicted
                    self._counters["errors"] += done.errors

    def _place(self, index: Index) -> Place:
        from hyper.cache.disk.place import Place

        return Place(
            self.folder,
            index,
            self._lease,
            self._clock(),
            self.max_bytes,
            self.max_age,
            self._pack_after,
            self._counts,
        )

    def close(self) -> None:
        """See ``Layer``."""
        self.flush()
        with self._lock:
            self._closed = True
            self._files.close()
            if self._index is not None:
                self._index.close()
                self._index = None

    @contextlib.contextmanager
    def _hold(self, *, wait: bool) -> Iterator[bool]:
        """The lock of the folder, taken once: a broken index is found while it is held, too."""
        if self._held:
            yield True
            return
        with locked(self.folder, wait=wait) as ours:
            self._held = ours
            try:
                yield ours
            finally:
                self._held = False

    def _change(self, work: Callable[[Index], None]) -> None:
        """Run a transaction, where the index can be written."""

        def transaction(index: Index) -> None:
            if not index.read_only:
                with index:
                    work(index)

        if not self._read_only:
            self._ask(transaction, None)

    def _ask(self, work: Callable[[Index], T], otherwise: T) -> T:
        """Use the index; ``otherwise`` where it cannot be had. A broken one is made again, and asked once more.

        One that is locked is asked again by the next question. After an error of the system (no more open files, say)
        it is not asked before the next flush: to fail is not free either.
        """
        for _ in range(2):
            if self._without_index or self._closed:
                return otherwise
            path = os.path.join(self.folder, FILE)
            there = identity(path)
            try:
                if self._index is not None and (there is None or self._index.identity != there):
                    # Another process has set this one aside. What is told to it is lost, and what it says has moved.
                    self._index.close()
                    self._index = None
                if self._index is None:
                    self._index = self._open(path)
                return otherwise if self._index is None else work(self._index)
            except sqlite3.Error as error:
                self._counters["errors"] += 1
                if not is_broken(error):
                    return otherwise
                self._set_aside(path, there)
            except OSError as error:
                self._cannot_write(error)
                self._without_index = True
        return otherwise

    def _open(self, path: str) -> Index | None:
        """Open the index; one that is not there is made of the segments. ``None`` where there is nothing to index."""
        try:
            if os.stat(path).st_size:
                return Index(path, self._busy)
        except UnmadeError:
            pass
        except FileNotFoundError:
            if not (self._wrote or segments.names(self.folder)):
                return None
        if self._read_only:
            return None
        with self._hold(wait=True):
            index = Index(path, self._busy, make=True)
            if index.fresh:
                from hyper.cache.disk import upkeep

                there = sorted(segments.names(self.folder))
                self._counters["adopted"] += upkeep.adopt(self._place(index), there)
            return index

    def _set_aside(self, path: str, there: tuple[int, int] | None) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None
        if self._read_only:
            self._without_index = True
            return
        try:
            with self._hold(wait=True):
                # Another process may have done so while this one waited.
                if identity(path) == there:
                    set_aside(path)
                    self._counters["rebuilt"] += 1
        except OSError as error:
            self._cannot_write(error)
            self._without_index = True

    def prune(self, max_bytes: int | None = None, max_age: float | None = None) -> Pruned:
        """Make the store keep bounds, its own where none are given; entries that live builds use stay."""
        from dataclasses import replace

        from hyper.cache.disk import prune, upkeep

        with self._own():
            self._write()
            nothing = prune.Pruned(0, 0, 0, 0)

            def work(index: Index) -> Pruned:
                place = replace(
                    self._place(index),
                    max_bytes=self.max_bytes if max_bytes is None else max_bytes,
                    max_age=self.max_age if max_age is None else max_age,
                )
                upkeep.tidy(place)
                return prune.prune(place)

            with self._hold(wait=True):
                return self._ask(work, nothing)

    def verify(self) -> Verified:
        """Read and prove every entry; bad ones are dropped."""
        from hyper.cache.disk import verify

        with self._own():
            self._write()
            nothing = verify.Verified(0, 0, 0, 0)
            with self._hold(wait=True):
                return self._ask(
                    lambda index: verify.verify(self._place(index), self._codec), nothing
                )

    def stats(self) -> DiskStats:
        """What is in the store."""
        from hyper.cache.disk import statistics

        with self._own():
            nothing = statistics.nothing(self.max_bytes)
            return self._ask(lambda index: statistics.of(self._place(index)), nothing)

    def clear(self) -> None:
        """Remove every entry, those of live builds too: they miss what they look for."""
        from hyper.cache.disk import upkeep

        with self._own():
            self._pending, self._pending_bytes, self._touched = {}, 0, set()
            self._files.close()
            with self._hold(wait=True):
                self._ask(lambda index: upkeep.clear(self._place(index)), None)


def _offsets(records: Iterable[bytes]) -> list[tuple[int, Header]]:
    found = []
    at = 0
    for record in records:
        header = parse(record)
        assert header is not None
        found.append((at, header))
        at += len(record)
    return found
