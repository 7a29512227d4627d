"""Bodies of calcs, tables and rules as Python statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.emit.python.format import INDENT, LIMIT, quote
from hyper.emit.python.functions.builtins import aggregate
from hyper.emit.python.functions.lines import Lines, Mark
from hyper.emit.python.functions.pieces import (
    Atom,
    Keyword,
    Piece,
    attribute,
    call,
)
from hyper.emit.python.functions.splitting import Splitter
from hyper.ir import nodes
from hyper.ir.program import EnumDef, RequireDef
from hyper.ir.types import BOOL, Dec, Entity, Enum, ListOf, MapOf, Opt, Type, Union
from hyper.ir.weight import statement_expressions, statements, walk

if TYPE_CHECKING:
    from hyper.emit.python.functions.expressions import Expressions
    from hyper.emit.python.functions.outcomes import Outcomes
    from hyper.ir.program import CalcDef, RowDef, RuleDef, TableDef


DEEPEST_BLOCK: Final = 18
"""Blocks that may nest in one Python function, which can have 20 loops in one another."""


class Bodies:
    """Writes the statements of one function, called ``name`` in Python. ``helpers`` are functions that it needs beside it.

    ``outcomes`` are those of its decisions, which are marked where they come about.
    """

    def __init__(
        self, expressions: Expressions, lines: Lines, name: str, outcomes: Outcomes | None = None
    ) -> None:
        self._outcomes = outcomes
        self.helpers: list[Lines] = []
        self._expressions = expressions
        self._writer = expressions.writer
        self._lines = lines
        self._name = name
        self._types: dict[str, Type] = {}
        self._splitter = Splitter(self._fresh, self._called)
        self._returns: Type | None = None
        self._clock = False

    def _mark(self, found: tuple[int, int] | None, *, past: bool = False) -> None:
        """What is written next is an outcome; with ``past``, what is written next is an ``if`` that is."""
        if found is not None:
            self._lines.marks.append(Mark(len(self._lines.texts), *found, int(past)))

    def _at(self, line: int) -> tuple[int, int] | None:
        return self._outcomes.at(line) if self._outcomes is not None else None

    def _clause(self, line: int, *, held: bool) -> tuple[int, int] | None:
        found = self._at(line)
        return (found[0], int(held)) if found is not None else None

    def _fresh(self) -> str:
        """A local for a part of an expression."""
        name = self._writer.fresh("part_")
        self._writer.locals[f"_{name}"] = name
        return f"_{name}"

    def _called(self, expr: nodes.Expr, line: int) -> nodes.Expr:
        """A call of a function of its own that evaluates an expression, which may read the names of generators around it."""
        kinds = free_locals(expr)
        params = [
            f"{self._writer.locals[name]}: {self._writer.python_type(kind)}"
            for name, kind in kinds.items()
        ]
        name = f"{self._name}_part_{len(self.helpers) + 1}"
        self._expressions.parts[name] = self._clock
        if self._clock:
            params.append(f"now: {self._writer.datetime()}.datetime")
        outer, types, helper = self._lines, self._types, Lines()
        self._lines, self._types = helper, dict(kinds)
        self.helpers.append(helper)
        helper.add(head_lines(name, params, self._writer.python_type(expr.type)), line)
        self._block((nodes.Return(expr, line),), 1, line)
        self._lines, self._types = outer, types
        args = tuple(nodes.Local(kind, local) for local, kind in kinds.items())
        return nodes.Call(expr.type, name, args)

    def _ready(self, expr: nodes.Expr, depth: int, line: int) -> nodes.Expr:
        """What is left of an expression after the statements that it needs were written."""
        before, rest = self._splitter.expression(expr, line)
        for stmt in before:
            self._statement(stmt, depth)
        return rest

    # Calcs

    def calc(self, definition: CalcDef) -> None:
        """The body of a calc."""
        self._types = {param.name: param.type for param in definition.params}
        self._returns, self._clock = definition.returns, definition.reads_clock
        self._block(definition.body, 1, definition.line)

    def _block(self, body: tuple[nodes.Stmt, ...], depth: int, line: int) -> None:
        if depth > DEEPEST_BLOCK and body:
            self._apart(body, depth, line)
            return
        for stmt in body:
            for part in self._splitter.statement(stmt):
                self._statement(part, depth)
        if not body:
            self._lines.plain(depth, "pass", line)

    def _apart(self, body: tuple[nodes.Stmt, ...], depth: int, line: int) -> None:
        """A block that is too deep becomes a function of its own, which gives back the variables that it sets."""
        read, sets = names_of(body)
        known = [name for name in self._types if name in read or name in sets]
        changed = list(sets)
        given = [self._writer.locals[name] for name in known]
        params = [
            f"{self._writer.locals[name]}: {self._writer.python_type(self._types[name])}"
            for name in known
        ]
        if self._clock:
            given.append("now")
            params.append(f"now: {self._writer.datetime()}.datetime")
        name = f"{self._name}_part_{len(self.helpers) + 1}"
        outer, self._lines = self._lines, Lines()
        helper, types = self._lines, dict(self._types)
        self.helpers.append(helper)
        ends = returns_always(body)
        results = ", ".join(self._writer.locals[name] for name in changed)
        kinds = [self._writer.python_type(self._types.get(name, sets[name])) for name in changed]
        returns = kinds[0] if len(kinds) == 1 else f"tuple[{', '.join(kinds)}]"
        if ends and self._returns is not None:
            returns = self._writer.python_type(self._returns)
        elif not changed:
            returns = "None"
        helper.add(head_lines(name, params, returns), line)
        self._block(body, 1, line)
        if changed and not ends:
            helper.plain(1, f"return {results}", line)
        self._lines, self._types = outer, types
        self._types |= {name: kind for name, kind in sets.items() if name not in types}
        target = "return " if ends else f"{results} = " if changed else ""
        self._lines.plain(depth, f"{target}{name}({', '.join(given)})", line)

    def _statement(self, stmt: nodes.Stmt, depth: int) -> None:
        match stmt:
            case nodes.Return(value, line):
                self._put(depth, "return ", value, "", line)
            case nodes.Let(name, kind, value, line):
                self._types[name] = kind
                self._put(depth, self._target(name, kind, declare=True), value, "", line)
            case nodes.Assign(name, kind, value, line, declare):
                self._types.setdefault(name, kind)
                self._put(depth, self._target(name, kind, declare=declare), value, "", line)
            case nodes.For(target, source, body, line):
                head = f"for {self._writer.locals[target]} in "
                self._put(depth, head, source, ":", line)
                self._types[target] = item_of(self._writer.kinds.present(source.type))
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
        past = self._outcomes.past(stmt) if self._outcomes is not None else None
        if not stmt.orelse:
            self._mark(past, past=True)
        for branch in stmt.branches:
            self._put(depth, f"{word} ", branch.condition, ":", branch.line)
            self._mark(self._at(branch.line))
            self._inner(branch.body, depth, branch.line)
            word = "elif"
        if stmt.orelse:
            self._lines.plain(depth, "else:", stmt.line)
            self._mark(past)
            self._inner(stmt.orelse, depth, stmt.line)
        for block in (*(branch.body for branch in stmt.branches), stmt.orelse):
            _, sets = names_of(block)
            self._types = {**sets, **self._types}

    def _inner(self, body: tuple[nodes.Stmt, ...], depth: int, line: int) -> None:
        """A branch. What it sets first is known after all branches, but not in the next."""
        types = dict(self._types)
        self._block(body, depth + 1, line)
        self._types = types

    # Tables

    def table(self, definition: TableDef) -> None:
        """The body of a table, by its policy."""
        if definition.policy.startswith("collect") or definition.policy == "priority":
            self._collecting(definition)
            return
        for place, row in enumerate(definition.rows, 1):
            is_left = definition.complete and place == len(definition.rows)
            if is_left or not row.conditions:
                self._mark(self._at(row.line))
                self._put(1, "return ", self._ready(row.result, 1, row.line), "", row.line)
                return
            self._put(1, "if ", self._fits(row), ":", row.line)
            self._mark(self._at(row.line))
            self._put(2, "return ", self._ready(row.result, 2, row.line), "", row.line)
        self._no_match(definition, 1)

    def _no_match(self, definition: TableDef, depth: int) -> None:
        error = self._writer.runtime("errors", "IntentError")
        message = Atom(quote(f"no row of {definition.name} fits"))
        piece = call(error, Atom('"no_match"'), message)
        self._lines.statement(depth, "raise ", piece, origin=definition.line)

    def _fits(self, row: RowDef) -> nodes.Expr:
        """The condition of a row, after what it needs."""
        whole, *rest = row.conditions
        for condition in rest:
            whole = nodes.And(BOOL, whole, condition)
        return self._ready(whole, 1, row.line)

    def _collecting(self, definition: TableDef) -> None:
        found = "found_" if "found" in self._writer.locals.values() else "found"
        element = self._writer.python_type(definition.element)
        self._lines.plain(1, f"{found}: list[{element}] = []", definition.line)
        for row in definition.rows:
            depth = 1
            if row.conditions:
                self._put(1, "if ", self._fits(row), ":", row.line)
                depth = 2
            self._mark(self._at(row.line))
            ready = self._ready(row.result, depth, row.line)
            added = call(f"{found}.append", self._expressions.write(ready))
            self._lines.statement(depth, "", added, origin=row.line)
        if definition.policy == "priority":
            if not definition.complete:
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
                condition = self._ready(clause.condition, 1, clause.line)
                condition = self._ready(condition, 1, clause.line)
                self._mark(self._clause(clause.line, held=False), past=True)
                self._put(1, "if ", condition, ":", clause.line)
                depth = 2
            self._mark(self._clause(clause.line, held=True))
            entity = Entity(definition.entity)
            whole = self._ready(
                nodes.WithFields(entity, nodes.Local(entity, "self"), fields), depth, clause.line
            )
            made = self._expressions.write(whole)
            if depth == 1 and clause is definition.clauses[-1]:
                self._lines.statement(1, "return ", made, origin=clause.line)
                return
            self._lines.statement(depth, f"{name} = ", made, origin=clause.line)
        self._lines.plain(1, f"return {name}", definition.line)

    def _require(self, clause: RequireDef) -> None:
        refused = self._writer.runtime("errors", "Refused")
        condition = self._ready(clause.condition, 1, clause.line)
        negated = nodes.Unary(BOOL, "not", condition)
        self._mark(self._clause(clause.line, held=True), past=True)
        self._put(1, "if ", negated, ":", clause.line)
        self._mark(self._clause(clause.line, held=False))
        message = Atom(quote(clause.message))
        self._lines.statement(2, "raise ", call(refused, message), origin=clause.line)


def names_of(body: tuple[nodes.Stmt, ...]) -> tuple[set[str], dict[str, Type]]:
    """The locals from outside that a block reads, and those that it sets, with their types."""
    read: set[str] = set()
    sets: dict[str, Type] = {}
    declared: set[str] = set()
    for stmt in statements(body):
        for expr in statement_expressions(stmt):
            read.update(node.name for node in walk(expr) if isinstance(node, nodes.Local))
        match stmt:
            case nodes.Assign(name, kind, _, _, declare) if not declare:
                sets.setdefault(name, kind)
            case nodes.Assign(name) | nodes.Let(name) | nodes.For(name):
                declared.add(name)
            case _:
                pass
    return read - declared, {name: kind for name, kind in sets.items() if name not in declared}


def free_locals(expr: nodes.Expr) -> dict[str, Type]:
    """The locals that an expression reads and does not bind, with their types."""
    read: dict[str, Type] = {}
    bound: set[str] = set()
    for node in walk(expr):
        match node:
            case nodes.Local(kind, name):
                read.setdefault(name, kind)
            case nodes.Bind(_, name) | nodes.Comprehend(_, _, name) | nodes.Fold(_, _, _, name):
                bound.add(name)
            case _:
                pass
    return {name: kind for name, kind in read.items() if name not in bound}


def returns_always(body: tuple[nodes.Stmt, ...]) -> bool:
    """Whether a block ends in a return on every path. The verifier sees to it that one path is enough to tell."""
    while body:
        last = body[-1]
        if isinstance(last, nodes.Return):
            return True
        if not isinstance(last, nodes.If):
            return False
        body = last.branches[0].body
    return False


def item_of(kind: Type) -> Type:
    """The type of the items of a list."""
    return kind.item if isinstance(kind, ListOf) else kind


def head_lines(name: str, params: list[str], returns: str) -> list[str]:
    """The lines of ``def name(params) -> returns:``."""
    tail = f") -> {returns}:"
    line = f"def {name}({', '.join(params)}{tail}"
    if len(line) <= LIMIT or not params:
        return [line]
    return [f"def {name}(", *(f"{INDENT}{param}," for param in params), tail]


def _is_true(expr: nodes.Expr) -> bool:
    return isinstance(expr, nodes.Const) and expr.text == "true"
