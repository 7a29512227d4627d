"""Each operation of the text engine on each back end of this machine, by size; and where the graphics adapter is faster.

    python -m benchmarks.gpu_crossover [--sizes 65536,1048576,8388608] [--memory BYTES] [--workgroup N] [--out FILE]

The adapter is opened first, step by step. Then each operation is timed on texts of each size: the first time in a session, and
the median of some more. What the back ends give is compared, to the byte. Transfer is what it takes to bring the same bytes to
the device and back, nothing done to them; the times of operations have theirs in them. The crossover is where a straight line
through the adapter's times falls below that of the fastest other back end: when the device is open, and when opening it and
making its pipelines is counted. Prints tables; the JSON has the same figures. On a software adapter (Mesa's llvmpipe) the
figures tell nothing of a graphics processor; it says so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hyper.gpu.arena import Arena
from hyper.gpu.backend import BackendError
from hyper.gpu.compiled.backend import CompiledBackend
from hyper.gpu.compiled.memory import NumbaLoops
from hyper.gpu.graphs import make_graph
from hyper.gpu.patterns import make_patterns
from hyper.gpu.vector.backend import VectorBackend
from hyper.gpu.webgpu.backend import WebgpuBackend
from hyper.gpu.webgpu.device import Limits
from hyper.lang.automaton.table import token_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.gpu.backend import Backend

ROUNDS: Final = 5
LONG: Final = 2.0
"""Seconds after which a time is not taken again."""
CHUNK: Final = 4096
"""Bytes of a range that is hashed."""
SIZES: Final = "16384,262144,2097152,16777216"
WORDS: Final = (
    b"password",
    b"secret",
    b"http://",
    b"@range",
    b"route ",
    b"entity ",
    b"\n\n",
    b"-> int",
)


class Given(NamedTuple):
    """Operations by name, on inputs of one size in bytes."""

    size: int
    calls: dict[str, Callable[[Backend], Any]]


def given(text: bytes, size: int) -> Given:
    """Inputs: files of some 4 kB, words to look for, and a graph whose two arrays are as large as the text."""
    whole = (text * (size // len(text) + 1))[:size].decode(errors="ignore").encode()
    arena = Arena([whole[at : at + 4095] for at in range(0, len(whole), 4095)])
    sound = Arena(
        [file.decode(errors="ignore").encode() for file in map(arena.file, range(len(arena)))]
    )
    table, patterns = token_table(), make_patterns(WORDS)
    ranges = [at for begin in range(0, size - CHUNK + 1, CHUNK) for at in (begin, begin + CHUNK)]
    nodes = max(1, size // 20)
    edges = [[(node * step + 7) % nodes for step in (2, 3, 5, 7)] for node in range(nodes)]
    graph = make_graph(edges)
    return Given(
        size,
        {
            "lines": lambda backend: backend.lines(arena),
            "cut": lambda backend: backend.cut(sound, table),
            "search": lambda backend: backend.search(arena, patterns),
            "hash": lambda backend: backend.hash(arena.data, ranges),
            "reach": lambda backend: backend.reach(graph, [0]),
            "histogram": lambda backend: backend.histogram(arena),
            "validate": lambda backend: backend.validate(arena),
        },
    )


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what was given."""
    begin = perf_counter()
    found = call()
    return perf_counter() - begin, found


def warm(call: Callable[[], Any]) -> float:
    """The median of some runs, or one that takes long."""
    times = [timed(call)[0]]
    while len(times) < ROUNDS and sum(times) < LONG:
        times.append(timed(call)[0])
    return median(times)


def crossover(
    own: Sequence[tuple[int, float]], others: Sequence[tuple[int, float]], more: float
) -> float | None:
    """The size from which on a line through one's times, and ``more`` seconds, is below a line through the others'."""
    (fixed, slope), (their_fixed, their_slope) = line(own), line(others)
    ahead = fixed + more - their_fixed
    if slope >= their_slope:
        return None
    return max(0.0, ahead / (their_slope - slope))


