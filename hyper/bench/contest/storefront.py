"""``storefront``: a million orders of the example priced as a batch, beside its generated Python."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Final

from hyper.bench.contest.arena import Contestant, contest
from hyper.bench.processes import once
from hyper.bench.subject import workplace
from hyper.engine.executors.cores import available_cores

if TYPE_CHECKING:
    from hyper.bench.report import Report
    from hyper.bench.workloads import Request

EXAMPLE: Final = os.path.join("examples", "storefront")
ORDERS: Final = 1_000_000
_SHARE: Final = 100
"""Of how many orders the generated Python prices one: it is slow, and figures are of one order."""
FUNCTIONS: Final = ("subtotal", "total")


def storefront(report: Report, request: Request) -> None:
    """What an order's lines come to, and all that is to pay. Raises ``BenchError`` where ours does not compile."""
    tree = request.path or EXAMPLE
    if not os.path.isdir(tree):
        report.remarks.append(f"skipped: there is nothing at {tree}")
        return
    rows = request.rows or ORDERS
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        work = workplace(folder, tree, request.units, request.seed)
        report.subjects.append(work.subject)
        place = work.place("package")
        once(place.command(work.tree, "--target", "python", "--no-cache"))
        for function in FUNCTIONS:
            task = {"tree": work.tree, "function": function, "orders": rows, "seed": request.seed}
            full = f"{function} of {rows:,} orders"
            entries = [Contestant(f"{full}: ours", "orders", {**task, "rows": rows, "cores": 1})]
            cores = available_cores()
            if cores > 1:
                many = {**task, "rows": rows, "cores": cores}
                entries.append(Contestant(f"{full}: ours, {cores} cores", "orders", many))
            few = max(1, rows // _SHARE)
            own = {**task, "rows": few, "cores": 1, "package": place.out}
            entries.append(
                Contestant(f"{function} of {few:,} orders: generated Python", "orders", own)
            )
            taking = contest(entries, report, request.rounds, request.warm_up)
            for name in taking[1:]:
                report.compare(name, taking[0])
            seconds = report.figure(taking[0]).wall_seconds * rows
            report.remarks.append(f"{full}: {seconds:.3f} s on one core")
