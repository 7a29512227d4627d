"""Looking after the graphs of a cache's folder: how much they take, which are whole, and which nobody asked for in a while.

A graph is a folder of its own, beneath one for each source root. What has not the form of one is not ours, and stays.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from typing import TYPE_CHECKING, Final

from hyper.engine.graph.kept import LostError, load

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER: Final = "graphs"
_NAME: Final = re.compile(r"[0-9a-f]{32}")


def graphs(folder: str) -> list[str]:
    """The folders of all graphs of a cache's folder."""
    return [path for root in _folders(os.path.join(folder, FOLDER)) for path in _folders(root)]


def size(folder: str) -> int:
    """The bytes of all graphs on disk."""
    total = 0
    for path in graphs(folder):
        with contextlib.suppress(OSError), os.scandir(path) as entries:
            total += sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    return total


def verify(folder: str, compiler: str) -> tuple[int, int]:
    """Prove each graph that ``compiler`` made, and remove those that are not whole; gives how many there were and went."""
    found = graphs(folder)
    dropped = 0
    for path in found:
        # One of another compiler cannot be told from one that is harmed, and is of as little use.
        if os.path.lexists(os.path.join(path, "index")) and not _is_whole(path, compiler):
            shutil.rmtree(path, ignore_errors=True)
            dropped += 1
    return len(found), dropped


def _is_whole(path: str, compiler: str) -> bool:
    graph = load(path, compiler)
    if graph is None:
        return False
    try:
        for row in graph.index.rows:
            graph.blob(row)
    except LostError:
        return False
    return True


def sweep(folder: str, age: float) -> int:
    """Remove the graphs that no build left or used in ``age`` seconds; gives how many."""
    now = time.time()
    removed = 0
    for path in graphs(folder):
        with contextlib.suppress(OSError):
            # A build that writes a graph writes its index last; until then its folder is new.
            index = os.path.join(path, "index")
            used = os.lstat(index if os.path.lexists(index) else path).st_mtime
            if now - used > age:
                shutil.rmtree(path)
                removed += 1
    return removed


def clear(folder: str) -> int:
    """Remove all graphs; gives how many there were. Raises ``OSError`` where one cannot be removed."""
    found = graphs(folder)
    for path in found:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(path)
    return len(found)


def _folders(folder: str) -> Iterator[str]:
    """The folders in one whose names are digests, by name; links are none."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        yield from (os.path.join(folder, name) for name in sorted(names) if _NAME.fullmatch(name))
