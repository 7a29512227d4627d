"""The functions of a built package over columns."""

from __future__ import annotations

import os
import sys
import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final, overload

import msgspec

from hyper import __version__
from hyper.emit.native.weights import Weights, of_known
from hyper.emit.python.batches import ABOUT, SUFFIX, About, Stored, read_module
from hyper.engine.batch.functions import Functions
from hyper.engine.batch.result import BatchResult
from hyper.engine.batch.rows import Package
from hyper.engine.executors.cores import available_cores
from hyper.engine.option_values import parse_value
from hyper.ir.program import CalcDef, Program, RuleDef, TableDef

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from hyper.engine.batch.functions import Function

_KINDS: Final[dict[str, type[object]]] = {"calc": CalcDef, "table": TableDef, "rule": RuleDef}
_LOCK: Final = threading.Lock()


class PackageError(ImportError):
    """The program of a package cannot be read; the text says why."""


def counting(package: str) -> Mapping[str, Any]:
    """What a package counts of each of its functions, by qualified name; empty where it counts nothing."""
    profiling = sys.modules.get(f"{package}._runtime.profiling")
    found: Mapping[str, Any] = profiling.known() if profiling is not None else {}
    return found


class PackagedFunction:
    """A calc, table or rule of a package. Called, it is the package's own function for one input."""

    def __init__(self, package: Packaged, name: str) -> None:
        self._package = package
        self.name = name
        """Its qualified name."""

    @property
    def _function(self) -> Function:
        return self._package.functions.function(self.name)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """The package's own function."""
        return self._package.functions.package.symbol(self.name)(*args, **named)

    def __repr__(self) -> str:
        return f"<{self.name} over columns>"

    @property
    def reason(self) -> str:
        """Why it runs in Python, with the place; empty where it is compiled."""
        function = self._function
        return function.why + (f" ({function.file}:{function.line})" if function.file else "")

    @overload
    def batch(
        self, data: Iterator[Any], *, now: datetime | None = None
    ) -> Iterator[BatchResult]: ...

    @overload
    def batch(self, data: Any, *, now: datetime | None = None) -> BatchResult: ...

    def batch(
        self, data: Any, *, now: datetime | None = None
    ) -> BatchResult | Iterator[BatchResult]:
        """Evaluate for each row of a table, or of each table of a stream: see ``hyper.engine.batch.functions.Function.batch``."""
        if not counting(self._package.functions.package.name):
            return self._function.batch(data, now=now)
        began = time.perf_counter_ns()
        result = self._function.batch(data, now=now)
        return self._counted(result, began)

    def _counted(
        self, result: BatchResult | Iterator[BatchResult], began: int
    ) -> BatchResult | Iterator[BatchResult]:
        """The same result, which the package's counters have heard of."""
        if not isinstance(result, BatchResult):
            return self._counted_parts(result)
        self._count(result, time.perf_counter_ns() - began)
        return result

    def _counted_parts(self, parts: Iterator[BatchResult]) -> Iterator[BatchResult]:
        while True:
            began = time.perf_counter_ns()
            part = next(parts, None)
            if part is None:
                return
            self._count(part, time.perf_counter_ns() - began)
            yield part

    def _count(self, result: BatchResult, nanoseconds: int) -> None:
        """What ran as machine code; the functions of the package count themselves."""
        stats = result.stats
        counts = counting(self._package.functions.package.name)[self.name]
        guards = sum(each.rows for each in stats.guards)
        if stats.native or guards:
            tier = "3" if stats.threads > 1 else "2"
            counts.add(tier, stats.native + guards, nanoseconds, guards)


class Packaged:
    """A package as it is imported, with the program that it carries in a folder. May be asked by several threads.

    Raises ``PackageError``.
    """

    def __init__(self, package: str, folder: str) -> None:
        about, program, weights = _read(folder)
        self._program = program
        level = parse_value("jit", os.environ.get("HYPER_JIT") or 3)
        off = os.environ.get("HYPER_NATIVE", "").lower() in {"off", "0", "false"}
        if off or os.environ.get("HYPER_PROFILE_OUT"):
            level = 1  # what is recorded is what functions do in Python
        own = Package(program, imported=(package, about.package))
        self.functions = Functions(
            program, level=level, cores=available_cores(), package=own, weights=weights
        )
        self._bare: dict[str, dict[str, list[str]]] = {kind: {} for kind in _KINDS}
        for name, definition in program.definitions.items():
            for kind, form in _KINDS.items():
                if isinstance(definition, form):
                    found = self._bare[kind].setdefault(name.rpartition(".")[2], [])
                    found.append(name)
        self._prefix = f"{about.package}."

    def find(self, kind: str, name: str) -> PackagedFunction:
        """A function of a kind. Raises ``LookupError``."""
        known = self._bare[kind]
        bare = known.get(name.rpartition(".")[2], [])
        found = [each for each in bare if each in {name, self._prefix + name}]
        found = found or ([] if "." in name else bare)
        if len(found) == 1:
            return PackagedFunction(self, found[0])
        if found:
            calls = " or ".join(f"find({each!r})" for each in found)
            raise LookupError(f"{len(found)} {kind}s are named {name}: say {calls}")
        from difflib import get_close_matches

        near = get_close_matches(name, self.names(kind), 1)
        raise LookupError(f"there is no {kind} {name}" + (f"; is it {near[0]}?" if near else ""))

    def names(self, kind: str) -> list[str]:
        """The names under which functions of a kind are found."""
        made: list[str] = []
        for bare, names in self._bare[kind].items():
            made += [bare] if len(names) == 1 else names
        return sorted(made)


def _read(folder: str) -> tuple[About, Program, Weights]:
    try:
        with open(os.path.join(folder, ABOUT), "rb") as stream:
            about = msgspec.json.decode(stream.read(), type=About)
        if about.version != __version__:
            raise PackageError(
                f"batches of {about.package} were built by version {about.version} of the compiler, and this is"
                f" {__version__}: build the package again"
            )
        stored: list[Stored] = []
        for name in sorted(os.listdir(folder)):
            if name.endswith(SUFFIX):
                with open(os.path.join(folder, name), "rb") as stream:
                    stored.append(read_module(stream.read()))
    except (OSError, ValueError) as error:
        raise PackageError(f"the program in {folder} cannot be read: {error}") from None
    modules = sorted((each.module for each in stored), key=lambda module: module.name)
    known = {name: each for found in stored for name, each in found.known.items()}
    weights = of_known(known, moves=any(each.moves for each in stored))
    return about, Program(modules), weights


@cache
def _packaged(package: str, folder: str) -> Packaged:
    return Packaged(package, folder)


def packaged(package: str, folder: str) -> Packaged:
    """The functions of a package, read once."""
    with _LOCK:
        return _packaged(package, folder)
