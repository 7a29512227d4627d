"""``text``: each operation of the text engine on each back end, by size, beside what Python has for it."""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.bench.contest.arena import Contestant, contest
from hyper.bench.contest.text_engines import BACKENDS, PEERS, Input
from hyper.bench.report import Subject
from hyper.bench.subject import workplace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyper.bench.report import Report
    from hyper.bench.workloads import Request

OPERATIONS: Final = (
    *("tokens", "cut", "lines", "search", "hash", "reach", "histogram", "validate"),
)
SIZES: Final = (1_000, 16_000, 256_000, 4_000_000, 64_000_000)
"""Bytes of text, about: files are taken whole."""
_MOST: Final[Mapping[str, int]] = {"plain": 16_000, "re, the reference lexer": 4_000_000}
"""Bytes up to which a slow contestant takes part."""
_WORDS: Final = 32
_GOAL: Final = 400e6


def text(report: Report, request: Request) -> None:
    """A figure is of one operation over all files; the table has the fastest runs, which other work of the machine slows least.

    Raises ``BenchError`` where there are no files, or no loops are compiled."""
    if request.path is not None and not os.path.exists(request.path):
        report.remarks.append(f"skipped: there is nothing at {request.path}")
        return
    most = request.rows or SIZES[-1]
    sizes = [size for size in SIZES if size <= most] or [most]
    table: dict[tuple[str, str], list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        work = workplace(folder, request.path, request.units, request.seed)
        report.subjects.append(work.subject)
        files = _files(work.tree)
        for size in sizes:
            path = os.path.join(folder, f"{size}.files")
            some = _some(files, size)
            bytes_of = sum(len(file) + 1 for file in some)
            shown = f"{bytes_of / 1000:,.0f} kB"
            report.subjects.append(Subject(shown, len(some), bytes_of))
            with open(path, "wb") as stream:
                stream.write(msgspec.msgpack.encode(Input(some, _words(some), request.seed)))
            for operation in request.kernels or OPERATIONS:
                _measure(report, request, table, (operation, path, bytes_of))
            os.remove(path)
    columns = "".join(f"{each.name:>12}" for each in report.subjects[1:])
    report.remarks.append(f"{'MB/s':<36}{columns}")
    for (operation, name), speeds in table.items():
        report.remarks.append(
            f"{f'{operation}, {name}':<36}{''.join(f'{each:>12}' for each in speeds)}"
        )
    if ("tokens", BACKENDS[0]) in table:
        figure = [each for each in report.figures if each.name.startswith(f"tokens, {BACKENDS[0]}")]
        seconds = figure[-1].wall_range[0] * _GOAL / report.subjects[-1].bytes
        report.aim("lex", "400 MB of tokens, one core, by the fastest run", seconds, 1, "seconds")


def _measure(
    report: Report,
    request: Request,
    table: dict[tuple[str, str], list[str]],
    subject: tuple[str, str, int],
) -> None:
    operation, path, size = subject
    together, apart = PEERS.get(operation, ((), ()))
    backends = BACKENDS[:1] if operation == "tokens" else BACKENDS
    for group in ((*backends, *together), *((name,) for name in apart)):
        taking = [name for name in group if size <= _MOST.get(name, size)]
        names = {name: f"{operation}, {name}, {size / 1000:,.0f} kB" for name in taking}
        contestants = [
            Contestant(
                names[name],
                "text_engines",
                {"file": path, "operation": operation, "engine": name},
                # Where a software adapter of Vulkan asks for a folder.
                settings={"XDG_RUNTIME_DIR": os.path.dirname(path)},
            )
            for name in taking
        ]
        took = contest(contestants, report, request.rounds, request.warm_up)
        for name in taking:
            speeds = table.setdefault((operation, name), [])
            if names[name] in took:
                fastest = report.figure(names[name]).wall_range[0]
                speeds.append(f"{size / fastest / 1e6:,.1f}")
            else:
                speeds.append("-")


def _files(tree: str) -> list[bytes]:
    paths = sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(tree)
        for name in names
        if name.endswith(".intent")
    )
    files = []
    for path in paths:
        with open(path, "rb") as stream:
            files.append(stream.read())
    return files


def _some(files: Sequence[bytes], size: int) -> list[bytes]:
    """Files again and again, those that still fit; at least the smallest one."""
    some: list[bytes] = []
    left = size
    least = min(map(len, files)) + 1
    while left >= least:
        for file in files:
            if len(file) < left:
                some.append(file)
                left -= len(file) + 1
    return some or [min(files, key=len)]


def _words(files: Sequence[bytes]) -> list[bytes]:
    """What is looked for: common words of one length, and as many that are nowhere. Each begins with a space: no two overlap."""
    found = Counter(word for file in files[:200] for word in re.findall(rb" [a-z_]{6}", file))
    common = [word for word, _ in found.most_common(_WORDS)]
    return common + [b" q%05d" % number for number in range(_WORDS)]
