"""Which back end does a piece of work: the one that is predicted to be done first. These are functions of figures."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, get_args

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Operation: TypeAlias = Literal[
    "cut", "lay_out", "lines", "search", "hash", "reach", "histogram", "validate"
]
OPERATIONS: Final[tuple[Operation, ...]] = get_args(Operation)
"""What there is to choose for; ``lay_out`` turns what ``cut`` gives into tokens."""
Kind: TypeAlias = Literal["processor", "device", "software"]
"""A back end runs on the processor, on a graphics device, or on a program that acts like such a device."""
Use: TypeAlias = Literal["off", "auto", "on"]
"""No device; one where it is predicted to be faster; or a device whatever is predicted."""


TWINS: Final = frozenset({"native", "numba"})
"""The same loops, from a library and compiled in memory: where there is the one, nothing is to be had from the other."""


class Cost(msgspec.Struct, frozen=True):
    """What an operation takes on a back end.

    ``first`` are the seconds that its first time in a session takes longer (compiling, pipelines), ``fixed`` those of each time
    whatever the size, ``speed`` is in bytes a second. ``points`` are what was measured: sizes in bytes with seconds, all warm.
    """

    first: float
    fixed: float
    speed: float
    points: tuple[tuple[int, float], ...] = ()


class Speeds(msgspec.Struct, frozen=True):
    """A back end of a machine.

    ``opening`` are the seconds to load it, or to open the device. ``transfer`` is how many bytes a second go to the device and
    back, 0 where nothing has to be moved. ``device`` names what they were measured on, ``measured`` says that they are no defaults.
    """

    kind: Kind
    opening: float
    costs: dict[Operation, Cost]
    transfer: float = 0.0
    device: str = ""
    measured: bool = False

    def sound(self) -> bool:
        """Whether all figures are ones that can have been measured."""
        costs = self.costs.values()
        times = [self.opening, self.transfer, *(each.first for each in costs)]
        times += [each.fixed for each in costs]
        times += [seconds for each in costs for _, seconds in each.points]
        sizes = [size for each in costs for size, _ in each.points]
        return (
            all(isfinite(each) and each >= 0 for each in times)
            and all(isfinite(each.speed) and each.speed > 0 for each in costs)
            and all(size > 0 for size in sizes)
            and set(self.costs) <= set(OPERATIONS)
        )


class Candidate(NamedTuple):
    """A back end as it stands in a session.

    ``opened``: it is open. ``ready``: the operation ran on it before. ``credit``: seconds that a session has lost by not having it
    open, which count against its start-up.
    """

    name: str
    speeds: Speeds
    opened: bool = False
    ready: bool = False
    credit: float = 0.0


def predict(candidate: Candidate, operation: Operation, size: int) -> float:
    """Seconds that an operation on so many bytes is predicted to take, with what is not open yet."""
    speeds = candidate.speeds
    cost = speeds.costs[operation]
    starting = (0.0 if candidate.opened else speeds.opening) + (
        0.0 if candidate.ready else cost.first
    )
    return max(0.0, starting - candidate.credit) + working(speeds, operation, size)


def working(speeds: Speeds, operation: Operation, size: int) -> float:
    """The same, where all is open and the operation ran before."""
    cost = speeds.costs[operation]
    moving = size / speeds.transfer if speeds.transfer else 0.0
    return moving + cost.fixed + size / cost.speed


def allowed(candidates: Iterable[Candidate], operation: Operation, use: Use) -> list[Candidate]:
    """The candidates that may do an operation.

    Software that acts like a device runs on the processor, where others do the same with less ado: it works only where devices
    are ``on``.
    """
    able = [each for each in candidates if operation in each.speeds.costs]
    devices = [each for each in able if each.speeds.kind != "processor"]
    if use == "on" and devices:
        return devices
    wanted = {"processor", "device"} if use == "auto" else {"processor"}
    return [each for each in able if each.speeds.kind in wanted]


def pick(
    candidates: Iterable[Candidate], operation: Operation, size: int, use: Use
) -> Candidate | None:
    """The candidate that is predicted to be done first; of equal ones the first. None where none can do it."""
    return min(
        allowed(candidates, operation, use),
        key=lambda each: predict(each, operation, size),
        default=None,
    )


_MB: Final = 1e6


def _defaults(kind: Kind, *starting: float, speeds: Sequence[float]) -> Speeds:
    """``starting`` are seconds: of opening, of an operation's first time, and of each time."""
    opening, first, fixed = starting
    costs = {
        name: Cost(first, fixed, speed * _MB)
        for name, speed in zip(OPERATIONS, speeds, strict=True)
        if speed
    }
    return Speeds(kind, opening, costs, transfer=1000 * _MB if kind == "device" else 0.0)


# In the order of OPERATIONS, MB a second; 0 for what a back end does not do.
_COMPILED: Final = (250, 250, 800, 150, 2000, 100, 1000, 800)
_ARRAYS: Final = (10, 0, 300, 15, 200, 60, 300, 100)
_PLAIN: Final = (2.5, 4, 8, 5, 4, 15, 7, 50)
_DEVICE: Final = (1000, 0, 1000, 1000, 1000, 1000, 1000, 1000)
DEFAULTS: Final[Mapping[str, Speeds]] = {
    "native": _defaults("processor", 0.0, 0.0, 20e-6, speeds=_COMPILED),
    "numpy": _defaults("processor", 0.15, 0.0, 300e-6, speeds=_ARRAYS),
    "numba": _defaults("processor", 0.5, 0.7, 30e-6, speeds=_COMPILED),
    "wgpu": _defaults("device", 2.0, 1.0, 3e-3, speeds=_DEVICE),
    "plain": _defaults("processor", 0.0, 0.0, 20e-6, speeds=_PLAIN),
}
"""What is reckoned with where nothing was measured: what is always at hand as fast as a slow machine has it, and a device so slow
to open that it is not opened for less than would pay on most machines."""
