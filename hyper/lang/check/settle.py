"""What a literal becomes in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang.check.relations import (
    FLEX_INT,
    FLEX_NUM,
    FLEX_TEXT,
    NEVER,
    is_flexible,
    is_text_type,
    natural,
    union_place,
    variants_of,
)
from hyper.lang.types import (
    ANY,
    ANY_DECIMAL,
    Dec,
    ListOf,
    MapOf,
    Opt,
    Prim,
    Type,
    Union,
)

if TYPE_CHECKING:
    from hyper.lang.symbols import World


def adopted(kind: Type, target: Type | None, world: World) -> Type:
    """Give the type that a value of a flexible type takes at a place of type ``target``.

    The result is flexible still where the place does not decide it or cannot take it.
    """
    if target is None or not is_flexible(kind):
        return kind
    if target == ANY:
        return natural(kind)
    if isinstance(target, Union):
        place = union_place(kind, target, world)
        return kind if place is None else adopted(kind, variants_of(target, world)[place], world)
    if isinstance(target, Opt):
        target = target.inner
    match kind, target:
        case Opt(inner), _:
            return Opt(adopted(inner, target, world))
        case ListOf(item), ListOf(wanted):
            return ListOf(adopted(item, wanted, world))
        case MapOf(value), MapOf(wanted):
            return MapOf(adopted(value, wanted, world))
        case Prim(), _:
            return _adopted_scalar(kind, target)
    return kind


def _adopted_scalar(kind: Type, target: Type) -> Type:
    if kind == NEVER:
        return target
    if kind == FLEX_TEXT:
        return target if is_text_type(target) else kind
    if isinstance(target, Dec):
        return ANY_DECIMAL
    if isinstance(target, Prim) and (
        target.name == "float"
        or (kind == FLEX_INT and target.name in ("int", "bigint", "#number"))
        or (kind == FLEX_NUM and target.name == "#number")
    ):
        return target
    return kind
