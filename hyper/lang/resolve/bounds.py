"""Constraints of one node that contradict each other, or what they stand on."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any, Final

from hyper.lang.markers import NO_MARKERS
from hyper.lang.resolve.lookup import core
from hyper.lang.types import Alias, Dec, Marked, Opt, Prim

if TYPE_CHECKING:
    from hyper.base.diagnostics import Reporter
    from hyper.lang import tree
    from hyper.lang.markers import Markers, Number
    from hyper.lang.symbols import World
    from hyper.lang.types import Type

_KEYS: Final = (
    "minimum",
    "maximum",
    "exclusive_minimum",
    "exclusive_maximum",
    "min_length",
    "max_length",
    "min_size",
    "max_size",
)
_KEY_SET: Final[frozenset[str]] = frozenset(_KEYS)
_INT_LOW: Final = -(2**63)
_INT_HIGH: Final = 2**63 - 1


def tighten(
    values: dict[str, Any], low: Number | None, high: Number | None, *, exclusive: bool
) -> None:
    """Add a range to what is known: of two bounds, the one that allows less holds."""
    if low is not None:
        known = values.get("minimum")
        if known is None or low > known or (low == known and exclusive):
            values["minimum"] = low
            _flag(values, "exclusive_minimum", exclusive)
    if high is not None:
        known = values.get("maximum")
        if known is None or high < known or (high == known and exclusive):
            values["maximum"] = high
            _flag(values, "exclusive_maximum", exclusive)


def _flag(values: dict[str, Any], key: str, on: bool) -> None:
    if on:
        values[key] = True
    else:
        values.pop(key, None)


def effective_bounds(values: dict[str, Any], kind: Type, world: World) -> dict[str, Any]:
    """Give the bounds of a node together with those of its type, through aliases."""
    merged: dict[str, Any] = {key: values[key] for key in _KEYS if key in values}
    while True:
        if isinstance(kind, Opt):
            kind = kind.inner
        elif isinstance(kind, Marked):
            _merge(merged, written_bounds(kind.markers))
            kind = kind.inner
        elif isinstance(kind, Alias):
            _merge(merged, world.bounds.get(kind.name, {}))
            return merged
        else:
            return merged


def written_bounds(markers: Markers) -> dict[str, Any]:
    """Give the bounds that are written in a node's own markers."""
    if markers is NO_MARKERS:
        return {}
    found = ((key, getattr(markers, key)) for key in _KEYS)
    return {key: value for key, value in found if value is not None and value is not False}


def _merge(merged: dict[str, Any], more: dict[str, Any]) -> None:
    tighten(merged, more.get("minimum"), None, exclusive="exclusive_minimum" in more)
    tighten(merged, None, more.get("maximum"), exclusive="exclusive_maximum" in more)
    for low in ("min_length", "min_size"):
        if low in more:
            merged[low] = max(more[low], merged.get(low, 0))
    for high in ("max_length", "max_size"):
        if high in more:
            merged[high] = min(more[high], merged.get(high, more[high]))


def check_bounds(
    values: dict[str, Any],
    kind: Type | None,
    nodes: list[tree.Marker],
    world: World,
    reporter: Reporter,
) -> None:
    """Report constraints that no value meets."""
    if _KEY_SET.isdisjoint(values):
        return
    bounds = values if kind is None else effective_bounds(values, kind, world)
    low, high = bounds.get("minimum"), bounds.get("maximum")
    if low is not None or high is not None:
        inside = core(kind, world) if kind is not None else None
        if not _has_number(bounds, inside):
            _report(nodes, ("range", "above", "below"), _range_text(bounds), reporter)
    for key, word in (("length", "length"), ("size", "size")):
        least, most = bounds.get(f"min_{key}"), bounds.get(f"max_{key}")
        if least is not None and most is not None and least > most:
            _report(nodes, (word,), f"at least {least} and at most {most}", reporter)


def _report(
    nodes: list[tree.Marker], names: tuple[str, ...], text: str, reporter: Reporter
) -> None:
    for node in nodes:
        if node.name.name in names:
            reporter.report(
                "E0505", f"no value is within these bounds: {text}", node.start, node.end
            )
            return


def _range_text(bounds: dict[str, Any]) -> str:
    parts: list[str] = []
    if bounds.get("minimum") is not None:
        word = "above" if bounds.get("exclusive_minimum") else "at least"
        parts.append(f"{word} {bounds['minimum']}")
    if bounds.get("maximum") is not None:
        word = "below" if bounds.get("exclusive_maximum") else "at most"
        parts.append(f"{word} {bounds['maximum']}")
    return " and ".join(parts)


def _has_number(bounds: dict[str, Any], inside: Type | None) -> bool:
    """Whether a number of the type is within the bounds."""
    low, high = bounds.get("minimum"), bounds.get("maximum")
    above = bool(bounds.get("exclusive_minimum"))
    below = bool(bounds.get("exclusive_maximum"))
    if isinstance(inside, Prim) and inside.name in ("int", "bigint"):
        least = None if low is None else _first_int(low, exclusive=above)
        most = None if high is None else _last_int(high, exclusive=below)
        if inside.name == "int":
            least = _INT_LOW if least is None else max(least, _INT_LOW)
            most = _INT_HIGH if most is None else min(most, _INT_HIGH)
        return least is None or most is None or least <= most
    if isinstance(inside, Dec) and inside.precision:
        most_digits = Decimal(10) ** (inside.precision - inside.scale)
        if (low is not None and low >= most_digits) or (high is not None and high <= -most_digits):
            return False
    if low is None or high is None:
        return True
    return low < high or (low == high and not above and not below)


def _first_int(low: Number, *, exclusive: bool) -> int:
    whole = low if isinstance(low, int) else int(low.to_integral_value(ROUND_CEILING))
    return whole + 1 if exclusive and whole == low else whole


def _last_int(high: Number, *, exclusive: bool) -> int:
    whole = high if isinstance(high, int) else int(high.to_integral_value(ROUND_FLOOR))
    return whole - 1 if exclusive and whole == high else whole


def breaks_bounds(value: object, values: dict[str, Any]) -> str | None:
    """Say which bound a literal value breaks; ``None`` where it breaks none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        low, high = values.get("minimum"), values.get("maximum")
        if low is not None and (value < low or (value == low and values.get("exclusive_minimum"))):
            return _range_text(values)
        if high is not None and (
            value > high or (value == high and values.get("exclusive_maximum"))
        ):
            return _range_text(values)
        return None
    if isinstance(value, str):
        return _breaks_count(len(value), values, "length")
    if isinstance(value, list):
        return _breaks_count(len(value), values, "size")
    return None


def _breaks_count(count: int, values: dict[str, Any], key: str) -> str | None:
    least, most = values.get(f"min_{key}"), values.get(f"max_{key}")
    if least is not None and count < least:
        return f"a {key} of at least {least}"
    if most is not None and count > most:
        return f"a {key} of at most {most}"
    return None
