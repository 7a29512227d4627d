"""Eviction policies on traces of build caches, with and without TinyLFU, beside Bélády's rule.

    python -m benchmarks.eviction [TRACE ...] [--scale 1.0] [--seed 1] [--out FILE]

A TRACE is a recorded one (hyper/cache/policies/trace.py has the format); without any, three synthetic ones are made. Prints
tables: the shares of cost saved, objects found and bytes found for each policy and size of cache, in parts of what all values
of the trace take, and the time for an operation.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.admission_variants import Doorkeeper, Windowed
from benchmarks.disk_pruning import DiskPruning
from benchmarks.synthetic_builds import Builds
from hyper.cache.policies.belady import belady
from hyper.cache.policies.lru import LRU
from hyper.cache.policies.named import POLICIES
from hyper.cache.policies.replay import footprint, replay
from hyper.cache.policies.tinylfu import TinyLFU
from hyper.cache.policies.trace import read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyper.cache.policies.protocol import Policy
    from hyper.cache.policies.replay import Tally
    from hyper.cache.policies.trace import Event

SHARES: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
TIMED: Final = 0.2
ROUNDS: Final = 3


def _window(share: float) -> Callable[[int], Policy]:
    def make(capacity: int) -> Policy:
        window = int(capacity * share)
        return Windowed(TinyLFU(LRU(capacity - window)), window)

    return make


def _doorkeeper(capacity: int) -> Policy:
    keys = max(64, capacity // 4096)
    return TinyLFU(LRU(capacity), keys=keys, counts=Doorkeeper(keys))


CONTESTANTS: Final[Mapping[str, Callable[[int], Policy]]] = {
    **POLICIES,
    "tinylfu+lru, window 1 %": _window(0.01),
    "tinylfu+lru, window 5 %": _window(0.05),
    "tinylfu+lru, doorkeeper": _doorkeeper,
    "a disk, by last use": partial(DiskPruning, counts=False),
    "a disk, by uses for a byte": partial(DiskPruning, counts=True),
}


def main() -> int:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("traces", nargs="*", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, help="length of the synthetic traces")
    parser.add_argument("--seed", type=int, default=1, help="of the synthetic traces")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    traces = recorded(arguments.traces) or synthetic(arguments.seed, arguments.scale)
    report = run(traces)
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for line in lines(report):
        print(line)
    return 0


def recorded(paths: Sequence[Path]) -> dict[str, list[Event]]:
    """The events of trace files, by name; a file may be gzipped."""
    traces = {}
    for path in paths:
        data = path.read_bytes()
        text = gzip.decompress(data) if path.suffix == ".gz" else data
        traces[path.name] = list(read(text.decode("ascii").splitlines()))
    return traces


def synthetic(seed: int, scale: float) -> dict[str, list[Event]]:
    """One developer's store, one of continuous integration only, and one that a team shares."""
    return {
        "synthetic developer": list(Builds(seed, 400, 4).developer(max(1, int(2000 * scale)))),
        "synthetic integration": list(
            Builds(seed + 1, 400, 6).integration(max(1, int(40 * scale)))
        ),
        "synthetic team": list(Builds(seed + 2, 400, 6).team(max(1, int(30 * scale)))),
    }


def run(traces: Mapping[str, Sequence[Event]]) -> dict[str, Any]:
    """Replay each trace on each policy at each size."""
    report: dict[str, Any] = {
        "benchmark": "eviction",
        "machine": {"python": platform.python_version(), "cores": os.cpu_count()},
        "traces": {},
    }
    for name, events in traces.items():
        whole = footprint(events)
        report["traces"][name] = {
            "events": len(events),
            "keys": len({event.key for event in events}),
            "footprint_bytes": whole,
            "sizes": {
                f"{share:.0%}": _at_size(max(1, int(whole * share)), events) for share in SHARES
            },
            "ns_per_operation": _times(max(1, int(whole * TIMED)), events),
        }
    report["mean_saved"] = _means(report["traces"])
    return report


def _at_size(capacity: int, events: Sequence[Event]) -> dict[str, Any]:
    figures = {name: _figures(replay(make(capacity), events)) for name, make in CONTESTANTS.items()}
    figures["bélády"] = _figures(belady(capacity, events))
    figures["bélády by size"] = _figures(belady(capacity, events, by_size=True))
    return figures


def _figures(tally: Tally) -> dict[str, float]:
    return {
        "objects": round(tally.hit_ratio, 4),
        "bytes": round(tally.byte_ratio, 4),
        "saved": round(tally.saved_ratio, 4),
        "evicted": tally.evicted,
    }


def _times(capacity: int, events: Sequence[Event]) -> dict[str, int]:
    """Nanoseconds of processor time for an operation: the fastest of some rounds, taken in turns."""
    asked = [(event.key, event.size) for event in events]
    fastest = dict.fromkeys(CONTESTANTS, sys.maxsize)
    for _ in range(ROUNDS):
        for name, make in CONTESTANTS.items():
            policy = make(capacity)
            start = time.process_time_ns()
            for key, size in asked:
                if key in policy:
                    policy.touch(key)
                else:
                    policy.admit(key, size)
            spent = time.process_time_ns() - start
            fastest[name] = min(fastest[name], spent // max(1, len(asked)))
    return fastest


def _means(traces: Mapping[str, Any]) -> dict[str, float]:
    """Of the saved share over all traces and sizes, best first."""
    found: dict[str, list[float]] = {}
    for trace in traces.values():
        for figures in trace["sizes"].values():
            for name, figure in figures.items():
                found.setdefault(name, []).append(figure["saved"])
    means = {name: round(statistics.fmean(values), 4) for name, values in found.items()}
    return dict(sorted(means.items(), key=lambda item: -item[1]))


def lines(report: Mapping[str, Any]) -> list[str]:
    """The report as tables of Markdown."""
    shown = []
    for name, trace in report["traces"].items():
        megabytes = trace["footprint_bytes"] / 1e6
        shown += [
            "",
            f"{name}: {trace['events']:,} events, {trace['keys']:,} keys, {megabytes:.1f} MB",
            "",
            "| cost saved / objects / bytes, % | " + " | ".join(trace["sizes"]) + " | ns |",
            "| --- |" + " --- |" * (len(trace["sizes"]) + 1),
        ]
        for contestant in report["mean_saved"]:
            cells = [_cell(figures[contestant]) for figures in trace["sizes"].values()]
            spent = trace["ns_per_operation"].get(contestant, "")
            shown.append(f"| {contestant} | {' | '.join(cells)} | {spent} |")
    shown += ["", "| mean over traces and sizes | cost saved, % |", "| --- | --- |"]
    shown += [f"| {name} | {100 * mean:.1f} |" for name, mean in report["mean_saved"].items()]
    return shown[1:]


def _cell(figure: Mapping[str, float]) -> str:
    return " / ".join(f"{100 * figure[part]:.0f}" for part in ("saved", "objects", "bytes"))


if __name__ == "__main__":
    sys.exit(main())
