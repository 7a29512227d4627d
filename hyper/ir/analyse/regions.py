"""Cuts the domain of a value into finitely many regions between the constants that it is compared with.

All values of one region give the same answer to every comparison with those constants, so one witness
stands for its region: a set of comparisons is decided by trying each witness. Distances between
neighbouring values are respected: between 1999.99 and 2000.00 there is no ``decimal(12, 2)``.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from hyper.ir.program import AliasDef, EnumDef
from hyper.lang import types as t

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hyper.ir.program import Program
    from hyper.lang.markers import Markers


class Opaque:
    """A value of which nothing is known but that it differs from every constant."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "any other value"


OTHER: Final = Opaque()


class Member(str):
    """A member of an enum by its name, apart from strings in what is printed."""

    __slots__ = ()


def unwrap(kind: t.Type, program: Program) -> tuple[t.Type, bool, list[Markers]]:
    """See through aliases, markers and ``?``: the bare type, whether none is a value of it, and the
    markers met on the way."""
    optional = False
    markers: list[Markers] = []
    seen: set[str] = set()
    while True:
        match kind:
            case t.Opt(inner):
                optional = True
                kind = inner
            case t.Marked(inner, own):
                markers.append(own)
                kind = inner
            case t.Alias(name) if name not in seen:
                seen.add(name)
                alias = program.definitions.get(name)
                if not isinstance(alias, AliasDef):
                    return kind, optional, markers
                markers.append(alias.markers)
                kind = alias.type
            case _:
                return kind, optional, markers


_DECIMALS: Final = Context(prec=28)
_MICROSECOND: Final = timedelta(microseconds=1)


def _next_time(value: time) -> time | None:
    moved = datetime.combine(date(2000, 1, 1), value) + _MICROSECOND
    return moved.timetz() if moved.day == 1 else None


def _step(kind: t.Type) -> Callable[[Any], Any] | None:
    """The function from a value to the next larger one of its type."""
    match kind:
        case t.Prim("int" | "bigint"):
            return lambda value: math.floor(value) + 1
        case t.Prim("float"):
            return lambda value: math.nextafter(float(value), math.inf)
        case t.Dec(0, 0):
            return lambda value: value.next_plus(_DECIMALS)
        case t.Dec(_, scale):
            return lambda value: value + Decimal(1).scaleb(-scale)
        case t.Prim("date"):
            return lambda value: value + timedelta(days=1)
        case t.Prim("datetime" | "duration"):
            return lambda value: value + _MICROSECOND
        case t.Prim("time"):
            return _next_time
        case t.Prim("string" | "url" | "email"):
            return lambda value: value + "\0"
        case _:
            return None


def _readable_between(low: Any, high: Any, least: Any) -> Any:
    """A value between two constants that a reader likes better than the least one."""
    if isinstance(low, str):
        longer = low + "a"
        return longer if low < longer < high else least
    if isinstance(low, float | int) and isinstance(least, float):
        middle = (float(low) + float(high)) / 2
        return middle if low < middle < high else least
    return least


def _previous(kind: t.Type, value: Any) -> Any:
    """A value below ``value``, or ``None`` where there is none."""
    match kind:
        case t.Prim("int") if value > -(2**63):
            return value - 1
        case t.Prim("bigint"):
            return value - 1
        case t.Prim("float"):
            below = value - 1.0
            return below if below < value else -math.inf
        case t.Dec(_, scale):
            below = value - Decimal(1).scaleb(-scale)
            return 0 * below if value > 0 else below
        case t.Prim("date") if value > date.min:
            return value - timedelta(days=1)
        case t.Prim("datetime" | "duration"):
            return value - _MICROSECOND
        case t.Prim("time"):
            zero = time(0, tzinfo=value.tzinfo)
            return zero if value > zero else None
        case t.Prim("string" | "url" | "email"):
            return "" if value else None
        case _:
            return None


def _ordered(kind: t.Type, constants: list[Any]) -> list[Any]:
    """A witness for each region that the constants cut an ordered domain into."""
    step = _step(kind)
    if step is None:
        return [*constants, OTHER]
    witnesses: list[Any] = []
    lowest = _previous(kind, constants[0])
    if lowest is not None:
        witnesses.append(lowest)
    for low, high in pairwise(constants):
        witnesses.append(low)
        least = step(low)
        if least is not None and least < high:
            witnesses.append(_readable_between(low, high, least))
    witnesses.append(constants[-1])
    highest = step(constants[-1])
    if highest is not None and not (kind == t.INT and highest >= 2**63):
        if kind == t.FLOAT:
            highest = constants[-1] + 1.0 if constants[-1] + 1.0 > constants[-1] else math.inf
        elif isinstance(highest, str):
            highest = constants[-1] + "a"
        witnesses.append(highest)
    return witnesses


def _allowed(markers: Iterable[Markers]) -> Callable[[Any], bool]:
    """Whether a number lies within the bounds that the markers set."""
    bounds = list(markers)

    def test(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return True
        for own in bounds:
            low, high = own.minimum, own.maximum
            if low is not None and (value < low or (own.exclusive_minimum and value == low)):
                return False
            if high is not None and (value > high or (own.exclusive_maximum and value == high)):
                return False
        return True

    return test


def regions(
    kind: t.Type, constants: Iterable[Any], program: Program, markers: Iterable[Markers] = ()
) -> list[Any]:
    """Witnesses of all regions of a type.

    ``constants`` are the values that it is compared with; ``markers`` those of the field or parameter, whose
    bounds (and those of the aliases on the way) leave out what no value may be.
    """
    bare, optional, met = unwrap(kind, program)
    met += markers
    fixed = [value for value in constants if value is not None]
    if bare == t.FLOAT:
        fixed = [value for value in fixed if not math.isnan(value)]
    bounds: list[Any] = [b for own in met for b in (own.minimum, own.maximum) if b is not None]
    witnesses: list[Any]
    definition = program.definitions.get(bare.name) if isinstance(bare, t.Enum) else None
    if isinstance(definition, EnumDef):
        witnesses = [Member(member.name) for member in definition.members]
    elif bare == t.BOOL:
        witnesses = [True, False]
    elif isinstance(bare, t.Lit):
        witnesses = [bare.value]
    elif _step(bare) is not None and (fixed or bounds):
        if bare in (t.INT, t.BIGINT):
            bounds = [math.floor(b) for b in bounds]
        elif bare == t.FLOAT:
            bounds = [float(b) for b in bounds]
        elif isinstance(bare, t.Dec):
            bounds = [Decimal(b) for b in bounds]
        else:
            bounds = []
        points = sorted({*fixed, *bounds})
        test = _allowed(met)
        witnesses = (
            [value for value in _ordered(bare, points) if test(value)] if points else [OTHER]
        )
        if bare == t.FLOAT and not met:
            witnesses.append(math.nan)
    else:
        witnesses = [*dict.fromkeys(fixed), OTHER]
    if optional:
        witnesses.append(None)
    return witnesses


def show(value: Any) -> str:
    """A witness as a user would write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Member | Opaque):
        return str(value) if isinstance(value, Member) else repr(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value)
