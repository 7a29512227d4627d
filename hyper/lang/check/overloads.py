"""Which overload of a builtin a call means, and at which types its arguments are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hyper.lang.check.builtins import Signature, Var
from hyper.lang.check.relations import (
    FLEX_INT,
    NEVER,
    describe,
    fits,
    is_flexible,
    is_ordered,
    join,
    natural,
    number_kind,
    widened,
)
from hyper.lang.types import ANY_DECIMAL, UNKNOWN, Dec, Enum, ListOf, MapOf, Opt, Type, Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.lang.symbols import World


class Match(msgspec.Struct, eq=False):
    """An overload that a call fits: the types of its parameters, one an argument, and of its result. They are flexible
    where only literals were given."""

    signature: Signature
    params: tuple[Type, ...]
    returns: Type


def parameter_of(signature: Signature, place: int) -> Any:
    """The type of a parameter by place; the last repeats where the signature is variadic."""
    return signature.params[min(place, len(signature.params) - 1)][1]


def takes(signature: Signature, count: int) -> bool:
    """Whether an overload takes this many arguments."""
    wanted = len(signature.params)
    return count == wanted or (signature.variadic and count > wanted)


def match(signature: Signature, kinds: Sequence[Type], world: World) -> Match | None:
    """Fit the types of arguments to an overload."""
    bound: dict[str, Type] = {}
    for place, kind in enumerate(kinds):
        if not _bind(parameter_of(signature, place), kind, bound, world):
            return None
    params = tuple(substitute(parameter_of(signature, i), bound) for i in range(len(kinds)))
    return Match(signature, params, substitute(signature.returns, bound))


def _bind(wanted: Any, kind: Type, bound: dict[str, Type], world: World) -> bool:
    if isinstance(kind, Unknown) or kind == NEVER:
        return True
    match wanted:
        case Var(name):
            return _bind_variable(name, kind, bound, world)
        case ListOf(item):
            return isinstance(kind, ListOf) and _bind(item, kind.item, bound, world)
        case MapOf(value):
            return isinstance(kind, MapOf) and _bind(value, kind.value, bound, world)
        case Enum(""):
            return isinstance(kind, Enum)
    return fits(kind, wanted, world)


def _bind_variable(name: str, kind: Type, bound: dict[str, Type], world: World) -> bool:
    kind = kind if name == "T" else widened(kind)
    if name == "N" and number_kind(kind) is None:
        return False
    if name == "O" and not is_ordered(kind):
        return False
    before = bound.get(name)
    meet = kind if before is None else join(before, kind, world)
    if meet is None:
        return False
    bound[name] = ANY_DECIMAL if name != "T" and isinstance(meet, Dec) else meet
    return True


def substitute(wanted: Any, bound: dict[str, Type], number: Type = FLEX_INT) -> Type:
    """Put the types of variables in their place; ``number`` stands for a number of which nothing is known."""
    match wanted:
        case Var(name):
            return bound.get(name, NEVER if name == "T" else number)
        case ListOf(item):
            return ListOf(substitute(item, bound, number))
        case MapOf(value):
            return MapOf(substitute(value, bound, number))
        case Opt(inner):
            inside = substitute(inner, bound, number)
            return inside if isinstance(inside, Opt) else Opt(inside)
    result: Type = wanted
    return result


def choose(
    group: Sequence[Signature], kinds: Sequence[Type], hint: Type | None, world: World
) -> Match | None:
    """The first overload that fits. Literals count as what they are by themselves, but decimals
    where a decimal is expected."""
    if isinstance(hint, Dec) and kinds and is_flexible(kinds[0]):
        for signature in group:
            if signature.returns == ANY_DECIMAL:
                found = match(signature, kinds, world)
                if found is not None:
                    return found
    settled = [natural(kind) for kind in kinds]
    for signature in group:
        found = match(signature, settled, world)
        if found is not None:
            flexible = match(signature, kinds, world)
            return flexible if flexible is not None else found
    for signature in group:
        found = match(signature, kinds, world)
        if found is not None:
            return found
    return None


def hints(group: Sequence[Signature], place: int, hint: Type | None) -> Type | None:
    """What an argument of a call is probably meant to be: what every overload wants there."""
    found: Type | None = None
    for signature in group:
        bound: dict[str, Type] = {}
        if hint is not None:
            _guess(signature.returns, hint, bound)
        guess = substitute(parameter_of(signature, place), bound, NEVER)
        if found is not None and guess != found:
            return None
        found = guess
    return None if found is None or _is_open(found) else found


def _guess(wanted: Any, hint: Type, bound: dict[str, Type]) -> None:
    match wanted, hint:
        case Var(name), _:
            bound[name] = ANY_DECIMAL if isinstance(hint, Dec) else hint
        case Opt(inner), Opt(other):
            _guess(inner, other, bound)
        case Opt(inner), _:
            _guess(inner, hint, bound)
        case ListOf(item), ListOf(other):
            _guess(item, other, bound)
        case MapOf(value), MapOf(other):
            _guess(value, other, bound)


def _is_open(kind: Type) -> bool:
    match kind:
        case Opt(inner) | ListOf(inner) | MapOf(inner):
            return _is_open(inner)
        case Enum(name):
            return not name
    return kind in (NEVER, UNKNOWN)


def shown(kinds: Sequence[Type]) -> str:
    """The types of arguments for a message."""
    return ", ".join(describe(kind) for kind in kinds)
