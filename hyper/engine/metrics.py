"""What a compile was made of and what it cost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from hyper.engine.executors.cores import available_cores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyper.engine.executors import Usage
    from hyper.engine.graph.rows import Row
    from hyper.engine.pipeline import Compilation
    from hyper.engine.result import Output
    from hyper.ir.program import Module


_OF_DECLARATIONS: Final = {
    "EntityDef": "entities",
    "EnumDef": "enums",
    "UnionDef": "unions",
    "AliasDef": "types",
    "ConstDef": "constants",
    "CalcDef": "calcs",
    "ExternDef": "externs",
    "TableDef": "tables",
    "RuleDef": "rules",
}
_KINDS: Final = (*_OF_DECLARATIONS.values(), "actions", "webhooks", "scenarios")
COUNTS: Final = frozenset(("files", "bytes", "lines", *_KINDS, "scenarios_skipped"))
"""What ``tally`` counts of every compile."""


def counts_of(module: Module) -> dict[str, int]:
    """What a module declares, by the names of the counts; what it has none of is left out."""
    from hyper.ir.program import ActionDef, FeatureDef

    counts: dict[str, int] = {}
    for each in module.definitions:
        if isinstance(each, FeatureDef):
            name, count = "scenarios", len(each.scenarios)
        elif isinstance(each, ActionDef):
            name, count = ("webhooks" if each.webhook else "actions"), 1
        else:
            name, count = _OF_DECLARATIONS.get(type(each).__name__, ""), 1
        if name:
            counts[name] = counts.get(name, 0) + count
    return counts


def tally(state: Compilation) -> dict[str, int]:
    """Counts of what was compiled."""
    if state.partial is not None:
        return _summed_rows(state.partial.rows, state)
    counts = {
        "files": len(state.units),
        "bytes": state.size,
        "lines": sum(unit.source.text.count("\n") for unit in state.units),
    }
    counts |= dict.fromkeys(_KINDS, 0)
    for module in state.program.modules if state.program else ():
        for name, count in counts_of(module).items():
            counts[name] += count
    counts["scenarios_skipped"] = sum(run.outcome == "skipped" for run in state.scenarios)
    return counts


def _summed_rows(rows: Sequence[Row], state: Compilation) -> dict[str, int]:
    """The same counts, from what is kept of each unit."""
    counts = {"files": len(rows)} | dict.fromkeys(("bytes", "lines", *_KINDS), 0)
    for row in rows:
        for name, count in row.counts.items():
            counts[name] += count
    stale = state.partial.stale if state.partial is not None else ()
    skipped = sum(row.skipped for row in rows if row.module not in stale)
    run = sum(each.outcome == "skipped" for each in state.scenarios)
    return counts | {"scenarios_skipped": skipped + run}


def summed(outputs: Sequence[Output], removed: Sequence[str]) -> dict[str, int]:
    """Counts of what was made."""
    written = sum(output.state == "written" for output in outputs)
    return {
        "outputs": len(outputs),
        "written": written,
        "unchanged": len(outputs) - written,
        "removed": len(removed),
        "output_bytes": sum(output.size for output in outputs),
    }


def measure(
    stats: Mapping[str, int],
    seconds: float,
    processor: float,
    usage: Usage,
    *,
    cached: int,
    failing: int,
) -> dict[str, float]:
    """What a compile of ``seconds`` cost and kept.

    ``processor`` are the seconds that the process computed meanwhile, to which come those of its workers; ``cached`` of the files
    were not compiled again, and ``failing`` of them have errors. ``peak_memory`` is the process's, in bytes;
    ``workers_peak_memory`` what workers had beside it, which they did not share with it.
    """
    count = stats["files"]
    computed = processor + usage.cpu_seconds
    figures = {
        "cpu_seconds": computed,
        "core_utilisation": computed / seconds / available_cores() if seconds else 0.0,
        "workers": float(usage.started),
        "workers_died": float(usage.died),
        "workers_peak_memory": float(usage.peak_memory),
        "files_per_second": count / seconds if seconds else 0.0,
        "bytes_per_second": stats["bytes"] / seconds if seconds else 0.0,
        "files_from_cache": float(cached),
        "hit_rate": cached / count if count else 0.0,
        "error_rate": failing / count if count else 0.0,
    }
    remote = usage.remote
    if remote.jobs or remote.shared or remote.unpaid:
        figures |= {
            "driver_cpu_seconds": processor,
            "dispatcher_cpu_seconds": remote.dispatcher_cpu,
            "remote_workers": float(remote.workers),
            "remote_jobs": float(remote.jobs),
            "remote_items": float(remote.items),
            "remote_found": float(remote.found),
            "remote_seconds": remote.seconds,
            "remote_cpu_seconds": remote.cpu_seconds,
            "remote_bytes_in": float(remote.bytes_in),
            "remote_bytes_out": float(remote.bytes_out),
            "remote_shared": float(remote.shared),
            "remote_hedged": float(remote.hedged),
            "remote_refused": float(remote.refused),
            "remote_lost": float(remote.lost),
            "remote_unpaid": float(remote.unpaid),
        }
    try:
        import resource
    except ImportError:
        return figures
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return figures | {"peak_memory": float(peak if sys.platform == "darwin" else peak * 1024)}
