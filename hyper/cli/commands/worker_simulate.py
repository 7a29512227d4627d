"""``hyper worker simulate``: what a fleet of any size would do, by measured costs. Nothing is asked of any server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.cli.console import UsageError
from hyper.cli.main import OK
from hyper.cli.numbers import real, whole
from hyper.distributed.simulation.costs import measured, read_costs
from hyper.distributed.simulation.fleet import simulate
from hyper.distributed.simulation.plan import Plan

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from hyper.cli.console import Console
    from hyper.distributed.simulation.costs import Costs
    from hyper.distributed.simulation.plan import Outcome

_MOST_UNITS: Final = 10_000_000
_MOST_WORKERS: Final = 10_000
_NAMES: Final = {
    "workers": "too few workers",
    "server": "the server's core",
    "line": "the server's line",
    "build": "the build itself",
    "dispatch": "the dispatcher",
}
_HEAD: Final = (
    "units", "workers", "wall", "units/s", "speed-up", "workers at work", "server", "build", "dispatch",
    "machine-hours", "limit",
)  # fmt: skip


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Simulate each number of units with each number of workers, and print a row for it."""
    costs = _costs(arguments.costs)
    plans = _plans(arguments, costs)
    outcomes = [simulate(plan, costs) for plan in plans]
    if console.json:
        rows = [
            {"plan": msgspec.to_builtins(plan), "outcome": msgspec.to_builtins(outcome)}
            for plan, outcome in zip(plans, outcomes, strict=True)
        ]
        console.object({"success": True, "costs": msgspec.to_builtins(costs), "rows": rows})
        return OK
    for line in _table(plans, outcomes):
        console.say(line)
    return OK


def _costs(file: str | None) -> Costs:
    if file is None:
        return measured()
    try:
        return read_costs(Path(file))
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror or error}") from None
    except ValueError as error:
        raise UsageError(str(error)) from None


def _plans(given: argparse.Namespace, costs: Costs) -> list[Plan]:
    stage = given.stage or "objects"
    if stage not in costs.works:
        known = ", ".join(sorted(costs.works))
        raise UsageError(f"there are no costs of {stage!r}, only of {known}")
    slots = whole("--processes", given.processes, 8, 1, 1024)
    facts: dict[str, Any] = {
        "slots": slots,
        "least": whole("--min", given.fewest, min(1, slots), 0, slots),
        "work": stage,
        "drivers": whole("--builds", given.builds, 1, 1, 10_000),
        "shards": whole("--shards", given.parts, 1, 1, 64),
        "nodes": whole("--servers", given.servers, 1, 1, 1000),
        "group": whole("--group", given.group, costs.works[stage].together, 1, 1000),
        "round_trip": real("--round-trip", given.round_trip, 0.5, 0, 10_000) / 1000,
        "bandwidth": real("--bandwidth", given.bandwidth, 10_000.0, 0.001, 1e7) * 1e6 / 8,
        "crashes": real("--crashes", given.crashes, 0.0, 0, 60),
        "stalls": real("--stalls", given.stalls, 0.0, 0, 60),
        "seed": whole("--seed", given.seed, 1, 0, 999_999_999),
    }
    return [
        Plan(units=units, workers=workers, **facts)
        for units in _several("--units", given.units, _MOST_UNITS)
        for workers in _several("--workers", given.workers, _MOST_WORKERS)
    ]


def _several(option: str, text: str, most: int) -> list[int]:
    return [whole(option, each.strip(), 1, 1, most) for each in text.split(",")]


def _table(plans: Sequence[Plan], outcomes: Sequence[Outcome]) -> list[str]:
    rows = [_HEAD, *map(_row, plans, outcomes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [
                *(cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=False)),
                row[-1],
            ]
        )
        for row in rows
    ]


def _row(plan: Plan, outcome: Outcome) -> tuple[str, ...]:
    return (
        f"{plan.units:,}",
        f"{plan.workers:,}",
        _duration(outcome.wall),
        f"{outcome.units_a_second:,.0f}",
        f"{outcome.speed_up:,.1f}",
        _part(outcome.efficiency),
        _part(outcome.server),
        _part(outcome.build),
        _part(outcome.dispatch),
        f"{outcome.machine_hours:,.2f}",
        _NAMES[outcome.limit],
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def _part(share: float) -> str:
    return f"{100 * share:.1f} %"
