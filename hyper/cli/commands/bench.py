"""``hyper bench``: trees that are made up, and what builds of them cost."""

from __future__ import annotations

import json
import os
import posixpath
import shlex
from typing import TYPE_CHECKING, Any

from hyper.base.reports import SCHEMA_VERSION
from hyper.bench.report import BenchError
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from hyper.bench.fleet.figures import FleetFigure
    from hyper.bench.report import Figure, Goal, Report
    from hyper.bench.workloads import Request
    from hyper.cli.console import Console


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do the part that was asked for; 1 where a measured command fails or outputs differ."""
    if arguments.part == "generate":
        return _generate(arguments, console)
    from hyper.bench.machine import prepare
    from hyper.bench.processes import compile_modules

    compile_modules()
    prepare()
    try:
        report = _PARTS[arguments.part](arguments)
    except BenchError as error:
        console.failed("benchmark", str(error))
        return FAILED
    if arguments.out is not None:
        _save(arguments.out, report)
    if console.json:
        console.object(report.as_dict())
    else:
        _show(report, console)
    return OK if report.success else FAILED


def _generate(arguments: argparse.Namespace, console: Console) -> int:
    from hyper.base.fs import Disk
    from hyper.base.output import create
    from hyper.bench.edits import Edits

    work = Edits(arguments.units, arguments.seed)
    for _ in range(arguments.edits):
        work.next()
    files = {path: text.encode() for path, text in work.files()}
    label = posixpath.normpath(arguments.out.replace(os.sep, "/"))
    done = create(
        Disk(), arguments.out, files, label, replace=False, advice="choose another folder"
    )
    if console.json or done.failed:
        console.created(done, arguments.out)
    else:
        size = sum(len(data) for data in files.values())
        console.say(f"{arguments.out}: {len(files):,} files, {size / 1000:,.0f} kB")
        console.say(f"next: hyper build {arguments.out} -o dist")
    return FAILED if done.failed else OK


def _request(arguments: argparse.Namespace) -> Request:
    from hyper.bench.workloads import Request

    return Request(
        path=arguments.tree,
        units=arguments.units,
        sizes=getattr(arguments, "sizes", ()),
        seed=arguments.seed,
        rounds=arguments.rounds,
        warm_up=arguments.warm_up,
        rows=getattr(arguments, "rows", None),
        table=getattr(arguments, "table", None),
        kernels=getattr(arguments, "kernel", None) or (),
    )


def _run(arguments: argparse.Namespace) -> Report:
    from hyper.bench import workloads

    if (arguments.workload == "command") != (arguments.line is not None):
        raise UsageError('a command is measured with: hyper bench run command --command "LINE"')
    if arguments.line is None:
        return workloads.run(arguments.workload, _request(arguments))
    try:
        words = shlex.split(arguments.line)
    except ValueError as error:
        raise UsageError(f"--command: {str(error).lower()}") from None
    if not words:
        raise UsageError("--command names no command")
    return workloads.run_command(words, arguments.rounds, arguments.warm_up)


def _compare(arguments: argparse.Namespace) -> Report:
    from hyper.bench import contests, peers

    request = _request(arguments)
    if arguments.workload in contests.CONTESTS:
        if arguments.tree is not None and arguments.workload not in {
            "storefront",
            "tiering",
            "text",
        }:
            raise UsageError(f"{arguments.workload} makes its own inputs: it takes no tree")
        return contests.compare(arguments.workload, request)
    act = peers.compare if arguments.workload == "cold" else peers.compare_routes
    return act(request)


def _day(arguments: argparse.Namespace) -> Report:
    from hyper.bench.day import day
    from hyper.engine.tiers import TIER_NAMES

    return day(
        units=arguments.units,
        edits=arguments.edits,
        seed=arguments.seed,
        tiers=[tier for tier in TIER_NAMES if tier in (arguments.tier or TIER_NAMES)],
        sessions=arguments.sessions,
        shared=arguments.shared,
        every=arguments.every,
    )


def _workers(arguments: argparse.Namespace) -> Report:
    from hyper.bench.fleet.workers import Fleets, workers
    from hyper.engine.option_values import OptionError, parse_value

    for each in arguments.target or ():
        try:
            parse_value("target", each)
        except OptionError as error:
            raise UsageError(error.message, error.suggestion) from None
    fleets = Fleets(
        workers=arguments.workers,
        latencies=arguments.latency,
        rate=arguments.rate * 1_000_000,
        targets=tuple(arguments.target or Fleets().targets),
    )
    return workers(_request(arguments), fleets)


def _ablate(arguments: argparse.Namespace) -> Report:
    from hyper.bench.ablate import KINDS, ablate

    kinds = [kind for kind in KINDS if kind in (arguments.workload or KINDS)]
    return ablate(_request(arguments), arguments.tier, kinds, arguments.switch or ())


_PARTS = {"run": _run, "compare": _compare, "day": _day, "workers": _workers, "ablate": _ablate}


def _save(path: str, report: Report) -> None:
    whole: dict[str, Any] = {"schema_version": SCHEMA_VERSION} | report.as_dict()
    try:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(whole, indent=2) + "\n")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def _show(report: Report, console: Console) -> None:
    paint = console.palette
    machine = report.machine
    load = machine["load"]
    for subject in report.subjects:
        console.say(f"{paint.strong}{subject.name}{paint.reset}: {subject.bytes / 1000:,.0f} kB")
    console.say(
        f"{machine['python']}, {machine['system']} {machine['machine']},"
        f" {machine['cores']} cores" + ("" if load is None else f", load {load:.1f}")
    )
    if report.figures:
        width = max(len(each.name) for each in report.figures)
        console.say(f"{'median of runs':<{width}}  runs    wall      above     cpu        peak")
        for each in report.figures:
            console.say(_line(each, width))
    if report.fleet:
        _show_fleet(report.fleet, console)
    for ratio in report.ratios:
        console.say(f"{ratio.name} over {ratio.than}: {ratio.wall:.2f} ({ratio.cpu:.2f} in cpu)")
    for goal in report.goals:
        colour = paint.note if goal.met else paint.warning
        state = f"{colour}{'met' if goal.met else 'not met'}{paint.reset}"
        console.say(f"goal {goal.id}: {goal.measure}: {_of_goal(goal)}: {state}")
    for remark in report.remarks:
        console.say(remark)


def _show_fleet(figures: Sequence[FleetFigure], console: Console) -> None:
    width = max(len(each.name) for each in figures)
    heads = [
        "runs",
        "wall",
        "driver",
        "dispatch",
        "redis",
        "workers",
        "jobs",
        "a_job",
        "in_cpu",
        "cores",
        "cpu",
    ]
    console.say(
        "  ".join(
            (
                f"{'seconds, medians of runs':<{width}}",
                *(f"{head.replace('_', ' '):>8}" for head in heads),
            )
        )
    )
    for each in figures:
        columns = (
            f"{each.runs}",
            f"{each.wall_seconds:.2f}",
            f"{each.driver_cpu_seconds:.2f}",
            f"{each.dispatcher_cpu_seconds:.2f}",
            f"{each.redis_cpu_seconds:.2f}",
            f"{sum(each.worker_cpu_seconds):.2f}",
            f"{each.jobs:,}",
            _given(each.overhead_seconds_per_job, 1000, " ms"),
            _given(each.overhead_cpu_seconds_per_job, 1000, " ms"),
            _given(each.efficiency),
            _given(each.cpu_over_alone),
        )
        console.say("  ".join((f"{each.name:<{width}}", *(f"{text:>8}" for text in columns))))


def _given(value: float | None, times: float = 1, unit: str = "") -> str:
    return "-" if value is None else f"{value * times:.2f}{unit}"


def _line(each: Figure, width: int) -> str:
    above = each.wall_above_bare_python
    return (
        f"{each.name:<{width}}  {each.runs:>4}  {_seconds(each.wall_seconds)}"
        f" {'        -' if above is None else _seconds(above)} {_seconds(each.cpu_seconds)}"
        f"  {each.peak_bytes / 1e6:,.0f} MB"
    )


def _seconds(value: float) -> str:
    """A time in nine places: what is measured within a process may be nanoseconds."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if abs(value) >= scale / 10:
            return f"{value / scale:6.2f} {unit:<2}"
    return f"{value / 1e-9:6.1f} ns"


def _of_goal(goal: Goal) -> str:
    bound = "at least" if goal.at_least else "at most"
    if goal.unit == "bytes":
        return f"{goal.measured / 1e6:,.0f} MB, {bound} {goal.bound / 1e6:,.0f} MB"
    unit = " s" if goal.unit == "seconds" else ""
    return f"{goal.measured:.2f}{unit}, {bound} {goal.bound:g}{unit}"
