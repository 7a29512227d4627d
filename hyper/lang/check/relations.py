"""How types stand to each other: what fits where, what two branches have in common, what has an order.

Inside the checker three more types are about: the types of number and text literals whose place has not said yet what
they are (``FLEX_INT``, ``FLEX_NUM``, ``FLEX_TEXT``) and ``NEVER``, the item of an empty list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang.symbols import AliasSymbol, UnionSymbol
from hyper.lang.types import (
    ANY,
    ANY_DECIMAL,
    BIGINT,
    BOOL,
    FLOAT,
    INT,
    NONE,
    STRING,
    UNKNOWN,
    Alias,
    Dec,
    Entity,
    Enum,
    ListOf,
    Lit,
    MapOf,
    Marked,
    Opt,
    Prim,
    Type,
    Union,
    Unknown,
    show,
)

if TYPE_CHECKING:
    from hyper.lang.symbols import World

FLEX_INT: Final = Prim("#int")
FLEX_NUM: Final = Prim("#number")
FLEX_TEXT: Final = Prim("#text")
NEVER: Final = Prim("#never")

_NATURAL: Final[dict[Type, Type]] = {FLEX_INT: INT, FLEX_NUM: FLOAT, FLEX_TEXT: STRING}
_ORDERED: Final = frozenset(
    {"int", "bigint", "float", "string", "date", "time", "datetime", "duration", "url", "email"}
)
_TEXTS: Final = frozenset(
    {"date", "time", "datetime", "duration", "uuid", "url", "email", "bytes", "string"}
)


def normal(kind: Type, world: World, seen: frozenset[str] = frozenset()) -> Type:
    """Give a type as expressions see it: no aliases and no markers, but for an alias inside itself."""
    while isinstance(kind, Marked | Alias):  # a chain of names may be as long as it likes
        if isinstance(kind, Marked):
            kind = kind.inner
            continue
        if kind.name in seen:
            return kind
        symbol = world.symbols.get(kind.name)
        if not isinstance(symbol, AliasSymbol):
            return UNKNOWN
        seen |= {kind.name}
        kind = symbol.type
    match kind:
        case Prim() | Dec() | Entity() | Enum() | Union() | Lit() | Unknown():
            return kind
        case Opt(inner):
            inside = normal(inner, world, seen)
            return inside if isinstance(inside, Opt) else Opt(inside)
        case ListOf(item):
            return ListOf(normal(item, world, seen))
        case MapOf(value):
            return MapOf(normal(value, world, seen))


def describe(kind: Type) -> str:
    """The type for a message."""
    match kind:
        case Prim("#int"):
            return "a whole number"
        case Prim("#number"):
            return "a number"
        case Prim("#text"):
            return "string"
        case ListOf(Prim("#never")):
            return "an empty list"
        case MapOf(Prim("#never")):
            return "an empty map"
        case _:
            return show(natural(kind))


def is_flexible(kind: Type) -> bool:
    """Whether a type still waits for its place to settle it."""
    match kind:
        case Prim(name):
            return name.startswith("#")
        case Opt(inner) | ListOf(inner) | MapOf(inner):
            return is_flexible(inner)
    return False


def waits(kind: Type) -> bool:
    """Whether a place could still change what a literal in a value of this type is."""
    match kind:
        case Prim(name):
            return name.startswith("#") and name != "#never"
        case Opt(inner) | ListOf(inner) | MapOf(inner):
            return waits(inner)
    return False


def natural(kind: Type) -> Type:
    """Settle a type whose place says nothing: ``1`` is int, ``1.0`` float."""
    match kind:
        case Prim():
            return _NATURAL.get(kind, kind)
        case Opt(inner):
            return Opt(natural(inner))
        case ListOf(item):
            return ListOf(natural(item))
        case MapOf(value):
            return MapOf(natural(value))
    return kind


def knows_items(kind: Type) -> bool:
    """Whether no part of a type is that of an empty list or map or a lone ``none``."""
    match kind:
        case Prim(name):
            return name not in ("#never", "none")
        case Opt(inner) | ListOf(inner) | MapOf(inner):
            return knows_items(inner)
    return True


def number_kind(kind: Type) -> str | None:
    """``int``, ``bigint``, ``float``, ``decimal``, ``#int`` or ``#number``; ``None`` for what is no number."""
    if isinstance(kind, Dec):
        return "decimal"
    if isinstance(kind, Lit) and type(kind.value) is int:
        return "int"
    if isinstance(kind, Prim) and kind.name in ("int", "bigint", "float", "#int", "#number"):
        return kind.name
    return None


def widened(kind: Type) -> Type:
    """The type of a literal type's values: ``"a"`` is a string."""
    if isinstance(kind, Lit):
        return BOOL if type(kind.value) is bool else INT if type(kind.value) is int else STRING
    return kind


def without_none(kind: Type) -> Type:
    """``T`` of ``T?``."""
    return kind.inner if isinstance(kind, Opt) else kind


def optional(kind: Type) -> Type:
    """``T?`` of ``T``, once."""
    if isinstance(kind, Opt | Unknown) or kind in (ANY, NONE):
        return kind
    return Opt(kind)


def is_ordered(kind: Type) -> bool:
    """Whether ``<`` has a meaning for the type."""
    kind = widened(kind)
    if isinstance(kind, Dec | Unknown):
        return True
    return isinstance(kind, Prim) and (kind.name in _ORDERED or kind.name.startswith("#"))


