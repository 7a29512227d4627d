"""``native-options``: what each option of a library of kernels gains and costs, one changed at a time, in one process.

Each setting makes the library of the same two modules, of which one calls the other for each row. Compared are the answers, which
must be the same bytes; measured are the rows, compiling all, compiling and linking after an edit, linking, and the size. The table
has processor time, which the other work of a machine changes least, but of linking, which is a process of its own.
"""

from __future__ import annotations

import ctypes
import os
import resource
import statistics
import tempfile
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from hyper.bench.contest.kernels import SOURCE, inputs
from hyper.bench.report import BenchError, Figure, Report, Subject
from hyper.jit.hardware import resolve
from hyper.jit.objects.library import Making, linked, pieces
from hyper.jit.objects.link import LinkError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.bench.contest.entry import Array
    from hyper.bench.workloads import Request
    from hyper.jit.hardware import Profile
    from hyper.jit.objects.abi import Interface

QUOTE: Final = """\
intent quote
use contest (Country, Tier, price, rate)

calc due(quantity: int, unit_price: float, tier: Tier, country: Country) -> float:
    let gross = price(quantity, unit_price, tier)
    gross - gross * rate(tier, gross, country)

calc packs(ordered: int, packed: int) -> int:
    (ordered + packed - 1) // packed

calc net(quantity: int, amount: decimal(12, 2)) -> decimal(14, 2):
    quantity * amount
"""
_EDITED: Final = QUOTE.replace("gross - gross", "1.0 + gross - gross")
_ROWS: Final = 1_000_000
_REPEATS: Final = 5
BASE: Final = "as it is"
_KERNEL: Final = "quote__due__rows"
_PLAIN: Final = "Linux on x86-64 since 2013 (AVX2)"
_ANY: Final = "Linux on each x86-64"


class Setting(NamedTuple):
    """One option with a value other than its own, and where the library then runs."""

    name: str
    profile: Profile
    making: Making = Making()
    runs: str = _PLAIN


class Seconds(NamedTuple):
    """What something took: on the clock, and of the processor."""

    wall: float
    cpu: float


class Taken(NamedTuple):
    """What was measured, a list a measure. ``rows`` is empty where the library does not run here."""

    rows: list[Seconds]
    compiled: list[Seconds]
    edited: list[Seconds]
    linked: list[Seconds]


def settings() -> list[Setting]:
    """What is compared, the base first."""
    base = resolve("x86-64-v3")

    def profile(**other: Any) -> Profile:
        return msgspec.structs.replace(base, **other)

    changed = [
        *(Setting(f"opt_level = {each}", profile(opt_level=each)) for each in ("0", "1", "3", "s")),
        Setting("hardware = x86-64", resolve("x86-64"), runs=_ANY),
        Setting("hardware = native", resolve("native"), runs="machines with all that this one has"),
        *(
            Setting(f"vector_width = {each}", profile(vector_width=each))
            for each in (128, 256)
        ),
        Setting("tune = znver4", profile(tune="znver4")),
        Setting("hardware = aarch64", resolve("aarch64"), runs="Linux on aarch64"),
        Setting("hardware = wasm32", resolve("wasm32"), runs="engines of WebAssembly"),
        *(Setting(f"lto = {each}", base, Making(lto=each)) for each in ("off", "program")),
        *(
            Setting(f"codegen_units = {each}", base, Making(codegen_units=each))
            for each in (1, 4)
        ),
        Setting("codegen_units = 4, lto = off", base, Making(lto="off", codegen_units=4)),
        Setting("linker = lld", base, Making(linker="lld")),
        Setting("linker = cc", base, Making(linker="cc")),
        Setting("linker = own", base, Making(linker="own"), f"{_PLAIN}, by dlopen only"),
        Setting("strip = off", base, Making(strip=False)),
    ]  # fmt: skip
    return [Setting(BASE, base), *changed]


def native_options(report: Report, request: Request) -> None:
    """Measure them in turns. Raises ``BenchError`` where nothing links, or the machine is not one that runs the base."""
    made, edited = (_library(text) for text in (QUOTE, _EDITED))
    report.subjects.append(
        Subject("contest.intent, quote.intent", 2, len((SOURCE + QUOTE).encode()))
    )
    rows = request.rows or _ROWS
    columns = _columns(made, rows, request.seed)
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        ready = _ready(made, folder, report)
        taken = {setting.name: Taken([], [], [], []) for setting, _, _ in ready}
        run = _runner(columns, rows)
        wanted: bytes | None = None
        for turn in range(request.warm_up + request.rounds):
            for setting, _, library in ready:
                if library is not None:
                    found, seconds = run(library)
                    wanted = wanted or found
                    if found != wanted:
                        raise BenchError(f"{setting.name}: other answers than {BASE}")
                    if turn >= request.warm_up:
                        taken[setting.name].rows.append(seconds)
                if turn >= request.warm_up:
                    _make(made, edited, setting, taken[setting.name])
    for setting, _, _ in ready:
        report.figures += _figures(setting.name, taken[setting.name])
    for setting, _, library in ready[1:]:
        if library is not None:
            report.compare(f"{setting.name}: rows", f"{BASE}: rows")
        report.compare(f"{setting.name}: compile", f"{BASE}: compile")
    report.remarks += table(ready, taken, rows)


