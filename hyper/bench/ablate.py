"""What each switch is worth: every one that a tier has, in each of its states, the others as the tier says."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.bench.machine import facts
from hyper.bench.processes import Contestant, bare, figures, measure
from hyper.bench.report import BenchError, Report
from hyper.bench.subject import Way
from hyper.bench.workloads import COLD, EDIT, NO_OP, absent, cold, edit, no_op
from hyper.engine.options import PREFIX
from hyper.engine.tiers import TIERS, Tier, TierName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyper.bench.report import Figure
    from hyper.bench.subject import Workplace
    from hyper.bench.workloads import Request

KINDS: Final[Mapping[str, Callable[[Workplace, Way], Contestant]]] = {
    COLD: cold,
    NO_OP: no_op,
    EDIT: edit,
}
_ELSEWHERE: Final[Mapping[str, str]] = {"memory": "sessions", "shares": "machines that share"}
"""What a process that builds once, with what is on one machine, has no use for: of what it is."""
_SAME: Final = 0.05
"""Medians nearer than this to each other are called no difference."""


def states(switch: str) -> list[str]:
    """The states that a switch can have: both of a flag, else those that some tier gives it. As options are written."""
    found = [getattr(tier, switch) for tier in TIERS.values()]
    values = [True, False] if isinstance(found[0], bool) else list(dict.fromkeys(found))
    return [_written(each) for each in values]


def _written(value: object) -> str:
    """A value as options are written. One process is not the flag that is on, though Python calls them equal."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def switches() -> list[str]:
    """The switches of a tier."""
    return [each.name for each in msgspec.structs.fields(Tier)]


def ablate(
    request: Request, tier: TierName, kinds: Sequence[str], only: Sequence[str] = ()
) -> Report:
    """Measure each switch, or ``only`` some, on workloads that are among ``KINDS``.

    Raises ``BenchError`` where one fails, or is none that a build has use for.
    """
    known = [each for each in switches() if each not in _ELSEWHERE]
    for name in only:
        if name not in known:
            message = f"no switch of a build is called {name}; there are {', '.join(known)}"
            raise BenchError(message)
    report = Report(benchmark="ablate", workload=tier, rounds=request.rounds, machine=facts())
    _alike(report)
    if absent(request.path, report):
        return report
    measured = [each for each in known if not only or each in only]
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        work = request.open(folder)
        report.subjects.append(work.subject)
        contestants = [
            _with(work, kind, switch, state, tier)
            for switch in measured
            for kind in kinds
            for state in states(switch)
        ]
        runs = measure([bare(), *contestants], request.rounds, request.warm_up)
        report.figures = figures(runs)
    for switch in switches():
        if switch in _ELSEWHERE and not only:
            report.remarks.append(f"{switch} is of {_ELSEWHERE[switch]}, so it is not measured")
        for kind in kinds if switch in measured else ():
            _judge(report, switch, kind)
    return report


def _with(work: Workplace, kind: str, switch: str, state: str, tier: TierName) -> Contestant:
    """A workload with one switch set, in what makes it ready too."""
    setting = {f"{PREFIX}{switch.upper()}": state}
    return KINDS[kind](work, Way(_name(kind, switch, state), ("--tier", tier), setting))


def _name(kind: str, switch: str, state: str) -> str:
    return f"{kind}, {switch} {state}"


def _judge(report: Report, switch: str, kind: str) -> None:
    first, *others = [report.figure(_name(kind, switch, state)) for state in states(switch)]
    for other in others:
        ratio = report.compare(other.name, first.name)
        if _overlap(first, other) and abs(ratio.cpu - 1) < _SAME:
            report.remarks.append(f"{switch} changes nothing that can be seen here: {kind}")


def _overlap(left: Figure, right: Figure) -> bool:
    return left.wall_range[0] <= right.wall_range[1] and right.wall_range[0] <= left.wall_range[1]


def _alike(report: Report) -> None:
    """Say which tiers have the same switches, and so do the same."""
    groups: dict[Tier, list[str]] = {}
    for name, tier in TIERS.items():
        groups.setdefault(tier, []).append(name)
    for names in groups.values():
        if len(names) > 1:
            report.remarks.append(f"the same switches: {', '.join(names)}")
