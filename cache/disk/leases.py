"""Leases: which entries live builds have used, so that pruning leaves them.

A lease is a file that lasts from a build's first entry to its flush. Its name says who the owner is: a number of the
machine, the process, and when the process started, since numbers of processes come again. It holds the first 8
bytes of each key that was used. A lease whose owner is gone counts for nothing and is swept.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import TYPE_CHECKING, Final
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX_BYTES: Final = 8
FOLDER: Final = "leases"
# A lease of another machine cannot be asked; no build takes longer.
_FOREIGN_SECONDS: Final = 24 * 3600.0
# Two million keys: what a lease says beyond that protects nothing.
_MOST_BYTES: Final = 16 << 20
# Neither led elsewhere by a link, nor kept waiting by a pipe.
_AS_IT_IS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
_OWNER: Final = re.compile(r"([0-9a-f]{8})-([0-9]+)-([0-9]+)")
_LEASE: Final = re.compile(_OWNER.pattern + r"-[0-9a-f]+\.lease")


def this_owner() -> str:
    """Who this process is: machine, process and its start, for names of files."""
    process = os.getpid()
    return f"{_machine():08x}-{process}-{_started(process) or 0}"


def is_live(name: str, age: float) -> bool:
    """Whether the owner that a file's name begins with is still there; ``age`` is the file's, in seconds."""
    match = _OWNER.match(name)
    if match is None:
        return False
    machine, process, started = match.groups()
    if int(machine, 16) == _machine():
        if os.path.isdir("/proc/self"):
            return _started(int(process)) == int(started)
        if os.name == "posix" and not _answers(int(process)):
            return False
    return age < _FOREIGN_SECONDS


class Lease:
    """What one build uses. Nothing is made until the first key, and a folder that cannot be written has no leases."""

    __slots__ = ("_descriptor", "_folder", "keys", "path")

    def __init__(self, folder: str) -> None:
        """``folder`` is that of the store."""
        self.keys: set[bytes] = set()
        self._folder = os.path.join(folder, FOLDER)
        self._descriptor = -1
        self.path = ""

    def note(self, keys: Iterable[bytes]) -> None:
        """These entries are in use until ``release``."""
        fresh = {key[:PREFIX_BYTES] for key in keys} - self.keys
        if not fresh:
            return
        self.keys |= fresh
        try:
            if not self.path:
                self._begin()
            if self._descriptor >= 0:
                os.write(self._descriptor, b"".join(fresh))
        except OSError:
            self._abandon()

    def _begin(self) -> None:
        self.path = os.path.join(self._folder, f"{this_owner()}-{os.urandom(4).hex()}.lease")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        try:
            self._descriptor = os.open(self.path, flags, 0o666)
        except FileNotFoundError:
            os.makedirs(self._folder, exist_ok=True)
            self._descriptor = os.open(self.path, flags, 0o666)

    def _abandon(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def release(self) -> None:
        """The build is over."""
        self._abandon()
        if self.path:
            with contextlib.suppress(OSError):
                os.unlink(self.path)
        self.path = ""
        self.keys.clear()

    def forked(self) -> None:
        """This process is a copy: the lease is the other's, who releases it."""
        self._abandon()
        self.path = ""
        self.keys.clear()


def in_use(folder: str, now: float, own: Lease) -> set[bytes]:
    """The first bytes of the keys that live builds other than ``own`` use."""
    found: set[bytes] = set()
    for path in sweep(folder, now):
        if path != own.path:
            with contextlib.suppress(OSError):
                found |= _read(path)
    return found


def sweep(folder: str, now: float) -> list[str]:
    """Remove the leases of the dead; gives the paths of the others. What is no lease is not ours, and stays."""
    place = os.path.join(folder, FOLDER)
    try:
        names = os.listdir(place)
    except OSError:
        return []
    live = []
    for name in names:
        if not _LEASE.fullmatch(name):
            continue
        path = os.path.join(place, name)
        with contextlib.suppress(OSError):
            if is_live(name, now - os.lstat(path).st_mtime):
                live.append(path)
            else:
                os.unlink(path)
    return live


def _read(path: str) -> set[bytes]:
    """The keys' first bytes in a lease. Raises ``OSError`` for a link, too; any other thing than a file holds none."""
    descriptor = os.open(path, _AS_IT_IS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return set()
        with open(descriptor, "rb", closefd=False) as stream:
            data = stream.read(min(status.st_size, _MOST_BYTES))
    finally:
        os.close(descriptor)
    return {data[at : at + PREFIX_BYTES] for at in range(0, len(data), PREFIX_BYTES)}


def _machine() -> int:
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return crc32(name.encode(errors="replace"))


def _started(process: int) -> int | None:
    """When a process started, in ticks since the machine did; ``None`` where there is no such process, or no /proc."""
    try:
        with open(f"/proc/{process}/stat", "rb") as stream:
            # The command stands in parentheses, and may have any character in it.
            return int(stream.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def _answers(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
