"""Columns that a function names, and that no answer depends on: they need not be there, and are not looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hyper.engine.batch.result import BatchResult
from tests.engine.batch.programs import functions

pytest.importorskip("llvmlite")

CARDS = """
enum Size: small = 1, large = 2

entity Card:
    points: int
    name: string
    born: date
    worth: decimal(9, 2)
    share: float
    size: Size
    open: bool
    note: string?
    spare?: decimal(25, 3)

entity Line:
    sku: string @match("^[A-Z]+$")
    quantity: int
    extra: int

entity Holder:
    points: int
    name: string @length(1, 5)
    mail: email
    home: url
    born: date
    worth: decimal(9, 2)
    share: float
    size: Size
    kind: "card"
    open: bool
    note: string?
    spare?: decimal(25, 3)
    lines: list[Line] @size(0, 3)
    others: list[Line] @size(0, 3)

calc card(holder: Holder) -> Card:
    Card(
        points: holder.points,
        name: holder.name,
        born: holder.born,
        worth: holder.worth,
        share: holder.share,
        size: holder.size,
        open: holder.open,
        note: holder.note,
    )

calc score(holder: Holder) -> int:
    let unused = holder.share > 1.5 and not holder.open and holder.size == Size.large and holder.kind == "card"
    let same = [line.sku == "A" for line in holder.lines]
    let reached = holder.mail == "a@example.com" or holder.home == "https://example.com"
    let many = length([other for other in holder.others if other.extra == 3])
    card(holder).points + sum(line.quantity for line in holder.lines)

calc careful(holder: Holder) -> int:
    let unused = 10 // holder.points + (if holder.open then 1 // holder.lines[0].extra else 0)
    length(holder.lines)

calc plain(given: int, other: date) -> int:
    given
"""
MOST = 2**63 - 1


def _run(name: str, data: Any, level: int) -> BatchResult:
    result = functions(level, text=CARDS).function(name).batch(data)
    assert isinstance(result, BatchResult)
    return result


@pytest.mark.parametrize("level", [0, 1, 2])
def test_columns_that_only_unused_results_need_may_lack(level: int) -> None:
    points = [1, MOST, 3, MOST]
    lines = [[{"quantity": 2}], [], None, [{"quantity": 1}]]
    result = _run("score", {"holder.points": points, "holder.lines": lines}, level)
    # The sum of the last row is beyond 64 bits: it is Python that makes a card there, and fails as the interpreter does.
    assert result.values[:2].tolist() == [3, MOST]
    errors = result.errors
    assert errors.row.tolist() == [2, 3]
    assert errors.code.tolist() == ["input", "overflow"]
    assert errors.column[0] == "holder.lines"


@pytest.mark.parametrize("level", [0, 1, 2])
def test_what_nothing_needs_is_not_checked(level: int) -> None:
    record = {
        "points": 1,
        "lines": [{"sku": "a", "quantity": 2, "extra": "x"}],
        "name": "longer than five",
        "mail": "none",
        "size": 7,
    }
    result = _run("score", [record, record | {"lines": [{"quantity": 1}] * 4}], level)
    assert result.errors.row.tolist() == [1]
    assert result.errors.message.tolist() == ["more than 3 items"]
    assert result.values[0] == 3


@pytest.mark.parametrize("level", [0, 1, 2])
def test_what_can_fail_is_needed_though_its_value_is_not(level: int) -> None:
    data = {
        "holder.points": np.array([1, 0, 5, 5]),
        "holder.open": np.array([False, False, True, True]),
        "holder.lines": [[], [], [], [{"extra": 0}]],
    }
    result = _run("careful", data, level)
    assert result.values[0] == 0
    assert result.errors.row.tolist() == [1, 2, 3]
    codes = ["division_by_zero", "out_of_bounds", "division_by_zero"]
    assert result.errors.code.tolist() == codes
    for lacking in data:
        rest = {name: column for name, column in data.items() if name != lacking}
        with pytest.raises(ValueError, match=f"no column {lacking.partition('.')[2]}"):
            _run("careful", rest, level)


def test_arguments_are_given_as_they_are_declared() -> None:
    with pytest.raises(ValueError, match="no column other"):
        _run("plain", {"given": [1]}, 2)
    assert _run("plain", {"given": [1], "other": ["2024-01-01"]}, 2).values.tolist() == [1]


def test_the_kernel_asks_for_what_is_needed() -> None:
    native = functions(2, text=CARDS).unit.native("shop.score")
    columns = [column.path for column in native.columns]
    assert columns == ["holder.lines", "holder.points", "holder.lines[].quantity"]
    unneeded = [column.path for column, _ in native.unneeded]
    assert "holder.mail" in unneeded
    assert "holder.others[].extra" in unneeded


def test_what_stands_for_a_column_has_a_value_that_its_markers_allow() -> None:
    text = """
intent shop

entity Part:
    limit: int @range(5, 10)
    code: string @length(2, 3)
    kind: string @match("^[A-Z]+$")
    rate?: decimal(5, 2) @above(1)
    price: decimal(12, 2)

calc share(part: Part, by: decimal(28, 0)) -> decimal(12, 2):
    var other = part with (price: 2.00)
    if by > 3:
        other = part
    round(0.00 / by, 2)
"""
    of = functions(3, text=text).function("share")
    assert of.layout.unneeded
    part = {"limit": 6, "code": "xx", "kind": "A", "price": "1.00", "rate": "2.00"}
    result = of.batch([{"part": part, "by": by} for by in ("8903914778483783953184491498", "4")])
    assert isinstance(result, BatchResult)
    assert result.stats.generated + result.stats.interpreted
    assert [str(each) for each in result.values] == ["0.00", "0.00"]
