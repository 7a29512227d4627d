"""Decision tables: rows that overlap, inputs that no row fits, rows that are never chosen.

Each column is cut into regions by the constants of its cells (``regions``); a row is a bit in the set of rows that
each region lets through. Overlap is a pair of rows that share a region in every column; a gap is a choice of
regions whose sets have no row in common, searched column by column with the sets seen before left out.
"""

from __future__ import annotations

from functools import cache, reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.base.diagnostics import diagnostic, related
from hyper.ir import nodes as n
from hyper.ir.analyse.comparisons import Atom, atom, atoms, constant, decide, holds
from hyper.ir.analyse.regions import regions, show, unwrap
from hyper.lang import tree
from hyper.lang import types as t
from hyper.lang.symbols import FunctionSymbol

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.base.diagnostics import Diagnostic
    from hyper.ir.program import Program, RowDef, TableDef
    from hyper.lang.symbols import Symbol

BUDGET: Final = 200_000
"""Steps that one search may take; a table that needs more gets no finding of that kind."""

LOOKS: Final = 5_000_000
"""Regions that the search for a gap may look at, and all those for rows that are never chosen; then they find nothing."""


MOST_SHADOWED: Final = 500
"""Rows of a ``first`` table up to which each is searched for an input of its own."""


class Column(msgspec.Struct, eq=False):
    """A parameter: a witness for each region, and the bit set of the rows that let it through.

    ``cells`` has the number of each row's cell; rows with the same cell have the same number.
    """

    name: str
    witnesses: list[Any]
    cover: list[int]
    cells: list[int]

    def apart(self) -> list[tuple[int, int]]:
        """Each set of rows that a region lets through once, with the first such region."""
        first: dict[int, int] = {}
        for index, cover in enumerate(self.cover):
            first.setdefault(cover, index)
        return [(index, cover) for cover, index in first.items()]


class Looks(msgspec.Struct):
    """How many regions the searches of a table may still look at."""

    left: int = LOOKS

    def take(self) -> None:
        """Count one; raises ``SearchBudgetError`` where none is left."""
        self.left -= 1
        if self.left < 0:
            raise SearchBudgetError


class SearchBudgetError(Exception):
    """A search ended before it had looked everywhere."""


def _columns(
    table: TableDef, program: Program, domain: Callable[[t.Type], t.Type] = lambda kind: kind
) -> list[Column] | None:
    """The columns of a table, or ``None`` where a cell tests what cannot be decided here.

    ``domain`` gives the type whose values a parameter is taken to have.
    """
    by_name: dict[str, list[tuple[int, n.Expr]]] = {param.name: [] for param in table.params}
    constants: dict[str, list[Any]] = {param.name: [] for param in table.params}
    for place, row in enumerate(table.rows):
        for condition in row.conditions:
            names: set[str] = set()
            for item in atoms(condition):
                if not isinstance(item, Atom) or not isinstance(item.subject, n.Local):
                    return None
                names.add(item.subject.name)
                constants.setdefault(item.subject.name, []).append(item.value)
            if len(names) != 1 or not names <= by_name.keys():
                return None
            by_name[names.pop()].append((place, condition))
    columns = []
    for param in table.params:
        witnesses = regions(domain(param.type), constants[param.name], program)
        columns.append(_column(param.name, witnesses, by_name[param.name], len(table.rows)))
    return columns


