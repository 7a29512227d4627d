"""The syntax tree: what one ``.intent`` file says, before any name is looked up.

Every node holds the offsets (code points, end exclusive) of its text. Nodes compare by identity, so
that the checker can keep what it learns in side tables; ``same`` compares by meaning.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

import msgspec


class Node(msgspec.Struct, eq=False, gc=False):
    """Anything with a place in the text.

    A tree has no cycles, so that the cycle collector need not follow its nodes: parsing is three times
    faster for it. Never let a node refer to one above it.
    """

    start: int
    end: int


class Comment(Node):
    """A ``#`` comment. ``text`` begins with ``#``; ``own_line`` tells whether nothing stands before it."""

    text: str
    own_line: bool


class Ident(Node):
    """A name as written. ``name`` is without the backticks that may have quoted it."""

    name: str
    quoted: bool = False


# ---------------------------------------------------------------- expressions


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

# ---------------------------------------------------------------- markers and types


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

# ---------------------------------------------------------------- statements


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

# ---------------------------------------------------------------- declarations


class Decl(Node):
    """What every declaration has. ``doc`` is the documentation string, dedented."""

    name: Ident
    doc: StrLit | None
    markers: list[Marker]


class ConstDecl(Decl):
    """``const NAME: T = value``; the type may be left out."""

    type: TypeExpr | None
    value: Expr


class TypeDecl(Decl):
    """``type Name = T @constraints``; the markers are those of the declaration."""

    type: TypeExpr


class EnumMember(Node):
    """``name = wire``; without a wire value it is the name."""

    name: Ident
    wire: Expr | None
    doc: StrLit | None
    markers: list[Marker]


class EnumDecl(Decl):
    """``enum Name: a, b = "wire-b"`` or one member a line. ``inline`` tells how it was written."""

    members: list[EnumMember]
    inline: bool


class FieldDecl(Node):
    """A field: ``name?: T = default @markers`` with its documentation beneath or none."""

    name: Ident
    optional: bool
    type: TypeExpr
    default: Expr | None
    markers: list[Marker]
    doc: StrLit | None


class EntityDecl(Decl):
    """``entity Name is Base, …:``."""

    bases: list[TypeName]
    fields: list[FieldDecl]


class UnionDecl(Decl):
    """``union Name [exactly] = A | B [by field {"wire": A}]``."""

    exactly: bool
    variants: list[TypeExpr]
    discriminator: Ident | None
    mapping: list[MapEntry] | None


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


class ActionParam(Node):
    """``path name: T``, ``query``, ``header`` or ``cookie``; ``place`` is the word."""

    place: str
    name: Ident
    optional: bool
    type: TypeExpr
    default: Expr | None
    markers: list[Marker]
    doc: StrLit | None


class ActionBody(Node):
    """``body name: T as "media/type"``; ``body?`` where it may be left out."""

    name: Ident
    optional: bool
    type: TypeExpr
    media: StrLit | None
    markers: list[Marker]
    doc: StrLit | None


class HeaderLine(Node):
    """``header name: T`` beneath a ``returns`` or ``error``."""

    name: Ident
    optional: bool
    type: TypeExpr
    markers: list[Marker]
    doc: StrLit | None


class ActionReturn(Node):
    """``returns 201 T as "media/type"`` or ``error 4XX T``. ``kind`` is ``returns`` or ``error``; ``status`` a number,
    ``4XX`` or ``default``; no type means no body."""

    kind: str
    status: str
    type: TypeExpr | None
    media: StrLit | None
    markers: list[Marker]
    doc: StrLit | None
    headers: list[HeaderLine]


class Route(Node):
    """``route METHOD /path/{name}``."""

    method: str
    path: str


class RuleUse(Node):
    """One item of ``check``: ``adult(order.customer)``. ``path`` begins with the body or a parameter."""

    rule: TypeName
    path: Expr


class SecurityUse(Node):
    """``security name(scope, …) and other, …``: ``schemes`` that must all hold. ``security none`` is no scheme."""

    schemes: list[SecurityScheme]


class SecurityScheme(Node):
    """A scheme by the name it has under ``service``, with the scopes it needs."""

    name: Ident
    scopes: list[StrLit]


class ActionDecl(Decl):
    """``action name:`` and, with ``webhook`` true, ``webhook name:``. ``security`` is ``None`` where there is no such line
    (the service's holds). ``allow`` likewise."""

    webhook: bool
    route: Route | None
    params: list[ActionParam]
    bodies: list[ActionBody]
    returns: list[ActionReturn]
    checks: list[RuleUse]
    allow: list[Ident] | None
    handled_by: StrLit | None
    security: list[SecurityUse] | None
    tags: list[StrLit]


class ServerLine(Node):
    """``server "url" "description"``."""

    url: StrLit
    description: StrLit | None
    markers: list[Marker]


class SchemeLine(Node):
    """``scheme name: kind(key: value, …)`` under ``service``; kinds are ``apiKey``, ``http``, ``oauth2``,
    ``openIdConnect`` and ``mutualTLS``; the arguments are those of OpenAPI's security scheme object, as constants."""

    name: Ident
    kind: Ident
    args: list[Arg]
    markers: list[Marker]
    doc: StrLit | None


class TagLine(Node):
    """``tag "name" "description"``."""

    name: StrLit
    description: StrLit | None
    markers: list[Marker]


class ServiceDecl(Decl):
    """``service Name:`` with ``title "…"``, ``version "…"``, ``server …``, ``scheme …``, ``security …``,
    ``roles a, b`` and ``tag …`` lines."""

    title: StrLit | None
    version: StrLit | None
    servers: list[ServerLine]
    schemes: list[SchemeLine]
    security: list[SecurityUse] | None
    roles: list[Ident]
    tags: list[TagLine]


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


Declaration: TypeAlias = (
    ConstDecl
    | TypeDecl
    | EnumDecl
    | EntityDecl
    | UnionDecl
    | CalcDecl
    | ExternDecl
    | TableDecl
    | RuleDecl
    | ActionDecl
    | ServiceDecl
    | FeatureDecl
)


class UseName(Node):
    """``A as B`` in a ``use``."""

    name: Ident
    alias: Ident | None


class Use(Node):
    """``use m (A, B as C)``; ``names`` is ``None`` for ``use m``."""

    module: Ident
    names: list[UseName] | None


class Module(Node):
    """One file. ``name`` is ``None`` where there is no ``intent`` line; its ``name`` is dotted."""

    doc: StrLit | None
    name: Ident | None
    markers: list[Marker]
    uses: list[Use]
    declarations: list[Declaration]
    comments: list[Comment]
