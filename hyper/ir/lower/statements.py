"""Bodies become statements of the IR: one for each of the source, with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir import nodes
from hyper.ir.lower.operands import is_simple, settled
from hyper.lang import tree
from hyper.lang.check.relations import variants_of, without_none
from hyper.lang.types import BOOL, Enum, Type, Union

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.lower.expressions import Expressions


class Statements:
    """Lowers the statements of one body; ``line_of`` gives the line of an offset."""

    def __init__(self, expressions: Expressions, line_of: Callable[[int], int]) -> None:
        self.expressions = expressions
        self.line_of = line_of

    def body(self, body: list[tree.Stmt], *, ends: bool) -> tuple[nodes.Stmt, ...]:
        """A block; with ``ends`` its last statement gives its value."""
        made: list[nodes.Stmt] = []
        for place, statement in enumerate(body):
            last = ends and place == len(body) - 1
            made.extend(self._statement(statement, last=last))
        return tuple(made)

    def _statement(self, node: tree.Stmt, *, last: bool) -> list[nodes.Stmt]:
        line = self.line_of(node.start)
        lower = self.expressions.lower
        typing = self.expressions.typing
        match node:
            case tree.ExprStmt():
                return [nodes.Return(lower(node.value), line)]
            case tree.Let():
                kind = settled(typing.declared[node])
                return [nodes.Let(typing.names[node.name], kind, lower(node.value), line)]
            case tree.Var() | tree.Assign():
                kind = settled(typing.declared[node])
                name = typing.names[node.name]
                declare = isinstance(node, tree.Var)
                return [nodes.Assign(name, kind, lower(node.value), line, declare)]
            case tree.For():
                source = self.expressions.source(node.source)
                inner = self.body(node.body, ends=False)
                return [nodes.For(typing.names[node.target], source, inner, line)]
            case tree.If():
                return [self._if(node, line, last=last)]
            case tree.Match():
                return self._match(node, line, last=last)

    def _if(self, node: tree.If, line: int, *, last: bool) -> nodes.Stmt:
        branches = tuple(
            nodes.Branch(
                self.expressions.lower(branch.condition),
                self.body(branch.body, ends=last),
                self.line_of(branch.start),
            )
            for branch in node.branches
        )
        orelse = () if node.orelse is None else self.body(node.orelse, ends=last)
        return nodes.If(branches, orelse, line)

    # ------------------------------------------------------------ match

    def _match(self, node: tree.Match, line: int, *, last: bool) -> list[nodes.Stmt]:
        """The arms as branches; the last one needs no test, since together they cover everything."""
        made: list[nodes.Stmt] = []
        subject = self.expressions.lower(node.subject)
        if not is_simple(subject):
            name = self.expressions.names.fresh("match")
            made.append(nodes.Let(name, subject.type, subject, line))
            subject = nodes.Local(subject.type, name)
        branches: list[nodes.Branch] = []
        orelse: tuple[nodes.Stmt, ...] = ()
        for place, arm in enumerate(node.arms):
            body = self._arm(arm, subject, last=last)
            if arm.variant is None or place == len(node.arms) - 1:
                orelse = body
            else:
                test = self._test(arm, subject)
                branches.append(nodes.Branch(test, body, self.line_of(arm.start)))
        if not branches:
            return [*made, *orelse]
        return [*made, nodes.If(tuple(branches), orelse, line)]

    def _arm(
        self, arm: tree.MatchArm, subject: nodes.Expr, *, last: bool
    ) -> tuple[nodes.Stmt, ...]:
        body = self.body(arm.body, ends=last)
        if arm.binding is None:
            return body
        typing = self.expressions.typing
        kind = settled(typing.declared[arm])
        value = subject if kind == subject.type else nodes.Convert(kind, subject)
        line = self.line_of(arm.start)
        return (nodes.Let(typing.names[arm.binding], kind, value, line), *body)

    def _test(self, arm: tree.MatchArm, subject: nodes.Expr) -> nodes.Expr:
        meaning = self.expressions.typing.arms[arm]
        kind = without_none(subject.type)
        if isinstance(meaning, str):
            assert isinstance(kind, Enum)
            return nodes.Binary(BOOL, "eq", subject, nodes.EnumConst(kind, meaning))
        variant: Type = meaning
        assert isinstance(kind, Union)
        place = variants_of(kind, self.expressions.world).index(variant)
        return nodes.IsVariant(BOOL, subject, variant, place)
