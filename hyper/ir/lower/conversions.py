"""Conversions that the source leaves out, made explicit."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING

from hyper.ir import nodes
from hyper.lang.check.relations import number_kind, union_place, variants_of, without_none
from hyper.lang.types import (
    ANY,
    ANY_DECIMAL,
    BOOL,
    NONE,
    Dec,
    ListOf,
    Lit,
    MapOf,
    Opt,
    Prim,
    Type,
    Union,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.lang.symbols import World

_CONTEXT = Context(prec=28, rounding=ROUND_HALF_EVEN)


class Conversions:
    """Converts the values of one function; ``fresh`` names what must be evaluated once."""

    def __init__(self, world: World, fresh: Callable[[str], str]) -> None:
        self.world = world
        self.fresh = fresh

    def convert(self, expr: nodes.Expr, source: Type, target: Type) -> nodes.Expr:
        """A value of ``source`` where ``target`` is expected; what needs no work stays as it is."""
        if source == target or isinstance(source, Unknown) or isinstance(target, Unknown):
            return expr
        if source == NONE:
            is_null = isinstance(target, Opt) or target == ANY
            return nodes.Const(target, "null") if is_null else expr
        if isinstance(source, Opt) and not isinstance(target, Opt) and target != ANY:
            expr = nodes.Convert(source.inner, expr)
            source = source.inner
            return self.convert(expr, source, target)
        inner = without_none(target)
        if isinstance(inner, Dec):
            return self._decimal(expr, source, inner)
        if inner == ANY:
            return nodes.Convert(target, expr)
        if isinstance(inner, Union):
            return self._variant(expr, source, target, inner)
        if isinstance(inner, ListOf):
            return self._list(expr, source, inner)
        if isinstance(inner, MapOf) or isinstance(source, Lit) or without_none(source) == inner:
            return expr
        shape = Opt(inner) if isinstance(source, Opt) else inner
        return nodes.Convert(shape, expr)

    def _decimal(self, expr: nodes.Expr, source: Type, target: Dec) -> nodes.Expr:
        kind = without_none(source)
        is_optional = isinstance(source, Opt)
        if number_kind(kind) == "int":
            kind = ANY_DECIMAL
            expr = nodes.Convert(Opt(kind) if is_optional else kind, expr)
        if target == ANY_DECIMAL or not isinstance(kind, Dec):
            return expr
        if kind.precision and kind.scale == target.scale and kind.precision <= target.precision:
            return nodes.Convert(Opt(target) if is_optional else target, expr)
        constant = quantised(expr, target)
        if constant is not None:
            return constant
        return nodes.Quantise(Opt(target) if is_optional else target, expr)

    def _variant(self, expr: nodes.Expr, source: Type, target: Type, union: Union) -> nodes.Expr:
        kind = without_none(source)
        if kind == union:
            return expr
        place = union_place(kind, union, self.world)
        variants = variants_of(union, self.world)
        if place is not None:
            variant = variants[place]
            wanted = Opt(variant) if isinstance(source, Opt) else variant
            expr = self.convert(expr, source, wanted)
        return nodes.Convert(target if isinstance(source, Opt) else union, expr)

    def _list(self, expr: nodes.Expr, source: Type, target: ListOf) -> nodes.Expr:
        kind = without_none(source)
        if not isinstance(kind, ListOf) or same_values(kind.item, target.item):
            return expr
        if isinstance(source, Opt):
            name = self.fresh("list")
            local = nodes.Local(source, name)
            there = self._list(nodes.Convert(kind, local), kind, target)
            result = Opt(target)
            choice = nodes.Choose(
                result, nodes.IsNone(BOOL, local), nodes.Const(result, "null"), there
            )
            return nodes.Bind(result, name, expr, choice)
        name = self.fresh("item")
        element = self.convert(nodes.Local(kind.item, name), kind.item, target.item)
        return nodes.Comprehend(target, element, name, expr, None)


def same_values(source: Type, target: Type) -> bool:
    """Whether every value of one type is a value of the other as it is."""
    if source == target or source == Prim("#never") or isinstance(source, Unknown | Lit):
        return True
    if target == ANY_DECIMAL and isinstance(source, Dec):
        return True
    match source, target:
        case ListOf(a), ListOf(b):
            return same_values(a, b)
        case MapOf(a), MapOf(b):
            return same_values(a, b)
        case Opt(a), Opt(b):
            return same_values(a, b)
        case _, Opt(b):
            return same_values(source, b)
    return False


def quantised(expr: nodes.Expr, target: Dec) -> nodes.Expr | None:
    """A constant at its scale at once, where it fits."""
    if not isinstance(expr, nodes.Const) or not isinstance(expr.type, Dec):
        return None
    try:
        value = _CONTEXT.quantize(Decimal(expr.text), Decimal(1).scaleb(-target.scale))
    except InvalidOperation:
        return None
    if value and value.adjusted() >= target.precision - target.scale:
        return None
    return nodes.Const(target, format(value or abs(value), "f"))
