"""The cost bound of a calc, table or rule: how many steps tier 0 takes at most, as a sum over the sizes of its input.

A step is one call, one node of an expression evaluated, one element of a loop, or one element that a builtin looks at. The
lengths of texts and the widths of ``bigint`` are not counted, nor is what an extern does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.engine.bounds import Atom, Bound, greatest, number, total, unknown
from hyper.ir import nodes
from hyper.ir.kinds import Kinds
from hyper.ir.program import AliasDef, CalcDef, EntityDef, ExternDef, RequireDef, RuleDef, TableDef
from hyper.ir.weight import children, definition_expressions, walk, weight
from hyper.lang import types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.ir.program import Def, Program

_SAME_SIZE: Final = frozenset({"sorted", "distinct", "reversed", "slice", "keys", "values"})
_SQUARE: Final = frozenset({"distinct"})
_FREE: Final = frozenset({"length", "last", "has", "get"})


class Cost(msgspec.Struct, frozen=True):
    """``steps`` in words; ``maximum`` is a number where every size has a limit; ``externs`` cost what they cost."""

    steps: str
    maximum: int | None
    externs: tuple[str, ...]


def cost_of(program: Program, name: str) -> Cost | None:
    """The bound of a function by its qualified name; ``None`` for what is no function."""
    if not isinstance(program.definitions[name], CalcDef | TableDef | RuleDef):
        return None
    costs = _Costs(program)
    for function in callees_first(program, name):
        costs.add(function)
    bound = costs.bounds[name]
    limit = bound.maximum(costs.limits)
    return Cost(str(bound), limit, tuple(sorted(costs.externs)))


def calls_of(definition: Def) -> list[str]:
    """The functions that a calc, table or rule calls, each once, in order."""
    found = {
        node.function: None
        for expr in definition_expressions(definition)
        for node in walk(expr)
        if isinstance(node, nodes.Call)
    }
    return list(found)


def callees_first(program: Program, name: str) -> list[str]:
    """A function and all that it reaches, each after what it calls. The language has no recursion."""
    done: dict[str, None] = {}
    stack = [(name, iter(calls_of(program.definitions[name])))]
    while stack:
        current, rest = stack[-1]
        following = next((each for each in rest if each not in done), None)
        if following is None:
            done[current] = None
            stack.pop()
        else:
            stack.append((following, iter(calls_of(program.definitions[following]))))
    return list(done)


class _Known(msgspec.Struct, frozen=True):
    """What is known of a local: the path it stands for, or the size of its list or value of its int."""

    path: str | None
    bound: Bound | None


class _Costs:
    """Bounds of functions, found from the callees up."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.bounds: dict[str, Bound] = {}
        self.limits: dict[Atom, int] = {}
        self.externs: set[str] = set()

    def add(self, name: str) -> None:
        """Find the bound of a function whose callees are known."""
        call = number(1)
        match self.program.definitions[name]:
            case CalcDef() as calc:
                self.bounds[name] = call + self._block(calc.body, self._parameters(calc))
            case TableDef() as table:
                self.bounds[name] = call + self._table(table)
            case RuleDef() as rule:
                self.bounds[name] = call + self._rule(rule)
            case ExternDef():
                self.externs.add(name)
                self.bounds[name] = call

    def _parameters(self, definition: CalcDef | TableDef) -> dict[str, _Known]:
        for param in definition.params:
            self._limit(param.name, self._type_limit(param.type))
        return {param.name: _Known(param.name, None) for param in definition.params}

    def _table(self, table: TableDef) -> Bound:
        known = self._parameters(table)
        conditions = [self._whole(each, known) for row in table.rows for each in row.conditions]
        results = [self._whole(row.result, known) for row in table.rows]
        every = table.policy.startswith(("collect", "priority"))
        return total(conditions) + (total(results) if every else greatest(results))

    def _rule(self, rule: RuleDef) -> Bound:
        known = {"self": _Known("self", None)}
        parts = []
        for clause in rule.clauses:
            parts.append(self._whole(clause.condition, known))
            if not isinstance(clause, RequireDef):
                parts += [self._whole(value, known) for _, value in clause.fields]
        return total(parts)

    def _block(self, body: tuple[nodes.Stmt, ...], known: dict[str, _Known]) -> Bound:
        parts = []
        for stmt in body:
            match stmt:
                case nodes.Return():
                    parts.append(self._whole(stmt.value, known))
                case nodes.Let() | nodes.Assign():
                    parts.append(self._whole(stmt.value, known))
                    known[stmt.name] = self._local(stmt, known)
                case nodes.For():
                    parts.append(self._loop(stmt, known))
                case nodes.If():
                    parts.append(self._branches(stmt, known))
        return total(parts)

    def _local(self, stmt: nodes.Let | nodes.Assign, known: dict[str, _Known]) -> _Known:
        """A ``let`` is its value; what a ``var`` holds later is not followed."""
        if isinstance(stmt, nodes.Assign):
            return _Known(None, None)
        return self._named(stmt.value, known)

    def _named(self, value: nodes.Expr, known: dict[str, _Known]) -> _Known:
        path = self._path(value, known)
        if path is not None:
            return _Known(path, None)
        whole = types.plain(value.type) in {types.INT, types.BIGINT}
        return _Known(None, self._value(value, known) if whole else self._size(value, known))

    def _loop(self, stmt: nodes.For, known: dict[str, _Known]) -> Bound:
        inner = dict(known)
        inner[stmt.target] = self._element(stmt.source, known)
        each = self._block(stmt.body, inner) + number(1)
        return self._whole(stmt.source, known) + self._size(stmt.source, known) * each

    def _branches(self, stmt: nodes.If, known: dict[str, _Known]) -> Bound:
        conditions = [self._whole(branch.condition, known) for branch in stmt.branches]
        blocks = [stmt.orelse, *(branch.body for branch in stmt.branches)]
        return total(conditions) + greatest(self._block(body, dict(known)) for body in blocks)

    def _whole(self, expr: nodes.Expr, known: dict[str, _Known]) -> Bound:
        """The nodes of an expression, and what its calls and generators add."""
        return total((number(weight(expr)), *self._parts(expr, known)))

    def _parts(self, expr: nodes.Expr, known: dict[str, _Known]) -> Iterator[Bound]:
        names = known
        stack = [expr]
        while stack:
            node = stack.pop()
            match node:
                case nodes.Comprehend() | nodes.Fold():
                    yield self._generator(node, names)
                    stack.append(node.source)
                    continue
                case nodes.Call():
                    yield self._call(node, names)
                case nodes.Builtin():
                    yield self._builtin(node, names)
                case nodes.Binary(op="in") if _is_list(node.right.type):
                    yield self._size(node.right, names)
                case nodes.Bind():
                    names = dict(known) if names is known else names
                    names[node.name] = self._named(node.value, names)
            stack.extend(children(node))

    def _generator(self, node: nodes.Comprehend | nodes.Fold, known: dict[str, _Known]) -> Bound:
        inner = {**known, node.target: self._element(node.source, known)}
        each = self._whole(node.element, inner)
        if node.condition is not None:
            each += self._whole(node.condition, inner)
        return self._size(node.source, known) * each

    def _call(self, node: nodes.Call, known: dict[str, _Known]) -> Bound:
        definition = self.program.definitions[node.function]
        names = (
            ["self"]
            if isinstance(definition, RuleDef)
            else [param.name for param in getattr(definition, "params", ())]
        )
        given = dict(zip(names, node.args, strict=False))

        def change(atom: Atom) -> Bound:
            head, _, _ = atom.path.partition(".")
            head = head.removesuffix("[]")
            argument = given.get(head)
            if argument is None:
                return unknown(atom)
            path = self._path(argument, known)
            if path is None and atom.path == head:
                return (
                    self._size(argument, known)
                    if atom.kind == "length"
                    else self._value(argument, known)
                )
            place = path if path is not None else f"{node.function.rpartition('.')[2]}.{head}"
            moved = Atom(place + atom.path[len(head) :], atom.kind)
            if atom in self.limits:
                self._limit_atom(moved, self.limits[atom])
            return unknown(moved)

        return self.bounds[node.function].replace(change)

    def _builtin(self, node: nodes.Builtin, known: dict[str, _Known]) -> Bound:
        if node.name in _FREE:
            return number(0)
        if node.name == "flatten":
            return self._size(node, known)
        sizes = [self._size(arg, known) for arg in node.args if _is_list(arg.type)]
        return total(size * size if node.name in _SQUARE else size for size in sizes)

    def _element(self, source: nodes.Expr, known: dict[str, _Known]) -> _Known:
        path = self._path(source, known)
        return _Known(f"{path}[]" if path else None, None)

    def _path(self, expr: nodes.Expr, known: dict[str, _Known]) -> str | None:
        steps: list[nodes.Field | None] = []
        while True:
            match expr:
                case nodes.Field():
                    steps.append(expr)
                    expr = expr.base
                case nodes.Item():
                    steps.append(None)
                    expr = expr.base
                case nodes.Convert():
                    expr = expr.operand
                case nodes.Local():
                    head = known[expr.name].path if expr.name in known else None
                    return None if head is None else self._followed(head, steps)
                case _:
                    return None

    def _followed(self, path: str, steps: list[nodes.Field | None]) -> str:
        """The path of the last of ``steps``, which begin with the last; the limits of their fields are noted."""
        for step in reversed(steps):
            path += "[]" if step is None else f".{step.name}"
            if step is not None:
                self._limit(path, self._field_limit(step))
        return path

    def _size(self, expr: nodes.Expr, known: dict[str, _Known]) -> Bound:
        """The length of a list, map or range; the value of an int."""
        match expr:
            case nodes.Range():
                return self._value(expr.stop, known)
            case nodes.MakeList():
                return number(len(expr.items))
            case nodes.MakeMap():
                return number(len(expr.entries))
            case nodes.ConstRef() | nodes.Bind():
                return self._size(
                    expr.value if isinstance(expr, nodes.ConstRef) else expr.body, known
                )
            case nodes.Comprehend():
                return self._size(expr.source, known)
            case nodes.Fold(op="sorted"):
                return self._size(expr.source, known)
            case nodes.Choose():
                return self._size(expr.yes, known).either(self._size(expr.no, known))
            case nodes.Coalesce():
                return self._size(expr.left, known).either(self._size(expr.right, known))
            case nodes.Binary(op="add"):
                return self._size(expr.left, known) + self._size(expr.right, known)
            case nodes.Builtin(name="merge"):
                return self._size(expr.args[0], known) + self._size(expr.args[1], known)
            case nodes.Builtin(name="flatten"):
                inner = self._path(expr.args[0], known) or _words(expr.args[0])
                return self._size(expr.args[0], known) * unknown(Atom(f"{inner}[]"))
            case nodes.Builtin() if expr.name in _SAME_SIZE:
                return self._size(expr.args[0], known)
            case nodes.Local() if expr.name in known and (bound := known[expr.name].bound):
                return bound
        path = self._path(expr, known)
        return unknown(Atom(path or _words(expr)))

    def _value(self, expr: nodes.Expr, known: dict[str, _Known]) -> Bound:
        match expr:
            case nodes.Const() if expr.type in {types.INT, types.BIGINT}:
                return number(max(int(expr.text), 0))
            case nodes.ConstRef():
                return self._value(expr.value, known)
            case nodes.Builtin(name="length"):
                return self._size(expr.args[0], known)
            case nodes.Binary(op="add"):
                return self._value(expr.left, known) + self._value(expr.right, known)
            case nodes.Binary(op="mul"):
                return self._value(expr.left, known) * self._value(expr.right, known)
            case nodes.Local() if expr.name in known and (bound := known[expr.name].bound):
                return bound
        path = self._path(expr, known)
        return unknown(Atom(path or _words(expr), "value"))

    def _field_limit(self, expr: nodes.Field) -> int | None:
        entity = self._entity(expr.base.type)
        field = next((f for f in entity.fields if f.name == expr.name), None) if entity else None
        if field is None:
            return None
        limit = field.markers.max_size
        return self._type_limit(field.type) if limit is None else limit

    def _limit(self, path: str, limit: int | None) -> None:
        if limit is not None:
            self._limit_atom(Atom(path), limit)

    def _limit_atom(self, atom: Atom, limit: int) -> None:
        self.limits[atom] = max(limit, self.limits.get(atom, 0))

    def _entity(self, kind: types.Type) -> EntityDef | None:
        bare = Kinds(self.program).present(kind)
        found = self.program.definitions.get(bare.name) if isinstance(bare, types.Entity) else None
        return found if isinstance(found, EntityDef) else None

    def _type_limit(self, kind: types.Type) -> int | None:
        """The most items that the type itself allows."""
        while True:
            match kind:
                case types.Opt(inner):
                    kind = inner
                case types.Marked(inner, markers):
                    if markers.max_size is not None:
                        return markers.max_size
                    kind = inner
                case types.Alias(name):
                    found = self.program.definitions.get(name)
                    if not isinstance(found, AliasDef):
                        return None
                    if found.markers.max_size is not None:
                        return found.markers.max_size
                    kind = found.type
                case _:
                    return None


def _is_list(kind: types.Type) -> bool:
    return isinstance(types.plain(kind), types.ListOf | types.MapOf)


def _words(expr: nodes.Expr) -> str:
    """How to call an expression that has no path."""
    if isinstance(expr, nodes.Call):
        return f"{expr.function.rpartition('.')[2]}(…)"
    if isinstance(expr, nodes.Builtin):
        return f"{expr.name}(…)"
    return "…"
