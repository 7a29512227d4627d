"""The data of a disk layer: one folder of segments and packs, whose bytes never change once they have their names.

``NAME.seg`` is a file of records, ``NAME.pack/`` a ragged array of mmap-ninja with one record an item, whose ``data.ninja``
holds the same bytes a segment would. What is being written ends in ``.tmp``; its name begins with its owner.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Final

from hyper.cache.disk import leases

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER: Final = "data"
SEGMENT: Final = ".seg"
PACK: Final = ".pack"
ASIDE: Final = ".tmp"
_NAME: Final = re.compile(r"[0-9a-f]+-[0-9]+-[0-9]+-[0-9a-f]+\.(seg|pack)")
_UNFINISHED: Final = re.compile(_NAME.pattern + re.escape(ASIDE))


def fresh_name(suffix: str) -> str:
    """A name that no segment or pack has had."""
    return f"{leases.this_owner()}-{os.urandom(8).hex()}{suffix}"


def path_of(folder: str, name: str) -> str:
    """Where a segment or a pack is."""
    return os.path.join(folder, FOLDER, name)


def data_file(folder: str, name: str) -> str:
    """Where the records of a segment or pack lie; ``folder`` is that of the store.

    Raises ``FileNotFoundError`` for what cannot be a name: an index that lies must not lead out of the folder.
    """
    if not _NAME.fullmatch(name):
        raise FileNotFoundError(f"no segment is called {name!r}")
    path = os.path.join(folder, FOLDER, name)
    return os.path.join(path, "data.ninja") if name.endswith(PACK) else path


def write(folder: str, records: Iterable[bytes], *, sync: bool) -> tuple[str, int]:
    """Write a segment to the side and give it its name; returns name and bytes.

    With ``sync`` it is on the disk before it has its name. Raises ``OSError``; nothing is left then.
    """
    place = os.path.join(folder, FOLDER)
    name = fresh_name(SEGMENT)
    aside = os.path.join(place, name + ASIDE)
    try:
        stream = open(aside, "xb", buffering=1 << 20)  # noqa: SIM115 - closed below, before the file is named
    except FileNotFoundError:
        os.makedirs(place, exist_ok=True)
        stream = open(aside, "xb", buffering=1 << 20)  # noqa: SIM115
    try:
        with stream:
            size = sum(stream.write(record) for record in records)
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
        os.rename(aside, os.path.join(place, name))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)
        raise
    return name, size


def names(folder: str) -> set[str]:
    """All segments and packs that have their names. Raises ``OSError``."""
    try:
        return {name for name in os.listdir(os.path.join(folder, FOLDER)) if _NAME.fullmatch(name)}
    except FileNotFoundError:
        return set()


def size(folder: str, name: str) -> int:
    """Bytes that a segment or a pack takes. Raises ``OSError``."""
    path = os.path.join(folder, FOLDER, name)
    if name.endswith(SEGMENT):
        return os.stat(path).st_size
    return sum(
        os.stat(os.path.join(place, file)).st_size
        for place, _, files in os.walk(path)
        for file in files
    )


def remove(folder: str, name: str) -> None:
    """Remove a segment or a pack, under its name or to the side.

    Raises ``OSError``; one that is gone already is fine, and so is what cannot be a name.
    """
    if not _NAME.fullmatch(name.removesuffix(ASIDE)):
        return
    path = os.path.join(folder, FOLDER, name)
    try:
        if name.endswith(SEGMENT):
            os.unlink(path)
        else:
            _remove_folder(path)
    except FileNotFoundError:
        pass


def sweep(folder: str, now: float) -> None:
    """Remove what writers that are gone left unfinished. What has no such name is not ours, and stays."""
    place = os.path.join(folder, FOLDER)
    try:
        there = [name for name in os.listdir(place) if _UNFINISHED.fullmatch(name)]
    except OSError:
        return
    for name in there:
        path = os.path.join(place, name)
        try:
            if leases.is_live(name, now - os.stat(path).st_mtime):
                continue
            if os.path.isdir(path):
                _remove_folder(path)
            else:
                os.unlink(path)
        except OSError:
            continue


def _remove_folder(path: str) -> None:
    # Not from the middle: a pack without its name is one that is not there.
    aside = path if path.endswith(ASIDE) else path + ASIDE
    if aside != path:
        os.rename(path, aside)
    import shutil

    shutil.rmtree(aside)
