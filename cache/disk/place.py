"""What housekeeping works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hyper.cache.disk.index import Index
    from hyper.cache.disk.leases import Lease


@dataclass(frozen=True, slots=True)
class Place:
    """A store's folder and index, the lease of who keeps house, the time in seconds since 1970, the bounds, how
    many small segments become a pack, and whether counts of uses say what leaves."""

    folder: str
    index: Index
    lease: Lease
    now: float
    max_bytes: int
    max_age: float
    pack_after: int
    counts: bool
