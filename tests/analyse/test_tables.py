"""Findings of tables against trying every input."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hyper.base.source import Source
from hyper.ir.analyse import analyse, tables
from hyper.ir.analyse.comparisons import decide
from hyper.ir.lower import lower
from hyper.lang.check import check
from hyper.lang.parser import parse
from hyper.lang.resolve import resolve
from hyper.lang.symbols import Unit

if TYPE_CHECKING:
    import pytest

    from hyper.ir.nodes import Expr

COLOURS = ("red", "green", "blue")
NUMBERS = range(-1, 7)

number_cell = st.one_of(
    st.just("-"),
    st.integers(0, 5).map(str),
    st.builds("{} {}".format, st.sampled_from(["<", "<=", ">", ">=", "!="]), st.integers(0, 5)),
    st.builds(lambda low, more: f"{low}..{low + more}", st.integers(0, 3), st.integers(0, 2)),
    st.builds("not {}".format, st.integers(0, 5)),
    st.builds("{}, {}".format, st.integers(0, 5), st.integers(0, 5)),
)
colour_cell = st.one_of(
    st.just("-"),
    st.sampled_from(COLOURS),
    st.builds("not {}".format, st.sampled_from(COLOURS)),
    st.just("red, blue"),
)
rows_of = st.lists(st.tuples(number_cell, colour_cell), min_size=1, max_size=6)


def fits(cell: str, value: int | str) -> bool:
    """What a cell means, as the reference says it."""
    if cell == "-":
        return True
    if cell.startswith("not "):
        return not fits(cell[4:], value)
    if ", " in cell:
        return any(fits(part, value) for part in cell.split(", "))
    if isinstance(value, str):
        return cell == value
    if ".." in cell:
        low, high = map(int, cell.split(".."))
        return low <= value <= high
    operator, _, right = cell.rpartition(" ")
    tests = {
        "": value == int(right),
        "<": value < int(right),
        "<=": value <= int(right),
        ">": value > int(right),
        ">=": value >= int(right),
        "!=": value != int(right),
    }
    return tests[operator]


def codes(rows: list[tuple[str, str]], policy: str) -> set[str]:
    """The codes that the analysis gives for a table of these rows."""
    lines = "\n".join(f"    {a} | {b} => {i}" for i, (a, b) in enumerate(rows))
    text = (
        f"enum Colour: {', '.join(COLOURS)}\n\n"
        f"table t(n: int, c: Colour) -> int, {policy}:\n    n | c => result\n{lines}\n"
    )
    source = Source("t.intent", text)
    parsed = parse(source)
    world, found = resolve([Unit("t.intent", "", source, parsed.module)])
    checked = check(world)
    assert not [*parsed.diagnostics, *found, *checked.diagnostics]
    return {item.code for item in analyse(lower(world, checked), world)}


@given(rows_of)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_unique(rows: list[tuple[str, str]]) -> None:
    hits = [
        [i for i, (a, b) in enumerate(rows) if fits(a, n) and fits(b, c)]
        for n, c in product(NUMBERS, COLOURS)
    ]
    found = codes(rows, "unique")
    assert ("E0610" in found) == any(len(hit) > 1 for hit in hits)
    assert ("W0611" in found) == any(not hit for hit in hits)


@given(rows_of)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_first(rows: list[tuple[str, str]]) -> None:
    chosen = {
        next((i for i, (a, b) in enumerate(rows) if fits(a, n) and fits(b, c)), None)
        for n, c in product(NUMBERS, COLOURS)
    }
    found = codes(rows, "first")
    assert ("W0612" in found) == (not chosen >= set(range(len(rows))))
    assert ("W0611" in found) == (None in chosen)


def test_decimals_have_no_value_between_neighbours() -> None:
    text = (
        "table t(x: decimal(6, 2)) -> int:\n    x => result\n    < 1.00 => 0\n"
        "    1.00..1.99 => 1\n    >= 2.00 => 2\n"
    )
    source = Source("t.intent", text)
    world, _ = resolve([Unit("t.intent", "", source, parse(source).module)])
    assert analyse(lower(world, check(world)), world) == []


def test_many_rows_and_columns_end() -> None:
    """The search has a budget: 24 columns that each halve the rows give an answer in time."""
    names = [f"p{i}" for i in range(24)]
    rows = "\n".join(
        "    " + " | ".join("true" if row >> i & 1 else "-" for i in range(24)) + " => 0"
        for row in range(1, 60)
    )
    text = (
        f"table t({', '.join(f'{n}: bool' for n in names)}) -> int, first:\n"
        f"    {' | '.join(names)} => result\n{rows}\n"
    )
    source = Source("t.intent", text)
    world, _ = resolve([Unit("t.intent", "", source, parse(source).module)])
    assert "W0611" in {item.code for item in analyse(lower(world, check(world)), world)}


def test_each_cell_of_a_large_table_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 rows of different constants: no cell is compared with the constants of all others."""
    asked = 0

    def counted(expr: Expr, values: dict[str, Any], opaque: dict[Expr, bool]) -> bool:
        nonlocal asked
        asked += 1
        return decide(expr, values, opaque)

    monkeypatch.setattr(tables, "decide", counted)
    rows = "\n".join(f"    {row} | >= {row % 3} => {row}" for row in range(2000))
    text = f"table t(p: int, q: int) -> int:\n    p | q => result\n{rows}\n    7 | 7 => 0\n"
    source = Source("t.intent", text)
    world, _ = resolve([Unit("t.intent", "", source, parse(source).module)])
    found = [item.code for item in analyse(lower(world, check(world)), world)]
    assert sorted(found) == ["E0610", "W0611"]
    assert asked < 100
