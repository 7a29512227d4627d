"""Every calc, table and rule of the storefront over made-up rows: each tier gives what tier 0 gives, in values and in errors."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import pytest

from hyper import create_hyper_compiler
from hyper.engine.batch.functions import Functions
from hyper.engine.batch.result import BatchResult
from hyper.ir.program import CalcDef, RuleDef, TableDef
from tests.checkout import STOREFRONT
from tests.engine.batch.answers import names, same
from tests.engine.batch.made_up import MadeUp
from tests.engine.batch.test_differential import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROWS: Final = 30


@functools.cache
def _functions(level: int) -> Functions:
    with create_hyper_compiler(memory=0, incremental=False) as compiler:
        made = compiler.functions(STOREFRONT)
    return Functions(made.program, level=level)


def _names() -> Iterator[str]:
    for name, definition in _functions(0).program.definitions.items():
        if isinstance(definition, CalcDef | RuleDef | TableDef):
            yield name


def outcomes(level: int, name: str, rows: list[dict[str, Any]]) -> list[Any]:
    """The outcome of each row: the values of all columns, or the error."""
    function = _functions(level).function(name)
    result = function.batch(rows, now=NOW)
    assert isinstance(result, BatchResult)
    failures = dict(result.errors.first(len(result)))
    columns = [result.columns[each].numpy() for each in names(function)]
    found: list[Any] = []
    for row in range(len(rows)):
        if row in failures:
            failure = failures[row]
            # Of errors in an evaluation the place is the same, and each tier has its words.
            message = failure.message if failure.code in {"input", "refused"} else ""
            place = (failure.file, failure.line) if failure.code != "refused" else ()
            found.append((failure.code, message, place, failure.column))
        else:
            values = [None if str(column[row]) == "--" else column[row] for column in columns]
            found.append([same(value) for value in values])
    return found


def compared(name: str, seed: int, count: int = _ROWS) -> None:
    """Fails where tiers differ."""
    function = _functions(0).function(name)
    made = MadeUp(_functions(0).program, _functions(0).unit.kinds, seed)
    rows = made.rows(function.layout.params, count)
    wanted = outcomes(0, name, rows)
    for level in (1, 2):
        got = outcomes(level, name, rows)
        for row, one, other in zip(rows, wanted, got, strict=True):
            assert one == other, (name, level, row)


@pytest.mark.parametrize("part", range(4))
def test_storefront(part: int) -> None:
    pytest.importorskip("pyarrow")
    for place, name in enumerate(_names()):
        if place % 4 == part:
            compared(name, seed=place)
