"""The rules that a program of the IR keeps: what lowering promises, and passes and back ends rely on.

Every node carries its type, so each rule looks at a node and its operands only. The walk keeps its own stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir import nodes
from hyper.ir.kinds import Kinds
from hyper.ir.program import (
    ActionDef,
    CalcDef,
    ConstDef,
    DeriveDef,
    EntityDef,
    FeatureDef,
    ParameterDef,
    RuleDef,
    TableDef,
)
from hyper.ir.verify_nodes import Rules
from hyper.ir.weight import children
from hyper.lang.types import BOOL, DATETIME, INT, Entity, ListOf, Opt, Type, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.ir.program import Def, Module, ParamDef, Program, StepDef

    Scope = Mapping[str, Type]


def verify(program: Program) -> list[str]:
    """What is wrong with a program, each as ``path:line: declaration: rule``; empty where it is well formed."""
    verifier = Verifier(program)
    for module in program.modules:
        for definition in module.definitions:
            verifier.definition(module, definition)
    return verifier.problems


class Verifier:
    """Collects the broken rules of one program."""

    def __init__(self, program: Program) -> None:
        self.problems: list[str] = []
        self._kinds = Kinds(program)
        self._rules = Rules(program, self._kinds, self._report)
        self._where = ""
        self._line = 0

    def _report(self, message: str) -> None:
        path, _, name = self._where.partition("\n")
        self.problems.append(f"{path}:{self._line}: {name}: {message}")

    def definition(self, module: Module, definition: Def) -> None:
        """Check one declaration."""
        name = definition.title if isinstance(definition, FeatureDef) else definition.name
        self._where, self._line = f"{module.path}\n{name}", definition.line
        match definition:
            case CalcDef():
                self._calc(definition)
            case TableDef():
                self._table(definition)
            case RuleDef():
                self._rule(definition)
            case ConstDef():
                self._store(definition.value, definition.type, {}, definition.line)
            case EntityDef():
                for field in definition.fields:
                    if field.default is not None:
                        self._store(field.default, field.type, {}, field.line)
            case ActionDef():
                for param in definition.params:
                    self._parameter(param)
            case FeatureDef():
                for scenario in definition.scenarios:
                    self._steps(scenario.steps)
            case _:
                pass

    def _parameter(self, param: ParameterDef) -> None:
        if param.default is not None:
            self._store(param.default, param.type, {}, param.line)

    # Expressions

    def _expression(self, expr: nodes.Expr, scope: Scope, line: int) -> None:
        self._line = line
        stack: list[tuple[nodes.Expr, Scope]] = [(expr, scope)]
        while stack:
            node, names = stack.pop()
            if isinstance(node, nodes.Local):
                self._local(node, names)
            self._rules.check(node)
            stack.extend(self._inside(node, names))

    def _inside(self, node: nodes.Expr, names: Scope) -> list[tuple[nodes.Expr, Scope]]:
        if isinstance(node, nodes.Bind):
            bound = {**names, node.name: node.value.type}
            return [(node.value, names), (node.body, bound)]
        if isinstance(node, nodes.Comprehend | nodes.Fold):
            inner = {**names, node.target: self._rules.item_of(node.source)}
            inside: list[tuple[nodes.Expr, Scope]] = [(node.source, names), (node.element, inner)]
            if node.condition is not None:
                inside.append((node.condition, inner))
            return inside
        if isinstance(node, nodes.ConstRef):
            return [(node.value, {})]
        return [(child, names) for child in children(node)]

    def _local(self, node: nodes.Local, names: Scope) -> None:
        if node.name not in names:
            self._report(f"the local {node.name} is not bound")
        elif not self._may_narrow(names[node.name], node.type):
            self._report(
                f"the local {node.name} is {show(names[node.name])}, used as {show(node.type)}"
            )

    def _may_narrow(self, declared: Type, used: Type) -> bool:
        kinds = self._kinds
        return (
            kinds.same(declared, used)
            or kinds.same(kinds.present(declared), used)
            or kinds.fits(used, declared)
            or kinds.fits(declared, used)
        )

    def _store(self, expr: nodes.Expr, place: Type, scope: Scope, line: int) -> None:
        """An expression whose value is kept at a type: a decimal there must be at its scale."""
        self._expression(expr, scope, line)
        if not self._kinds.fits(expr.type, place):
            self._report(f"a {show(expr.type)} where a {show(place)} is kept")

    def _condition(self, expr: nodes.Expr, scope: Scope, line: int) -> None:
        self._expression(expr, scope, line)
        if self._kinds.bare(expr.type) != BOOL:
            self._report(f"a condition of type {show(expr.type)}")

    # Declarations

    def _calc(self, definition: CalcDef) -> None:
        scope = _scope(definition.params)
        if not self._block(definition.body, scope, definition.returns):
            self._line = definition.line
            self._report("a path ends without a return")

    def _block(self, body: tuple[nodes.Stmt, ...], scope: dict[str, Type], returns: Type) -> bool:
        """Check statements; whether they end in a return on every path."""
        ended = False
        for stmt in body:
            if ended:
                self._line = stmt.line
                self._report("a statement behind a return")
            ended = self._statement(stmt, scope, returns)
        return ended

    def _statement(self, stmt: nodes.Stmt, scope: dict[str, Type], returns: Type) -> bool:
        match stmt:
            case nodes.Let(name, kind, value, line):
                self._store(value, kind, scope, line)
                scope[name] = kind
            case nodes.Assign():
                self._assign(stmt, scope)
            case nodes.For(target, source, body, line):
                self._expression(source, scope, line)
                inner = {**scope, target: self._rules.item_of(source)}
                if self._block(body, inner, returns):
                    self._line = line
                    self._report("a loop that returns")
            case nodes.If():
                return self._if(stmt, scope, returns)
            case nodes.Return(value, line):
                self._store(value, returns, scope, line)
                return True
        return False

    def _assign(self, stmt: nodes.Assign, scope: dict[str, Type]) -> None:
        self._store(stmt.value, stmt.type, scope, stmt.line)
        if stmt.declare:
            scope[stmt.name] = stmt.type
        elif stmt.name not in scope:
            self._report(f"the var {stmt.name} is not declared")
        elif not self._kinds.same(scope[stmt.name], stmt.type):
            self._report(f"the var {stmt.name} changes its type")

    def _if(self, stmt: nodes.If, scope: dict[str, Type], returns: Type) -> bool:
        ends = []
        for branch in stmt.branches:
            self._condition(branch.condition, scope, branch.line)
            ends.append(self._block(branch.body, dict(scope), returns))
        ends.append(self._block(stmt.orelse, dict(scope), returns))
        if any(ends) and not all(ends):
            self._line = stmt.line
            self._report("some branches return and others do not")
        return all(ends)

    def _table(self, definition: TableDef) -> None:
        scope = _scope(definition.params)
        for row in definition.rows:
            for condition in row.conditions:
                self._condition(condition, scope, row.line)
            self._store(row.result, definition.element, scope, row.line)
        self._line = definition.line
        collects = definition.policy.startswith("collect")
        if not collects and not self._kinds.same(definition.element, definition.returns):
            self._report("a table whose element is not what it returns")
        if definition.policy == "collect" and not self._kinds.same(
            ListOf(definition.element), definition.returns
        ):
            self._report("a collecting table that does not return a list of its element")
        if definition.policy == "collect count" and definition.returns != INT:
            self._report("a counting table that does not return int")

    def _rule(self, definition: RuleDef) -> None:
        entity = self._rules.entity(definition.entity)
        if entity is None:
            self._report(f"no entity {definition.entity}")
            return
        types = {field.name: field for field in entity.fields}
        scope: Scope = {"self": Entity(definition.entity)}
        for clause in definition.clauses:
            self._condition(clause.condition, scope, clause.line)
            if not isinstance(clause, DeriveDef):
                continue
            for name, value in clause.fields:
                if name not in types:
                    self._report(f"no field {name}")
                    continue
                # None makes a field absent that may be.
                field = types[name]
                place = Opt(field.type) if field.optional else field.type
                self._store(value, place, scope, clause.line)

    def _steps(self, steps: tuple[StepDef, ...]) -> None:
        scope: dict[str, Type] = {}
        for step in steps:
            if step.value is not None:
                self._expression(step.value, scope, step.line)
                if step.name is not None:
                    scope[step.name] = step.type if step.type is not None else step.value.type
                if step.name == "now" and not self._kinds.fits(step.value.type, DATETIME):
                    self._report("the clock is not set to a datetime")


def _scope(params: tuple[ParamDef, ...]) -> dict[str, Type]:
    return {param.name: param.type for param in params}
