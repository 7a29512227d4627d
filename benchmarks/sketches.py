"""What the sketches cost and gain: a Bloom filter of a remote's keys, count-min, HyperLogLog.

    python -m benchmarks.sketches [--keys 1000,10000,100000] [--out FILE]

Bloom: round trips that a build saves at several hit ratios, and from what latency on the filter pays: at hand, kept from an
earlier build, or fetched. Count-min: pure Python beside NumPy, by how many keys come at once. HyperLogLog: recording,
merging, counting and the error. Times are processor time. Prints tables; the JSON has the same figures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from hyper.bench.processes import once
from hyper.cache.sketches.bloom import KeyFilter
from hyper.cache.sketches.count_min import CountMin
from hyper.cache.sketches.hyperloglog import Distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROUNDS: Final = 5
RATES: Final = (0.1, 0.01, 0.001)
HIT_RATIOS: Final = (0.0, 0.5, 0.9, 0.99)
WANTED: Final = ((24, 24), (24, 1), (4096, 1024), (4096, 64), (4096, 1))
"""Keys that a build asks for, and in how large questions: an edit of a few units, and an empty machine."""
BANDWIDTH: Final = 12.5e6
"""Bytes a second for the fetching of a filter: 100 Mbit/s."""
AT_ONCE: Final = (1, 8, 64, 512, 4096)
WIDTH: Final = 1 << 16
MODULES: Final = ("pybloom_live", "numpy", "datasketch", "hyper.cache.sketches.hyperloglog")
SEEN: Final = (100, 1_000, 10_000, 100_000)

T = TypeVar("T")


def main() -> int:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--keys", default="1000,10000,100000", help="sizes of the remote store")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    report = run([int(number) for number in arguments.keys.split(",")])
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for title, rows in report["tables"].items():
        print(*table(title, rows), sep="\n")
    return 0


def run(sizes: Sequence[int]) -> dict[str, Any]:
    """Measure everything."""
    filters = [bloom(size, rate) for size in sizes for rate in RATES]
    imported = imports()
    largest = {**bloom(max(sizes), 0.01), "import ms": imported[0]["ms"]}
    gains = [
        gain(largest, ratio, wanted, batch) for wanted, batch in WANTED for ratio in HIT_RATIOS
    ]
    return {
        "benchmark": "sketches",
        "machine": {"python": platform.python_version(), "cores": os.cpu_count()},
        "tables": {
            "Bloom filter": filters,
            f"Bloom filter of {max(sizes):,} keys, error rate 0.01, in a build": gains,
            "count-min, nanoseconds a key": [count_min(size) for size in AT_ONCE],
            "HyperLogLog": [hyperloglog(many) for many in SEEN],
            "imports": imported,
        },
    }


def bloom(size: int, rate: float) -> dict[str, Any]:
    """A filter of so many keys."""
    there, absent = keys("there", size), keys("absent", 20_000)
    built, made = fastest(lambda: KeyFilter.of(there, 1, rate))
    data = made.to_bytes()
    loaded, read = fastest(lambda: KeyFilter.from_bytes(data))
    found, _ = fastest(lambda: read.worth_asking(there))
    missed, seeming = fastest(lambda: read.worth_asking(absent))
    return {
        "keys": size,
        "error rate": rate,
        "measured rate": round(len(seeming) / len(absent), 5),
        "bytes": len(data),
        "bits a key": round(8 * len(data) / size, 1),
        "build ms": round(1e3 * built, 2),
        "load ms": round(1e3 * loaded, 3),
        "hit ns": round(1e9 * found / len(there)),
        "miss ns": round(1e9 * missed / len(absent)),
    }


def gain(figures: Mapping[str, Any], hit_ratio: float, wanted: int, batch: int) -> dict[str, Any]:
    """Round trips of a build with and without the filter, and the latency from which on it is faster.

    Keys are known before they are asked for, so that questions are made of those that are left. A long-lived process has the
    filter at hand and only looks keys up; a new one imports the library and loads the filter that an earlier one kept, or
    fetches it, which is one round trip more and takes the bandwidth.
    """
    hits = round(wanted * hit_ratio)
    misses = wanted - hits
    without = math.ceil(wanted / batch)
    asked = hits + round(misses * figures["measured rate"])
    with_filter = math.ceil(asked / batch)
    saved = without - with_filter
    work = (figures["hit ns"] * hits + figures["miss ns"] * misses) / 1e9
    kept = (figures["import ms"] + figures["load ms"]) / 1e3 + work
    fetched = kept + figures["bytes"] / BANDWIDTH
    return {
        "keys wanted": wanted,
        "keys a question": batch,
        "hit ratio": hit_ratio,
        "trips without": without,
        "trips with": with_filter,
        "saved": f"{saved / without:.0%}",
        "pays from ms, at hand": _break_even(work, saved),
        "pays from ms, kept": _break_even(kept, saved),
        "pays from ms, fetched": _break_even(fetched, saved - 1),
    }


def _break_even(seconds: float, trips: int) -> float | str:
    return round(1e3 * seconds / trips, 3) if trips > 0 else "never"


class NumPyCountMin:
    """The sketch with NumPy, for many keys at once. Without conservative update, which needs the keys one by one."""

    def __init__(self, width: int) -> None:
        self._cells = np.zeros((4, width), dtype=np.uint32)
        self._rows = np.arange(4)[:, None]
        self._mask = width - 1

    def add(self, some: Sequence[bytes]) -> None:
        """Count each key once more."""
        np.add.at(self._cells, (self._rows, self._positions(some)), 1)

    def estimate(self, some: Sequence[bytes]) -> list[int]:
        """About how often each key was added."""
        least: list[int] = self._cells[self._rows, self._positions(some)].min(axis=0).tolist()
        return least

    def _positions(self, some: Sequence[bytes]) -> Any:
        words = np.frombuffer(b"".join(some), dtype="<u4").reshape(len(some), 8)
        return words[:, :4].T & self._mask


def count_min(at_once: int) -> dict[str, Any]:
    """Both sketches, with so many keys a call."""
    some = keys("counted", 8192)
    batches = [some[at : at + at_once] for at in range(0, len(some), at_once)]
    ours, theirs = CountMin(WIDTH), NumPyCountMin(WIDTH)

    def python_add() -> None:
        for batch in batches:
            for key in batch:
                ours.add(key)

    def python_estimate() -> None:
        for batch in batches:
            for key in batch:
                ours.estimate(key)

    def numpy_add() -> None:
        for batch in batches:
            theirs.add(batch)

    def numpy_estimate() -> None:
        for batch in batches:
            theirs.estimate(batch)

    return {
        "keys at once": at_once,
        **{
            name: round(1e9 * fastest(call)[0] / len(some))
            for name, call in (
                ("Python add", python_add),
                ("NumPy add", numpy_add),
                ("Python estimate", python_estimate),
                ("NumPy estimate", numpy_estimate),
            )
        },
    }


def hyperloglog(many: int) -> dict[str, Any]:
    """So many different keys, recorded on two machines that share half of them."""
    all_keys = keys("seen", many)

    def record() -> Distinct:
        seen = Distinct()
        seen.update(all_keys)
        return seen

    recorded, seen = fastest(record)
    other = Distinct.from_bytes(seen.to_bytes())
    merged, _ = fastest(lambda: seen.merge(other))
    seen.count()  # imports datasketch
    counted, count = fastest(seen.count)
    return {
        "different keys": many,
        "counted": count,
        "error": f"{count / many - 1:+.2%}",
        "bytes": len(seen.to_bytes()),
        "bytes of a set": sys.getsizeof(set(all_keys)) + many * sys.getsizeof(all_keys[0]),
        "add ns": round(1e9 * recorded / many),
        "merge ms": round(1e3 * merged, 3),
        "count ms": round(1e3 * counted, 3),
    }


def imports() -> list[dict[str, Any]]:
    """What importing the libraries takes, in processes of their own, above bare Python's start."""

    def process(code: str) -> float:
        return min(once((sys.executable, "-c", code)).cpu for _ in range(ROUNDS))

    bare = process("pass")
    return [
        {"module": name, "ms": round(1e3 * (process(f"import {name}") - bare), 1)}
        for name in MODULES
    ]


def keys(of: str, many: int) -> list[bytes]:
    """Different keys, the same in every run."""
    return [hashlib.sha256(f"{of} {number}".encode()).digest() for number in range(many)]


def fastest(call: Callable[[], T]) -> tuple[float, T]:
    """Seconds of processor time of the fastest of some calls, and what the last gave."""
    best = math.inf
    for _ in range(ROUNDS):
        start = time.process_time()
        result = call()
        best = min(best, time.process_time() - start)
    return best, result


def table(title: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Rows as a table of Markdown."""
    yield from ("", title, "")
    yield f"| {' | '.join(rows[0])} |"
    yield f"| {' | '.join('---' for _ in rows[0])} |"
    for row in rows:
        cells = (f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row.values())
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
