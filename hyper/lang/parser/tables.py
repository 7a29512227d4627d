"""Decision tables: the header, the rows and their cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tokens as t
from hyper.lang.parser.cell_habits import ANY_CELL, cell_habit, rest_row
from hyper.lang.parser.cursor import Fault
from hyper.lang.parser.expressions import expression
from hyper.lang.tree import (
    Cell,
    CellAny,
    CellList,
    CellNone,
    CellNot,
    CellRange,
    CellTest,
    Expr,
    Ident,
    TableDecl,
    TableRow,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from hyper.lang.parser.cursor import Cursor

_TESTS: Final[dict[int, str]] = {t.LT: "<", t.LE: "<=", t.GT: ">", t.GE: ">=", t.NE: "!="}
_CELL_ENDS: Final = frozenset({t.PIPE, t.THEN_ARROW, t.NEWLINE, t.COMMA})


def table_body(p: Cursor, table: TableDecl) -> None:
    """Take the header and the rows of a block whose ``INDENT`` was taken."""
    headed = False
    names = {param.name.name for param in table.params}

    def line() -> None:
        nonlocal headed
        if headed:
            table.rows.append(_row(p, names, len(table.inputs)))
            return
        headed = True
        if p.kinds[p.i] != t.THEN_ARROW:
            table.inputs = _columns(p)
        _arrow(p, "`=>`")
        table.outputs = _columns(p)
        p.end_line()

    p.lines(line)


def _arrow(p: Cursor, what: str) -> None:
    """Take ``=>``; ``->`` is reported and read as it."""
    if p.kinds[p.i] == t.ARROW:
        p.report_once("write `=>` before the results")
    elif p.kinds[p.i] != t.THEN_ARROW:
        raise p.expected(what)
    p.i += 1


def _columns(p: Cursor) -> list[Ident]:
    names = [p.ident("the name of a column")]
    while p.accept(t.PIPE):
        names.append(p.ident("the name of a column"))
    return names


def _row(p: Cursor, names: Collection[str], columns: int) -> TableRow:
    start = p.starts[p.i]
    cells: list[Cell] = []
    wrong = rest_row(p, columns)
    if wrong is not None:
        raise p.fault(wrong, "E0602")
    if p.kinds[p.i] != t.THEN_ARROW:
        cells.append(_cell(p, names))
        while p.accept(t.PIPE):
            cells.append(_cell(p, names))
    _arrow(p, "`|` or `=>`")
    results: list[Expr] = [expression(p)]
    while p.accept(t.PIPE):
        results.append(expression(p))
    p.end_line()
    return TableRow(start, results[-1].end, cells, results)


def _cell(p: Cursor, names: Collection[str]) -> Cell:
    i = p.i
    start = p.starts[i]
    if p.kinds[i] == t.MINUS and p.kinds[i + 1] in _CELL_ENDS:
        p.i = i + 1
        if p.kinds[p.i] == t.COMMA:
            raise p.fault("`-` stands alone: it means anything")
        return CellAny(start, p.ends[i])
    if p.kinds[i] == t.NAME and p.texts[i] == "not":
        p.i = i + 1
        inner = _alternatives(p, names)
        return CellNot(start, inner.end, inner)
    return _alternatives(p, names)


def _alternatives(p: Cursor, names: Collection[str]) -> Cell:
    first = _test(p, names)
    if p.kinds[p.i] != t.COMMA:
        return first
    items = [first]
    while p.accept(t.COMMA):
        items.append(_test(p, names))
    return CellList(first.start, items[-1].end, items)


def _test(p: Cursor, names: Collection[str]) -> Cell:
    i = p.i
    kind = p.kinds[i]
    start = p.starts[i]
    if kind == t.NAME and p.texts[i] == "none" and p.kinds[i + 1] in _CELL_ENDS:
        p.i = i + 1
        return CellNone(start, p.ends[i])
    if kind in _TESTS:
        p.i = i + 1
        value = expression(p)
        return CellTest(start, value.end, _TESTS[kind], value)
    if kind == t.EQ:
        raise p.fault("a constant alone means that the input equals it: leave `==` out")
    if kind == t.NAME and p.texts[i] == "else":
        raise p.fault(ANY_CELL, "E0602")
    value = expression(p)
    if p.accept(t.RANGE):
        high = expression(p)
        return CellRange(start, high.end, value, high)
    wrong = cell_habit(p, value, names)
    if wrong is not None:
        raise Fault("E0602", wrong, value.start, value.end, None)
    return CellTest(start, value.end, "==", value)
