"""Expressions and statements of the typed IR.

Everything implicit in the source is explicit here: conversions, quantising, null tests, which
declaration a name means. Every expression has its type; every statement, clause and row has its line, which is the line of
an error raised while it runs. Frozen and serialisable; names of declarations are qualified.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from hyper.lang.types import Type


class Const(msgspec.Struct, frozen=True, tag_field="node", tag="const"):
    """A constant. ``text`` is its canonical text by type: JSON for bool, int, bigint, string, ``null`` for none and ``any``;
    ``float.hex()`` for float; the decimal's digits for decimal; ISO 8601 for date, time, datetime and duration; the
    canonical text for uuid, url and email; base64 for bytes."""

    type: Type
    text: str


class ConstRef(msgspec.Struct, frozen=True, tag_field="node", tag="constref"):
    """A use of a ``const``: ``name`` is qualified, ``value`` what it evaluates to at this type (a ``Const``, ``EnumConst``,
    ``MakeList``, ``MakeMap`` or ``MakeRecord`` of constants). A back end prints either."""

    type: Type
    name: str
    value: Expr


class EnumConst(msgspec.Struct, frozen=True, tag_field="node", tag="enumconst"):
    """A member of an enum; the type is ``Enum(name)``."""

    type: Type
    member: str


class Local(msgspec.Struct, frozen=True, tag_field="node", tag="local"):
    """A parameter, ``let``, ``var`` or loop variable; ``self`` in rules; ``now`` is ``Now``."""

    type: Type
    name: str


class Now(msgspec.Struct, frozen=True, tag_field="node", tag="now"):
    """``now()`` (type datetime) or ``today()`` (type date): from the one instant of the evaluation."""

    type: Type


class Field(msgspec.Struct, frozen=True, tag_field="node", tag="field"):
    """``base.name`` of an entity. Where the field may be absent and is, the value is none (the type is optional)."""

    type: Type
    base: Expr
    name: str


class Item(msgspec.Struct, frozen=True, tag_field="node", tag="item"):
    """``base[index]``: a list by int, or a map by string; else ``out_of_bounds``."""

    type: Type
    base: Expr
    index: Expr


class MakeList(msgspec.Struct, frozen=True, tag_field="node", tag="list"):
    """``[a, b]``."""

    type: Type
    items: tuple[Expr, ...]


class MakeMap(msgspec.Struct, frozen=True, tag_field="node", tag="map"):
    """``{"k": v}``; a later entry replaces an earlier one of the same key."""

    type: Type
    entries: tuple[tuple[Expr, Expr], ...]


class MakeRecord(msgspec.Struct, frozen=True, tag_field="node", tag="record"):
    """An entity built from the fields that are written; the others take their default or are absent. Markers are
    enforced: a value outside of them is the error ``domain``."""

    type: Type
    fields: tuple[tuple[str, Expr], ...]


class WithFields(msgspec.Struct, frozen=True, tag_field="node", tag="with"):
    """``base with (name: value)``: a new record; markers are enforced as by ``MakeRecord``."""

    type: Type
    base: Expr
    fields: tuple[tuple[str, Expr], ...]


UnaryOp: TypeAlias = Literal["neg", "not"]
BinaryOp: TypeAlias = Literal[
    "add", "sub", "mul", "div", "floordiv", "mod", "eq", "ne", "lt", "le", "gt", "ge", "in"
]


class Unary(msgspec.Struct, frozen=True, tag_field="node", tag="unary"):
    """``neg`` of int, bigint, float, decimal, duration; ``not`` of bool."""

    type: Type
    op: UnaryOp
    operand: Expr


class Binary(msgspec.Struct, frozen=True, tag_field="node", tag="binary"):
    """Both operands evaluated, left first. Arithmetic operands have the type of the result, but ``div`` of ints, which gives float,
    and time arithmetic (datetime - datetime = duration, datetime ± duration, date likewise in whole days). Comparisons
    give bool; operands have one type, but int against float, which compares exactly. Lowered chains are ``And`` and ``Bind``."""

    type: Type
    op: BinaryOp
    left: Expr
    right: Expr


class And(msgspec.Struct, frozen=True, tag_field="node", tag="and"):
    """Short-circuit conjunction."""

    type: Type
    left: Expr
    right: Expr


class Or(msgspec.Struct, frozen=True, tag_field="node", tag="or"):
    """Short-circuit disjunction."""

    type: Type
    left: Expr
    right: Expr


class Coalesce(msgspec.Struct, frozen=True, tag_field="node", tag="coalesce"):
    """``left ?? right``: right runs only where left is none."""

    type: Type
    left: Expr
    right: Expr


class Choose(msgspec.Struct, frozen=True, tag_field="node", tag="choose"):
    """``if condition then yes else no``."""

    type: Type
    condition: Expr
    yes: Expr
    no: Expr


class IsNone(msgspec.Struct, frozen=True, tag_field="node", tag="isnone"):
    """``operand is none``."""

    type: Type
    operand: Expr


class IsVariant(msgspec.Struct, frozen=True, tag_field="node", tag="isvariant"):
    """Whether a value of a union is of the variant ``variant``; ``index`` is its place among the union's variants."""

    type: Type
    operand: Expr
    variant: Type
    index: int


