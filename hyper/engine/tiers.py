"""Tiers as data: named sets of switches that say how a build is done, never what it makes."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import msgspec

TierName: TypeAlias = Literal["conservative", "balanced", "aggressive", "insane"]
TIER_NAMES: Final[tuple[TierName, ...]] = get_args(TierName)
TextLevel: TypeAlias = Literal["python", "native"]
TEXT_LEVELS: Final[tuple[TextLevel, ...]] = get_args(TextLevel)
GpuUse: TypeAlias = Literal["off", "auto", "on"]
GPU_USES: Final[tuple[GpuUse, ...]] = get_args(GpuUse)
ProcessCount: TypeAlias = int | Literal["auto"]


class Tier(msgspec.Struct, frozen=True):
    """The switches of a tier.

    ``collects`` leaves the collector of cycles of Python alone during a build, which takes a tenth more time.
    ``incremental`` keeps what was built on disk, so that the next build does not do it again.
    ``shares`` puts what was built into the shared cache too, where one is configured; every tier reads from it.
    ``memory`` is how many bytes a session keeps of what it parsed and read from the store.
    ``sketches`` decides by counts of use what a session keeps, and counts what was built.
    ``jit`` is the highest tier of execution that a batch runs at: 1 generated Python, 2 machine code, 3 that over several cores.
    ``text`` is what cuts files into tokens: the reference lexer in Python, or the text engine's native library where it pays.
    ``gpu`` says whether the text engine may use a graphics processor: never, where that is predicted to be faster, or always.
    ``processes`` are as many as work on a build at most, where that is faster; ``auto`` are as many as there are cores.
    ``distributed`` lets the workers of a fleet do a part of a build, where the environment says that there is one.
    """

    collects: bool
    incremental: bool
    shares: bool
    memory: int
    sketches: bool
    processes: ProcessCount
    jit: int
    text: TextLevel
    gpu: GpuUse
    distributed: bool


_MB: Final = 10**6

TIERS: Final[dict[TierName, Tier]] = {
    "conservative": Tier(
        collects=True,
        incremental=True,
        shares=False,
        memory=64 * _MB,
        sketches=False,
        processes=1,
        jit=1,
        text="python",
        gpu="off",
        distributed=False,
    ),
    "balanced": Tier(
        collects=False,
        incremental=True,
        shares=True,
        memory=256 * _MB,
        sketches=True,
        processes="auto",
        jit=2,
        text="native",
        gpu="off",
        distributed=False,
    ),
    "aggressive": Tier(
        collects=False,
        incremental=True,
        shares=True,
        memory=1000 * _MB,
        sketches=True,
        processes="auto",
        jit=3,
        text="native",
        gpu="auto",
        distributed=False,
    ),
    "insane": Tier(
        collects=False,
        incremental=True,
        shares=True,
        memory=4000 * _MB,
        sketches=True,
        processes="auto",
        jit=3,
        text="native",
        gpu="auto",
        distributed=True,
    ),
}