def variants_of(kind: Union, world: World) -> list[Type]:
    """The variants of a union as expressions see them."""
    symbol = world.symbols.get(kind.name)
    if not isinstance(symbol, UnionSymbol):
        return []
    return [normal(variant, world) for variant in symbol.variants]


def is_text_type(kind: Type) -> bool:
    """Whether a string literal may stand for a value of this type."""
    return isinstance(kind, Prim) and kind.name in _TEXTS


def fits(kind: Type, target: Type, world: World) -> bool:
    """Whether a value of ``kind`` may stand where ``target`` is expected, by a conversion that is not written."""
    if kind == target or isinstance(kind, Unknown) or isinstance(target, Unknown):
        return True
    match target:
        case Opt(inner):
            return kind == NONE or fits(without_none(kind), inner, world)
        case Prim("any"):
            return kind != NEVER
        case Union():
            return union_place(kind, target, world) is not None
        case ListOf(item):
            return isinstance(kind, ListOf) and fits(kind.item, item, world)
        case MapOf(value):
            return isinstance(kind, MapOf) and _fits_entry(kind.value, value, world)
        case Alias() | Marked():
            settled = normal(target, world)
            return settled != target and fits(kind, settled, world)
    return _fits_scalar(kind, target, world)


def _fits_entry(kind: Type, target: Type, world: World) -> bool:
    """Whether the values of a map fit as they are: there is nothing that converts them one by one."""
    if waits(kind) or kind == NEVER or isinstance(kind, Lit):
        return fits(kind, target, world)
    if isinstance(kind, Dec) and target == ANY_DECIMAL:
        return True
    if isinstance(target, Opt):
        return kind == NONE or _fits_entry(without_none(kind), target.inner, world)
    if isinstance(kind, Prim | Dec | Enum) or isinstance(target, Prim):
        return kind == target
    return fits(kind, target, world)


def _fits_scalar(kind: Type, target: Type, world: World) -> bool:
    if kind == NEVER:
        return True
    if isinstance(kind, Alias | Marked):
        settled = normal(kind, world)
        return settled != kind and fits(settled, target, world)
    if isinstance(kind, Lit):
        return fits(widened(kind), target, world)
    if isinstance(target, Dec):
        return number_kind(kind) in ("int", "decimal", "#int", "#number")
    if not isinstance(kind, Prim) or not isinstance(target, Prim):
        return False
    match kind.name, target.name:
        case (("int" | "#int"), ("int" | "bigint" | "float")):
            return True
        case "#number", "float":
            return True
        case (("#text" | "url" | "email"), "string"):
            return True
        case "#text", name:
            return name in _TEXTS
    return False


def union_place(kind: Type, target: Union, world: World) -> int | None:
    """Which variant of a union takes a value: the same type if there is one, else the first that it fits."""
    variants = variants_of(target, world)
    settled = natural(kind)
    for place, variant in enumerate(variants):
        if variant in (kind, settled) or isinstance(variant, Unknown):
            return place
    for place, variant in enumerate(variants):
        if not isinstance(variant, Union) and variant != ANY and fits(kind, variant, world):
            return place
    for place, variant in enumerate(variants):
        if isinstance(variant, Union) and variant != target and fits(kind, variant, world):
            return place
    return None


def join(left: Type, right: Type, world: World) -> Type | None:
    """The type that both sides become where two branches meet; ``None`` where there is none."""
    if NEVER in (left, right):
        return right if left == NEVER else left
    if left == right or isinstance(right, Unknown):
        return left
    if isinstance(left, Unknown):
        return right
    if NONE in (left, right) or isinstance(left, Opt) or isinstance(right, Opt):
        return _join_optional(left, right, world)
    match left, right:
        case ListOf(a), ListOf(b):
            item = join(a, b, world)
            return None if item is None else ListOf(item)
        case MapOf(a), MapOf(b):
            value = join(a, b, world)
            return None if value is None else MapOf(value)
    if number_kind(left) and number_kind(right):
        return join_numbers(left, right)
    if isinstance(left, Lit) and isinstance(right, Lit):
        left, right = widened(left), widened(right)
        return left if left == right else None
    if fits(left, right, world):
        return right
    if fits(right, left, world):
        return left
    return None


def _join_optional(left: Type, right: Type, world: World) -> Type | None:
    if left == NONE:
        return optional(right)
    if right == NONE:
        return optional(left)
    inner = join(without_none(left), without_none(right), world)
    return None if inner is None else optional(inner)


def join_numbers(left: Type, right: Type) -> Type | None:
    """The number type that both widen to; ``None`` for float with decimal and bigint with either."""
    left, right = widened(left), widened(right)
    if left == right:
        return left
    if isinstance(left, Dec) and isinstance(right, Dec):
        return ANY_DECIMAL
    kinds = {number_kind(left), number_kind(right)}
    if "decimal" in kinds:
        return ANY_DECIMAL if kinds <= {"decimal", "int", "#int", "#number"} else None
    if "bigint" in kinds:
        return BIGINT if kinds <= {"bigint", "int", "#int"} else None
    if "float" in kinds:
        return FLOAT
    # An int beside a literal with a point becomes what the literal becomes.
    return FLEX_NUM if "#number" in kinds else INT
