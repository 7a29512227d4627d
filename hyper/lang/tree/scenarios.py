"""Features, their scenarios and the steps of those."""

from __future__ import annotations

from typing import TypeAlias

from hyper.lang.tree.expressions import Expr, StrLit, TypeExpr, TypeName
from hyper.lang.tree.nodes import Ident, Node


class Given(Node):
    """``given name = value``, or with a type: ``given name: T = value``. ``given now = …`` sets the clock."""

    name: Ident
    type: TypeExpr | None
    value: Expr


class WhenStep(Node):
    """``when name = value``."""

    name: Ident
    type: TypeExpr | None
    value: Expr


class Then(Node):
    """``then condition``; with ``failure`` ``error`` or ``refused``, what is expected instead: ``value`` is
    then the code or message."""

    failure: str | None
    value: Expr


Step: TypeAlias = Given | WhenStep | Then


class Examples(Node):
    """``examples:`` beneath a scenario: names, then rows of constants."""

    names: list[Ident]
    rows: list[list[Expr]]


class Scenario(Node):
    """``scenario "title":``."""

    title: StrLit
    doc: StrLit | None
    steps: list[Step]
    examples: Examples | None


class FeatureDecl(Node):
    """``feature "title":``."""

    title: StrLit
    doc: StrLit | None
    actor: TypeName | None
    scenarios: list[Scenario]
