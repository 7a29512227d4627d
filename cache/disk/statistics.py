"""What is in a disk layer, in figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hyper.cache.disk import leases, segments
from hyper.cache.disk.records import ACTION

if TYPE_CHECKING:
    from hyper.cache.disk.place import Place


class DiskStats(NamedTuple):
    """Counts, bytes and seconds.

    ``value_bytes`` are what the entries' values take, ``stored_bytes`` what they take compressed, ``disk_bytes`` the files
    with what is dead in them; ``cost`` is the seconds that making the entries took; ``oldest_use`` is seconds since
    1970, ``None`` in an empty store; ``leased`` are the entries that live builds use.
    """

    actions: int
    blobs: int
    value_bytes: int
    stored_bytes: int
    disk_bytes: int
    max_bytes: int
    segments: int
    packs: int
    cost: float
    oldest_use: float | None
    leased: int


def nothing(max_bytes: int) -> DiskStats:
    """The figures of an empty store."""
    return DiskStats(0, 0, 0, 0, 0, max_bytes, 0, 0, 0.0, None, 0)


def of(place: Place) -> DiskStats:
    """The figures of a store. Raises ``sqlite3.Error``."""
    totals = place.index.totals()
    there = place.index.segments()
    packs = sum(name.endswith(segments.PACK) for name in there)
    return DiskStats(
        actions=sum(row[1] for row in totals if row[0] == ACTION),
        blobs=sum(row[1] for row in totals if row[0] != ACTION),
        value_bytes=sum(row[2] for row in totals),
        stored_bytes=sum(row[3] for row in totals),
        disk_bytes=sum(there.values()),
        max_bytes=place.max_bytes,
        segments=len(there) - packs,
        packs=packs,
        cost=sum(row[4] for row in totals),
        oldest_use=min((row[5] for row in totals), default=None),
        leased=len(place.lease.keys | leases.in_use(place.folder, place.now, place.lease)),
    )