def line(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Seconds at size 0 and seconds a byte: through the smallest and the largest, or through nothing where that would fall."""
    (small, little), (large, long) = points[0], points[-1]
    if long <= little or small == large:
        return 0.0, long / large
    slope = (long - little) / (large - small)
    return max(0.0, little - slope * small), slope


def bytes_of(found: Any) -> list[bytes]:
    """What an operation gave, to be compared."""
    return [bytes(each) for each in (found if isinstance(found, tuple) else (found,))]


def run(adapter: WebgpuBackend, sizes: Sequence[int], text: bytes) -> dict[str, Any]:
    """Measure everything.

    :raises BackendError: where there is no adapter.
    :raises AssertionError: where two back ends differ.
    """
    opened = adapter.open()
    timings = adapter.timings
    assert timings is not None
    backends: dict[str, Backend] = {
        "numba": CompiledBackend("numba", NumbaLoops()),
        "numpy": VectorBackend(),
        "wgpu": adapter,
    }
    inputs = [given(text, size) for size in sizes]
    first: dict[str, dict[str, float]] = {}
    rows = []
    points: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for each in inputs:
        blank = bytes(each.size)
        adapter.round_trip(blank)
        moved = warm(partial(adapter.round_trip, blank))
        for operation, call in each.calls.items():
            row: dict[str, Any] = {"operation": operation, "bytes": each.size}
            wanted = None
            for name, backend in backends.items():
                work = partial(call, backend)
                took, found = timed(work)
                first.setdefault(operation, {}).setdefault(name, took)
                wanted = wanted or bytes_of(found)
                assert bytes_of(found) == wanted, (
                    f"{name} differs at {operation} of {each.size} bytes"
                )
                row[f"{name} ms"] = warm(work) * 1e3
                points.setdefault(operation, {}).setdefault(name, []).append(
                    (each.size, row[f"{name} ms"] / 1e3)
                )
            row["transfer ms"] = moved * 1e3
            rows.append(row)
    opening = timings.load + timings.adapter + timings.device
    return {
        "benchmark": "gpu_crossover",
        "machine": {"python": platform.python_version(), "cores": os.cpu_count()},
        "adapter": {**opened._asdict(), "software": opened.software},
        "tables": {
            "start-up, seconds": [
                {
                    "import wgpu": timings.load,
                    "adapter": timings.adapter,
                    "device": timings.device,
                    "pipelines": sum(timings.pipelines.values()),
                }
            ],
            "first time in a session, seconds, smallest size": [
                {"operation": operation, **times} for operation, times in first.items()
            ],
            "warm, milliseconds": sorted(rows, key=lambda row: (row["operation"], row["bytes"])),
            "crossover, bytes": [
                _crossed(operation, each, first[operation]["wgpu"], opening)
                for operation, each in points.items()
            ],
        },
    }


def _crossed(
    operation: str, points: dict[str, list[tuple[int, float]]], first: float, opening: float
) -> dict[str, Any]:
    """From what size on the adapter is faster than the fastest of the others."""
    own = points["wgpu"]
    others = [name for name in points if name != "wgpu"]
    best = min(others, key=lambda name: points[name][-1][1])
    start = opening + max(0.0, first - own[0][1])
    return {
        "operation": operation,
        "against": best,
        "device open": crossover(own, points[best], 0.0),
        "with start-up": crossover(own, points[best], start),
        "largest, times as long": own[-1][1] / points[best][-1][1],
    }


def table(title: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Rows as lines of a table in Markdown."""
    names = list(rows[0])
    lines = ["", f"## {title}", "", "| " + " | ".join(names) + " |", "| --- " * len(names) + "|"]
    lines += ["| " + " | ".join(_shown(row[name]) for name in names) + " |" for row in rows]
    return lines


def _shown(value: object) -> str:
    if value is None:
        return "never"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _sizes(text: str) -> list[int]:
    sizes = [int(size) if size.isdecimal() else 0 for size in text.split(",")]
    if sizes[0] < 1 or sorted(set(sizes)) != sizes:
        message = f"{text!r} is not some numbers from 1 on, ascending, with commas"
        raise argparse.ArgumentTypeError(message)
    return sizes


def main() -> int:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--sizes", type=_sizes, default=SIZES, help="bytes of text, ascending, with commas"
    )
    parser.add_argument("--memory", type=int, default=Limits().memory, help="bytes of buffers")
    parser.add_argument("--workgroup", type=int, default=Limits().workgroup)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    backend = WebgpuBackend(Limits(memory=arguments.memory, workgroup=arguments.workgroup))
    examples = sorted((Path(__file__).parent.parent / "examples").rglob("*.intent"))
    text = b"".join(path.read_bytes() for path in examples)
    try:
        report = run(backend, arguments.sizes, text)
    except BackendError as error:
        print(f"nothing can be measured: {error}", file=sys.stderr)
        return 1
    finally:
        backend.close()
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    adapter = report["adapter"]
    print(f"{adapter['name']}: {adapter['kind']}, {adapter['api']}, {adapter['driver']}")
    if adapter["software"]:
        print("This is a program on the CPU: its figures tell nothing of a graphics processor.")
    for title, rows in report["tables"].items():
        print(*table(title, rows), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
