"""Random schemas: what people write, and what only a validator understands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

Schema = dict[str, Any]

NAMES: Final = st.sampled_from(["a", "b", "odd name", "class", "Int", "x-y", "1", "none"])
COMPONENTS: Final = ("Thing", "thing", "some-list", "Node", "List.Item")
BASE: Final = {"$ref": "#/components/schemas/Base"}
BASE_SCHEMA: Final = {
    "type": "object",
    "properties": {"id": {"type": "integer"}},
    "required": ["id"],
}
SCALARS: Final = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9), st.sampled_from(["", "a", "abc"])
)
VALUES: Final = st.recursive(
    SCALARS | st.sampled_from([0.5, 2.0]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
NOTES: Final = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["T", "A longer title"]),
        "description": st.sampled_from(["One line.", "Two\nlines.", 'Quotes "and" \\ all\n\n  so']),
        "deprecated": st.just(value=True),
        "readOnly": st.just(value=True),
    },
)
_SMALL: Final = st.integers(0, 3)
_KEYWORDS: Final[dict[str, dict[str, st.SearchStrategy[Any]]]] = {
    "string": {
        "minLength": _SMALL,
        "maxLength": st.integers(3, 5),
        "pattern": st.just("^a"),
        "format": st.sampled_from(["odd", "hostname"]),
    },
    "integer": {"minimum": st.integers(-2, 2), "maximum": st.integers(3, 9)},
    "number": {"exclusiveMaximum": st.sampled_from([1.5, 4]), "multipleOf": st.just(0.5)},
    "boolean": {"default": st.booleans()},
    "array": {"minItems": _SMALL, "maxItems": st.integers(3, 4), "uniqueItems": st.booleans()},
    "object": {"minProperties": st.integers(0, 1)},
}

Draw = st.DrawFn


def _typed(draw: Draw, kind: str) -> Schema:
    """A type, often with null, and some of the keywords that speak of it."""
    keywords = draw(st.fixed_dictionaries({}, optional=_KEYWORDS[kind]))
    return {"type": draw(st.sampled_from([kind, kind, [kind, "null"]])), **keywords}


@st.composite
def leaf(draw: Draw) -> Schema:
    """A schema without schemas in it."""
    form = draw(st.sampled_from(["typed", "typed", "enum", "const", "any"]))
    if form == "typed":
        return _typed(draw, draw(st.sampled_from(["string", "integer", "number", "boolean"])))
    if form == "enum":
        distinct = st.lists(SCALARS, min_size=1, max_size=4, unique_by=lambda v: (type(v), v))
        return {"enum": draw(distinct)}
    return {"const": draw(SCALARS)} if form == "const" else {}


@st.composite
def reference(draw: Draw) -> Schema:
    """A reference, by itself or wrapped so that words fit beside it."""
    made = {"$ref": f"#/components/schemas/{draw(st.sampled_from(COMPONENTS))}"}
    return draw(st.sampled_from([made, {**draw(NOTES), "allOf": [made]}]))


@st.composite
def usual(draw: Draw, depth: int) -> Schema:
    """What people write."""
    forms = ["leaf", "array", "map", "object", "choice", "child"] if depth else ["leaf"]
    notes = draw(st.one_of(st.just({}), NOTES))
    return {**notes, **_usual_form(draw, draw(st.sampled_from(forms)), depth)}


def _usual_form(draw: Draw, form: str, depth: int) -> Schema:
    inner = usual(depth - 1)
    below = st.one_of(inner, reference())
    match form:
        case "array":
            return {**_typed(draw, "array"), "items": draw(below)}
        case "map":
            return {**_typed(draw, "object"), "additionalProperties": draw(below)}
        case "object":
            return _object(draw, below, ["object", "object", ["object", "null"]])
        case "choice":
            # It names no component, which may be the choice itself, has null in one place and nothing twice.
            distinct = st.lists(inner.filter(_not_null), min_size=2, max_size=3, unique_by=_core)
            return {draw(st.sampled_from(["anyOf", "oneOf"])): draw(distinct)}
        case "child":
            return {"allOf": [BASE, _object(draw, below, ["object"])]}
        case _:
            return draw(leaf())


def _object(draw: Draw, below: st.SearchStrategy[Schema], kinds: list[Any]) -> Schema:
    properties = draw(st.dictionaries(NAMES, below, min_size=1, max_size=4))
    needs = draw(st.lists(st.sampled_from(sorted(properties)), max_size=2, unique=True))
    made = {"type": draw(st.sampled_from(kinds)), "properties": properties}
    if needs:
        made["required"] = needs
    more = draw(st.one_of(st.none(), st.booleans(), below))
    return made if more is None else {**made, "additionalProperties": more}


def _not_null(schema: Schema) -> bool:
    return None not in schema.get("enum", [schema.get("const", 0)])


def _core(schema: Schema) -> str:
    """What makes a variant of a choice, whichever way it is written."""
    core = {key: value for key, value in schema.items() if key not in ("title", "description")}
    if "const" in core:
        core["enum"] = [core.pop("const")]
    return json.dumps(core, sort_keys=True)


@st.composite
def wild(draw: Draw, depth: int) -> Schema:
    """What a validator understands all the same; it does not bear a schema that is a part of itself."""
    if not depth:
        return draw(st.one_of(leaf(), st.just(BASE)))
    inner = wild(depth - 1)
    several = st.lists(inner, min_size=1, max_size=3)
    match draw(st.sampled_from(["usual", "object", "anyOf", "allOf", "not"])):
        case "object":
            return {
                "type": "object",
                "properties": draw(st.dictionaries(NAMES, inner, max_size=4)),
                "required": draw(st.lists(NAMES, max_size=2, unique=True)),
                "additionalProperties": draw(st.one_of(st.booleans(), inner)),
            }
        case "not":
            return {"not": draw(inner)}
        case "usual":
            return draw(usual(depth))
        case keyword:
            return {keyword: draw(several)}


@st.composite
def documents(draw: Draw, schema: Callable[[int], st.SearchStrategy[Schema]]) -> Schema:
    """A document whose components are such schemas."""
    schemas = {name: draw(schema(draw(st.integers(0, 3)))) for name in COMPONENTS}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Random", "version": "1"},
        "paths": {},
        "components": {"schemas": {**schemas, "Base": BASE_SCHEMA}},
    }


def in_three_nought(node: Any) -> Any:
    """A document in the dialect of OpenAPI 3.0."""
    if isinstance(node, list):
        return [in_three_nought(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: in_three_nought(value) for key, value in node.items()}
    if isinstance(node.get("type"), list):
        made |= {"type": node["type"][0], "nullable": True}
    if isinstance(node.get("exclusiveMaximum"), int | float):
        made |= {"maximum": node["exclusiveMaximum"], "exclusiveMaximum": True}
    if "openapi" in node:
        made["openapi"] = "3.0.3"
    return made
