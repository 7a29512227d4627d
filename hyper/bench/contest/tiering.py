"""``tiering``: a service that answers requests of the storefront one by one, with tiers and without."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Final

from hyper.bench.contest.arena import Contestant, contest
from hyper.bench.contest.storefront import EXAMPLE
from hyper.bench.subject import workplace

if TYPE_CHECKING:
    from hyper.bench.report import Report
    from hyper.bench.workloads import Request

REQUESTS: Final = 200_000
_LEVELS: Final = (("tiers up to machine code", 2), ("tiers up to Python", 1), ("interpreted", 0))


def tiering(report: Report, request: Request) -> None:
    """Each run is a new session, which compiles again what pays. Raises ``BenchError`` where ours does not compile."""
    tree = request.path or EXAMPLE
    if not os.path.isdir(tree):
        report.remarks.append(f"skipped: there is nothing at {tree}")
        return
    requests = request.rows or REQUESTS
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        work = workplace(folder, tree, request.units, request.seed)
        report.subjects.append(work.subject)
        label = f"{requests:,} requests"
        entries = [
            Contestant(
                f"{label}: {name}",
                "requests",
                {"tree": work.tree, "requests": requests, "seed": request.seed, "level": level},
            )
            for name, level in _LEVELS
        ]
        taking = contest(entries, report, request.rounds, request.warm_up)
    for name in taking[1:]:
        report.compare(name, taking[0])
    for name in taking:
        seconds = report.figure(name).wall_seconds * requests
        report.remarks.append(f"{name}: {seconds:.2f} s")
