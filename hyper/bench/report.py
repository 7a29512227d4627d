"""What a benchmark gives back: figures, ratios within the one run, and goals with what was measured beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    from hyper.bench.fleet.figures import FleetFigure

Unit: TypeAlias = Literal["times", "seconds", "bytes"]


class BenchError(Exception):
    """A benchmark that cannot be run, with the reason."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One contestant: medians of its runs, in seconds and bytes. The range is of the wall times."""

    name: str
    wall_seconds: float
    wall_above_bare_python: float | None
    wall_range: tuple[float, float]
    cpu_seconds: float
    peak_bytes: int
    runs: int


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """How many times more a contestant takes than another in the same run: above 1 is slower, or more memory."""

    name: str
    than: str
    wall: float
    wall_above_bare_python: float | None
    cpu: float
    peak: float


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A target with what was measured. ``bound`` is the least that will do with ``at_least``, else the most."""

    id: str
    measure: str
    measured: float
    bound: float
    at_least: bool
    unit: Unit

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


class Subject(msgspec.Struct, frozen=True):
    """What was built: a name without a path, the number of intent files and their bytes."""

    name: str
    units: int
    bytes: int


@dataclass(kw_only=True, slots=True)
class Report:
    """The outcome of a benchmark. ``remarks`` say what was skipped, and what a figure does not show."""

    benchmark: str
    workload: str
    subjects: list[Subject] = field(default_factory=list)
    rounds: int = 0
    figures: list[Figure] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    fleet: list[FleetFigure] = field(default_factory=list)
    edits: dict[str, int] = field(default_factory=dict)
    """How many edits of each kind were replayed."""
    remarks: list[str] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=dict)
    success: bool = True

    def figure(self, name: str) -> Figure:
        """The figure of a contestant. Raises ``KeyError`` where it has none."""
        for each in self.figures:
            if each.name == name:
                return each
        raise KeyError(name)

    def compare(self, name: str, than: str) -> Ratio:
        """Note how many times more one contestant takes than another."""
        left, right = self.figure(name), self.figure(than)
        above = None
        if left.wall_above_bare_python is not None and right.wall_above_bare_python:
            above = left.wall_above_bare_python / right.wall_above_bare_python
        ratio = Ratio(
            name=name,
            than=than,
            wall=left.wall_seconds / right.wall_seconds,
            wall_above_bare_python=above,
            cpu=left.cpu_seconds / right.cpu_seconds,
            peak=left.peak_bytes / right.peak_bytes,
        )
        self.ratios.append(ratio)
        return ratio

    def aim(
        self, name: str, measure: str, measured: float, bound: float, unit: Unit = "times"
    ) -> None:
        """Note a target that is a most."""
        goal = Goal(
            id=name, measure=measure, measured=measured, bound=bound, at_least=False, unit=unit
        )
        self.goals.append(goal)

    def aim_high(self, name: str, measure: str, measured: float, bound: float) -> None:
        """Note a target that is a least."""
        goal = Goal(
            id=name, measure=measure, measured=measured, bound=bound, at_least=True, unit="times"
        )
        self.goals.append(goal)

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "success": self.success,
            "benchmark": self.benchmark,
            "workload": self.workload,
            "subjects": msgspec.to_builtins(self.subjects),
            "machine": self.machine,
            "rounds": self.rounds,
            "figures": msgspec.to_builtins(self.figures),
            "ratios": msgspec.to_builtins(self.ratios),
            "fleet": msgspec.to_builtins(self.fleet),
            "goals": [msgspec.to_builtins(each) | {"met": each.met} for each in self.goals],
            "edits": self.edits,
            "remarks": self.remarks,
        }
