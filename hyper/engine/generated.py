"""One evaluation by the generated Python: the package is made in a temporary folder, imported and asked."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.engine.evaluation import Failure, Outcome, parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime
    from types import ModuleType

    from hyper.ir.program import Module, Program
    from hyper.ir.types import Type

_PACKAGE: Final = "_hyper_generated"
_ASKING: Final = "hyper_asking"
ARGUMENTS: Final = "Arguments"
ANSWER: Final = "Answer"


def run_generated(program: Program, name: str, arguments: dict[str, Any], now: datetime) -> Outcome:
    """Evaluate by tier 1. Gives what ``interpret`` gives."""
    from hyper.emit.python import emit_python
    from hyper.emit.python.names import Names
    from hyper.ir.program import Program

    program = Program([*program.modules, asking_module(program, name, _ASKING)])
    with tempfile.TemporaryDirectory(prefix="hyper-run-") as folder:
        write_package(folder, _PACKAGE, emit_python(program, _PACKAGE))
        names = Names(program, _PACKAGE)
        with _imported(folder):
            module = importlib.import_module(".".join((_PACKAGE, *names.home(name))))
            errors = importlib.import_module(f"{_PACKAGE}._runtime.errors")
            function = getattr(module, names.symbol(name))
            asking = importlib.import_module(
                ".".join((_PACKAGE, *names.home(f"{_ASKING}.{ANSWER}")))
            )
            models = getattr(asking, ARGUMENTS), getattr(asking, ANSWER)
            given = {each: arguments.get(each) for each in parameters(program, name)}
            moments = importlib.import_module(f"{_PACKAGE}._runtime.moments")
            with moments.clock_at(now):
                return ask(function, models, given, now, errors)


def write_package(folder: str, package: str, files: dict[str, str]) -> None:
    """Write the files of a package beneath a folder."""
    for path, text in files.items():
        place = Path(folder, package, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def _imported(folder: str) -> AbstractContextManager[None]:
    """While this lasts the package can be imported; afterwards it never was."""
    import contextlib

    @contextlib.contextmanager
    def scope() -> Iterator[None]:
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path.remove(folder)
            for loaded in [each for each in sys.modules if each.partition(".")[0] == _PACKAGE]:
                del sys.modules[loaded]

    return scope()


def asking_module(program: Program, name: str, module: str) -> Module:
    """A module with the arguments and the answer of a function as entities: read and written as fields are."""
    from hyper.ir.program import CalcDef, EntityDef, ExternDef, FieldDef, Module, RuleDef, TableDef
    from hyper.ir.types import Entity
    from hyper.lang.markers import NO_MARKERS

    def field(label: str, kind: Type) -> FieldDef:
        return FieldDef(label, label, kind, False, None, NO_MARKERS, "", 1)

    def entity(label: str, fields: Iterable[FieldDef]) -> EntityDef:
        return EntityDef(label, (), tuple(fields), NO_MARKERS, None, "", 1)

    definition = program.definitions[name]
    returns: Type
    if isinstance(definition, RuleDef):
        returns = Entity(definition.entity)
        given = [field("self", returns)]
    else:
        assert isinstance(definition, CalcDef | TableDef | ExternDef)
        returns = definition.returns
        given = [field(param.name, param.type) for param in definition.params]
    both = (entity(ARGUMENTS, given), entity(ANSWER, [field("value", returns)]))
    return Module(module, "", "", tuple(each.name for each in program.modules), both)


def ask(
    function: Callable[..., Any],
    models: tuple[Any, Any],
    given: dict[str, Any],
    now: datetime,
    errors: ModuleType,
) -> Outcome:
    """Call a function of a package. ``models`` read its arguments and write its answer; ``errors`` is a module of the package."""
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
    clock = {"now": now} if "now" in inspect.signature(function).parameters else {}
    try:
        value = function(*(getattr(read, each) for each in type(read).model_fields), **clock)
    except errors.IntentError as error:
        return Outcome(failure=Failure(error.code, error.message, error.file, error.line))
    except errors.Refused as error:
        return Outcome(failure=Failure("refused", error.message))
    except errors.ExternError as error:
        return Outcome(failure=Failure("extern", str(error)))
    return Outcome(msgspec.json.decode(answer(value=value).model_dump_json())["value"])
