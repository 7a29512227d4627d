"""The file system as a protocol: what discovery reads from and what output is written through.

Paths are strings of the platform's form. An implementation raises ``OSError`` and nothing else where an operation fails.
``Disk`` is the real one, ``hyper.base.memory.MemoryFiles`` its twin; ``tests/base/test_fs.py`` is the suite that both pass.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

Kind: TypeAlias = Literal["file", "folder", "link", "other"]

ASIDE: Final = ".old"
"""How the name of a folder ends that ``exchange`` has put aside, where the platform cannot exchange at once."""

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2  # the same idea under Darwin's name


class Files(Protocol):
    """What the compiler needs of a file system."""

    def kind(self, path: str, *, follow: bool = False) -> Kind | None:
        """What is at a path; ``None`` where nothing is. A link counts as ``link`` unless it is followed."""

    def names(self, folder: str) -> list[str]:
        """Names in a folder, sorted by code point."""

    def listing(self, folder: str) -> list[tuple[str, Kind]]:
        """Names in a folder, sorted by code point, with what is there; links are not followed."""

    def read(self, path: str) -> bytes:
        """All bytes of a regular file; anything else there is an error, so that no pipe is waited for."""

    def canonical(self, path: str) -> str:
        """The path with every link followed: two paths to one folder give one string."""

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it; one that is there is fine."""

    def make_stage(self, folder: str, prefix: str) -> str:
        """Make a new, empty folder beneath ``folder`` whose name begins with ``prefix``; gives its path."""

    def write(self, path: str, data: bytes) -> None:
        """Write a new file; one that is there is an error."""

    def move(self, source: str, target: str) -> None:
        """Rename a file; one at ``target`` is replaced."""

    def carry(self, source: str, target: str) -> None:
        """Make ``target`` the same file, link or other node as ``source``, modification time included."""

    def exchange(self, stage: str, target: str) -> None:
        """Put the folder ``stage`` in the place of ``target``. What was at ``target`` is at ``stage`` afterwards."""

    def remove_tree(self, path: str) -> None:
        """Remove a folder with all that is in it; links are removed, not followed."""

    def lock(self, folder: str) -> AbstractContextManager[None]:
        """Keep other builds out of a folder until the context ends."""


class Disk:
    """The real file system."""

    __slots__ = ()

    def kind(self, path: str, *, follow: bool = False) -> Kind | None:
        """See ``Files``."""
        try:
            mode = (os.stat if follow else os.lstat)(path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            # A ring of links leads nowhere; a name that is too long cannot be there.
            if error.errno in {errno.ELOOP, errno.ENAMETOOLONG}:
                return None
            raise
        except ValueError:
            return None
        if stat.S_ISREG(mode):
            return "file"
        if stat.S_ISDIR(mode):
            return "folder"
        return "link" if stat.S_ISLNK(mode) else "other"

    def names(self, folder: str) -> list[str]:
        """See ``Files``."""
        return sorted(os.listdir(folder))

    def listing(self, folder: str) -> list[tuple[str, Kind]]:
        """See ``Files``."""
        with os.scandir(folder) as found:
            return sorted((entry.name, _kind_of(entry)) for entry in found)

    def read(self, path: str) -> bytes:
        """See ``Files``."""
        return read_regular(path)[0]

    def canonical(self, path: str) -> str:
        """See ``Files``."""
        return os.path.realpath(path)

    def make_folder(self, path: str) -> None:
        """See ``Files``."""
        os.makedirs(path, exist_ok=True)

    def make_stage(self, folder: str, prefix: str) -> str:
        """See ``Files``."""
        while True:
            path = os.path.join(folder, f"{prefix}{os.urandom(8).hex()}")
            with contextlib.suppress(FileExistsError):
                os.mkdir(path)
                return path

    def write(self, path: str, data: bytes) -> None:
        """See ``Files``."""
        with open(path, "xb") as stream:
            stream.write(data)

    def move(self, source: str, target: str) -> None:
        """See ``Files``."""
        os.replace(source, target)

    def carry(self, source: str, target: str) -> None:
        """See ``Files``."""
        try:
            os.link(source, target, follow_symlinks=False)
        except (OSError, NotImplementedError):
            if os.path.islink(source):
                os.symlink(os.readlink(source), target)
            else:
                shutil.copy2(source, target)

    def exchange(self, stage: str, target: str) -> None:
        """See ``Files``.

        One system call where the platform has it, so that no moment is without ``target``; else two renames.
        """
        if not os.path.lexists(target):
            os.rename(stage, target)
            os.mkdir(stage)
        elif not _swap(stage, target):
            aside = f"{stage}{ASIDE}"
            os.rename(target, aside)
            try:
                os.rename(stage, target)
            except BaseException:
                os.rename(aside, target)
                raise
            os.rename(aside, stage)

    def remove_tree(self, path: str) -> None:
        """See ``Files``."""
        shutil.rmtree(path)

    @contextlib.contextmanager
    def lock(self, folder: str) -> Iterator[None]:
        """See ``Files``. The lock is the folder's own, so that no file is left; Windows has none."""
        try:
            import fcntl
        except ImportError:
            yield
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            # A file system without locks gives no protection against a second build, and builds all the same.
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _kind_of(entry: os.DirEntry[str]) -> Kind:
    if entry.is_file(follow_symlinks=False):
        return "file"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "link" if entry.is_symlink() else "other"


def read_regular(path: str) -> tuple[bytes, os.stat_result]:
    """The bytes of a regular file, with its status from before they were read. Raises ``OSError`` for anything else."""
    with open(path, "rb", opener=open_at_once) as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", path)
        return stream.read(), status


def open_at_once(path: str, flags: int) -> int:
    """An ``opener`` for ``open`` that does not wait for the other end of a pipe. Raises ``OSError``."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _swap(one: str, other: str) -> bool:
    """Exchange two paths in one system call; False where the platform or the file system cannot."""
    import ctypes  # only what writes an output needs it

    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux":
            status = library.renameat2(
                _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE
            )
        elif sys.platform == "darwin":
            status = library.renamex_np(os.fsencode(one), os.fsencode(other), _RENAME_SWAP)
        else:
            return False
    except (AttributeError, OSError, TypeError):
        return False
    if status == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM}:
        return False
    raise OSError(number, os.strerror(number), one, None, other)
