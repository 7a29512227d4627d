"""A spare folder: what an output folder was before it was exchanged, of which the next one is made.

Nearly all files of a large output are those of the build before. To link each of them into a new folder and to remove the old one
takes longer than all that an edit writes. So the folder that was exchanged out is put away; its files are the very ones (hard
links) of the output. Before it is used again, whatever is not the file that the output has under that name goes, so that
nothing depends on what became of it meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

LEAST: Final = 256
"""A folder with fewer files that stay is made anew as fast."""


class Ready(NamedTuple):
    """What is in place already, by path from the folder: files that need not be carried, and folders."""

    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()


NOTHING: Final = Ready()


class Wanted(NamedTuple):
    """What a folder shall hold: paths of files that are those of the output as it is, of those that are written, and of folders,
    itself being ``""``."""

    carried: Collection[str]
    written: Collection[str]
    folders: Collection[str]


class Spare:
    """Where the spare of one output folder is put away. On another file system than that folder it is never had.

    ``owned`` gives the digests of what a build wrote into a folder, ``None`` where that is not known. Whoever uses a spare holds
    the lock of the folder in which the output lies.
    """

    def __init__(self, path: str, owned: Callable[[str], Mapping[str, str] | None]) -> None:
        self._path = path
        self._owned = owned

    def take(self, stage: str, target: str, wanted: Wanted) -> Ready:
        """Put the spare in the place of ``stage``, an empty folder; without one that is empty still.

        A file that somebody left in the spare, who was at work in the output folder when it was exchanged, stays.
        """
        try:
            os.rename(self._path, stage)
        except OSError:
            return NOTHING
        try:
            return self._cleared(stage, target, wanted)
        except OSError:
            # Whatever it is, a new folder has not got it.
            shutil.rmtree(stage)
            os.mkdir(stage)
            return NOTHING

    def give(self, stage: str, foreign: Iterable[str]) -> bool:
        """Put the folder away that was exchanged out, without the files that are not the build's; whether that could be done."""
        try:
            for path in foreign:
                os.unlink(f"{stage}/{path}")
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            os.utime(stage)
            os.rename(stage, self._path)
        except OSError:
            return False
        return True

    def _cleared(self, stage: str, target: str, wanted: Wanted) -> Ready:
        """What of the spare is as it shall be; all else is removed. Raises ``OSError`` where a folder is not as the output's."""
        folders, files = _scan(stage)
        standing, there = _scan(target)
        # What is owned is written in a file of the folder, which may be among those that go.
        owned = self._owned(stage)
        in_the_way = {*wanted.written, *_above(wanted.written)}
        ready: set[str] = set()
        for path, status in files.items():
            known = there.get(path)
            if path in wanted.carried and known is not None and os.path.samestat(status, known):
                ready.add(path)
            elif known is not None or path in in_the_way or _is_ours(path, owned):
                os.unlink(f"{stage}/{path}")
        kept: set[str] = set()
        for folder, status in folders.items():
            known = standing.get(folder)
            if known is None or folder not in wanted.folders:
                shutil.rmtree(f"{stage}/{folder}", ignore_errors=True)
            elif (status.st_mode, status.st_uid, status.st_gid) != (
                known.st_mode,
                known.st_uid,
                known.st_gid,
            ):
                raise PermissionError(folder)
            else:
                kept.add(folder)
        return Ready(frozenset(ready), frozenset(kept))


def _is_ours(path: str, owned: Mapping[str, str] | None) -> bool:
    """Whether a build left a file that the output no longer has, or Python made it of one."""
    return owned is None or path in owned or "__pycache__" in path.split("/")


def _above(paths: Iterable[str]) -> set[str]:
    """All folders above files."""
    found: set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found


def is_linked(stage: str, paths: Collection[str]) -> bool:
    """Whether a folder is worth putting away: enough files were carried into another one, and as the very same files."""
    if len(paths) < LEAST or os.name != "posix":
        return False
    with contextlib.suppress(OSError):
        return os.lstat(f"{stage}/{next(iter(paths))}").st_nlink > 1
    return False


def _scan(root: str) -> tuple[dict[str, os.stat_result], dict[str, os.stat_result]]:
    """The folders and all else beneath a folder, itself being ``""``. Raises ``OSError``."""
    folders = {"": os.lstat(root)}
    files: dict[str, os.stat_result] = {}
    pending = [""]
    while pending:
        at = pending.pop()
        with os.scandir(f"{root}/{at}" if at else root) as entries:
            for entry in entries:
                path = f"{at}/{entry.name}" if at else entry.name
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    folders[path] = status
                    pending.append(path)
                else:
                    files[path] = status
    return folders, files
