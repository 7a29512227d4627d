"""Housekeeping after a flush that wrote: what kills left behind, the bounds, and many small segments made into packs.

The caller holds the folder's lock. Functions raise ``sqlite3.Error``; a file that cannot be read or removed is left
for the next time.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.cache.disk import packs, prune, records, segments
from hyper.cache.mapped import NEVER, MappedFile

if TYPE_CHECKING:
    from hyper.cache.disk.place import Place

_SMALL: Final = 4 << 20
_MOST_SMALL: Final = 32
_DAY: Final = 24 * 3600.0


class Kept(NamedTuple):
    """What housekeeping did: entries adopted and evicted, and errors."""

    adopted: int
    evicted: int
    errors: int


def after_flush(place: Place) -> Kept:
    """All of it, as far as it is due."""
    adopted = tidy(place)
    evicted = errors = 0
    there = place.index.segments()
    old = place.index.aged() < place.now - min(_DAY, place.max_age)
    if sum(there.values()) > place.max_bytes or old:
        evicted = prune.prune(place, rewrite=prune.REWRITE_IN_A_FLUSH).evicted
        there = place.index.segments()
    small = [name for name, size in there.items() if size < _SMALL]
    if len(small) >= _MOST_SMALL:
        try:
            packs.merge(place, small)
        except OSError:
            errors += 1
    return Kept(adopted, evicted, errors)


def tidy(place: Place) -> int:
    """Sweep unfinished files, adopt segments without rows and drop rows without segments; gives how many were adopted."""
    segments.sweep(place.folder, place.now)
    # In this order: a segment that came in between is adopted twice, and never forgotten.
    known = set(place.index.segments())
    try:
        there = segments.names(place.folder)
    except OSError:
        return 0
    if known - there:
        with place.index:
            place.index.forget(known - there)
    return adopt(place) if there - known else 0


def adopt(place: Place) -> int:
    """Put the entries of segments that the index does not know into it; gives how many."""
    adopted = 0
    known = set(place.index.segments())
    for name in sorted(segments.names(place.folder) - known):
        try:
            file = MappedFile(segments.data_file(place.folder, name), map_from=NEVER)
            try:
                found = list(records.scan(file.read_some, file.size))
            finally:
                file.close()
            size = segments.size(place.folder, name)
            if not found:
                segments.remove(place.folder, name)
        except OSError:
            continue
        if found:
            with place.index:
                place.index.add(name, size, place.now, found)
            adopted += len(found)
    return adopted


def clear(place: Place) -> None:
    """Remove all entries and all data."""
    with place.index:
        place.index.clear()
    with contextlib.suppress(OSError):
        for name in segments.names(place.folder):
            with contextlib.suppress(OSError):
                segments.remove(place.folder, name)
    segments.sweep(place.folder, place.now)
