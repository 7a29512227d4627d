"""Single rows: by the generated Python where every value can be built there, else by the interpreter."""

from __future__ import annotations

import importlib
import inspect
import itertools
import sys
import threading
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hyper.base.scratch import folder_for
from hyper.engine.batch.values import plain
from hyper.ir.interpreter import EnumValue, EvaluationError, ExternFailure, Record, Refused
from hyper.ir.program import EntityDef

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import ModuleType

    from hyper.ir.interpreter import Interpreter
    from hyper.ir.program import Program

_numbers: Final = itertools.count()


class Failure(NamedTuple):
    """Why a row has no result: a code of an evaluation, ``refused``, ``extern`` or ``input``."""

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: str = ""


class Interpreted:
    """Rows by tier 0, which also takes records that lack what is not read."""

    tier: Final = 0

    def __init__(self, interpreter: Interpreter, name: str, now: datetime) -> None:
        self._interpreter = interpreter
        self._name = name
        self._now = now

    def run(self, arguments: list[Any]) -> Any:
        """The result as ``plain`` has it, or a ``Failure``."""
        try:
            value = self._interpreter.run(self._name, arguments, now=self._now)
        except EvaluationError as error:
            return Failure(error.code, error.message, error.file, error.line)
        except Refused as error:
            return Failure("refused", error.message, error.file, error.line)
        except ExternFailure as error:
            return Failure("extern", str(error))
        return plain(value)


class Package:
    """The generated Python of a program. It is made, and imported under a name of its own until this is gone; or it is a built
    package, ``imported`` under the first name, that was built under the second."""

    def __init__(self, program: Program, imported: tuple[str, str] | None = None) -> None:
        from hyper.emit.python.names import Names

        self.program = program
        if imported is None:
            self.name = f"_hyper_rows_{next(_numbers)}"
            self._names = Names(program, self.name)
            self._make()
        else:
            self.name, built = imported
            self._names = Names(program, built, batch=True)
        self.errors = importlib.import_module(f"{self.name}._runtime.errors")
        self._present = importlib.import_module(f"{self.name}._runtime.lists").present
        self._found: dict[str, Any] = {}
        self._wires: dict[str, dict[str, str]] = {}
        self._own: dict[Any, dict[str, str]] = {}
        self._entities: dict[tuple[str, str], EntityDef] = {}

    def _make(self) -> None:
        from hyper.emit.python import emit_python
        from hyper.engine.generated import forget_package, write_package

        folder = folder_for(self, "hyper-rows-", before=partial(forget_package, self.name))
        write_package(folder, self.name, emit_python(self.program, self.name))
        sys.path.insert(0, folder)
        try:
            importlib.invalidate_caches()
            importlib.import_module(self.name)
        finally:
            sys.path.remove(folder)

    def symbol(self, name: str) -> Any:
        """What a declaration became."""
        found = self._found.get(name)
        if found is None:
            module: ModuleType = importlib.import_module(
                ".".join((self.name, *self._names.home(name)))
            )
            found = self._found[name] = getattr(module, self._names.symbol(name))
        return found

    def value(self, value: Any) -> Any:
        """A value of the interpreter as the generated Python has it. It was checked before."""
        match value:
            case Record():
                return self._record(value)
            case EnumValue():
                return self.symbol(value.enum)(value.wire)
            case list():
                return [self.value(item) for item in value]
            case dict():
                return {key: self.value(item) for key, item in value.items()}
            case _:
                return value

    def _record(self, record: Record) -> Any:
        model = self.symbol(record.entity)
        if not model.__pydantic_complete__:
            model.model_rebuild()
        wires = self._wires.get(record.entity)
        if wires is None:
            entity = self.program.definitions[record.entity]
            assert isinstance(entity, EntityDef)
            wires = {field.name: field.wire for field in entity.fields}
            self._wires[record.entity] = wires
        fields = {wires[name]: self.value(item) for name, item in record.fields.items()}
        return model.model_construct(**fields, **record.extras)

    def _fields(self, model: Any) -> dict[str, str]:
        """The names of a model's fields in the source, by those in JSON."""
        if not self._entities:
            for name, definition in self.program.definitions.items():
                if isinstance(definition, EntityDef):
                    module = ".".join((self.name, *self._names.home(name)))
                    self._entities[module, self._names.symbol(name)] = definition
        found = self._own.get(model)
        if found is None:
            entity = self._entities[model.__module__, model.__name__]
            found = self._own[model] = {field.wire: field.name for field in entity.fields}
        return found

    def _given(self, record: Any) -> dict[str, Any]:
        """The fields of a record by their names in JSON; of one that lacks what is not read, those that it has."""
        values, fields = record.__dict__, type(record).__pydantic_fields__
        if values.keys() >= fields.keys():
            found: dict[str, Any] = self._present(record)
            return found
        return {fields[name].alias or name: values[name] for name in fields if name in values}

    def plain(self, value: Any) -> Any:
        """A result as ``hyper.engine.batch.values.plain`` has it."""
        match value:
            case Enum():
                return value.value
            case list():
                return [self.plain(item) for item in value]
            case dict():
                return {key: self.plain(item) for key, item in value.items()}
            case _ if hasattr(value, "__pydantic_fields__"):
                names = self._fields(type(value))
                given = self._given(value)
                return {names.get(wire, wire): self.plain(item) for wire, item in given.items()}
            case _:
                return value


class Generated:
    """Rows by tier 1. Where columns of what is not read may lack, ``spare`` runs rows of which Python reads more."""

    tier: Final = 1

    def __init__(
        self, package: Package, name: str, now: datetime, spare: Interpreted | None = None
    ) -> None:
        self._package = package
        self._spare = spare
        self._function = package.symbol(name)
        self._clock = {"now": now} if _takes_now(self._function) else {}

    def run(self, arguments: list[Any]) -> Any:
        """The result as ``plain`` has it, or a ``Failure``."""
        package = self._package
        errors = package.errors
        try:
            value = self._function(*map(package.value, arguments), **self._clock)
        except errors.IntentError as error:
            return Failure(error.code, error.message, error.file, error.line)
        except errors.Refused as error:
            placed = errors.IntentError("domain", "").with_traceback(error.__traceback__)
            return Failure("refused", error.message, *placed.place)
        except errors.ExternError as error:
            return Failure("extern", str(error))
        except AttributeError:
            if self._spare is None:
                raise
            return self._spare.run(arguments)
        return package.plain(value)


def _takes_now(function: Callable[..., Any]) -> bool:
    return "now" in inspect.signature(function).parameters


LOCK: Final = threading.RLock()
"""Neither the interpreter nor the building of models is for two threads at once."""
