"""What the filter of a remote's keys saves, against a real server behind a proxy that adds latency.

    python -m benchmarks.shared_cache [--keys 1000,20000] [--latency 0.5,2,10] [--questions 100] [--out FILE]

A build asks for actions one after the other (``at once`` 1, as when each answer decides what is asked next) or in batches; a
share of them is there. With the filter and without it, in turns; medians. ``latency`` is milliseconds of a whole round
trip. Prints a table; the JSON has the same figures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.remote_server import RedisServer, delayed, executable
from hyper.cache.remote import RedisLayer
from hyper.cache.trust import Keyring

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS: Final = 3
HIT_RATIOS: Final = (0.0, 0.5, 0.95)
AT_ONCE: Final = (1, 24)
PROJECT: Final = "benchmark"
VALUE: Final = bytes(range(256))


def main() -> int:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--keys", default="1000,20000")
    parser.add_argument("--latency", default="0.5,2,10")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if executable() is None:
        print("no redis-server: nothing is measured")
        return 1
    rows: list[dict[str, Any]] = []
    for count in map(int, arguments.keys.split(",")):
        rows += measured(
            count, [float(each) for each in arguments.latency.split(",")], arguments.questions
        )
    print(table(rows))
    if arguments.out:
        machine = {"machine": platform.machine(), "python": platform.python_version()}
        arguments.out.write_text(json.dumps({**machine, "rows": rows}, indent=2) + "\n")
    return 0


def measured(count: int, latencies: Sequence[float], questions: int) -> list[dict[str, Any]]:
    """A row for each latency, hit ratio and size of a question, on a server with ``count`` actions."""
    keyring = Keyring([("benchmark", bytes(range(32)))])
    server = RedisServer()
    try:
        present = [_key(number) for number in range(count)]
        writer = RedisLayer(server.url, PROJECT, keyring=keyring)
        writer.put_many("action", dict.fromkeys(present, VALUE))
        writer.close()
        rows = []
        for latency in latencies:
            with delayed(server, latency / 2000) as url:
                rows += [
                    {"keys": count, "latency ms": latency, "there": ratio, "at once": at_once}
                    | _compared(url, keyring, _asked(present, questions, ratio, at_once))
                    for ratio in HIT_RATIOS
                    for at_once in AT_ONCE
                ]
        return rows
    finally:
        server.close()


def _compared(url: str, keyring: Keyring, asked: Sequence[Sequence[bytes]]) -> dict[str, Any]:
    runs: dict[bool, list[tuple[int, float]]] = {False: [], True: []}
    for _ in range(ROUNDS):
        for with_filter, seen in runs.items():
            seen.append(_run(url, keyring, asked, with_filter=with_filter))
    row: dict[str, Any] = {}
    for with_filter, seen in runs.items():
        name = "with" if with_filter else "without"
        row[f"round trips {name}"] = seen[0][0]
        row[f"ms {name}"] = round(1000 * statistics.median(each[1] for each in seen), 1)
    row["saved"] = round(1 - row["ms with"] / row["ms without"], 2)
    return row


def _run(
    url: str, keyring: Keyring, asked: Sequence[Sequence[bytes]], *, with_filter: bool
) -> tuple[int, float]:
    """Round trips and seconds of one build."""
    layer = RedisLayer(url, PROJECT, mode="read-only", keyring=keyring, key_filter=with_filter)
    began = time.perf_counter()
    for keys in asked:
        layer.get_many("action", keys)
    seconds = time.perf_counter() - began
    counters = layer.counters
    layer.close()
    assert counters["errors"] == counters["dropped"] == 0
    return counters["round_trips"], seconds


def _asked(
    present: Sequence[bytes], questions: int, ratio: float, at_once: int
) -> list[list[bytes]]:
    """The keys of each question: a whole question is there or is not, as the units of one changed file are."""
    there = round(questions * ratio)
    asked = []
    for number in range(questions):
        first = number * at_once
        if number * there // questions != (number + 1) * there // questions:
            asked.append([present[(first + at) % len(present)] for at in range(at_once)])
        else:
            asked.append([_key(-1 - first - at) for at in range(at_once)])
    return asked


def _key(number: int) -> bytes:
    return hashlib.sha256(b"action %d" % number).digest()


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    if not rows:
        return ""
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([str(row[head]) for head in heads] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
