"""Declarations of behaviour: calcs, externs, tables and rules."""

from __future__ import annotations

from typing import TypeAlias

from hyper.lang.tree.declarations import Decl
from hyper.lang.tree.expressions import Expr, StrLit, TypeExpr, TypeName
from hyper.lang.tree.nodes import Ident, Node
from hyper.lang.tree.statements import Assign, Stmt


class Param(Node):
    """A parameter; calcs, tables and externs have no default values."""

    name: Ident
    type: TypeExpr


class CalcDecl(Decl):
    """``calc name(params) -> T:``."""

    params: list[Param]
    returns: TypeExpr
    body: list[Stmt]


class ExternDecl(Decl):
    """``extern calc name(params) -> T from "package.module:function"``."""

    params: list[Param]
    returns: TypeExpr
    target: StrLit


class CellAny(Node):
    """``-``."""


class CellTest(Node):
    """``op constant``; ``==`` is not written."""

    op: str
    value: Expr


class CellRange(Node):
    """``low..high``, both ends in."""

    low: Expr
    high: Expr


class CellNone(Node):
    """``none``."""


class CellList(Node):
    """Alternatives ``a, b``; each is a test, a range or ``none``."""

    items: list[Cell]


class CellNot(Node):
    """``not`` before the whole of a cell."""

    inner: Cell


Cell: TypeAlias = CellAny | CellTest | CellRange | CellNone | CellList | CellNot


class TableRow(Node):
    """One row: a cell a column, then an expression a result."""

    cells: list[Cell]
    results: list[Expr]


class TableDecl(Decl):
    """``table name(params) -> T, POLICY:``. ``policy`` is ``None`` where it was left out; ``collect``
    with its fold is ``collect sum``. ``inputs`` heads the columns before ``=>``: each names a parameter;
    ``outputs`` those after it."""

    params: list[Param]
    returns: TypeExpr
    policy: Ident | None
    fold: Ident | None
    inputs: list[Ident]
    outputs: list[Ident]
    rows: list[TableRow]


class Require(Node):
    """``require condition else "message"``."""

    condition: Expr
    message: StrLit


class Derive(Node):
    """``when condition then field = value, …``."""

    condition: Expr
    updates: list[Assign]


Clause: TypeAlias = Require | Derive


class RuleDecl(Decl):
    """``rule name on Entity:``."""

    entity: TypeName
    clauses: list[Clause]
