"""Reading large files in parts: through a memory map or with ``pread``, chosen by size and free memory.

To touch a page of a map that lies past the end of its file kills the process (SIGBUS). So a map is touched only after
the file's size was asked again, and what is read is copied out at once. Whoever reads files that others may cut short at
any time, such as sources in an editor, sets ``map_from`` to ``NEVER``: ``pread`` has no such moment at all.
"""

from __future__ import annotations

import errno
import mmap
import os
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hyper.cache.policies.protocol import Policy

MAP_FROM: Final = 1 << 20
NEVER: Final = 1 << 62
_LEAST_FREE_SHARE: Final = 4
_MEMORY: Final = "/proc/meminfo"
# A pipe that stands where the file was is not waited for.
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class TruncatedError(OSError):
    """The file is shorter than what was to be read of it."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EIO, "the file ends early", path)


class MappedFile:
    """One open file. ``map_from``: bytes from which a file is mapped and not read."""

    __slots__ = ("_descriptor", "_map", "path", "size")

    def __init__(self, path: str, map_from: int = MAP_FROM) -> None:
        """Open a regular file. Raises ``OSError`` where it cannot be read."""
        self.path = path
        self._map: mmap.mmap | None = None
        self._descriptor = os.open(path, _FLAGS)
        status = os.fstat(self._descriptor)
        self.size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise OSError(errno.EINVAL, "it is not a regular file", path)
        try:
            if worth_mapping(self.size, map_from):
                self._map = mmap.mmap(self._descriptor, self.size, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            # A file system without maps, or no address space left: it can still be read.
            self._map = None

    @property
    def mapped(self) -> int:
        """Bytes of address space that the file takes: its size, or 0 where it is read and not mapped."""
        return self.size if self._map is not None else 0

    def read(self, offset: int, length: int) -> bytes:
        """A copy of ``length`` bytes at ``offset``.

        Raises:
            TruncatedError: The file has fewer bytes.
            OSError: It cannot be read.

        """
        if offset < 0 or length < 0:
            raise TruncatedError(self.path)
        end = offset + length
        if self._map is not None and end <= self.size:
            if os.fstat(self._descriptor).st_size < end:
                raise TruncatedError(self.path)
            return self._map[offset:end]
        data = self.read_some(offset, length)
        if len(data) != length:
            raise TruncatedError(self.path)
        return data

    def read_some(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes at ``offset``, fewer only at the end of the file. Raises ``OSError``."""
        parts = []
        while length > 0:
            part = _pread(self._descriptor, length, offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def unmap(self) -> None:
        """Read from now on, and give the address space back."""
        if self._map is not None:
            self._map.close()
            self._map = None

    def close(self) -> None:
        """Let go of the file. Reading afterwards raises ``OSError``."""
        self.unmap()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class MappedFiles:
    """Files that stay open between reads; ``policy`` decides which, over the bytes that they map.

    A file counts for at least ``capacity / most_open``, so that descriptors are bounded too. One that the policy refuses,
    being larger than the capacity for instance, is read and not mapped, and is closed with the next such.
    """

    def __init__(self, policy: Policy, map_from: int = MAP_FROM, most_open: int = 64) -> None:
        self._policy = policy
        self._least = max(1, policy.capacity // most_open)
        self._map_from = map_from
        self._open: dict[str, MappedFile] = {}
        self._guest: str | None = None

    def file(self, path: str) -> MappedFile:
        """The open file at a path; good until the next call. Raises ``OSError``."""
        there = self._open.get(path)
        if there is not None:
            self._policy.touch(os.fsencode(path))
            return there
        opened = self._open[path] = MappedFile(path, self._map_from)
        key = os.fsencode(path)
        gone = self._policy.admit(key, max(opened.mapped, self._least))
        if key in gone:
            opened.unmap()
            self._replace_guest(path)
        for name in gone:
            if name != key:
                self.forget(os.fsdecode(name))
        return opened

    def _replace_guest(self, path: str) -> None:
        if self._guest is not None:
            self.forget(self._guest)
        self._guest = path

    def __len__(self) -> int:
        return len(self._open)

    def forget(self, path: str) -> None:
        """Close a file: it is removed, or another now."""
        there = self._open.pop(path, None)
        if there is not None:
            there.close()
        if self._guest == path:
            self._guest = None
        self._policy.remove(os.fsencode(path))

    def forget_removed(self) -> None:
        """Close the files that are no more at their paths: while one is open, its bytes stay on the disk."""
        for path in [path for path in self._open if not os.path.exists(path)]:
            self.forget(path)

    def close(self) -> None:
        """Close all files."""
        for path in list(self._open):
            self.forget(path)


def worth_mapping(size: int, map_from: int) -> bool:
    """Whether a file of ``size`` bytes is mapped: it is large, and under a quarter of the memory that is free."""
    if size < map_from or not size:
        return False
    free = free_memory()
    return free is None or size <= free // _LEAST_FREE_SHARE


def free_memory() -> int | None:
    """Bytes that programs can have without swapping, or ``None`` where the system does not say (it is not Linux)."""
    try:
        with open(_MEMORY, "rb") as stream:
            for line in stream:
                if line.startswith(b"MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def _pread(descriptor: int, length: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, length, offset)
    # Windows: the offset is the descriptor's own. A layer is locked while it reads.
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, length)
