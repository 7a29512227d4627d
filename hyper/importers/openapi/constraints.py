"""Constraints of scalars, lists and maps as markers; what has no marker goes to ``@schema``."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from hyper.importers.openapi.annotations import open_api, schema_marker
from hyper.importers.openapi.keywords import ASSERTIONS, modern
from hyper.importers.openapi.nodes import marker, named, number, string
from hyper.lang import tree
from hyper.lang.resolve.patterns import mistake

if TYPE_CHECKING:
    from hyper.importers.openapi.shapes import Shape

_FORMS: Final[dict[str, str]] = {
    "date": "date",
    "time": "time",
    "date-time": "datetime",
    "duration": "duration",
    "uuid": "uuid",
    "uri": "url",
    "email": "email",
}
_TEXTS: Final = frozenset({"string", "url", "email", "uuid"})
_INT_MAX: Final = 2**63 - 1


def scalar(shape: Shape) -> tuple[tree.TypeExpr, list[tree.Marker]]:
    """The type and the markers of a scalar."""
    rest = dict(shape.schema)
    kind = rest.pop("type")
    form = rest.pop("format", None)
    markers: list[tree.Marker] = []
    match kind:
        case "string":
            name, form = _string(form, rest)
        case "integer":
            name = "bigint" if _is_big(form, {**shape.notes, **rest}) else "int"
        case "number":
            name = "float"
        case _:
            name = "bool"
    markers = bounds(name, rest)
    if form is not None:
        markers.append(marker("format", string(form)))
    markers.extend(leftovers(rest))
    return named(name), markers


def _string(form: str | None, rest: dict[str, Any]) -> tuple[str, str | None]:
    if form in _FORMS:
        return _FORMS[form], None
    bare = not {"minLength", "maxLength", "pattern"} & rest.keys()
    if form in ("byte", "binary") and bare:
        return "bytes", form
    if form is None and bare and rest.get("contentEncoding") == "base64":
        del rest["contentEncoding"]
        return "bytes", None
    return "string", form or None


def _is_big(form: str | None, schema: dict[str, Any]) -> bool:
    """Whether a bound, the default or an example is past what an ``int`` holds."""
    examples = schema.get("examples")
    told: list[Any] = [schema.get(key) for key in _TELLING]
    told += examples if isinstance(examples, list) else []
    return form == "uint64" or any(
        isinstance(value, int | float | Decimal)
        and not isinstance(value, bool)
        and not -_INT_MAX <= value <= _INT_MAX
        for value in told
    )


_TELLING: Final = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "default",
    "example",
)


def bounds(name: str, rest: dict[str, Any]) -> list[tree.Marker]:
    """The markers of a type by its name in the language, taken out of ``rest``."""
    markers: list[tree.Marker] = []
    if name in ("int", "bigint", "float"):
        _range(rest, markers)
        if "multipleOf" in rest:
            markers.append(marker("multiple", number(rest.pop("multipleOf"))))
    elif name in _TEXTS:
        _pair("length", "minLength", "maxLength", rest, markers)
        # What is no regular expression is kept as it is, in `@schema`.
        if rest.get("pattern") and mistake(rest["pattern"]) is None:
            markers.append(marker("match", string(rest.pop("pattern"))))
    elif name == "list":
        _pair("size", "minItems", "maxItems", rest, markers)
        if rest.get("uniqueItems") is True:
            markers.append(marker("unique"))
        rest.pop("uniqueItems", None)
    elif name == "map":
        _pair("size", "minProperties", "maxProperties", rest, markers)
    return markers


def _range(rest: dict[str, Any], markers: list[tree.Marker]) -> None:
    """``@range``, ``@above`` and ``@below`` from both dialects of exclusive bounds."""
    low, high = rest.pop("minimum", None), rest.pop("maximum", None)
    above, below = rest.pop("exclusiveMinimum", None), rest.pop("exclusiveMaximum", None)
    if above is True:
        low, above = None, low
    if below is True:
        high, below = None, high
    above = None if isinstance(above, bool) else above
    below = None if isinstance(below, bool) else below
    lows = [edge for edge in (low, above) if edge is not None]
    highs = [edge for edge in (high, below) if edge is not None]
    if len(lows) > 1 or len(highs) > 1 or (lows and highs and _is_void(low, high, above, below)):
        keys = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
        for key, edge in zip(keys, (low, high, above, below), strict=True):
            if edge is not None:
                rest[f"${key}"] = edge
        return
    if low is not None or high is not None:
        markers.append(_edges("range", low, high))
    if above is not None:
        markers.append(marker("above", number(above)))
    if below is not None:
        markers.append(marker("below", number(below)))


def _is_void(low: Any, high: Any, above: Any, below: Any) -> bool:
    """Whether no number is within bounds of which at most one of each side is given."""
    least, most = (low if above is None else above), (high if below is None else below)
    closed = above is None and below is None
    return bool(least > most or (least == most and not closed))


def _pair(name: str, low: str, high: str, rest: dict[str, Any], markers: list[tree.Marker]) -> None:
    least, most = rest.get(low), rest.get(high)
    if least is None and most is None:
        return
    if least is not None and most is not None and least > most:
        return
    rest.pop(low, None)
    rest.pop(high, None)
    markers.append(_edges(name, least, most))


def _edges(name: str, low: Any, high: Any) -> tree.Marker:
    """``@name(low, high)``, or ``@name(min: low)`` where one end is open."""
    if low is not None and high is not None:
        return marker(name, number(low), number(high))
    key, edge = ("min", low) if low is not None else ("max", high)
    arg = tree.Arg(0, 0, tree.Ident(0, 0, key), number(edge))
    return tree.Marker(0, 0, tree.Ident(0, 0, name), [arg])


def leftovers(rest: dict[str, Any]) -> list[tree.Marker]:
    """``@schema`` for keywords that decide about validity, ``@openapi`` for the others."""
    rest = {key.removeprefix("$") if key in _HELD else key: value for key, value in rest.items()}
    asserting = {key: value for key, value in rest.items() if key in ASSERTIONS}
    asserting = {key: value for key, value in asserting.items() if not _is_default(key, value)}
    others = {key: value for key, value in rest.items() if key not in ASSERTIONS}
    return [*schema_marker(modern(asserting)), *open_api(others)]


_HELD: Final = frozenset(
    {"$minimum", "$maximum", "$exclusiveMinimum", "$exclusiveMaximum", "$items"}
)


def _is_default(key: str, value: Any) -> bool:
    """Whether a keyword says what holds without it."""
    if key in ("minLength", "minItems", "minProperties"):
        return bool(value == 0)
    return (key in ("uniqueItems", "exclusiveMinimum", "exclusiveMaximum") and value is False) or (
        key == "pattern" and value == ""
    )
