"""One program in tier 0 and in tier 1, and their outcomes in one form."""

from __future__ import annotations

import enum
import importlib
import inspect
import itertools
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from hyper.emit.python import emit_python
from hyper.ir.interpreter import EvaluationError, Interpreter, Refused
from hyper.ir.interpreter.values import EnumValue, Record
from hyper.ir.program import EntityDef

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path
    from types import ModuleType

    from hyper.ir.program import Program

_numbers = itertools.count()


def form(value: Any) -> Any:
    """A value of either tier in a form that tells ``True`` from 1, ``0.0`` from ``-0.0`` and ``1.0`` from ``1.00``."""
    match value:
        case Record():
            fields = {name: form(item) for name, item in value.fields.items()}
            return ("record", value.entity.rpartition(".")[2], fields)
        case EnumValue():
            return ("enum", value.wire)
        case BaseModel():
            package = type(value).__mro__[-3].__module__.rpartition(".")[0]
            runtime = importlib.import_module(f"{package}.lists")
            fields = {name: form(item) for name, item in runtime.present(value).items()}
            return ("record", type(value).__name__, fields)
        case enum.Enum():
            return ("enum", value.value)
        case bool():
            return ("bool", value)
        case float():
            return ("float", value.hex())
        case Decimal():
            return ("decimal", str(value))
        case list():
            return [form(item) for item in value]
        case dict():
            return {key: form(item) for key, item in value.items()}
        case _ if hasattr(value, "utcoffset"):
            return (type(value).__name__, value.isoformat())
        case _:
            return (type(value).__name__, value)


def outcome(interpreter: Interpreter, function: str, args: Sequence[Any], now: datetime) -> Any:
    """What tier 0 gives, in that form; fields by their own names."""
    try:
        value = interpreter.run(function, args, now=now)
    except EvaluationError as error:
        return ("error", error.code, error.file, error.line)
    except Refused as refused:
        return ("refused", refused.message)
    return form(value)


class Tiers:
    """A program in both tiers. ``folder`` is a place for its package, which is imported under a name of its own."""

    def __init__(self, program: Program, folder: Path) -> None:
        self.program = program
        self.interpreter = Interpreter(program, steps=2_000_000, size=64 * 2**20)
        self.package = f"generated_{next(_numbers)}"
        self.folder = folder
        self._symbols: dict[str, Any] = {}
        self._clocked: dict[str, bool] = {}
        self._entities: dict[str, EntityDef] = {}
        for path, text in emit_python(program, self.package).items():
            target = folder / self.package / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
        importlib.invalidate_caches()

    def module(self, name: str) -> ModuleType:
        """A generated module."""
        return importlib.import_module(f"{self.package}.{name}")

    def symbol(self, name: str) -> Any:
        """What a declaration became, by its qualified name."""
        if name not in self._symbols:
            module, _, bare = name.rpartition(".")
            self._symbols[name] = getattr(self.module(module), bare)
        return self._symbols[name]

    def _takes_now(self, function: str) -> bool:
        if function not in self._clocked:
            parameters = inspect.signature(self.symbol(function)).parameters
            self._clocked[function] = "now" in parameters
        return self._clocked[function]

    def forget(self) -> None:
        """Unload the package."""
        self._symbols.clear()
        if str(self.folder) in sys.path:
            sys.path.remove(str(self.folder))
            sys.path_importer_cache.pop(str(self.folder), None)
        for name in list(sys.modules):
            if name == self.package or name.startswith(f"{self.package}."):
                del sys.modules[name]

    def zero(self, function: str, args: Sequence[Any], now: datetime) -> Any:
        """The outcome in tier 0."""
        return self._wired(outcome(self.interpreter, function, args, now))

    def one(self, function: str, args: Sequence[Any], now: datetime) -> Any:
        """The outcome in tier 1."""
        target = self.symbol(function)
        errors = self.module("_runtime.errors")
        converted = [self.python(arg) for arg in args]
        try:
            clock = {"now": now} if self._takes_now(function) else {}
            value = target(*converted, **clock)
        except errors.IntentError as error:
            return ("error", error.code, error.file, error.line)
        except errors.Refused as refused:
            return ("refused", refused.message)
        return form(value)

    def python(self, value: Any) -> Any:
        """A value of tier 0 as tier 1 has it."""
        match value:
            case Record():
                model = self.symbol(value.entity)
                entity = self.interpreter.shapes.entity(value.entity)
                wires = {field.name: field.wire for field in entity.fields}
                fields = {wires[key]: self.python(item) for key, item in value.fields.items()}
                return model.model_validate(fields, by_alias=True, by_name=False)
            case EnumValue():
                return self.symbol(value.enum)(value.wire)
            case list():
                return [self.python(item) for item in value]
            case dict():
                return {key: self.python(item) for key, item in value.items()}
            case _:
                return value

    def named(self, value: Any) -> Any:
        """An outcome of tier 1 with fields by their own names, as tier 0 has them."""
        match value:
            case ("record", str(name), dict(fields)):
                names = {field.wire: field.name for field in self._entity(name).fields}
                return (
                    "record",
                    name,
                    {names[wire]: self.named(item) for wire, item in fields.items()},
                )
            case list():
                return [self.named(item) for item in value]
            case dict():
                return {key: self.named(item) for key, item in value.items()}
            case _:
                return value

    def _entity(self, name: str) -> EntityDef:
        if not self._entities:
            self._entities = {
                qualified.rpartition(".")[2]: definition
                for qualified, definition in self.program.definitions.items()
                if isinstance(definition, EntityDef)
            }
        return self._entities[name]

    def _wired(self, value: Any) -> Any:
        """Fields by wire name, as tier 1 has them."""
        match value:
            case ("record", str(name), dict(fields)):
                entity = self._entity(name)
                wires = {field.name: field.wire for field in entity.fields}
                inner = {wires[key]: self._wired(item) for key, item in fields.items()}
                return ("record", name, inner)
            case list():
                return [self._wired(item) for item in value]
            case dict():
                return {key: self._wired(item) for key, item in value.items()}
            case _:
                return value
