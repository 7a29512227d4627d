"""What a build leaves for the next one: the key of what it did, the stamps of what it read and wrote, and the outcome.

A record is one small file beneath the cache's folder, written to the side and renamed. One that cannot be read, or is not what
was written, counts as none. Its time is that of its last use, to the day, so that those of requests long not made can go.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from hyper.base import aside
from hyper.base.diagnostics import Diagnostic
from hyper.base.fs import read_regular
from hyper.engine import identity
from hyper.engine.ownership import MARK
from hyper.engine.result import Chunk
from hyper.engine.stamps import Stamps

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAGIC: Final = b"hyper record 1\n"
Kind: TypeAlias = Literal["build", "check"]
DAY: Final = 24 * 3600.0
REQUEST: Final = r"[0-9a-f]{32}"
"""The name of a request: see ``name_of``."""
_NAME: Final = rf"compiler|{REQUEST}"
_TAG: Final = "Signature: 8a477f597d28d172789f06886806bc55\n# A cache: removing it costs time.\n"


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What an action comes to: the same wherever it runs.

    ``files`` are path, size in bytes and SHA-256 of each output, manifest included.
    """

    success: bool
    package: str | None
    diagnostics: list[Diagnostic]
    stats: dict[str, int]
    chunks: list[Chunk]
    files: list[tuple[str, int, str]]


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One request as it was last answered. ``key`` is the digest of all that the outcome depends on.

    ``outputs`` are the files that the last build which had any left in the folder of ``package``: those of the outcome, or of one
    before, where this one has none.
    """

    key: str
    sources: Stamps
    outputs: Stamps
    outcome: Outcome
    package: str | None


class Records:
    """The records of a cache's folder, by the name of the request. What cannot be written is not kept, and nothing else."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.join(folder, "records")

    def load(self, name: str) -> Record | None:
        """The record of a request, or ``None``."""
        payload = self._read(name)
        if payload is None:
            return None
        try:
            return msgspec.msgpack.decode(payload, type=Record)
        except (msgspec.DecodeError, RecursionError):
            return None

    def save(self, name: str, record: Record) -> None:
        """Keep a record in the place of the one before."""
        self._write(name, msgspec.msgpack.encode(record))

    def compiler(self) -> str:
        """The identity of this compiler, from its signature where that was seen before."""
        signature = identity.signature()
        known = self._read("compiler")
        if known is not None and known[:64] == signature.encode():
            return known[64:].decode()
        whole = identity.identity()
        self._write("compiler", (signature + whole).encode())
        return whole

    def names(self) -> list[str]:
        """The files of all records."""
        return [name for name in self._there() if re.fullmatch(_NAME, name)]

    def clear(self) -> int:
        """Remove all records; gives how many there were. Raises ``OSError`` where one cannot be removed."""
        names = self._there()
        for name in names:
            # A build that runs meanwhile renames what it wrote to the side.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, name))
        return sum(1 for name in names if re.fullmatch(_NAME, name))

    def sweep(self, age: float) -> int:
        """Remove the records that nobody asked for in ``age`` seconds; gives how many.

        What a killed build left unfinished goes with them. A build that runs asked for its record when it began.
        """
        now = time.time()
        removed = 0
        for name in self.names():  # what has no such name is not ours, and stays
            path = os.path.join(self.folder, name)
            with contextlib.suppress(OSError):
                if now - os.lstat(path).st_mtime > age:
                    os.unlink(path)
                    removed += 1
        aside.sweep(self.folder, _NAME)
        return removed

    def _there(self) -> list[str]:
        try:
            return sorted(os.listdir(self.folder))
        except OSError:
            return []

    def _read(self, name: str) -> bytes | None:
        path = os.path.join(self.folder, name)
        try:
            # A pipe in its place is not waited for, and what has no end is not read.
            data, status = read_regular(path)
        except OSError:
            return None
        if time.time() - status.st_mtime > DAY:
            with contextlib.suppress(OSError):
                os.utime(path)
        start = len(_MAGIC) + 32
        payload = data[start:]
        if data[:start] != _MAGIC + sha256(payload).digest():
            return None
        return payload

    def _write(self, name: str, payload: bytes) -> None:
        data = _MAGIC + sha256(payload).digest() + payload
        with contextlib.suppress(OSError):
            make_cache_folder(os.path.dirname(self.folder))
            os.makedirs(self.folder, exist_ok=True)
            aside.replace(os.path.join(self.folder, name), data)


def make_cache_folder(folder: str) -> None:
    """Make the folder of all caches, marked so that neither version control nor backups take it.

    One that is there and empty is marked, too: a killed build may have left it, with its own mark whole or unfinished. Raises
    ``OSError`` where it cannot be made.
    """
    if os.path.isdir(folder):
        first = (MARK, f".{MARK}.")
        if not all(name.startswith(first) for name in os.listdir(folder)):
            return
    os.makedirs(folder, exist_ok=True)
    for name, text in ((".gitignore", "*\n"), ("CACHEDIR.TAG", _TAG)):
        with open(os.path.join(folder, name), "w", encoding="ascii") as stream:
            stream.write(text)


def name_of(parts: Sequence[str]) -> str:
    """The name of a request's record."""
    return sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]
