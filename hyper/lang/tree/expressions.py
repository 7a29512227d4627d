"""Expressions, and what they hold: markers and written types."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from hyper.lang.tree.nodes import Ident, Node


class Name(Node):
    """A bare name: a local, a parameter, a field of ``self``, a declaration or an enum member."""

    name: str
    quoted: bool = False


class IntLit(Node):
    """An integer literal, exact."""

    value: int
    text: str


class NumLit(Node):
    """A literal with a point or an exponent, exact; float or decimal by where it stands."""

    value: Decimal
    text: str


class StrLit(Node):
    """A string literal. ``value`` has its escapes resolved; ``raw`` tells ``r"…"``; ``text`` is the source."""

    value: str
    raw: bool
    text: str


class BoolLit(Node):
    """``true`` or ``false``."""

    value: bool


class NoneLit(Node):
    """``none`` (``null`` too, inside the JSON values of markers)."""


class Attr(Node):
    """``base.name``: a field, an enum member or a member of a module."""

    base: Expr
    name: Ident


class Index(Node):
    """``base[index]``."""

    base: Expr
    index: Expr


class Arg(Node):
    """One argument. ``name`` where it is written ``name: value``."""

    name: Ident | None
    value: Expr


class Call(Node):
    """``callee(args)``: a calc, table, rule, extern, builtin, or an entity being built."""

    callee: Expr
    args: list[Arg]


class Unary(Node):
    """``op`` is ``-``, ``+`` or ``not``."""

    op: str
    operand: Expr


class Binary(Node):
    """``op`` is one of ``+ - * / // % and or ??``."""

    op: str
    left: Expr
    right: Expr


class Compare(Node):
    """A chain: ``first ops[0] rest[0] ops[1] rest[1] …``; ops are ``== != < <= > >= in``, ``not in``,
    ``is`` and ``is not`` (the last two only with ``none`` to their right)."""

    first: Expr
    ops: list[str]
    rest: list[Expr]


class Conditional(Node):
    """``if condition then yes else no``."""

    condition: Expr
    yes: Expr
    no: Expr


class ListLit(Node):
    """``[a, b]``."""

    items: list[Expr]


class MapEntry(Node):
    """``key: value``; the key is a string literal, or any expression of type string."""

    key: Expr
    value: Expr


class MapLit(Node):
    """``{"k": v}``."""

    entries: list[MapEntry]


class Comprehension(Node):
    """``element for target in source if condition``: bracketed (a list) or the sole argument of
    an aggregate (a generator)."""

    element: Expr
    target: Ident
    source: Expr
    condition: Expr | None
    bracketed: bool


class With(Node):
    """``base with (field: value, …)``."""

    base: Expr
    updates: list[Arg]


class Paren(Node):
    """``(inner)``: kept so that formatting gives back what was written."""

    inner: Expr


class TypeValue(Node):
    """A type where a marker takes one and it is more than a bare name: ``@extra(list[string])``. A bare name
    is a ``Name``."""

    type: TypeExpr


class BadExpr(Node):
    """Where an expression could not be parsed; an error was reported there."""


Expr: TypeAlias = (
    Name
    | IntLit
    | NumLit
    | StrLit
    | BoolLit
    | NoneLit
    | Attr
    | Index
    | Call
    | Unary
    | Binary
    | Compare
    | Conditional
    | ListLit
    | MapLit
    | Comprehension
    | With
    | Paren
    | TypeValue
    | BadExpr
)


class Marker(Node):
    """``@name(args)``; ``args`` is ``None`` without brackets."""

    name: Ident
    args: list[Arg] | None


class TypeName(Node):
    """A name, dotted where it is ``module.Name``, with arguments in brackets or parentheses:
    ``list[T]`` has type arguments, ``decimal(12, 2)`` has numbers."""

    parts: list[Ident]
    args: list[TypeExpr]
    numbers: list[IntLit]


class TypeOpt(Node):
    """``T?``."""

    inner: TypeExpr


class TypeLit(Node):
    """A literal type: a string, an int (``-1`` too) or a bool."""

    value: StrLit | IntLit | BoolLit


class TypeMarked(Node):
    """``T @marker(…)`` inside brackets."""

    inner: TypeExpr
    markers: list[Marker]


class BadType(Node):
    """Where a type could not be parsed; an error was reported there."""


TypeExpr: TypeAlias = TypeName | TypeOpt | TypeLit | TypeMarked | BadType
