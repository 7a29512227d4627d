"""Workloads that compute: what is compiled beside other ways to have the same answers, which are compared."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from hyper.bench.contest.batch import batch
from hyper.bench.contest.call import call, load
from hyper.bench.contest.kernel import kernel
from hyper.bench.contest.native_options import native_options
from hyper.bench.contest.profile import profile
from hyper.bench.contest.rules import rules
from hyper.bench.contest.storefront import storefront
from hyper.bench.contest.text import text
from hyper.bench.contest.tiering import tiering
from hyper.bench.machine import facts
from hyper.bench.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.bench.workloads import Request

CONTESTS: Final[Mapping[str, Callable[[Report, Request], None]]] = {
    "batch": batch,
    "kernel": kernel,
    "call": call,
    "load": load,
    "rules": rules,
    "storefront": storefront,
    "profile": profile,
    "native-options": native_options,
    "tiering": tiering,
    "text": text,
}
_NEEDED: Final = ("numpy", "llvmlite")


def compare(name: str, request: Request) -> Report:
    """Run a contest. Raises ``BenchError`` where it cannot be run; without the extra ``jit`` it is skipped with a word."""
    report = Report(benchmark="compare", workload=name, rounds=request.rounds, machine=facts())
    missing = [module for module in _NEEDED if find_spec(module) is None]
    if missing:
        advice = "pip install 'hypercompiler[jit,bench]'"
        report.remarks.append(f"skipped: {' and '.join(missing)} is not installed ({advice})")
        return report
    CONTESTS[name](report, request)
    return report
