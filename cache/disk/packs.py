"""Packs: many small segments in one file, as a ragged array of mmap-ninja.

A pack is a ``RaggedMmap`` of bytes, one record an item. It is built to the side, renamed, and never appended to: mmap-ninja's
own appending is not safe against a kill, nor against a second writer, and its writing not against a full disk. The store
writes and reads a pack with the standard library alone: its ``data.ninja`` is the records one after another. Where
mmap-ninja is not installed, the same records become one large segment.
"""

from __future__ import annotations

import contextlib
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from hyper.cache.disk import ragged, segments
from hyper.cache.disk.index import Move
from hyper.cache.disk.records import parse
from hyper.cache.mapped import NEVER, MappedFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hyper.cache.disk.place import Place

# The records of a pack are in memory together.
_PACK_BYTES: Final = 64 << 20


def merge(place: Place, names: Sequence[str]) -> int:
    """Move the entries of segments into packs, and remove the segments; gives how many could not be read, and stay.

    Raises ``OSError`` (the disk is full, say) and ``sqlite3.Error``; what was not moved yet stays where it was.
    """
    records: list[bytes] = []
    moves: list[Move] = []
    size = unread = 0
    done: list[str] = []
    for name in names:
        try:
            found = list(_records(place, name))
        except OSError:
            unread += 1
            continue
        for kind, key, was, record in found:
            moves.append(Move(kind, key, name, was, size))
            records.append(record)
            size += len(record)
        done.append(name)
        if size >= _PACK_BYTES:
            _move(place, records, moves, done)
            records, moves, size, done = [], [], 0, []
    if done:
        _move(place, records, moves, done)
    return unread


def _records(place: Place, name: str) -> Iterator[tuple[int, bytes, int, bytes]]:
    """Kind, key, offset and record of a segment's entries; those whose header is broken are left out.

    Raises ``OSError`` where the segment cannot be read now; one that is gone has no entries.
    """
    try:
        file = MappedFile(segments.data_file(place.folder, name), map_from=NEVER)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        for kind, key, offset, size in place.index.within(name):
            record = file.read_some(offset, size)
            header = parse(record)
            whole = header is not None and len(record) == header.size == size
            if whole and header is not None and (header.kind, header.key) == (kind, key):
                yield kind, key, offset, record
    finally:
        file.close()


def _move(place: Place, records: list[bytes], moves: list[Move], names: list[str]) -> None:
    made = write(place.folder, records) if records else None
    with place.index:
        if made is not None:
            place.index.moved(made, segments.size(place.folder, made), place.now, moves)
        place.index.forget(names)
    for name in names:
        remove(place, name)


def write(folder: str, records: Sequence[bytes]) -> str:
    """Write a pack to the side and give it its name; returns the name. Raises ``OSError``; nothing is left then."""
    if find_spec("mmap_ninja") is None:
        return segments.write(folder, records, sync=False)[0]
    name = segments.fresh_name(segments.PACK)
    path = os.path.join(folder, segments.FOLDER, name)
    aside = path + segments.ASIDE
    try:
        ragged.write(aside, records)
        os.rename(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            segments.remove(folder, name + segments.ASIDE)
        raise
    return name


def remove(place: Place, name: str) -> None:
    """Remove the data of a segment that the index has forgotten; one that cannot be removed now is adopted again."""
    with contextlib.suppress(OSError):
        segments.remove(place.folder, name)
