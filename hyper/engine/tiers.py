"""Tiers as data: named sets of switches that say how a build is done, never what it makes."""

from __future__ import annotations

import os
from typing import Final, Literal, TypeAlias, get_args

import msgspec

TierName: TypeAlias = Literal["conservative", "balanced", "aggressive", "insane"]
TIER_NAMES: Final[tuple[TierName, ...]] = get_args(TierName)


class Tier(msgspec.Struct, frozen=True):
    """The switches of a tier. ``processes`` is how many may work at once; 0 is one a core."""

    processes: int


TIERS: Final[dict[TierName, Tier]] = {
    "conservative": Tier(processes=1),
    "balanced": Tier(processes=0),
    "aggressive": Tier(processes=0),
    "insane": Tier(processes=0),
}


def cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