def _column(
    name: str, witnesses: list[Any], conditions: list[tuple[int, n.Expr]], rows: int
) -> Column:
    """A column. Equal cells are decided once, and those that are one value are looked up."""
    of_row: dict[int, tuple[n.Expr, ...]] = {}
    for place, condition in conditions:
        of_row[place] = (*of_row.get(place, ()), condition)
    numbers: dict[tuple[n.Expr, ...], int] = {(): 0}
    cells = [numbers.setdefault(of_row.get(place, ()), len(numbers)) for place in range(rows)]
    fits = [0] * len(numbers)
    for place, number in enumerate(cells):
        fits[number] |= 1 << place
    values: dict[Any, int] = {}
    compared: list[tuple[Atom, int]] = []
    tests: list[tuple[tuple[n.Expr, ...], int]] = []
    for cell, number in numbers.items():
        test = atom(cell[0]) if len(cell) == 1 else None
        if test is not None and test.op == "eq" and test.value is not None:
            values[test.value] = values.get(test.value, 0) | fits[number]
        elif test is not None:
            compared.append((test, fits[number]))
        elif cell:
            tests.append((cell, fits[number]))
    cover: list[int] = []
    for witness in witnesses:
        through = fits[0] | values.get(witness, 0)
        for test, those in compared:
            if holds(test, witness):
                through |= those
        for cell, those in tests:
            if all(decide(condition, {name: witness}, {}) for condition in cell):
                through |= those
        cover.append(through)
    return Column(name, witnesses, cover, cells)


def _example(columns: list[Column], choice: list[int]) -> str:
    return ", ".join(
        f"{column.name} = {show(column.witnesses[index])}"
        for column, index in zip(columns, choice, strict=True)
    )


def _search(
    columns: list[Column],
    start: int,
    accept: Callable[[int], bool],
    useful: Callable[[int], bool],
    looks: Looks,
) -> list[int] | None:
    """A region for each column whose common rows, out of ``start``, are accepted.

    ``useful`` tells whether a partial set can still lead there. Depth is the number of columns. Raises
    ``SearchBudgetError`` where the budget ended the search, so that ``None`` is a proof.
    """
    seen: set[tuple[int, int]] = set()
    budget = BUDGET
    choice: list[int] = []
    regions_of = [column.apart() for column in columns]

    def visit(depth: int, rows: int) -> bool:
        nonlocal budget
        if depth == len(columns):
            return accept(rows)
        if (depth, rows) in seen:
            return False
        seen.add((depth, rows))
        tried: set[int] = set()
        for index, cover in regions_of[depth]:
            looks.take()
            left = rows & cover
            if left in tried or not useful(left):
                continue
            tried.add(left)
            budget -= 1
            if budget < 0:
                raise SearchBudgetError
            choice.append(index)
            if visit(depth + 1, left):
                return True
            choice.pop()
        return False

    return list(choice) if visit(0, start) and len(choice) == len(columns) else None


def analyse_table(table: TableDef, symbol: Symbol, program: Program) -> list[Diagnostic]:
    """Findings of one table: E0610 overlap, W0611 gap, W0612 row that is never chosen."""
    decl = symbol.decl
    if not isinstance(symbol, FunctionSymbol) or not isinstance(decl, tree.TableDecl):
        return []
    if len(decl.rows) != len(table.rows):
        return []
    columns = _columns(table, program)
    if columns is None or any(not column.witnesses for column in columns):
        return []
    found: list[Diagnostic] = []
    dead = _dead_rows(table, decl, symbol, columns, found)
    if table.policy in ("unique", "any"):
        _overlaps(table, decl, symbol, columns, found)
    elif table.policy == "first" and len(table.rows) <= MOST_SHADOWED:
        found += _shadowed(decl, symbol, columns, dead)
    if table.policy not in ("collect", "collect sum", "collect count"):
        found += _gap(table, decl, symbol, columns)
    return found


def _dead_rows(
    table: TableDef,
    decl: tree.TableDecl,
    symbol: Symbol,
    columns: list[Column],
    found: list[Diagnostic],
) -> int:
    dead = 0
    alive = [reduce(or_, column.cover, 0) for column in columns]
    for place, row in enumerate(decl.rows):
        bit = 1 << place
        for column, those in zip(columns, alive, strict=True):
            if not those & bit:
                dead |= bit
                found.append(
                    diagnostic(
                        "W0612",
                        f"this row of `{table.name}` can never be chosen: "
                        f"no value of `{column.name}` fits its cell",
                        symbol.unit.source.locate(row.start, row.end),
                    )
                )
                break
    return dead


