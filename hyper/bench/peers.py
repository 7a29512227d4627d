"""Peers side by side in one run, in turns. One that is not installed is skipped, and named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from hyper.bench import routes
from hyper.bench.machine import facts, version
from hyper.bench.processes import Contestant, bare, figures, measure, once
from hyper.bench.report import BenchError, Report
from hyper.bench.workloads import COLD, NO_OP, absent, cold, no_op

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.bench.subject import Workplace
    from hyper.bench.workloads import Request

GENERATOR: Final = "datamodel-code-generator"
BUILT_IN: Final = f"{GENERATOR}, built-in formatter"
DEFAULT: Final = f"{GENERATOR}, default formatters"
TYPESCRIPT: Final = "openapi-typescript"
_PYDANTIC: Final = "import pydantic"
_DEFERRED: Final = f"{GENERATOR}, import of its models, deferred"
_LAUNCH_SECONDS: Final = 30
# A base whose validators are built at first use, for models that are generated with it.
_BASE: Final = """\
from pydantic import BaseModel, ConfigDict


class Deferred(BaseModel):
    model_config = ConfigDict(defer_build=True)
"""


def compare(request: Request) -> Report:
    """The cold build, the no-op and the peak of memory beside the peers. Raises ``BenchError`` where a command fails."""
    report = Report(benchmark="compare", workload="cold", rounds=request.rounds, machine=facts())
    if absent(request.path, report):
        return report
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        work = request.open(folder)
        report.subjects.append(work.subject)
        contestants = [bare(), cold(work), no_op(work), *_peers(_description(work), work, report)]
        report.figures = figures(measure(contestants, request.rounds, request.warm_up))
    names = {each.name for each in contestants}
    for name, bound in ((BUILT_IN, 10), (DEFAULT, 40)):
        if name in names:
            ratio = report.compare(name, COLD)
            report.aim_high("cold", f"{name}, over ours", ratio.wall, bound)
    if BUILT_IN in names:
        rerun = report.compare(BUILT_IN, NO_OP)
        report.aim_high("no-op", f"rerun of {BUILT_IN}, over ours", rerun.wall, 100)
        peak = 1 / report.compare(BUILT_IN, COLD).peak
        del report.ratios[-1]
        report.aim("memory", f"our peak over that of {BUILT_IN}", peak, 0.5)
    if TYPESCRIPT in names:
        report.compare(TYPESCRIPT, COLD)
    return report


def compare_routes(request: Request) -> Report:
    """The first request to the built package beside the import of the peer's models. Raises ``BenchError``."""
    report = Report(benchmark="compare", workload="route", rounds=request.rounds, machine=facts())
    if absent(request.path, report):
        return report
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        work = request.open(folder)
        report.subjects.append(work.subject)
        ours, path = routes.contestants(work)
        contestants = [bare(), *ours, *_deferred(_description(work), work, report)]
        report.figures = figures(measure(contestants, request.rounds, request.warm_up))
    report.remarks.append(f"the request is GET {path}, answered by the package's mock")
    if len(contestants) > len(ours) + 1:
        own = report.figure(routes.FIRST_REQUEST).wall_seconds
        own -= report.figure(routes.FASTAPI).wall_seconds
        theirs = report.figure(_DEFERRED).wall_seconds - report.figure(_PYDANTIC).wall_seconds
        text = (
            "import of the peer's models above Pydantic's, over our first request above FastAPI's"
        )
        report.aim_high("route", text, theirs / own, 8)
    return report


def _description(work: Workplace) -> str:
    """What the peers read: the description that was imported, else the one that we make of the tree."""
    if work.description is not None:
        return work.description
    place = work.place("description")
    once(place.command(work.tree, "--no-cache", "--target", "openapi"))
    for package in sorted(os.listdir(place.out)):
        path = os.path.join(place.out, package, "openapi.json")
        if os.path.isfile(path):
            return path
    raise BenchError("the tree has no description that peers could read")


def _peers(description: str, work: Workplace, report: Report) -> list[Contestant]:
    found: list[Contestant] = []
    if version(GENERATOR) is None:
        report.remarks.append(_skipped(GENERATOR, "pip install 'hypercompiler[bench]'"))
    else:
        models = os.path.join(work.folder, "models.py")
        command = _generator(description, models)
        found += [
            Contestant(BUILT_IN, (*command, "--formatters", "builtin"), {}, _gone(models)),
            Contestant(DEFAULT, command, {}, _gone(models)),
        ]
    script = _typescript()
    if script is None:
        report.remarks.append(_skipped(TYPESCRIPT, f"npm install -g {TYPESCRIPT}"))
    else:
        types = os.path.join(work.folder, "types.ts")
        found.append(Contestant(TYPESCRIPT, (*script, description, "-o", types), {}, _gone(types)))
    return found


def _deferred(description: str, work: Workplace, report: Report) -> list[Contestant]:
    if version(GENERATOR) is None:
        report.remarks.append(_skipped(GENERATOR, "pip install 'hypercompiler[bench]'"))
        return []
    with open(os.path.join(work.folder, "deferred.py"), "w", encoding="utf-8") as stream:
        stream.write(_BASE)
    models = os.path.join(work.folder, "models.py")
    words = ("--formatters", "builtin", "--base-class", "deferred.Deferred")
    once((*_generator(description, models), *words))
    load = f"import sys; sys.path.insert(0, {work.folder!r}); import models"
    return [
        Contestant(_PYDANTIC, (sys.executable, "-c", "from pydantic import BaseModel"), {}),
        Contestant(_DEFERRED, (sys.executable, "-c", load), {}),
    ]


def _generator(description: str, models: str) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "datamodel_code_generator"),
        *("--input", description, "--input-file-type", "openapi", "--output", models),
        *("--output-model-type", "pydantic_v2.BaseModel"),
    )


def _typescript() -> tuple[str, ...] | None:
    """How openapi-typescript is started where it is installed already. Nothing is ever fetched."""
    direct = shutil.which(TYPESCRIPT)
    if direct is not None:
        return (direct,)
    npx = shutil.which("npx")
    if npx is None:
        return None
    command = (npx, "--no-install", "--offline", TYPESCRIPT)
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            (*command, "--version"),
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_LAUNCH_SECONDS,
        )
        return command
    return None


def _skipped(peer: str, advice: str) -> str:
    return f"{peer} is skipped: it is not installed ({advice})"


def _gone(path: str) -> Callable[[], None]:
    """Takes away what the run before made."""
    return partial(_unlink, path)


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
