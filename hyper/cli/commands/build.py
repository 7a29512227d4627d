"""``hyper build``: compile to a package."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK
from hyper.cli.session import View, compile_with, counted, sized, verdict

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console
    from hyper.engine.compiler import Compiler
    from hyper.engine.result import Result

_SHOWN: Final = 20
_FORMS: Final = {
    "entities": ("entity", "entities"),
    "enums": ("enum", "enums"),
    "unions": ("union", "unions"),
    "types": ("type", "types"),
    "calcs": ("calc", "calcs"),
    "tables": ("table", "tables"),
    "rules": ("rule", "rules"),
    "actions": ("action", "actions"),
    "webhooks": ("webhook", "webhooks"),
    "scenarios": ("scenario", "scenarios"),
}
# The targets that an option of machine code is for.
_MACHINE_CODE: Final = {
    **dict.fromkeys(("hardware", "kernels"), frozenset({"library", "native"})),
    **dict.fromkeys(("lto", "codegen_units", "linker", "strip"), frozenset({"library"})),
}


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Build, and say what was made."""

    def compiled(compiler: Compiler, paths: list[str]) -> Result:
        _agree(arguments, compiler, paths)
        return compiler.compile(paths)

    view = compile_with(arguments, console, compiled)
    if console.json:
        console.object(view.as_dict())
    else:
        console.diagnostics(view.diagnostics, view.line_of)
        _summary(view, console)
        if view.result.success:
            _fleet(view.result, console, asked=getattr(arguments, "distributed", None) == "on")
        if arguments.explain_misses:
            _misses(view, console)
    return OK if view.result.success else FAILED


def _agree(arguments: argparse.Namespace, compiler: Compiler, paths: list[str]) -> None:
    """Raise for an option of the command line that nothing of this build would look at. A configuration is for many builds."""
    given = [key for key in _MACHINE_CODE if getattr(arguments, key, None) is not None]
    targets = compiler.options(paths).target if given else ()
    for key in given:
        if _MACHINE_CODE[key].isdisjoint(targets):
            option = f"--{key.replace('_', '-')}"
            which = " or ".join(sorted(_MACHINE_CODE[key]))
            text = f"{option} is for the target {which}, and the targets are {', '.join(targets)}"
            raise UsageError(
                text,
                f"--target {','.join((*targets, 'library' if len(_MACHINE_CODE[key]) == 1 else 'native'))}",
            )


def _summary(view: View, console: Console) -> None:
    result = view.result
    stats = result.stats
    paint = console.palette
    if not result.success:
        console.remark(f"hyper: {verdict(view.diagnostics)}; nothing was written")
        return
    warned = verdict(view.diagnostics)
    out = os.path.join(result.out, result.package or "").replace(os.sep, "/")
    console.say(f"{paint.strong}{out}{paint.reset} from {counted(stats['files'], 'file')}")
    forms = [counted(stats[key], *words) for key, words in _FORMS.items() if stats.get(key)]
    if forms:
        console.say(f"  compiled  {', '.join(forms)}")
    changes = [f"{stats[key]:,} {key}" for key in ("written", "unchanged", "removed") if stats[key]]
    size = sized(stats["output_bytes"])
    console.say(f"  made      {counted(stats['outputs'], 'file')}, {size}: {', '.join(changes)}")
    if warned:
        console.say(f"  found     {warned}")
    total = result.timing["total"]
    slowest = sorted(result.timing.items(), key=lambda item: -item[1])[1:4]
    phases = ", ".join(f"{name} {seconds:.2f}" for name, seconds in slowest if seconds >= 0.005)
    console.say(f"  took      {total:.2f} s" + (f" ({phases})" if phases else ""))


def _fleet(result: Result, console: Console, *, asked: bool) -> None:
    """Say what a fleet did. ``asked``: the call named it, so that it is also told when it did nothing."""
    figures = result.metrics
    items, lost, found, hedged, jobs, shared = (
        int(figures.get(f"remote_{name}", 0))
        for name in ("items", "lost", "found", "hedged", "jobs", "shared")
    )
    if items and not jobs:
        console.say(f"  fleet     {counted(items, 'item')} done by other builds")
    elif items:
        said = f"{counted(int(figures['remote_workers']), 'worker')}: {counted(items, 'item')} in {counted(jobs, 'job')}"
        said += f", {found:,} of them done before" if found else ""
        said += f"; {hedged:,} more took too long and were done here" if hedged else ""
        console.say(f"  fleet     {said}")
    elif jobs and not lost:
        console.say(
            f"  fleet     nothing came back in time of {counted(jobs, 'job')}: all was done here"
        )
    elif asked and not jobs and not console.fleet_lost and figures.get("hit_rate") != 1.0:
        said = "nothing was sent: no worker was there, or there was too little to do"
        said += f"; {counted(shared, 'item')} done here are there for others" if shared else ""
        console.say(f"  fleet     {said}")
    if lost > items and not console.fleet_lost:
        console.remark(
            f"hyper: {counted(lost, 'item')} came back from the fleet undone: "
            "see that HYPER_CACHE_KEYS is the same everywhere; the logs of the workers say why"
        )


def _misses(view: View, console: Console) -> None:
    misses = view.result.misses
    for miss in misses[:_SHOWN]:
        console.say(f"  missed    {f'{miss.path}: ' if miss.path else ''}{miss.reason}")
    if len(misses) > _SHOWN:
        console.say(f"  missed    {counted(len(misses) - _SHOWN, 'more file')}")
