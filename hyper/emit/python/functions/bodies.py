"""Bodies of calcs, tables and rules as Python statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.emit.python.format import quote
from hyper.emit.python.functions.builtins import aggregate
from hyper.emit.python.functions.pieces import (
    AND,
    Atom,
    Keyword,
    Piece,
    attribute,
    call,
    operation,
)
from hyper.ir import nodes
from hyper.ir.program import EnumDef, RequireDef
from hyper.ir.types import BOOL, Dec, Entity, Enum, ListOf, MapOf, Opt, Type, Union

if TYPE_CHECKING:
    from hyper.emit.python.functions.expressions import Expressions
    from hyper.emit.python.functions.lines import Lines
    from hyper.ir.program import CalcDef, RowDef, RuleDef, TableDef


class Bodies:
    """Writes the statements of one function."""

    def __init__(self, expressions: Expressions, lines: Lines) -> None:
        self._expressions = expressions
        self._writer = expressions.writer
        self._lines = lines

    # Calcs

    def calc(self, definition: CalcDef) -> None:
        """The body of a calc."""
        self._block(definition.body, 1, definition.line)

    def _block(self, body: tuple[nodes.Stmt, ...], depth: int, line: int) -> None:
        for stmt in body:
            self._statement(stmt, depth)
        if not body:
            self._lines.plain(depth, "pass", line)

    def _statement(self, stmt: nodes.Stmt, depth: int) -> None:
        match stmt:
            case nodes.Return(value, line):
                self._put(depth, "return ", value, "", line)
            case nodes.Let(name, kind, value, line):
                self._put(depth, self._target(name, kind, declare=True), value, "", line)
            case nodes.Assign(name, kind, value, line, declare):
                self._put(depth, self._target(name, kind, declare=declare), value, "", line)
            case nodes.For(target, source, body, line):
                head = f"for {self._writer.locals[target]} in "
                self._put(depth, head, source, ":", line)
                self._block(body, depth + 1, line)
            case nodes.If():
                self._if(stmt, depth)

    def _put(self, depth: int, head: str, value: nodes.Expr, tail: str, line: int) -> None:
        piece = self._expressions.write(value)
        self._lines.statement(depth, head, piece, tail, origin=line)

    def _target(self, name: str, kind: Type, *, declare: bool) -> str:
        local = self._writer.locals[name]
        bare = self._writer.kinds.bare(kind)
        if declare and isinstance(bare, Opt | ListOf | MapOf | Union):
            return f"{local}: {self._writer.python_type(kind)} = "
        return f"{local} = "

    def _if(self, stmt: nodes.If, depth: int) -> None:
        word = "if"
        for branch in stmt.branches:
            self._put(depth, f"{word} ", branch.condition, ":", branch.line)
            self._block(branch.body, depth + 1, branch.line)
            word = "elif"
        if stmt.orelse:
            self._lines.plain(depth, "else:", stmt.line)
            self._block(stmt.orelse, depth + 1, stmt.line)

    # Tables

    def table(self, definition: TableDef) -> None:
        """The body of a table, by its policy."""
        if definition.policy.startswith("collect") or definition.policy == "priority":
            self._collecting(definition)
            return
        for row in definition.rows:
            if not row.conditions:
                self._put(1, "return ", row.result, "", row.line)
                return
            self._lines.statement(1, "if ", self._fits(row), ":", origin=row.line)
            self._put(2, "return ", row.result, "", row.line)
        self._no_match(definition, 1)

    def _no_match(self, definition: TableDef, depth: int) -> None:
        error = self._writer.runtime("errors", "IntentError")
        message = Atom(quote(f"no row of {definition.name} fits"))
        piece = call(error, Atom('"no_match"'), message)
        self._lines.statement(depth, "raise ", piece, origin=definition.line)

    def _fits(self, row: RowDef) -> Piece:
        first, *rest = row.conditions
        piece = self._expressions.write(first)
        for condition in rest:
            piece = operation(AND, "and", piece, self._expressions.write(condition))
        return piece

    def _collecting(self, definition: TableDef) -> None:
        found = "found_" if "found" in self._writer.locals.values() else "found"
        element = self._writer.python_type(definition.element)
        self._lines.plain(1, f"{found}: list[{element}] = []", definition.line)
        for row in definition.rows:
            depth = 1
            if row.conditions:
                self._lines.statement(1, "if ", self._fits(row), ":", origin=row.line)
                depth = 2
            added = call(f"{found}.append", self._expressions.write(row.result))
            self._lines.statement(depth, "", added, origin=row.line)
        if definition.policy == "priority":
            self._lines.plain(1, f"if not {found}:", definition.line)
            self._no_match(definition, 2)
            result = call("min", Atom(found), Keyword("key=", self._rank(definition)))
        else:
            result = self._combined(definition, found)
        self._lines.statement(1, "return ", result, origin=definition.line)

    def _combined(self, definition: TableDef, found: str) -> Piece:
        fold = definition.policy.removeprefix("collect").strip()
        if not fold:
            return Atom(found)
        kind = self._writer.kinds.present(definition.element)
        result = aggregate(self._expressions, fold, kind, Atom(found))
        if fold != "sum" or not isinstance(kind, Dec):
            return result
        fit = self._writer.runtime("arithmetic", "fit")
        return call(fit, result, Atom(str(kind.precision)), Atom(str(kind.scale)))

    def _rank(self, definition: TableDef) -> Piece:
        """The place of a result among the members of the enum that its first column has."""
        kinds, names = self._writer.kinds, self._writer.scope.names
        kind = kinds.present(definition.element)
        first = ""
        if isinstance(kind, Entity):
            result = definition.rows[0].result if definition.rows else None
            assert isinstance(result, nodes.MakeRecord)
            column, value = result.fields[0]
            first = names.field(kind.name, column)
            kind = kinds.present(value.type)
        assert isinstance(kind, Enum)
        enum = names.program.definitions[kind.name]
        assert isinstance(enum, EnumDef)
        members = call("list", Atom(self._writer.declaration(kind.name)))
        place = attribute(members, "index")
        if not first:
            return place
        from hyper.emit.python.functions.pieces import flat

        return Atom(f"lambda row: {flat(call(place, Atom(f'row.{first}')))}", 1)

    # Rules

    def rule(self, definition: RuleDef) -> None:
        """The clauses of a rule."""
        name = self._writer.locals["self"]
        for clause in definition.clauses:
            if isinstance(clause, RequireDef):
                self._require(clause)
                continue
            fields = clause.fields
            depth = 1
            if not _is_true(clause.condition):
                self._put(1, "if ", clause.condition, ":", clause.line)
                depth = 2
            made = self._expressions.replaced(Atom(name), Entity(definition.entity), fields)
            self._lines.statement(depth, f"{name} = ", made, origin=clause.line)
        self._lines.plain(1, f"return {name}", definition.line)

    def _require(self, clause: RequireDef) -> None:
        refused = self._writer.runtime("errors", "Refused")
        condition = nodes.Unary(BOOL, "not", clause.condition)
        self._put(1, "if ", condition, ":", clause.line)
        message = Atom(quote(clause.message))
        self._lines.statement(2, "raise ", call(refused, message), origin=clause.line)


def _is_true(expr: nodes.Expr) -> bool:
    return isinstance(expr, nodes.Const) and expr.text == "true"
