"""Stamps: what the file system says of a file, kept with the digest of its bytes so that it need not be read again.

A stamp is compared as a whole: size, both times and the inode. One that was taken so soon after the file's last change that
the same stamp could stand for other bytes is not trusted: the file is read, as version control systems do.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base import digest
from hyper.base.fs import read_regular as _read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Clocks of file systems tick every few milliseconds; some keep whole seconds, and a few two of them.
_TICK: Final = 50_000_000
_COARSE: Final = 2_100_000_000
_SECOND: Final = 1_000_000_000


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """A file as it was seen: times in nanoseconds, SHA-256 of its bytes, and its path from the folder that it was asked in.

    ``linked`` tells that a build has just given it another name, which is why its status changed; its bytes are older.
    """

    path: str
    size: int
    modified: int
    changed: int
    inode: int
    digest: str
    linked: bool = False


class Stamps(msgspec.Struct, frozen=True, array_like=True):
    """Files with the time at which they were looked at, in nanoseconds since the epoch."""

    taken: int
    files: list[Stamp]

    def settled(self) -> bool:
        """Whether every stamp is old enough to be trusted."""
        return all(_settled(item, self.taken) for item in self.files)


class Seen(msgspec.Struct):
    """What a look found: the stamps of now, and the bytes of the files that had to be read."""

    stamps: Stamps
    read: dict[str, bytes]


def look(folder: str, paths: Iterable[str], known: Stamps | None) -> Seen:
    """The stamps of files, reading those only that ``known`` does not vouch for.

    Raises ``OSError`` where a file cannot be read or is no regular file.
    """
    before = {item.path: item for item in known.files} if known is not None else {}
    taken = time.time_ns()
    files: list[Stamp] = []
    read: dict[str, bytes] = {}
    for path in paths:
        full = os.path.join(folder, path)
        kept = before.get(path)
        if kept is not None and known is not None and _settled(kept, known.taken):
            status = os.stat(full)
            if _same(kept, status):
                files.append(kept)
                continue
        data, status = _read(full)
        read[path] = data
        files.append(_stamp(path, status, digest.of_bytes(data)))
    return Seen(Stamps(taken, files), read)


def unchanged(folder: str, known: Stamps) -> Stamps | str:
    """The stamps anew where every file still has its bytes, else the path of the first that is gone or differs."""
    files: list[Stamp] = []
    taken = time.time_ns()
    for item in known.files:
        try:
            if _settled(item, known.taken) and _same(item, os.stat(f"{folder}/{item.path}")):
                files.append(item)
                continue
            (now,) = look(folder, (item.path,), Stamps(known.taken, [item])).stamps.files
        except (OSError, ValueError):
            # A record that lies may name what cannot be a path.
            return item.path
        if now.digest != item.digest:
            return item.path
        files.append(now)
    return Stamps(taken, files)


def stamped(
    folder: str, contents: Iterable[tuple[str, str]], carried: Mapping[str, Stamp]
) -> Stamps | None:
    """The stamps of files that a build has just put in place, by path and digest; none is read.

    ``carried`` are those that it gave another name, as they were seen before. ``None`` where one of these is another since, and
    where one is gone.
    """
    files: list[Stamp] = []
    taken = time.time_ns()
    for path, content in contents:
        try:
            status = os.stat(f"{folder}/{path}")
        except OSError:
            return None
        before = carried.get(path)
        if before is not None and (
            before.digest != content
            or before.size != status.st_size
            or before.modified != status.st_mtime_ns
            or before.inode != status.st_ino
        ):
            return None
        files.append(
            Stamp(
                path,
                status.st_size,
                status.st_mtime_ns,
                status.st_ctime_ns,
                status.st_ino,
                content,
                before is not None,
            )
        )
    return Stamps(taken, files)


def looked_again(folder: str, known: Stamps) -> Stamps | None:
    """The same stamps as of now, where all files that nobody gave another name still have theirs; ``None`` where one has not.

    What was stamped at once after it was written is too young to be trusted; a second look a while later is worth more.
    """
    taken = time.time_ns()
    for item in known.files:
        try:
            if not item.linked and not _same(item, os.stat(f"{folder}/{item.path}")):
                return None
        except OSError:
            return None
    return Stamps(taken, known.files)


def vouches(kept: Stamp, status: os.stat_result) -> bool:
    """Whether a stamp vouches for the bytes of a file that has this status now, and that nobody changed within the last tick."""
    return _same(kept, status) and _settled(kept, time.time_ns())


def _same(kept: Stamp, status: os.stat_result) -> bool:
    return (
        kept.size == status.st_size
        and kept.modified == status.st_mtime_ns
        and kept.changed == status.st_ctime_ns
        and kept.inode == status.st_ino
    )


def _settled(kept: Stamp, taken: int) -> bool:
    last = kept.modified if kept.linked else max(kept.modified, kept.changed)
    coarse = kept.modified % _SECOND == 0 and kept.changed % _SECOND == 0
    return last + (_COARSE if coarse else _TICK) < taken


def _stamp(path: str, status: os.stat_result, content: str) -> Stamp:
    return Stamp(
        path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, content
    )
