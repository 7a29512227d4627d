"""Evaluations by the generated Python: the package is made in a temporary folder, imported and asked."""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.base.scratch import folder_for
from hyper.engine.evaluation import Failure, Outcome, signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from hyper.emit.native.weights import Weights
    from hyper.emit.python.names import Names
    from hyper.ir.program import Module, Program
    from hyper.ir.types import Type

_ASKING: Final = "hyper_asking"
ARGUMENTS: Final = "Arguments"
ANSWER: Final = "Answer"
_numbers: Final = itertools.count()


def run_generated(program: Program, name: str, arguments: dict[str, Any], now: datetime) -> Outcome:
    """Evaluate by tier 1. Gives what ``interpret`` gives."""
    return Package(program, [name]).function(name).run(arguments, now)


class Package:
    """The generated Python of a program, with models for the arguments and the answers of functions, imported under a name of
    its own until this is gone. ``native`` is a function that machine code is made of, too, for ``weights``."""

    def __init__(
        self,
        program: Program,
        functions: Sequence[str],
        native: str = "",
        weights: Weights | None = None,
    ) -> None:
        from hyper.emit.python.names import Names
        from hyper.ir.program import Program

        self.name = f"_hyper_generated_{next(_numbers)}"
        self.asking = {name: f"{_ASKING}_{place}" for place, name in enumerate(functions)}
        modules = [asking_module(program, *each) for each in self.asking.items()]
        self.program = Program([*program.modules, *modules])
        self.names: Names = Names(self.program, self.name)
        folder = folder_for(self, "hyper-run-", before=partial(forget_package, self.name))
        write_package(folder, self.name, _files(self.program, self.name, native, weights))
        self._folder = folder

    def load(self, module: str) -> Any:
        """A module of the package, by its name there."""
        sys.path.insert(0, self._folder)
        try:
            importlib.invalidate_caches()
            return importlib.import_module(f"{self.name}.{module}")
        finally:
            sys.path.remove(self._folder)

    def home(self, name: str) -> str:
        """The module of the package that a declaration is in."""
        return ".".join(self.names.home(name))

    def function(self, name: str) -> Asked:
        """One of the functions."""
        return Asked(self, name)


class Asked:
    """A function of a package, from JSON to JSON."""

    def __init__(self, package: Package, name: str) -> None:
        self._package = package  # it is there as long as this
        self.function: Callable[..., Any] = getattr(
            package.load(package.home(name)), package.names.symbol(name)
        )
        self._errors = package.load("_runtime.errors")
        self._moments = package.load("_runtime.moments")
        models = [f"{package.asking[name]}.{label}" for label in (ARGUMENTS, ANSWER)]
        self._models = asked, answer = tuple(
            getattr(package.load(package.home(model)), package.names.symbol(model))
            for model in models
        )
        for model in (asked, answer):
            model.model_rebuild()
        self._parameters = [each for each, _ in signature(package.program, name)[0]]
        self._takes_now = "now" in inspect.signature(self.function).parameters

    def run(self, arguments: Mapping[str, Any], now: datetime) -> Outcome:
        """Evaluate. ``arguments`` are JSON values by parameter."""
        given = {each: arguments.get(each) for each in self._parameters}
        clock = {"now": now} if self._takes_now else {}
        with self._moments.clock_at(now):
            return _answered(self.function, self._models, given, clock, self._errors)


def ask(
    function: Callable[..., Any],
    models: tuple[Any, Any],
    given: dict[str, Any],
    now: datetime,
    errors: Any,
) -> Outcome:
    """Call a function of a package. ``models`` read its arguments and write its answer; ``errors`` is a module of the package."""
    clock = {"now": now} if "now" in inspect.signature(function).parameters else {}
    return _answered(function, models, given, clock, errors)


def _answered(
    function: Callable[..., Any],
    models: tuple[Any, Any],
    given: dict[str, Any],
    clock: dict[str, datetime],
    errors: Any,
) -> Outcome:
    from pydantic import ValidationError

    asked, answer = models
    text = json.dumps(given)
    try:
        read = asked.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        where = f"{place}: " if place else ""
        return Outcome(failure=Failure("input", f"{where}{first['msg']}"))
    try:
        value = function(*[getattr(read, each) for each in asked.model_fields], **clock)
    except errors.IntentError as error:
        return Outcome(failure=Failure(error.code, error.message, error.file, error.line))
    except errors.Refused as error:
        placed = errors.IntentError("domain", "").with_traceback(error.__traceback__)
        return Outcome(failure=Failure("refused", error.message, *placed.place))
    except errors.ExternError as error:
        return Outcome(failure=Failure("extern", str(error)))
    return Outcome(msgspec.json.decode(answer(value=value).model_dump_json())["value"])


def write_package(folder: str, package: str, files: Mapping[str, str | bytes]) -> None:
    """Write the files of a package beneath a folder."""
    for path, content in files.items():
        place = Path(folder, package, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)


def _files(
    program: Program, package: str, native: str, weights: Weights | None
) -> Mapping[str, str | bytes]:
    if not native:
        from hyper.emit.python import emit_python

        return emit_python(program, package)
    from hyper.emit.native.weights import NO_WEIGHTS
    from hyper.engine.emission import emit
    from hyper.engine.natives.emission import Natives
    from hyper.engine.natives.toolchain import toolchain
    from hyper.jit.hardware import resolve

    natives = Natives([resolve("native")], [native], toolchain(), None, weights or NO_WEIGHTS)
    emission = emit(program, package, ("python", "native"), natives=natives)
    return {path: file.data for path, file in emission.files.items() if file.data is not None}


def forget_package(name: str) -> None:
    """Let go of the modules of a package, whatever other threads import meanwhile."""
    for loaded in list(sys.modules):
        if loaded.partition(".")[0] == name:
            sys.modules.pop(loaded, None)


def asking_module(program: Program, name: str, module: str) -> Module:
    """A module with the arguments and the answer of a function as entities: read and written as fields are."""
    from hyper.ir.program import EntityDef, FieldDef, Module
    from hyper.lang.markers import NO_MARKERS

    def field(label: str, kind: Type) -> FieldDef:
        return FieldDef(label, label, kind, False, None, NO_MARKERS, "", 1)

    def entity(label: str, fields: Iterable[FieldDef]) -> EntityDef:
        return EntityDef(label, (), tuple(fields), NO_MARKERS, None, "", 1)

    given, returns = signature(program, name)
    asked = entity(ARGUMENTS, [field(*each) for each in given])
    both = (asked, entity(ANSWER, [field("value", returns)]))
    return Module(module, "", "", tuple(each.name for each in program.modules), both)
