"""How much of a fleet each build takes: how many jobs it has waiting, and how many items a job has.

Functions of numbers alone: a build knows the slots of the workers and the other builds from their signs of life, and works out
the same shares as they do, without asking anybody.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.distributed.messages import MOST_ITEMS
from hyper.distributed.sharding import RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

AHEAD: Final = 2.0
"""Jobs that wait for each slot: while one is fetched, another is worked on."""
PERSON: Final = 4
"""How much more a build takes that a person waits for, than one of a CI."""
OVERHEAD: Final = 0.05
"""The part of a job's time that its way to the worker and back may take."""
LEAST_SECONDS: Final = 0.25
MOST_SECONDS: Final = 5.0
"""A job's work, in seconds: below, the queue is asked more than it needs; above, one that is lost costs too much to do again."""
TAIL: Final = 2.0
"""Of what is left, each slot gets so many jobs more, so that all end at nearly the same time."""


class Claim(msgspec.Struct, frozen=True):
    """A build that is there. ``wants`` is how many jobs it would add at most, ``None`` where that is not known."""

    build: str
    person: bool = False
    wants: int | None = None


def shares(slots: int, claims: Sequence[Claim], ahead: float = AHEAD) -> dict[str, int]:
    """How many jobs each build may have waiting. ``slots`` are those that the workers may have, started or not.

    The shares are as large as ``ahead`` jobs a slot together, or as what all want; each build has one at least if there is a slot
    and it wants one, even if these are more together. What a build does not want goes to the others, by their weights. Of two
    builds alike, the shares differ by one at most. The order of the claims makes no difference.
    """
    result = {claim.build: 0 for claim in claims}
    open_ = sorted(
        (claim for claim in claims if claim.wants is None or claim.wants > 0),
        key=lambda claim: (not claim.person, claim.build),
    )
    if slots <= 0 or not open_:
        return result
    total = max(int(slots * ahead), len(open_))
    level = _level(total, open_)
    rest = total
    for claim in open_:
        result[claim.build] = _at(level, claim)
        rest -= result[claim.build]
    higher = [claim for claim in open_ if _at(level + 1, claim) > result[claim.build]]
    for claim in higher[:rest]:
        result[claim.build] += 1
    return result


def _at(level: int, claim: Claim) -> int:
    """The share of a build where one that a person waits for has ``level``, as far as it wants so many."""
    share = max(level if claim.person else level // PERSON, 1)
    return share if claim.wants is None else min(share, claim.wants)


def _level(total: int, claims: Sequence[Claim]) -> int:
    """The highest level at which the shares are not more than ``total`` together."""
    low, high = 0, PERSON * total + 1
    while high - low > 1:
        middle = (low + high) // 2
        if sum(_at(middle, claim) for claim in claims) <= total:
            low = middle
        else:
            high = middle
    return low


class Circumstances(msgspec.Struct, frozen=True):
    """What the size of a job depends on.

    ``item`` is the measured cost of an item and ``round_trip`` what a job costs besides its items, both in seconds; ``slots`` are
    those that work for this build, one of ``builds`` alike, and ``shards`` the queues that all take from. ``rate`` is how many jobs
    a second one of these hands out at ease.
    """

    item: float
    round_trip: float
    slots: int
    shards: int = 1
    rate: float = RATE
    builds: int = 1


def items_of_a_job(how: Circumstances, left: int) -> int:
    """How many items the next job has, at least 1; ``left`` items are not yet in a job.

    Enough that the way there and back is a twentieth of the time, that the queues are not asked for more than they hand out at
    ease, and that it lasts while the build does an item or two of its own, and gives out nothing; as many as that, and not more
    than is left for each slot twice over, so that nobody waits for the last one.
    """
    item = max(how.item, 1e-6)
    lower = max(how.round_trip / OVERHEAD, LEAST_SECONDS, 2 * item)
    queued = how.slots * max(how.builds, 1) / (max(how.shards, 1) * how.rate)
    seconds = min(max(lower, queued), MOST_SECONDS)
    # At the end smaller jobs are worth their way, as long as that is not most of it.
    even = max(ceil(left / (TAIL * max(how.slots, 1))), ceil(how.round_trip / item))
    return max(1, min(ceil(seconds / item), even, left, MOST_ITEMS))
