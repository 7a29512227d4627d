"""From which size on each back end is the one to take, and how that looks."""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING, Final

from hyper.gpu.choosing import TWINS, Candidate, predict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyper.gpu.choosing import Operation, Speeds

LEAST: Final = 1 << 10
_SIZES: Final = tuple(1 << power for power in range(10, 41))
PLOTTED: Final = tuple(1 << power for power in range(10, 31))
"""Sizes of a plot: 1 KiB to 1 GiB, each twice the one before."""
_STEP: Final = 3
_HEIGHT: Final = 9


def pays_from(
    found: Mapping[str, Speeds], operation: Operation, name: str, *, opened: bool
) -> int | None:
    """The smallest power of two of bytes from which a back end is predicted to be done before all others that run on the processor;
    None where there is none up to 1 TiB, and for what another does with the same loops.

    ``opened``: all are open; otherwise each has to be started first.
    """
    twins = TWINS if name in TWINS else frozenset()
    if name == "numba" and "native" in found:
        return None
    rivals = [
        Candidate(key, speeds, opened, opened)
        for key, speeds in found.items()
        if key not in {name, *twins} and operation in speeds.costs and speeds.kind == "processor"
    ]
    own = Candidate(name, found[name], opened, opened)
    for size in _SIZES:
        seconds = predict(own, operation, size)
        if all(seconds < predict(rival, operation, size) for rival in rivals):
            return size
    return None


def throughput(speeds: Speeds, operation: Operation, size: int, *, opened: bool) -> float:
    """Bytes a second that are predicted."""
    seconds = predict(Candidate("", speeds, opened, opened), operation, size)
    return size / max(seconds, 1e-12)


def plot(found: Mapping[str, Speeds], operation: Operation, marks: Mapping[str, str]) -> list[str]:
    """A plot in letters: bytes across, bytes a second upwards, both logarithmic, each back end by its mark; all have to be started
    first. Where several would stand in one place, the fastest of them does."""
    lines: dict[str, Sequence[float]] = {
        name: [log10(throughput(speeds, operation, size, opened=False)) for size in PLOTTED]
        for name, speeds in found.items()
        if operation in speeds.costs
    }
    low = int(min(min(values) for values in lines.values()))
    high = int(max(max(values) for values in lines.values())) + 1
    grid = [[" "] * (_STEP * len(PLOTTED)) for _ in range(_HEIGHT)]
    slow_first = sorted(lines, key=lambda name: sum(lines[name]))
    for name in slow_first:
        for place, value in enumerate(lines[name]):
            row = round((value - low) / (high - low) * (_HEIGHT - 1))
            grid[_HEIGHT - 1 - row][place * _STEP] = marks[name]
    drawn = []
    for row, cells in enumerate(grid):
        scale = ""
        if row in {0, _HEIGHT - 1}:
            scale = rate(10.0 ** (high if row == 0 else low))
        drawn.append(f"{scale:>9} |{''.join(cells).rstrip()}")
    drawn.append(f"{'':>9} +{'-' * (_STEP * len(PLOTTED))}")
    axis = [" "] * (_STEP * len(PLOTTED) + 8)
    for place in range(0, len(PLOTTED), 5):
        label = size_of(PLOTTED[place])
        axis[place * _STEP : place * _STEP + len(label)] = label
    drawn.append(f"{'':>9}  {''.join(axis).rstrip()}")
    return drawn


def size_of(count: int) -> str:
    """A number of bytes, shortly."""
    for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if count >= 1 << power:
            return f"{count / (1 << power):.4g} {unit}"
    return f"{count} B"


def rate(speed: float) -> str:
    """Bytes a second, shortly."""
    for factor, unit in ((1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s")):
        if speed >= factor:
            return f"{speed / factor:.3g} {unit}"
    return f"{speed:.3g} B/s"
