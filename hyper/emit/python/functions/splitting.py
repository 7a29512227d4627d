"""Deep expressions taken apart into statements, since Python reads at most 200 nested brackets.

The result means the same: what is taken out is evaluated in the same order, and only where it was before. The element and the
condition of a generator, which run once for each item, become functions of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.emit.python.functions.order import is_pure
from hyper.ir import nodes
from hyper.ir.rebuild import with_children
from hyper.ir.types import BOOL
from hyper.ir.weight import children

if TYPE_CHECKING:
    from collections.abc import Callable

DEEPEST: Final = 24
"""Nodes that may nest in one statement, where a generator counts as two.

CPython 3.12 and 3.13 crash when they compile more than 20 comprehensions in one another.
"""


def depth(expr: nodes.Expr) -> int:
    """How deep an expression nests, in nodes; a generator counts as two."""
    deepest = 0
    stack = [(expr, 0)]
    while stack:
        node, above = stack.pop()
        level = above + (2 if isinstance(node, nodes.Comprehend | nodes.Fold) else 1)
        deepest = max(deepest, level)
        stack.extend((child, level) for child in children(node))
    return deepest


class Splitter:
    """Takes expressions apart.

    ``fresh`` gives a name that nothing has, ``called`` the call of a function that evaluates an expression.
    """

    def __init__(
        self, fresh: Callable[[], str], called: Callable[[nodes.Expr, int], nodes.Expr]
    ) -> None:
        self._fresh = fresh
        self._called = called

    def statement(self, stmt: nodes.Stmt) -> list[nodes.Stmt]:
        """The statement, after those that its own expression needs. Blocks inside are left alone."""
        match stmt:
            case nodes.Return() | nodes.Let() | nodes.Assign():
                before, value = self.expression(stmt.value, stmt.line)
                return [*before, msgspec.structs.replace(stmt, value=value)]
            case nodes.For():
                before, source = self.expression(stmt.source, stmt.line)
                return [*before, msgspec.structs.replace(stmt, source=source)]
            case nodes.If():
                return self._if(stmt)

    def _if(self, stmt: nodes.If) -> list[nodes.Stmt]:
        """A later condition that needs statements goes into the else of the earlier ones."""
        for index, branch in enumerate(stmt.branches):
            before, condition = self.expression(branch.condition, branch.line)
            if not before:
                continue
            changed = msgspec.structs.replace(branch, condition=condition)
            rest = nodes.If((changed, *stmt.branches[index + 1 :]), stmt.orelse, branch.line)
            if index == 0:
                return [*before, *self._if(rest)]
            return [nodes.If(stmt.branches[:index], (*before, *self._if(rest)), stmt.line)]
        return [stmt]

    def expression(self, expr: nodes.Expr, line: int) -> tuple[list[nodes.Stmt], nodes.Expr]:
        """Statements to run before, and what is left of the expression."""
        if depth(expr) <= DEEPEST:
            return [], expr
        out: list[nodes.Stmt] = []
        return out, self._shrink(expr, out, line)

    def _named(self, expr: nodes.Expr, line: int) -> tuple[nodes.Stmt, nodes.Expr]:
        name = self._fresh()
        return nodes.Let(name, expr.type, expr, line), nodes.Local(expr.type, name)

    def _shrink(self, expr: nodes.Expr, out: list[nodes.Stmt], line: int) -> nodes.Expr:
        if depth(expr) <= DEEPEST:
            return expr
        match expr:
            case nodes.And(_, left, right):
                return self._either(left, right, out, line, negated=False)
            case nodes.Or(_, left, right):
                return self._either(left, right, out, line, negated=True)
            case nodes.Choose():
                return self._choose(expr, out, line)
            case nodes.Coalesce():
                return self._coalesce(expr, out, line)
            case nodes.Bind(_, name, value, body):
                out.append(nodes.Let(name, value.type, self._shrink(value, out, line), line))
                return self._shrink(body, out, line)
            case nodes.Comprehend() | nodes.Fold():
                return self._generator(expr, out, line)
            case _:
                return self._strict(expr, out, line)

    def _generator(
        self, expr: nodes.Comprehend | nodes.Fold, out: list[nodes.Stmt], line: int
    ) -> nodes.Expr:
        source = self._shrink(expr.source, out, line)
        if depth(source) >= DEEPEST // 2 and not isinstance(source, nodes.Range):
            stmt, source = self._named(source, line)
            out.append(stmt)
        condition = expr.condition
        if condition is not None and depth(condition) >= DEEPEST // 2:
            condition = self._called(condition, line)
        element = expr.element
        if depth(element) >= DEEPEST // 2:
            element = self._called(element, line)
        return msgspec.structs.replace(expr, source=source, condition=condition, element=element)

    def _strict(self, expr: nodes.Expr, out: list[nodes.Stmt], line: int) -> nodes.Expr:
        """All operands, in their order: one that is left standing must not run after what a later one needs."""
        made: list[nodes.Expr] = []
        for operand in children(expr):
            at = len(out)
            shrunk = self._shrink(operand, out, line)
            if len(out) > at:
                for index, earlier in enumerate(made):
                    if not is_pure(earlier):
                        stmt, made[index] = self._named(earlier, line)
                        out.insert(at, stmt)
                        at += 1
            made.append(shrunk)
        if 1 + max(map(depth, made), default=0) > DEEPEST:
            for index, operand in enumerate(made):
                if not is_pure(operand):
                    stmt, made[index] = self._named(operand, line)
                    out.append(stmt)
        return with_children(expr, made)

    def _either(
        self,
        left: nodes.Expr,
        right: nodes.Expr,
        out: list[nodes.Stmt],
        line: int,
        *,
        negated: bool,
    ) -> nodes.Expr:
        name = self._fresh()
        result = nodes.Local(BOOL, name)
        out.append(nodes.Assign(name, BOOL, self._shrink(left, out, line), line, True))
        inner: list[nodes.Stmt] = []
        value = self._shrink(right, inner, line)
        inner.append(nodes.Assign(name, BOOL, value, line, False))
        test: nodes.Expr = nodes.Unary(BOOL, "not", result) if negated else result
        out.append(nodes.If((nodes.Branch(test, tuple(inner), line),), (), line))
        return result

    def _arm(self, name: str, expr: nodes.Expr, kind: nodes.Expr, line: int) -> list[nodes.Stmt]:
        inner: list[nodes.Stmt] = []
        value = self._shrink(expr, inner, line)
        return [*inner, nodes.Assign(name, kind.type, value, line, False)]

    def _choose(self, expr: nodes.Choose, out: list[nodes.Stmt], line: int) -> nodes.Expr:
        name = self._fresh()
        condition = self._shrink(expr.condition, out, line)
        yes = self._arm(name, expr.yes, expr, line)
        no = self._arm(name, expr.no, expr, line)
        out.append(nodes.If((nodes.Branch(condition, tuple(yes), line),), tuple(no), line))
        return nodes.Local(expr.type, name)

    def _coalesce(self, expr: nodes.Coalesce, out: list[nodes.Stmt], line: int) -> nodes.Expr:
        name = self._fresh()
        left = expr.left
        out.append(nodes.Assign(name, left.type, self._shrink(left, out, line), line, True))
        test = nodes.IsNone(BOOL, nodes.Local(left.type, name))
        arm = self._arm(name, expr.right, expr, line)
        out.append(nodes.If((nodes.Branch(test, tuple(arm), line),), (), line))
        return nodes.Local(expr.type, name)
