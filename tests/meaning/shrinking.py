"""Programs that fail made smaller, as long as they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from hyper.ir import nodes
from hyper.ir.program import (
    CalcDef,
    DeriveDef,
    Module,
    Program,
    RequireDef,
    RowDef,
    RuleDef,
    TableDef,
)
from hyper.ir.types import ListOf
from hyper.ir.verify import verify
from hyper.ir.weight import PARTS, walk
from tests.meaning.back_ends import Subject, compare
from tests.meaning.data import data_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tests.meaning.back_ends import BackEnd

TRIES: Final = 400
_STATEMENTS: Final = (nodes.Let, nodes.Assign, nodes.For, nodes.If, nodes.Return)
_PARTS: Final = (nodes.Branch, RowDef, RequireDef, DeriveDef, CalcDef, TableDef, RuleDef)
"""What has expressions, beside statements and expressions."""


class Case(NamedTuple):
    """A program, and the rows of the function that fails."""

    module: Module
    function: str
    rows: list[list[Any]]


def smaller(value: Any) -> Iterator[Any]:
    """What is left of a part of a program after each one step: something is taken out, or is what it was made of."""
    if isinstance(value, tuple):
        for place, item in enumerate(value):
            yield value[:place] + value[place + 1 :]
            if isinstance(item, nodes.If):
                for body in (*(branch.body for branch in item.branches), item.orelse):
                    yield value[:place] + body + value[place + 1 :]
            for other in smaller(item):
                yield (*value[:place], other, *value[place + 1 :])
        return
    if type(value) in PARTS:
        kind = value.type
        if isinstance(kind, ListOf) and value != nodes.MakeList(kind, ()):
            yield nodes.MakeList(kind, ())
        for inner in walk(value):
            if inner is not value and inner.type == kind:
                yield inner
    if type(value) in PARTS or isinstance(value, (*_STATEMENTS, *_PARTS)):
        for field in msgspec.structs.fields(type(value)):
            if field.name == "params":
                continue  # rows have an argument for each
            for other in smaller(getattr(value, field.name)):
                yield msgspec.structs.replace(value, **{field.name: other})


def shrunk(case: Case, fails: Callable[[Case], bool], tries: int = TRIES) -> Case:
    """The smallest case that is found in so many tries."""
    for row in case.rows:
        one = case._replace(rows=[row])
        if fails(one):
            case = one
            break
    while True:
        for definitions in smaller(case.module.definitions):
            if not tries:
                return case
            other = case._replace(
                module=msgspec.structs.replace(case.module, definitions=definitions)
            )
            if not _is_whole(other):
                continue
            tries -= 1
            if fails(other):
                case = other
                break
        else:
            return case


def _is_whole(case: Case) -> bool:
    try:
        made = Program([data_module(), case.module])
        return case.function in made.definitions and verify(made) == []
    except Exception:  # noqa: BLE001  # it is no program
        return False


def differs(case: Case, back_end: BackEnd, now: datetime) -> bool:
    """Whether a back end fails for it, in whatever way."""
    try:
        made = Subject(Program([data_module(), case.module]))
    except Exception:  # noqa: BLE001  # it is no program: a builtin lacks an argument
        return False
    with made as subject:
        try:
            expected = subject.expected(case.function, case.rows, now)
        except Exception:  # noqa: BLE001  # as above, where it is run
            return False
        found = compare(
            subject, {case.function: case.rows}, {case.function: expected}, now, [back_end]
        )
    return bool(found.differences)
