"""Which rows and branches the scenarios reach: for ``hyper test --coverage``.

A point is one thing that a function can decide: a row of a table that fits, a branch that is taken (the way past an
``if`` without ``else`` too), a side of a conditional expression, a clause of a rule that holds or does not. Points are told
apart by the nodes of the program, which the watch hears of as they are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from hyper.ir import nodes
from hyper.ir.interpreter.watch import Silent
from hyper.ir.program import CalcDef, RequireDef, RuleDef, TableDef
from hyper.ir.weight import statement_expressions, statements, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.ir.program import DeriveDef, Program

    Key: TypeAlias = tuple[int, int]
    """The identity of a node, and which of its outcomes."""

Kind: TypeAlias = Literal["row", "branch", "choice", "require", "derive"]


class Point(msgspec.Struct, frozen=True):
    """``function`` is qualified. ``outcome`` is of a row or branch its place from 1, or ``else``; of a choice ``then`` or ``else``;
    of a clause ``holds`` or ``does not hold``."""

    function: str
    kind: Kind
    outcome: str
    file: str
    line: int


class FunctionCoverage(msgspec.Struct, frozen=True):
    """How many points of a function were reached, of how many."""

    name: str
    covered: int
    total: int


class Report(msgspec.Struct, frozen=True):
    """``missed`` are the points that no scenario reached, by file and line. ``percent`` is rounded down to a tenth: only what is
    whole is 100."""

    covered: int
    total: int
    percent: float
    functions: tuple[FunctionCoverage, ...]
    missed: tuple[Point, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        value: dict[str, Any] = msgspec.to_builtins(self)
        return value


class Coverage(Silent):
    """A watch that counts how often each point was reached."""

    def __init__(self) -> None:
        self.counts: dict[Key, int] = {}

    def branch(self, _path: str, stmt: nodes.If, taken: int, /) -> None:
        """A branch is reached."""
        self._count(stmt, taken)

    def choice(self, expr: nodes.Choose, held: bool, /) -> None:
        """A side is reached."""
        self._count(expr, int(held))

    def row(self, _path: str, table: TableDef, place: int, /) -> None:
        """A row is reached."""
        self._count(table.rows[place], 0)

    def clause(self, _path: str, clause: RequireDef | DeriveDef, held: bool, /) -> None:
        """A clause is decided."""
        self._count(clause, int(held))

    def _count(self, node: object, outcome: int) -> None:
        key = (id(node), outcome)
        self.counts[key] = self.counts.get(key, 0) + 1

    def report(self, program: Program) -> Report:
        """What was reached of the program whose scenarios were watched."""
        functions: list[FunctionCoverage] = []
        missed: list[Point] = []
        for name, definition in program.definitions.items():
            if not isinstance(definition, CalcDef | TableDef | RuleDef):
                continue
            found = dict(_points(name, definition, program.home[name].path))
            reached = sum(key in self.counts for key in found)
            if found:
                functions.append(FunctionCoverage(name, reached, len(found)))
            missed += [point for key, point in found.items() if key not in self.counts]
        covered, total = (
            sum(each.covered for each in functions),
            sum(each.total for each in functions),
        )
        return Report(
            covered,
            total,
            math.floor(1000 * covered / total) / 10 if total else 100.0,
            tuple(functions),
            tuple(sorted(missed, key=lambda point: (point.file, point.line))),
        )


def _points(
    name: str, definition: CalcDef | TableDef | RuleDef, path: str
) -> Iterator[tuple[Key, Point]]:
    if isinstance(definition, TableDef):
        for place, row in enumerate(definition.rows, 1):
            yield (id(row), 0), Point(name, "row", str(place), path, row.line)
    elif isinstance(definition, CalcDef):
        for stmt in statements(definition.body):
            if isinstance(stmt, nodes.If):
                yield from _branches(name, stmt, path)
    else:
        for clause in definition.clauses:
            yield from _clause(name, clause, path)
    for expr, line in _placed(definition):
        for node in walk(expr):
            if isinstance(node, nodes.Choose):
                yield (id(node), 1), Point(name, "choice", "then", path, line)
                yield (id(node), 0), Point(name, "choice", "else", path, line)


def _branches(name: str, stmt: nodes.If, path: str) -> Iterator[tuple[Key, Point]]:
    for place, branch in enumerate(stmt.branches):
        yield (id(stmt), place), Point(name, "branch", str(place + 1), path, branch.line)
    line = stmt.orelse[0].line if stmt.orelse else stmt.line
    yield (id(stmt), len(stmt.branches)), Point(name, "branch", "else", path, line)


def _clause(name: str, clause: RequireDef | DeriveDef, path: str) -> Iterator[tuple[Key, Point]]:
    kind: Kind = "require" if isinstance(clause, RequireDef) else "derive"
    yield (id(clause), 1), Point(name, kind, "holds", path, clause.line)
    if not isinstance(clause.condition, nodes.Const):
        yield (id(clause), 0), Point(name, kind, "does not hold", path, clause.line)


def _placed(definition: CalcDef | TableDef | RuleDef) -> Iterator[tuple[nodes.Expr, int]]:
    """The expressions of a function with the line of each."""
    if isinstance(definition, TableDef):
        for row in definition.rows:
            for expr in (*row.conditions, row.result):
                yield expr, row.line
    elif isinstance(definition, CalcDef):
        for stmt in statements(definition.body):
            if isinstance(stmt, nodes.If):
                for branch in stmt.branches:
                    yield branch.condition, branch.line
            else:
                for expr in statement_expressions(stmt):
                    yield expr, stmt.line
    else:
        for clause in definition.clauses:
            yield clause.condition, clause.line
            for _, value in getattr(clause, "fields", ()):
                yield value, clause.line
