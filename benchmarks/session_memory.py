"""What the memory of a session is worth, by its bound and by who decides what stays.

    python -m benchmarks.session_memory [--units 120] [--edits 30] [--rounds 9] [--out FILE]

*Edits*: recorded edits of a generated tree, each followed by an analysis in one session, with bounds that hold all of the
parsed tree, half and a quarter of it: units that were not parsed again, and the time of the phase ``parse``. *Undo*: a file
goes back and forth between two texts, so that each build is restored from the store: the time of the phase ``restore``, which
writes the output too.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyper.bench.edits import Edits, apply, write_tree
from hyper.engine.compiler import Compiler

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARES: Final = (0.25, 0.5, 1.1)
SEED: Final = 11


def main() -> int:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--units", type=int, default=120)
    parser.add_argument("--edits", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    report = {
        "benchmark": "session_memory",
        "edits": [*edits(arguments.units, arguments.edits)],
        "undo": [*undo(arguments.units, arguments.rounds)],
    }
    text = json.dumps(report, indent=2)
    print(text)
    if arguments.out:
        arguments.out.write_text(f"{text}\n", encoding="utf-8")
    return 0


def edits(units: int, many: int) -> Iterator[dict[str, Any]]:
    """Sessions over the same edits."""
    whole = int(_session(units, 1, memory=1 << 40, sketches=False)["bytes"])
    for share in SHARES:
        for sketches in (False, True):
            figures = _session(units, many, memory=int(whole * share), sketches=sketches)
            yield {"bound": f"{share:.0%}", "sketches": sketches} | figures
    yield {"bound": "none kept", "sketches": False} | _session(units, many, 0, sketches=False)


def _session(units: int, many: int, memory: int, *, sketches: bool) -> dict[str, float]:
    work = Edits(units, SEED)
    kept = total = 0
    largest = 0.0
    seconds = []
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        write_tree(folder, work.files())
        with Compiler(memory=memory, sketches=sketches, environment={}) as session:
            session.analyse(folder)
            for _ in range(many):
                apply(folder, work.next())
                result = session.analyse(folder)
                total += result.stats["files"]
                kept += int(result.metrics["files_from_cache"])
                largest = max(largest, result.metrics.get("memory_bytes", 0.0))
                seconds.append(result.timing["parse"])
    return {
        "kept": round(kept / total, 3),
        "parse_ms": round(1e3 * statistics.median(seconds), 1),
        "bytes": largest,
    }


def undo(units: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Going back and forth, with a memory and without."""
    for memory in (0, 10**9):
        work = Edits(units, SEED)
        seconds: list[float] = []
        with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
            tree, out = os.path.join(folder, "tree"), os.path.join(folder, "out")
            write_tree(tree, work.files())
            path = next(iter(sorted(Path(tree).rglob("*.intent"))))
            texts = [
                path.read_text(encoding="utf-8"),
                path.read_text(encoding="utf-8") + "\n# no\n",
            ]
            cache = os.path.join(folder, "cache")
            with Compiler(memory=memory, out=out, cache=cache, environment={}) as session:
                for number in range(2 * rounds + 4):
                    path.write_text(texts[number % 2], encoding="utf-8")
                    result = session.compile(tree)
                    if number >= 4:
                        seconds.append(result.timing["restore"])
        yield {
            "memory": memory,
            "restore_ms": round(1e3 * statistics.median(seconds), 1),
            "least_ms": round(1e3 * min(seconds), 1),
        }


if __name__ == "__main__":
    sys.exit(main())