def _library(quote: str) -> Interface:
    from hyper.bench.contest.ours import program_of
    from hyper.emit.native.unit import Unit
    from hyper.jit.objects.abi import interface

    program = program_of(SOURCE, quote=quote)
    names = ["price", "rate", "eligible", "smoothed", "margin"]
    source = [f"contest.{name}" for name in names]
    unit = Unit(program).unit([*source, *(f"quote.{name}" for name in ("due", "packs", "net"))])
    return interface(unit, "bench")


def _columns(made: Interface, rows: int, seed: int) -> list[Array]:
    given = {**inputs("rate", rows, seed), **inputs("price", rows, seed)}
    (entry,) = (each for each in made.entries if each.rows == _KERNEL)
    return [given[column.path] for column in entry.kernel.columns]


Ready = tuple[Setting, bytes, Any]


def _ready(made: Interface, folder: str, report: Report) -> list[Ready]:
    """The library of each setting, loaded. One that cannot be linked here is left out with a word."""
    found: list[Ready] = []
    for place, setting in enumerate(settings()):
        parts = [piece.compiled(setting.profile) for piece in pieces(made, *setting[1:3])]
        try:
            data = linked(made, parts, setting.profile, setting.making)
        except LinkError as error:
            if not found:
                raise BenchError(str(error)) from None
            report.remarks.append(f"skipped: {setting.name}: {error}")
            continue
        if setting.profile.architecture != "x86-64":
            found.append((setting, data, None))
            continue
        path = os.path.join(folder, f"{place}.so")
        with open(path, "wb") as stream:
            stream.write(data)
        library = ctypes.CDLL(path)
        if not library.bench_supported():
            report.remarks.append(f"skipped: {setting.name}: this processor lacks what it needs")
            continue
        found.append((setting, data, library))
    if not found or found[0][0].name != BASE:
        raise BenchError("this processor does not have what x86-64-v3 asks for")
    return found


def _runner(columns: Sequence[Array], rows: int) -> Callable[[Any], tuple[bytes, Seconds]]:
    """Runs a library over all rows; gives the answers, and the least that a few runs took."""
    import numpy as np

    out, status = np.ones(rows), np.ones(rows, np.int32)
    given = (ctypes.c_void_p * len(columns))(*(column.ctypes.data for column in columns))
    outputs = (ctypes.c_void_p * 1)(out.ctypes.data)
    bounds = ctypes.c_void_p(status.ctypes.data), ctypes.c_int64(0), ctypes.c_int64(rows)

    def run(library: Any) -> tuple[bytes, Seconds]:
        function = library[_KERNEL]
        function.restype = ctypes.c_int64
        timed = [_timed(lambda: function(given, outputs, *bounds)) for _ in range(_REPEATS)]
        if any(failed for failed, _ in timed):
            raise BenchError("rows failed")
        return out.tobytes(), min((seconds for _, seconds in timed), key=lambda each: each.cpu)

    return run


def _make(made: Interface, edited: Interface, setting: Setting, taken: Taken) -> None:
    """Compile all, what an edit changes, and link."""
    profile, making = setting.profile, setting.making
    before = pieces(made, profile, making)
    parts, seconds = _timed(lambda: [piece.compiled(profile) for piece in before])
    taken.compiled.append(seconds)
    _, link = _timed(lambda: linked(made, parts, profile, making))
    taken.linked.append(link)
    known = {piece.text: part for piece, part in zip(before, parts, strict=True)}

    def again() -> list[bytes]:
        after = pieces(edited, profile, making)
        return [known.get(piece.text) or piece.compiled(profile) for piece in after]

    _, seconds = _timed(again)
    taken.edited.append(Seconds(seconds.wall + link.wall, seconds.cpu + link.wall))


def _timed(act: Callable[[], Any]) -> tuple[Any, Seconds]:
    began, cpu = time.perf_counter(), time.process_time()
    made = act()
    return made, Seconds(time.perf_counter() - began, time.process_time() - cpu)


def _figures(name: str, taken: Taken) -> list[Figure]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    measures = {
        "rows": taken.rows,
        "compile": taken.compiled,
        "edit": taken.edited,
        "link": taken.linked,
    }
    return [
        Figure(
            name=f"{name}: {measure}",
            wall_seconds=_median(seconds).wall,
            wall_above_bare_python=None,
            wall_range=(min(each.wall for each in seconds), max(each.wall for each in seconds)),
            cpu_seconds=_median(seconds).cpu,
            peak_bytes=peak,
            runs=len(seconds),
        )
        for measure, seconds in measures.items()
        if seconds
    ]


def _median(seconds: Sequence[Seconds]) -> Seconds:
    walls, cpus = zip(*seconds, strict=True)
    return Seconds(statistics.median(walls), statistics.median(cpus))


def table(ready: Sequence[Ready], taken: dict[str, Taken], rows: int) -> list[str]:
    """The table of the documentation: medians."""
    lines = [
        "| option | a row | compile | after an edit | link | size | runs on |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for setting, data, _ in ready:
        each = taken[setting.name]
        row = f"{_median(each.rows).cpu / rows * 1e9:.2f} ns" if each.rows else "-"
        times = (_median(each.compiled).cpu, _median(each.edited).cpu, _median(each.linked).wall)
        shown = " | ".join(f"{seconds * 1e3:,.0f} ms" for seconds in times)
        lines.append(f"| {setting.name} | {row} | {shown} | {len(data):,} B | {setting.runs} |")
    return lines
