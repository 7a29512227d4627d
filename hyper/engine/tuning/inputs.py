"""Inputs to ask both builds: those of the scenarios, and of each table one for each row."""

from __future__ import annotations

import json
import math
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.engine.recording import Recorder
from hyper.ir.analyse.regions import Member, Opaque, unwrap
from hyper.ir.analyse.tables import row_inputs
from hyper.ir.interpreter.json_out import to_json
from hyper.ir.program import CalcDef, EnumDef, RuleDef, TableDef
from hyper.lang import types as t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.ir.interpreter.values import Value
    from hyper.ir.program import Program

MOST: Final = 200
"""Different inputs that are kept of a function."""


class Input(msgspec.Struct, frozen=True):
    """Arguments by parameter, as JSON, and how often they shall be asked when times are measured."""

    arguments: dict[str, Any]
    weight: int = 0


class Capture(Recorder):
    """A recorder that keeps inputs too."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._kept: dict[str, dict[str, dict[str, Any]]] = {}

    def enter(self, function: str, args: Sequence[Value], /) -> None:
        """A call begins."""
        super().enter(function, args)
        names = parameters(self._program, function)
        known = self._kept.setdefault(function, {})
        if names is None or len(known) >= MOST:
            return
        given = {
            name: to_json(value, self._shapes) for name, value in zip(names, args, strict=True)
        }
        known.setdefault(json.dumps(given, sort_keys=True), given)

    def inputs(self) -> dict[str, list[Input]]:
        """The different inputs of each function."""
        return {name: [Input(each) for each in kept.values()] for name, kept in self._kept.items()}


def parameters(program: Program, function: str) -> list[str] | None:
    """The parameters of a function that is not the user's own and runs none of it."""
    definition = program.definitions[function]
    if not isinstance(definition, CalcDef | TableDef | RuleDef) or definition.reaches_extern:
        return None
    if isinstance(definition, RuleDef):
        return ["self"]
    return [param.name for param in definition.params]


def inputs_of_rows(table: TableDef, program: Program, counts: Sequence[int]) -> list[Input]:
    """An input for each row that one was found for, which weighs as often as the row was taken."""
    found = []
    for witnesses, count in zip(row_inputs(table, program), counts, strict=True):
        if witnesses is None:
            continue
        given = {
            param.name: _given(param.type, witnesses[param.name], program) for param in table.params
        }
        if ... not in given.values():
            found.append(Input(given, count))
    return found


_ANY: Final[dict[str, Any]] = {
    "int": 0,
    "bigint": 0,
    "float": 0.5,
    "bool": False,
    "string": "\U0001f4a0",
    "url": "https://example.com/",
    "email": "somebody@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date": "2000-02-29",
    "time": "12:34:56",
    "datetime": "2000-02-29T12:34:56Z",
}


def _given(kind: t.Type, witness: Any, program: Program) -> Any:
    """A witness as JSON; ``...`` where it has none."""
    bare, optional, _ = unwrap(kind, program)
    if isinstance(witness, Member):
        enum = program.definitions[bare.name] if isinstance(bare, t.Enum) else None
        assert isinstance(enum, EnumDef)
        return next(member.wire for member in enum.members if member.name == witness)
    if isinstance(witness, Opaque):
        if optional:
            return None
        if isinstance(bare, t.Dec):
            return "0"
        return _ANY.get(bare.name, ...) if isinstance(bare, t.Prim) else ...
    if isinstance(witness, Decimal):
        return format(witness, "f")
    if isinstance(witness, date | time):
        return witness.isoformat()
    if isinstance(witness, float) and not math.isfinite(witness):
        return ...
    if witness is None or isinstance(witness, bool | int | float | str):
        return witness
    return ...
