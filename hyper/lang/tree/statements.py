"""Statements of bodies."""

from __future__ import annotations

from typing import TypeAlias

from hyper.lang.tree.expressions import Expr, TypeExpr
from hyper.lang.tree.nodes import Ident, Node


class Let(Node):
    """``let name: T = value``; the type may be left out."""

    name: Ident
    type: TypeExpr | None
    value: Expr


class Var(Node):
    """``var name: T = value``; the type may be left out."""

    name: Ident
    type: TypeExpr | None
    value: Expr


class Assign(Node):
    """``name = value`` for a ``var``."""

    name: Ident
    value: Expr


class For(Node):
    """``for target in source:``; ``source`` is a list, or ``range(n)``, ``range(a, b)``."""

    target: Ident
    source: Expr
    body: list[Stmt]


class Branch(Node):
    """One ``if`` or ``elif`` with its body."""

    condition: Expr
    body: list[Stmt]


class If(Node):
    """``if … elif … else``; ``orelse`` is ``None`` without an ``else``."""

    branches: list[Branch]
    orelse: list[Stmt] | None


class MatchArm(Node):
    """``Variant as name:`` with a body; ``variant`` is ``None`` for ``else:``. A literal variant of a
    union is written as the literal."""

    variant: TypeExpr | None
    binding: Ident | None
    body: list[Stmt]


class Match(Node):
    """``match subject:`` over the variants of a union or the members of an enum."""

    subject: Expr
    arms: list[MatchArm]


class ExprStmt(Node):
    """An expression on a line of its own: the value of the block that it ends."""

    value: Expr


Stmt: TypeAlias = Let | Var | Assign | For | If | Match | ExprStmt
