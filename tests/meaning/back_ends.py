"""Everything that runs a program of the language, beside tier 0, which is the definition.

A back end is a maker of runs in ``BACK_ENDS``: it takes a program and gives the functions that it knows, and the outcome of each
row. What is added to the list is compared with tier 0 over all random programs and over all that are written out.
"""

from __future__ import annotations

import ctypes
import functools
import platform
import random
import tempfile
import traceback
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import numpy as np
import pytest

from hyper.emit.native.weights import Weights
from hyper.ir.decisions import decisions
from hyper.ir.frequency import order_module
from hyper.ir.program import CalcDef, Program, RuleDef, TableDef
from hyper.jit.batch import RowsKernel
from hyper.jit.hardware import resolve
from hyper.jit.llvm.module import scalar_symbol
from hyper.jit.llvm.rows import rows_symbol
from hyper.jit.llvm.target import Processor, host
from hyper.jit.objects.abi import interface
from hyper.jit.objects.library import Making, linked, objects
from tests.meaning.aarch64 import Emulated, runs_here
from tests.meaning.compiled import CompiledTiers
from tests.meaning.engine_batches import Engine
from tests.meaning.native import GUARDED, Kernels, unpacked
from tests.meaning.node import NODE
from tests.meaning.runs import Run
from tests.meaning.tiers import Tiers, outcome
from tests.meaning.wasm import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from hyper.jit.kernel import ir
    from hyper.jit.llvm.target import Loaded, OptLevel
    from tests.meaning.foreign import Machine

pytest.importorskip("llvmlite")

SIZES: Final = (0, 1, 2, 7)
"""Of batches that are run beside the whole."""
MANY: Final = 1000
_FEW: Final = 12
_REPEATED_EVERY: Final = 8
"""Of a unit with more than few functions, how many have their rows repeated."""
_MOST_ITEMS: Final = 20_000
"""Of rows that are repeated until they are many."""
_SENTINEL: Final = 0x5A