def _same_result(left: RowDef, right: RowDef) -> bool:
    if left.result == right.result:
        return True
    first, second = constant(left.result), constant(right.result)
    return type(first) is type(second) and bool(first == second) and type(first) is not object


def _overlaps(
    table: TableDef,
    decl: tree.TableDecl,
    symbol: Symbol,
    columns: list[Column],
    found: list[Diagnostic],
) -> None:
    source = symbol.unit.source
    met = [_meeting(column) for column in columns]
    alike: dict[n.Expr, int] = {}
    for place, row in enumerate(table.rows if table.policy == "any" else ()):
        alike[row.result] = alike.get(row.result, 0) | 1 << place
    for later in range(1, len(table.rows)):
        candidates = (1 << later) - 1 & ~alike.get(table.rows[later].result, 0)
        for column, meets in zip(columns, met, strict=True):
            candidates &= meets(column.cells[later])
            if not candidates:
                break
        while candidates:
            lowest = candidates & -candidates
            candidates ^= lowest
            earlier = lowest.bit_length() - 1
            if table.policy == "any" and _same_result(table.rows[earlier], table.rows[later]):
                continue
            both = lowest | 1 << later
            choice = [
                next(i for i, cover in enumerate(column.cover) if cover & both == both)
                for column in columns
                if any(cover & both == both for cover in column.cover)
            ]
            if len(choice) != len(columns):
                continue
            why = "give different results for" if table.policy == "any" else "both fit"
            found.append(
                diagnostic(
                    "E0610",
                    f"rows {earlier + 1} and {later + 1} of `{table.name}` {why} "
                    f"{_example(columns, choice)}: make one of them narrower, "
                    "or let the earlier row win with `, first`",
                    source.locate(decl.rows[later].start, decl.rows[later].end),
                    related=[
                        related(
                            source.locate(decl.rows[earlier].start, decl.rows[earlier].end),
                            f"row {earlier + 1} is here",
                        )
                    ],
                )
            )
            break


def _meeting(column: Column) -> Callable[[int], int]:
    """The rows that share a region of a column with the rows of a cell, by its number."""
    first = {number: place for place, number in reversed(list(enumerate(column.cells)))}
    covers = column.apart()

    @cache
    def meets(number: int) -> int:
        place = first[number]
        return reduce(or_, (cover for _, cover in covers if cover >> place & 1), 0)

    return meets


def _shadowed(
    decl: tree.TableDecl,
    symbol: Symbol,
    columns: list[Column],
    dead: int,
) -> list[Diagnostic]:
    """Rows of ``first`` whose every input an earlier row takes."""
    found: list[Diagnostic] = []
    looks = Looks()
    for place, row in enumerate(decl.rows):
        bit = 1 << place
        if dead & bit or place == 0:
            continue
        reach = bit | (bit - 1)

        def useful(rows: int, bit: int = bit) -> bool:
            return bool(rows & bit)

        def alone(rows: int, bit: int = bit) -> bool:
            return rows == bit

        if _covered(columns, bit, reach) and _finds_none(columns, reach, alone, useful, looks):
            found.append(
                diagnostic(
                    "W0612",
                    f"this row of `{decl.name.name}` can never be chosen: "
                    "earlier rows take every input that fits it",
                    symbol.unit.source.locate(row.start, row.end),
                )
            )
    return found


def _finds_none(
    columns: list[Column],
    start: int,
    accept: Callable[[int], bool],
    useful: Callable[[int], bool],
    looks: Looks,
) -> bool:
    """Whether a search that looked everywhere found nothing."""
    try:
        return _search(columns, start, accept, useful, looks) is None
    except SearchBudgetError:
        return False


def _covered(columns: list[Column], bit: int, reach: int) -> bool:
    """Whether the search for an input of a row is small."""
    size = 1
    for column in columns:
        size *= max(1, len({cover & reach for cover in column.cover if cover & bit}))
        if size > BUDGET:
            return False
    return True


