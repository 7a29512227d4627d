"""Bélády's optimum: what a cache would keep that knew the future. A bound to compare with, not a policy to use."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from hyper.cache.policies.protocol import weight
from hyper.cache.policies.replay import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.cache.policies.trace import Event

_NEVER: Final = -1


def belady(capacity: int, events: Sequence[Event], *, by_size: bool = False) -> Tally:
    """What the greedy rule "the value whose next use is furthest away leaves" makes of a trace; ``del`` ends a value's life.

    L. A. Bélády: "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal 5 (1966). For values
    of one size this is the optimum. For values of different sizes the optimum is NP-hard, and the rule is a heuristic that
    policies may surpass, since it keeps a large value where many small ones would do. With ``by_size`` the value leaves whose
    size times the distance to its next use is largest, among the furthest of each size class (powers of two): a heuristic
    too, and mostly a better one.
    """
    tally = Tally()
    following = _next_uses(events)
    resident: dict[bytes, tuple[int, int]] = {}
    classes: dict[int, list[tuple[int, bytes]]] = {}
    used = 0
    for at, event in enumerate(events):
        op, key = event.op, event.key
        _, old = resident.pop(key, (0, 0))
        used -= old
        if op in {"get", "and"}:
            tally.want(event, hit=old > 0)
        upcoming = following[at]
        size = weight(event.size)
        if op == "del" or upcoming == _NEVER or size > capacity:
            continue
        resident[key] = (upcoming, size)
        group = classes.setdefault(size.bit_length() if by_size else 0, [])
        heapq.heappush(group, (-upcoming, key))
        used += size
        while used > capacity:
            victim = _furthest(classes, resident, at)
            used -= resident.pop(victim)[1]
            tally.evicted += victim != key
    return tally


def _furthest(
    classes: dict[int, list[tuple[int, bytes]]], resident: dict[bytes, tuple[int, int]], at: int
) -> bytes:
    """The key of the worst value of those that are furthest in their size class."""
    worst, most = b"", -1
    for group in classes.values():
        # An entry is out of date if its key was used or left since.
        while group and resident.get(group[0][1], (0,))[0] != -group[0][0]:
            heapq.heappop(group)
        if group:
            upcoming, size = resident[group[0][1]]
            if size * (upcoming - at) > most:
                worst, most = group[0][1], size * (upcoming - at)
    return worst


def _next_uses(events: Sequence[Event]) -> list[int]:
    """For each event, at which event its key is wanted next, or -1."""
    following = [_NEVER] * len(events)
    upcoming: dict[bytes, int] = {}
    for at in range(len(events) - 1, -1, -1):
        op, key, _, _ = events[at]
        following[at] = upcoming.get(key, _NEVER)
        if op in {"get", "and"}:
            upcoming[key] = at
        else:
            # A put gives the value anew, a deletion ends it: keeping it until then gains nothing.
            upcoming.pop(key, None)
    return following
