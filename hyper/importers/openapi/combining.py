"""Two schemas as one: keyword by keyword, where that means the same."""

from __future__ import annotations

from typing import Any, Final

from hyper.importers.openapi.shapes import canonical, without


class Conflict(Exception):  # noqa: N818  # two parts that cannot be one schema; not a fault
    """Two parts say different things of one keyword."""


def merge_keywords(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """One schema that means both, or ``Conflict``."""
    merged = dict(first)
    if first and second and first.get("nullable") is not second.get("nullable"):
        merged.pop("nullable", None)  # null has to fit both
        second = without(second, ("nullable",))
    _apart(first, second)
    for key, value in second.items():
        merged[key] = merge_keyword(key, merged[key], value) if key in merged else value
    return merged


def merge_keyword(key: str, first: Any, second: Any) -> Any:
    """One value of a keyword that means both, or ``Conflict``."""
    if canonical(first) == canonical(second):
        return second
    try:
        return _merge_one(key, first, second)
    except (TypeError, AttributeError):  # makes no sense; it is reported where it is read
        raise Conflict(key) from None


def _apart(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Raise ``Conflict`` where a keyword of one schema would see those of the other and mean something else."""
    for one, other in ((first, second), (second, first)):
        if is_open(one.get("additionalProperties", True)):
            continue
        mine, theirs = one.get("properties", {}), other.get("properties", {})
        same = one.get("patternProperties") == other.get("patternProperties")
        if not (same and isinstance(mine, dict) and isinstance(theirs, dict)):
            raise Conflict("additionalProperties")
        if not theirs.keys() <= mine.keys():
            raise Conflict("additionalProperties")
    for keys in _TOGETHER:
        ours = {key: first[key] for key in keys & first.keys()}
        theirs = {key: second[key] for key in keys & second.keys()}
        if ours and theirs and canonical(ours) != canonical(theirs):
            raise Conflict(min(theirs))


_TOGETHER: Final = (
    frozenset({"if", "then", "else"}),
    frozenset({"contains", "minContains", "maxContains"}),
    frozenset({"items", "prefixItems", "additionalItems"}),
)


def _merge_one(key: str, first: Any, second: Any) -> Any:
    match key:
        case "required":
            return list(dict.fromkeys([*first, *second]))
        case "properties":
            properties = dict(first)
            for name, schema in second.items():
                properties[name] = (
                    both_schemas(properties[name], schema) if name in properties else schema
                )
            return properties
        case "minimum" | "minLength" | "minItems" | "minProperties":
            return max(first, second)
        case "maximum" | "maxLength" | "maxItems" | "maxProperties":
            return min(first, second)
        case "uniqueItems":
            return True
        case "additionalProperties":
            return both_extra(first, second)
        case "enum":
            known = {canonical(value) for value in second}
            both = [value for value in first if canonical(value) in known]
            if both:
                return both
        case "type":
            return _merge_types(first, second)
        case _ if key in ("title", "description", "example", "examples", "default", "deprecated"):
            return second
        case _ if key.startswith("x-"):
            return second
        case _:
            pass
    raise Conflict(key)


def _merge_types(first: Any, second: Any) -> Any:
    ours = [first] if isinstance(first, str) else first
    theirs = [second] if isinstance(second, str) else second
    both = [kind for kind in ours if kind in theirs]
    whole = ("integer" in ours and "number" in theirs) or ("number" in ours and "integer" in theirs)
    if whole and "number" not in both:
        both = ["integer", *(kind for kind in both if kind != "integer")]
    if not both:
        raise Conflict("type")
    return both[0] if len(both) == 1 else both


def both_schemas(first: Any, second: Any) -> dict[str, Any]:
    """A schema that is both: their keywords, or the two in ``allOf``."""
    if isinstance(first, dict) and isinstance(second, dict) and "$ref" not in first:
        try:
            return merge_keywords(first, second)
        except Conflict:
            pass
    return {"allOf": [first, second]}


def is_open(extra: Any) -> bool:
    """Whether ``additionalProperties`` ask for nothing."""
    return extra is True or extra == {}


def both_extra(first: Any, second: Any) -> Any:
    """``additionalProperties`` that are both; ``None`` says nothing."""
    if first is None or (is_open(first) and second is not None):
        return second
    if second is None or is_open(second) or first is False:
        return first
    if second is False or canonical(first) == canonical(second):
        return second
    return {"allOf": [first, second]}
