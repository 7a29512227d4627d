"""Pruning: entries leave until the store is within its bounds.

What was not used for ``max_age`` leaves; and where the store is too large, what is least worth keeping: by how often it was used
lately for each byte that it takes, and by the last use where that is the same or nothing is counted (``uses``).

Rows go first, in one transaction; then files without any rows; then, while the disk is still over the bound, segments
of which most is dead are rewritten.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.cache.disk import leases, packs, uses

if TYPE_CHECKING:
    from hyper.cache.disk.place import Place
    from hyper.cache.sketches.count_min import CountMin

REWRITE_IN_A_FLUSH: Final = 256 << 20
# Pruned down to this share, so that the next flush is not over the bound again.
DOWN_TO: Final = 0.9


class Pruned(NamedTuple):
    """What pruning did: entries evicted, entries kept for live builds, and bytes on the disk before and after.

    ``errors`` are the segments that could not be read or copied, and stay as they are.
    """

    evicted: int
    leased: int
    bytes_before: int
    bytes_after: int
    errors: int = 0


def prune(place: Place, rewrite: int | None = None) -> Pruned:
    """Keep the bounds of a place. ``rewrite``: the most bytes that are copied for it, all that it takes by default.

    Raises ``sqlite3.Error``. The bytes of live builds' entries may keep a store over its bound until the next time.
    """
    index = place.index
    before = sum(index.segments().values())
    with index:
        victims, leased = _victims(place)
        index.drop_all(victims)
        index.set_aged(place.now)
    _remove_empty(place)
    errors = _rewrite_dead(place, rewrite)
    return Pruned(len(victims), leased, before, sum(index.segments().values()), errors)


def _victims(place: Place) -> tuple[list[tuple[int, bytes]], int]:
    """The entries that leave, and how many stay for live builds only. Called in a transaction, so that none is added."""
    in_use = place.lease.keys | leases.in_use(place.folder, place.now, place.lease)
    live = sum(place.index.live_bytes().values())
    total = sum(place.index.segments().values())
    over = live - int(place.max_bytes * DOWN_TO) if total > place.max_bytes else 0
    counts = uses.counted(place.folder) if over > 0 and place.counts else None
    if counts is not None:
        return _least_worth(place, in_use, over, counts)
    oldest = place.now - place.max_age
    victims: list[tuple[int, bytes]] = []
    leased = 0
    # Without the bound of time, every row would be sorted to find that none is old.
    for kind, key, size, used in place.index.by_use(math.inf if over > 0 else oldest):
        if over <= 0 and used >= oldest:
            break
        if key[: leases.PREFIX_BYTES] in in_use:
            leased += 1
            continue
        victims.append((kind, key))
        over -= size
    return victims, leased


def _least_worth(
    place: Place, in_use: set[bytes], over: int, counts: CountMin
) -> tuple[list[tuple[int, bytes]], int]:
    """As ``_victims``, of a store that is ``over`` its bound. Rows are gone through twice, so that they need not be in memory."""
    oldest = place.now - place.max_age
    in_class: dict[int, int] = {}
    for _, key, size, used in place.index.by_use(math.inf):
        if key[: leases.PREFIX_BYTES] not in in_use:
            # What is too old leaves first of all.
            klass = uses.worth(counts.estimate(key), size) if used >= oldest else uses.TOO_OLD
            in_class[klass] = in_class.get(klass, 0) + size
    last: float = math.inf
    for klass in sorted(in_class):
        if over <= in_class[klass]:
            last = klass
            break
        over -= in_class[klass]
    victims: list[tuple[int, bytes]] = []
    leased = 0
    for kind, key, size, used in place.index.by_use(math.inf):
        klass = uses.worth(counts.estimate(key), size) if used >= oldest else uses.TOO_OLD
        if klass > last or (klass == last != uses.TOO_OLD and over <= 0):
            continue
        if key[: leases.PREFIX_BYTES] in in_use:
            leased += 1
            continue
        victims.append((kind, key))
        if klass == last:
            over -= size
    return victims, leased


def _remove_empty(place: Place) -> None:
    """Remove the segments that have no entries any more."""
    index = place.index
    with index:
        live = index.live_bytes()
        empty = [name for name in index.segments() if name not in live]
        index.forget(empty)
    for name in empty:
        packs.remove(place, name)


def _rewrite_dead(place: Place, most: int | None) -> int:
    """Copy what lives out of the segments that have the largest dead share, where the disk is over the bound.

    One that has more alive than may still be copied is passed over: those after it may have less. Gives how many could not be
    copied.
    """
    sizes = place.index.segments()
    live = place.index.live_bytes()
    total = sum(sizes.values())
    over = total - int(place.max_bytes * DOWN_TO) if total > place.max_bytes else 0
    chosen = []
    for name in sorted(sizes, key=lambda name: live.get(name, 0) / (sizes[name] or 1)):
        lives = live.get(name, 0)
        dead = sizes[name] - lives
        if over <= 0 or dead <= sizes[name] // 20:
            break
        if most is not None and lives > most:
            continue
        chosen.append(name)
        over -= dead
        most = None if most is None else most - lives
    try:
        return packs.merge(place, chosen)
    except OSError:
        # A full disk: what is dead stays until there is room to copy what lives.
        return len(chosen)
