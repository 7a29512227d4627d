"""Housekeeping after a flush that wrote: what kills left behind, the bounds, and many small segments made into packs.

The caller holds the folder's lock. Functions raise ``sqlite3.Error``; a file that cannot be read or removed is left
for the next time.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.cache.disk import leases, packs, prune, records, segments
from hyper.cache.mapped import NEVER, MappedFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.cache.disk.place import Place

_SMALL: Final = 4 << 20
_TELLING_SECONDS: Final = 60.0
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
        pruned = prune.prune(place, rewrite=prune.REWRITE_IN_A_FLUSH)
        evicted, errors = pruned.evicted, pruned.errors
        there = place.index.segments()
    small = [name for name, size in there.items() if size < _SMALL]
    if len(small) >= place.pack_after:
        try:
            errors += packs.merge(place, small)
        except OSError:
            errors += 1
    return Kept(adopted, evicted, errors)


def tidy(place: Place) -> int:
    """Sweep what the dead left, adopt segments without rows and drop rows without segments; gives how many were adopted."""
    segments.sweep(place.folder, place.now)
    leases.sweep(place.folder, place.now)
    # In this order: a segment that came in between is adopted twice, and never forgotten.
    known = set(place.index.segments())
    try:
        there = segments.names(place.folder)
    except OSError:
        return 0
    if known - there:
        with place.index:
            place.index.forget(known - there)
    lost = [name for name in sorted(there - known) if not _being_told(place, name)]
    return adopt(place, lost) if lost else 0


def _being_told(place: Place, name: str) -> bool:
    """Whether another process has just written the segment, and is about to tell the index."""
    try:
        written = os.stat(segments.path_of(place.folder, name)).st_mtime
    except OSError:
        return True
    # Files have the time of the system, which a test's clock need not be.
    age = time.time() - written
    mine = name.startswith(leases.this_owner())
    return not mine and age < _TELLING_SECONDS and leases.is_live(name, age)


def adopt(place: Place, names: Iterable[str]) -> int:
    """Put the entries of segments that the index does not know into it; gives how many."""
    adopted = 0
    for name in names:
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
