"""Verifying a disk layer: every entry is read and proved, the way a build reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hyper.cache.disk import segments, upkeep
from hyper.cache.disk.records import DamagedError
from hyper.cache.mapped import NEVER, MappedFile

if TYPE_CHECKING:
    from hyper.cache.disk.place import Place
    from hyper.cache.disk.records import Codec


class Verified(NamedTuple):
    """Entries read and their bytes on the disk, entries dropped as bad, and entries adopted from unknown segments."""

    entries: int
    bytes_read: int
    dropped: int
    adopted: int


def verify(place: Place, codec: Codec) -> Verified:
    """Prove all entries; the index forgets bad ones. Raises ``sqlite3.Error``."""
    adopted = upkeep.tidy(place)
    entries = read = dropped = 0
    for name in place.index.segments():
        rows = place.index.within(name)
        bad = _bad(place, codec, name, rows)
        entries += len(rows)
        read += sum(size for _, _, _, size in rows)
        dropped += len(bad)
        if bad:
            with place.index:
                place.index.drop_bad(bad)
    return Verified(entries, read, dropped, adopted)


def _bad(
    place: Place, codec: Codec, name: str, rows: list[tuple[int, bytes, int, int]]
) -> list[tuple[int, bytes, str, int]]:
    try:
        file = MappedFile(segments.data_file(place.folder, name), map_from=NEVER)
    except OSError:
        return [(kind, key, name, offset) for kind, key, offset, _ in rows]
    found = []
    try:
        for kind, key, offset, size in rows:
            try:
                codec.decode(kind, key, file.read(offset, size))
            except (DamagedError, OSError):
                found.append((kind, key, name, offset))
    finally:
        file.close()
    return found