class Convert(msgspec.Struct, frozen=True, tag_field="node", tag="convert"):
    """A value as another type: int to float, decimal or bigint; any written conversion (``float(x)``, ``decimal(x)``, ``int(x)``,
    ``string(x)``); ``T`` to ``T?`` and a narrowed ``T?`` to ``T`` (no work); an entity to a union that has it; to ``any``.
    Fails with ``conversion`` or ``overflow``."""

    type: Type
    operand: Expr


class Quantise(msgspec.Struct, frozen=True, tag_field="node", tag="quantise"):
    """A decimal at the scale of ``type``, half-even; ``overflow`` where it does not fit; minus zero becomes zero."""

    type: Type
    operand: Expr


class Bind(msgspec.Struct, frozen=True, tag_field="node", tag="bind"):
    """``value`` evaluated once, named ``name`` within ``body``. The names are unique in a function and begin with ``_``."""

    type: Type
    name: str
    value: Expr
    body: Expr


class Call(msgspec.Struct, frozen=True, tag_field="node", tag="call"):
    """A calc, table or extern by its qualified name. A rule: ``rule`` gives the derived entity or fails as refused."""

    type: Type
    function: str
    args: tuple[Expr, ...]


class Builtin(msgspec.Struct, frozen=True, tag_field="node", tag="builtin"):
    """A builtin function of the language over evaluated arguments (``length``, ``round``, ``abs``, ``sum`` over a list, …)."""

    type: Type
    name: str
    args: tuple[Expr, ...]


class Comprehend(msgspec.Struct, frozen=True, tag_field="node", tag="comprehend"):
    """``element for target in source if condition`` as a list. An aggregate over a generator is a ``Fold``."""

    type: Type
    element: Expr
    target: str
    source: Expr
    condition: Expr | None


class Fold(msgspec.Struct, frozen=True, tag_field="node", tag="fold"):
    """``op`` (``sum count min max avg any all first sorted``) over a generator, evaluated in order; ``any``, ``all`` and ``first``
    stop at the first element that decides."""

    type: Type
    op: str
    element: Expr
    target: str
    source: Expr
    condition: Expr | None


class Range(msgspec.Struct, frozen=True, tag_field="node", tag="range"):
    """``range(stop)`` or ``range(start, stop)`` as the source of a loop or a comprehension; the type is list of int."""

    type: Type
    start: Expr | None
    stop: Expr


Expr: TypeAlias = (
    Const
    | ConstRef
    | EnumConst
    | Local
    | Now
    | Field
    | Item
    | MakeList
    | MakeMap
    | MakeRecord
    | WithFields
    | Unary
    | Binary
    | And
    | Or
    | Coalesce
    | Choose
    | IsNone
    | IsVariant
    | Convert
    | Quantise
    | Bind
    | Call
    | Builtin
    | Comprehend
    | Fold
    | Range
)


class Let(msgspec.Struct, frozen=True, tag_field="node", tag="let"):
    """Names a value; ``type`` is that of the value."""

    name: str
    type: Type
    value: Expr
    line: int


class Assign(msgspec.Struct, frozen=True, tag_field="node", tag="assign"):
    """Declares (``declare``) or sets a ``var``."""

    name: str
    type: Type
    value: Expr
    line: int
    declare: bool


class For(msgspec.Struct, frozen=True, tag_field="node", tag="for"):
    """A loop over a list or a ``Range``."""

    target: str
    source: Expr
    body: tuple[Stmt, ...]
    line: int


class Branch(msgspec.Struct, frozen=True):
    """One condition with its body."""

    condition: Expr
    body: tuple[Stmt, ...]
    line: int


class If(msgspec.Struct, frozen=True, tag_field="node", tag="if"):
    """Branches in order, then ``orelse``. ``match`` is lowered to this, with ``IsVariant`` or ``eq`` conditions over a ``Let``."""

    branches: tuple[Branch, ...]
    orelse: tuple[Stmt, ...]
    line: int


class Return(msgspec.Struct, frozen=True, tag_field="node", tag="return"):
    """The value of the function: the last statement of every path, nowhere else."""

    value: Expr
    line: int


Stmt: TypeAlias = Let | Assign | For | If | Return