def _uncovered(table: TableDef, columns: list[Column], looks: Looks) -> list[int] | None:
    """Regions that no row lets through, one of each column."""
    every = (1 << len(table.rows)) - 1
    return _search(columns, every, lambda rows: rows == 0, lambda _: True, looks)


def is_complete(table: TableDef, program: Program) -> bool:
    """Whether it is proved that some row fits every input, and that no cell can fail.

    Stricter than W0611: a function may be called with what an alias's markers or a decimal's scale would not let
    into a field, so that neither narrows what an input may be here.
    """
    columns = _certain(table, program)
    if columns is None:
        return False
    try:
        return _uncovered(table, columns, Looks()) is None
    except SearchBudgetError:
        return False


def meeting_rows(table: TableDef, program: Program) -> list[int] | None:
    """For each row the bit set of the others that some input fits too; ``None`` where that is not known, or a cell may fail.

    As for ``is_complete``, markers do not narrow what an input may be.
    """
    columns = _certain(table, program)
    if columns is None:
        return None
    met = [_meeting(column) for column in columns]
    every = (1 << len(table.rows)) - 1
    return [
        reduce(
            and_,
            (meets(column.cells[place]) for column, meets in zip(columns, met, strict=True)),
            every,
        )
        & ~(1 << place)
        for place in range(len(table.rows))
    ]


def row_inputs(table: TableDef, program: Program) -> list[dict[str, Any] | None]:
    """For each row an input that it is the first to fit, as a witness (see ``regions``) for each parameter; ``None`` where none was
    found."""
    columns = _columns(table, program)
    if columns is None or not all(column.witnesses for column in columns):
        return [None] * len(table.rows)
    every = (1 << len(table.rows)) - 1
    looks = Looks()

    def find(bit: int) -> dict[str, Any] | None:
        try:
            choice = _search(
                columns,
                every,
                lambda rows: rows & -rows == bit,
                lambda rows: bool(rows & bit),
                looks,
            )
        except SearchBudgetError:
            return None
        if choice is None:
            return None
        return {
            column.name: column.witnesses[index]
            for column, index in zip(columns, choice, strict=True)
        }

    return [find(1 << place) for place in range(len(table.rows))]


def _certain(table: TableDef, program: Program) -> list[Column] | None:
    """The columns of a table for all that it may be called with; ``None`` where a cell may fail or is not understood."""
    columns = _columns(table, program, lambda kind: _widest(kind, program))
    if columns is None or not all(column.witnesses for column in columns):
        return None
    tested = {
        item.subject.name
        for row in table.rows
        for condition in row.conditions
        for item in atoms(condition)
        if isinstance(item, Atom) and isinstance(item.subject, n.Local)
    }
    for param in table.params:
        kind, _, _ = unwrap(param.type, program)
        if param.name in tested and not isinstance(kind, t.Enum | t.Dec | t.Lit | t.Prim):
            return None
        if param.name in tested and kind == t.Prim("any"):
            return None
    return columns


def _widest(kind: t.Type, program: Program) -> t.Type:
    """The type without what narrows its values."""
    bare, optional, _ = unwrap(kind, program)
    if isinstance(bare, t.Dec):
        bare = t.Dec(0, 0)
    return t.Opt(bare) if optional else bare


def _gap(
    table: TableDef,
    decl: tree.TableDecl,
    symbol: Symbol,
    columns: list[Column],
) -> list[Diagnostic]:
    try:
        choice = _uncovered(table, columns, Looks())
    except SearchBudgetError:
        return []
    if choice is None:
        return []
    return [
        diagnostic(
            "W0611",
            f"no row of `{table.name}` fits {_example(columns, choice)}: "
            "add a row for it, or a last row of `-`",
            symbol.unit.source.locate(decl.name.start, decl.name.end),
        )
    ]