class Subject:
    """A program with all that back ends make of it: kernels, and a folder for a package."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.kernels = Kernels(program)
        self.interpreter = self.kernels.interpreter
        self.functions = [
            name
            for name, definition in program.definitions.items()
            if isinstance(definition, CalcDef | TableDef | RuleDef)
        ]
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self._tuned: Tuned | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for each in (self, self._tuned):
            if each is not None and "tiers" in vars(each):
                each.tiers.forget()
        self._folder.cleanup()

    @functools.cached_property
    def tiers(self) -> Tiers:
        """The generated package, beside tier 0."""
        return Tiers(self.program, self.folder)

    @property
    def tuned(self) -> Tuned:
        """The same, built for a profile."""
        if self._tuned is None:
            self._tuned = Tuned(self.program, self.folder / "tuned")
        return self._tuned

    def expected(self, name: str, rows: Sequence[Sequence[Any]], now: datetime) -> list[Any]:
        """The outcomes at tier 0."""
        return [outcome(self.interpreter, name, row, now) for row in rows]


class Tuned:
    """A program built for a profile that was made up, with what back ends take of a subject."""

    def __init__(self, program: Program, folder: Path) -> None:
        draw = random.Random(len(program.definitions))
        counts = {
            name: [
                [draw.choice((0, 1, 7, 10**6)) for _ in range(decision.outcomes)]
                for decision in decisions(definition)
            ]
            for name, definition in program.definitions.items()
            if isinstance(definition, CalcDef | TableDef | RuleDef)
        }
        self.kernels = Kernels(program, weights=Weights(counts, moves=True))
        self.program = Program(
            [
                order_module(module, program, lambda name, _table: counts[name][0])
                for module in program.modules
            ]
        )
        folder.mkdir()
        self.folder = folder

    @functools.cached_property
    def tiers(self) -> Tiers:
        """The generated package, for that profile."""
        return Tiers(self.program, self.folder)


class Package(Run):
    """Tier 1: the generated package."""

    def __init__(self, subject: Subject | Tuned) -> None:
        self._tiers = subject.tiers

    def knows(self, name: str) -> bool:
        """All of them."""
        return bool(name)

    def outcomes(self, name: str, rows: Sequence[Sequence[Any]], now: datetime) -> list[Any]:
        """Call by call."""
        return [self._tiers.named(self._tiers.one(name, row, now)) for row in rows]


class CompiledPackage(Package):
    """A package whose functions are bound to machine code, as the target ``native`` makes it."""

    def __init__(self, subject: Subject) -> None:
        folder = subject.folder / "compiled"
        folder.mkdir()
        self._tiers: CompiledTiers = CompiledTiers(subject.program, folder)

    def knows(self, name: str) -> bool:
        """Those that are bound."""
        return name in self._tiers.bound

    def close(self) -> None:
        """Unload it."""
        self._tiers.forget()


class Native(Run):
    """What runs the kernels of a program."""

    def __init__(self, subject: Subject | Tuned, processor: Processor, level: OptLevel) -> None:
        self._kernels = subject.kernels
        self._loaded: Loaded = subject.kernels.loaded(processor, level)

    def knows(self, name: str) -> bool:
        """Those with a native form."""
        return name in self._kernels.natives


class Scalar(Native):
    """One call of machine code a row."""

    def outcomes(self, name: str, rows: Sequence[Sequence[Any]], now: datetime) -> list[Any]:
        """Call by call."""
        function = self._kernels.natives[name].function
        address = self._loaded.address(scalar_symbol(self._kernels.kernel(name)))
        kinds = [
            ctypes.c_void_p if param.pointer else _PASSED[param.kind] for param in function.params
        ]
        kinds += [ctypes.c_void_p] * len(function.results)
        call = ctypes.CFUNCTYPE(ctypes.c_int32, *kinds)(address)
        return [self._outcome(name, call, row, now) for row in rows]

    def _outcome(self, name: str, call: Any, row: Sequence[Any], now: datetime) -> Any:
        function, kernel = self._kernels.natives[name].function, self._kernels.kernel(name)
        columns = self._kernels.columns(name, [row], now)
        args: list[Any] = []
        for column, array in zip(kernel.columns, columns.arrays, strict=True):
            if column.role == "items" or column.storage == "i128":
                args.append(array.ctypes.data)
            else:
                args += [item.item() for item in array[: 2 if column.role == "offsets" else 1]]
        places = [np.full(16, _SENTINEL, np.uint8) for _ in function.results]
        status = call(*args, *[place.ctypes.data for place in places])
        if status:
            return self._kernels.failed(status)
        leaves = []
        for kind, place in zip(function.results, places, strict=True):
            size = _RESULT_BYTES[kind]
            assert bytes(place[size:]) == bytes([_SENTINEL]) * (16 - size), "beyond its result"
            leaves.append(_result(kind, bytes(place[:size])))
        return self._kernels.outcome(name, row, leaves, columns.codes)


_PASSED: Final[dict[ir.Kind, Any]] = {
    "bool": ctypes.c_uint8,
    "int": ctypes.c_int64,
    "wide": ctypes.c_void_p,
    "float": ctypes.c_double,
}
_RESULT_BYTES: Final[dict[ir.Kind, int]] = {"bool": 1, "int": 8, "wide": 16, "float": 8}


def _result(kind: ir.Kind, stored: bytes) -> Any:
    if kind == "float":
        return float(np.frombuffer(stored, "<f8")[0])
    if kind == "bool":
        assert stored in {b"\0", b"\1"}
        return stored == b"\1"
    return int.from_bytes(stored, "little", signed=True)


class Memory(NamedTuple):
    """What a batch left."""

    outputs: list[np.ndarray[Any, Any]]
    status: np.ndarray[Any, Any]

    def same(self, other: Memory) -> bool:
        """Bit for bit."""
        pairs = zip((*self.outputs, self.status), (*other.outputs, other.status), strict=True)
        return all(one.tobytes() == two.tobytes() for one, two in pairs)

    def part(self, rows: slice) -> Memory:
        """Some of the rows."""
        return Memory([out[rows] for out in self.outputs], self.status[rows])


class Batches(Native):
    """Rows of columns: all at once, a few, many, with several threads, and parts that begin and end anywhere."""

    def outcomes(self, name: str, rows: Sequence[Sequence[Any]], now: datetime) -> list[Any]:
        """All at once; every other way gives the same."""
        whole = self._run(name, rows, now)
        for size in SIZES:
            some = self._run(name, rows[:size], now)
            assert some.same(whole.part(slice(size))), size
        assert self._run(name, rows, now, threads=3).same(whole)
        if len(rows) > 2:
            inside = slice(1, len(rows) - 1)
            assert self._part(name, rows, now, inside).same(whole.part(inside))
        if rows and self._is_repeated(name) and self._items(name, rows, now) < _MOST_ITEMS:
            self._many(name, rows, now, whole)
        return self._found(name, rows, now, whole)

    def _is_repeated(self, name: str) -> bool:
        """Of many functions every eighth, the same ones each time."""
        few = len(self._kernels.natives) <= _FEW
        return few or zlib.crc32(name.encode()) % _REPEATED_EVERY == 0

    def _many(self, name: str, rows: Sequence[Sequence[Any]], now: datetime, whole: Memory) -> None:
        repeats = -(-MANY // len(rows))
        many = self._run(name, [*rows] * repeats, now, threads=2)
        for start in range(0, repeats * len(rows), len(rows)):
            assert many.part(slice(start, start + len(rows))).same(whole), start

    def _items(self, name: str, rows: Sequence[Sequence[Any]], now: datetime) -> int:
        """How many numbers these rows have."""
        return sum(array.size for array in self._kernels.columns(name, rows, now).arrays)

    def _fails(self, name: str) -> bool:
        return self._kernels.natives[name].function.fails

    def _run(
        self, name: str, rows: Sequence[Sequence[Any]], now: datetime, threads: int = 1
    ) -> Memory:
        columns = self._kernels.columns(name, rows, now).arrays
        runner = RowsKernel(self._kernels.kernel(name), self._loaded, fails=self._fails(name))
        made = runner.run(columns, len(rows), threads=threads)
        status = np.zeros(len(rows), np.int32) if made.status is None else made.status
        assert made.failed == np.count_nonzero(status)
        failed = status != 0
        assert not any(out[failed].any() for out in made.outputs), "of a failed row all are 0"
        return Memory(made.outputs, status)

    def _found(
        self, name: str, rows: Sequence[Sequence[Any]], now: datetime, memory: Memory
    ) -> list[Any]:
        codes = self._kernels.columns(name, rows, now).codes
        found = []
        for place, (args, status) in enumerate(zip(rows, memory.status.tolist(), strict=True)):
            if status:
                found.append(self._kernels.failed(status))
            else:
                leaves = [unpacked(out, place) for out in memory.outputs]
                found.append(self._kernels.outcome(name, args, leaves, codes))
        return found

    def _part(
        self, name: str, rows: Sequence[Sequence[Any]], now: datetime, inside: slice
    ) -> Memory:
        """The rows inside; no other is written."""
        kernel = self._kernels.kernel(name)
        columns = self._kernels.columns(name, rows, now).arrays
        empty = RowsKernel(kernel, self._loaded, fails=True).run(columns, 0).outputs
        outputs = [np.empty((len(rows), *out.shape[1:]), out.dtype) for out in empty]
        status = np.empty(len(rows), np.int32)
        for array in (*outputs, status):
            array.view(np.uint8)[...] = _SENTINEL
        pointers = ctypes.c_void_p * max(1, len(columns), len(outputs))
        function = _ROWS(self._loaded.address(rows_symbol(kernel)))
        failed = function(
            pointers(*[array.ctypes.data for array in columns]),
            pointers(*[array.ctypes.data for array in outputs]),
            status.ctypes.data,
            inside.start,
            inside.stop,
        )
        written = (*outputs, status) if self._fails(name) else outputs
        for array in written:
            for outside in (array[: inside.start], array[inside.stop :]):
                assert (outside.reshape(-1).view(np.uint8) == _SENTINEL).all()
        if not self._fails(name):
            status[...] = 0
        assert failed == np.count_nonzero(status[inside])
        return Memory(outputs, status).part(inside)


_ROWS: Final = ctypes.CFUNCTYPE(
    ctypes.c_int64, *[ctypes.c_void_p] * 3, ctypes.c_int64, ctypes.c_int64
)


class Linked:
    """A shared library as ``Loaded`` is: by the names that kernels have in a module."""

    def __init__(self, unit: ir.Unit, folder: Path, making: Making) -> None:
        made = interface(unit, "unit")
        profile = resolve("x86-64")
        # A file that is mapped must not be written again.
        path = folder / f"{len([*folder.iterdir()])}.so"
        path.write_bytes(linked(made, objects(made, profile, making), profile, making))
        self._library = ctypes.CDLL(str(path))
        self._names = {
            name: symbol
            for entry in made.entries
            for name, symbol in (
                (scalar_symbol(entry.kernel), entry.symbol),
                (rows_symbol(entry.kernel), entry.rows),
            )
        }

    def address(self, name: str) -> int:
        """The address of a function."""
        found = ctypes.cast(self._library[self._names[name]], ctypes.c_void_p).value
        assert found is not None
        return found


class LibraryCalls(Scalar):
    """The functions that a library shows to C, call by call."""

    def __init__(self, subject: Subject, making: Making) -> None:
        self._kernels = subject.kernels
        self._loaded: Any = Linked(subject.kernels.unit, subject.folder, making)


class LibraryRows(Batches):
    """The functions that a library shows to C, over rows."""

    def __init__(self, subject: Subject, making: Making) -> None:
        self._kernels = subject.kernels
        self._loaded: Any = Linked(subject.kernels.unit, subject.folder, making)


class Foreign(Batches):
    """Another machine: rows, and each row in a call of its own."""

    def __init__(self, subject: Subject, machine: Machine) -> None:
        self._kernels = subject.kernels
        self._module = machine

    def knows(self, name: str) -> bool:
        """Those that it computes to the last bit."""
        return self._module.knows(name)

    def outcomes(self, name: str, rows: Sequence[Sequence[Any]], now: datetime) -> list[Any]:
        """All at once; call by call gives the same."""
        columns = self._kernels.columns(name, rows, now).arrays
        outputs, status, failed = self._module.rows(name, columns, len(rows))
        assert failed == np.count_nonzero(status)
        found = self._found(name, rows, now, Memory(outputs, status))
        assert [self._one(name, row, now) for row in rows] == found
        return found

    def _one(self, name: str, row: Sequence[Any], now: datetime) -> Any:
        columns = self._kernels.columns(name, [row], now)
        status, leaves = self._module.scalar(name, columns.arrays)
        if status:
            return self._kernels.failed(status)
        return self._kernels.outcome(name, row, leaves, columns.codes)

    def close(self) -> None:
        """Forget the functions."""
        self._module.close()


class BackEnd(NamedTuple):
    """A way to run programs, by name."""

    name: str
    run: Callable[[Subject], Run]


def _natives() -> Iterator[BackEnd]:
    """Each way to run kernels, for this machine and for any of its architecture, optimised and not."""
    processors = {"host": host()}
    if platform.machine() in {"x86_64", "AMD64"}:
        processors["x86-64"] = Processor(host().triple, "x86-64")
    levels: tuple[OptLevel, ...] = ("0", "3")
    for profile, processor in processors.items():
        for level in levels:
            for kind in (Scalar, Batches, Engine):
                yield BackEnd(
                    f"{kind.__name__.lower()}-{profile}-O{level}",
                    lambda subject, kind=kind, processor=processor, level=level: kind(  # type: ignore[misc]
                        subject, processor, level
                    ),
                )


def _wasm() -> Iterator[BackEnd]:
    """WebAssembly, where there is something that runs it."""
    if NODE is not None:
        for level in ("0", "2"):
            yield BackEnd(
                f"wasm-O{level}",
                lambda subject, level=level: Foreign(subject, Module(subject.kernels.unit, level)),  # type: ignore[misc]
            )


def _aarch64() -> Iterator[BackEnd]:
    """The other processor, where it is emulated."""
    if runs_here():
        making = Making(lto="off", codegen_units=3)
        yield BackEnd(
            "aarch64-O2",
            lambda subject: Foreign(subject, Emulated(subject.kernels.unit, "2", making)),
        )


def _libraries() -> Iterator[BackEnd]:
    """What C and packages call, in pieces that call one another and in pieces that have copies."""
    if platform.machine() in {"x86_64", "AMD64"} and platform.system() == "Linux":
        off = Making(lto="off", codegen_units=3, linker="own")
        copies = Making(lto="unit", codegen_units=2, linker="own")
        yield BackEnd("library-calls", lambda subject: LibraryCalls(subject, off))
        yield BackEnd("library-rows", lambda subject: LibraryRows(subject, copies))
        yield BackEnd("compiled-package", CompiledPackage)


def _tuned() -> Iterator[BackEnd]:
    """What is built for a profile."""
    yield BackEnd("package-tuned", lambda subject: Package(subject.tuned))
    yield BackEnd("scalar-tuned", lambda subject: Scalar(subject.tuned, host(), "3"))
    yield BackEnd("batches-tuned", lambda subject: Batches(subject.tuned, host(), "3"))
    yield BackEnd("engine-tuned", lambda subject: Engine(subject.tuned, host(), "3"))


BACK_ENDS: Final[list[BackEnd]] = [
    BackEnd("package", Package),
    *_natives(),
    *_wasm(),
    *_aarch64(),
    *_libraries(),
    *_tuned(),
]


class Difference(NamedTuple):
    """A row for which a back end does not give what tier 0 does; -1 where it gave no outcomes at all."""

    back_end: str
    function: str
    row: int
    expected: Any
    got: Any


class Compared(NamedTuple):
    """What a comparison found. ``same`` counts evaluations by back end, ``guarded`` those left to a lower tier."""

    same: dict[str, int]
    guarded: dict[str, int]
    differences: list[Difference]


def compare(
    subject: Subject,
    rows: Mapping[str, Sequence[Sequence[Any]]],
    expected: Mapping[str, list[Any]],
    now: datetime,
    back_ends: Sequence[BackEnd] | None = None,
) -> Compared:
    """Run the rows of each function in each back end. Rows that are too expensive for tier 0 are to be left out before."""
    found = Compared({}, {}, [])
    guarded: dict[str, list[bool]] = {}
    for back_end in BACK_ENDS if back_ends is None else back_ends:
        run = back_end.run(subject)
        found.same[back_end.name] = found.guarded[back_end.name] = 0
        for name, given in rows.items():
            if not run.knows(name):
                continue
            got = _outcomes(run, name, given, now)
            if isinstance(got, str):
                found.differences.append(Difference(back_end.name, name, -1, "outcomes", got))
                continue
            told = [run.told(name, each) for each in expected[name]]
            for place, (one, other) in enumerate(zip(told, got, strict=True)):
                if other == GUARDED:
                    found.guarded[back_end.name] += 1
                elif one == other:
                    found.same[back_end.name] += 1
                else:
                    found.differences.append(Difference(back_end.name, name, place, one, other))
            if isinstance(run, Native):
                here = [other == GUARDED for other in got]
                if guarded.setdefault(name, here) != here:
                    place = [a == b for a, b in zip(guarded[name], here, strict=True)].index(False)
                    what = "guarded" if guarded[name][place] else "not guarded"
                    found.differences.append(
                        Difference(back_end.name, name, place, what, got[place])
                    )
        run.close()
    return found


def _outcomes(run: Run, name: str, rows: Sequence[Sequence[Any]], now: datetime) -> list[Any] | str:
    """What a function gives, or how that went wrong."""
    try:
        return run.outcomes(name, rows, now)
    except Exception:  # noqa: BLE001  # whatever it is, it is no outcome
        return traceback.format_exc()
