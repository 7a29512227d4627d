"""Which markers there are, where each may stand and what it asks of the type beneath it."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from hyper.lang.types import Dec, ListOf, MapOf, Prim, Type, Unknown

Target: TypeAlias = Literal[
    "module",
    "type",
    "alias",
    "field",
    "entity",
    "enum",
    "member",
    "union",
    "const",
    "calc",
    "extern",
    "table",
    "rule",
    "action",
    "param",
    "body",
    "returns",
    "header",
    "service",
    "server",
    "scheme",
    "tag",
]
"""The node that a marker stands on; ``type`` is a type inside of another or of a signature."""

Fit: TypeAlias = Literal["number", "text", "string", "collection", "list", "any"]
"""What the type beneath a marker must be, seen through aliases, ``?`` and other markers."""

_NUMBERS: Final = frozenset({"int", "bigint", "float"})
_STRINGS: Final = frozenset({"string", "url", "email", "uuid"})

FIT_WORDS: Final[dict[str, str]] = {
    "number": "numbers",
    "text": "strings and bytes",
    "string": "strings",
    "collection": "lists and maps",
    "list": "lists",
}


def fits(kind: Type, fit: Fit) -> bool:
    """Whether a type, without aliases and markers, is what a marker asks for."""
    if fit == "any" or isinstance(kind, Unknown):
        return True
    if isinstance(kind, Prim):
        if fit == "number":
            return kind.name in _NUMBERS
        if fit == "string":
            return kind.name in _STRINGS
        return fit == "text" and (kind.name in _STRINGS or kind.name == "bytes")
    if isinstance(kind, Dec):
        return fit == "number"
    if isinstance(kind, ListOf):
        return fit in ("list", "collection")
    return isinstance(kind, MapOf) and fit == "collection"


class MarkerSpec(msgspec.Struct, frozen=True):
    """One marker: its nodes, the type that it asks for, whether it may be repeated and how it is written."""

    targets: frozenset[str]
    fit: Fit
    repeats: bool
    form: str


_VALUES: Final = frozenset({"type", "alias", "field", "param", "header", "body", "returns"})
_SCHEMAS: Final = _VALUES | {"entity", "enum", "union"}
_TYPES: Final = frozenset({"alias", "entity", "enum", "union"})
_FUNCTIONS: Final = frozenset({"calc", "table", "rule", "extern"})
_DOCUMENT: Final = _SCHEMAS | {"module", "member", "action", "service", "server", "scheme", "tag"}


def _spec(
    targets: frozenset[str], form: str, fit: Fit = "any", *, repeats: bool = False
) -> MarkerSpec:
    return MarkerSpec(targets, fit, repeats, form)


MARKERS: Final[dict[str, MarkerSpec]] = {
    "range": _spec(_VALUES, "@range(low, high)", "number"),
    "above": _spec(_VALUES, "@above(low)", "number"),
    "below": _spec(_VALUES, "@below(high)", "number"),
    "multiple": _spec(_VALUES, "@multiple(number)", "number"),
    "length": _spec(_VALUES, "@length(low, high)", "text"),
    "match": _spec(_VALUES, '@match("regex")', "string", repeats=True),
    "size": _spec(_VALUES, "@size(low, high)", "collection"),
    "unique": _spec(_VALUES, "@unique", "list"),
    "format": _spec(_VALUES, '@format("name")'),
    "key": _spec(frozenset({"field"}), "@key"),
    "json": _spec(_TYPES | {"field", "param", "header", "action"}, '@json("wire-name")'),
    "read": _spec(_VALUES | _TYPES, "@read"),
    "write": _spec(_VALUES | _TYPES, "@write"),
    "default": _spec(_SCHEMAS, "@default(value)"),
    "deprecated": _spec(_DOCUMENT | _FUNCTIONS | {"const"}, '@deprecated("why")'),
    "extra": _spec(
        frozenset({"entity"}), "@extra(allow), @extra(ignore), @extra(forbid) or @extra(T)"
    ),
    "example": _spec(_SCHEMAS, "@example(value)", repeats=True),
    "style": _spec(frozenset({"param", "header"}), "@style(name, explode)"),
    "export": _spec(_FUNCTIONS | _TYPES | {"const"}, "@export"),
    "lazy": _spec(_FUNCTIONS | _TYPES | {"const", "module", "action"}, "@lazy"),
    "fastmath": _spec(frozenset({"calc", "table", "rule", "module"}), "@fastmath"),
    "x": _spec(_DOCUMENT | _FUNCTIONS | {"const"}, '@x("x-key", value)', repeats=True),
    "schema": _spec(_SCHEMAS, '@schema({"keyword": value})', repeats=True),
    "openapi": _spec(_DOCUMENT, '@openapi({"key": value})', repeats=True),
}

STYLES: Final = (
    "matrix",
    "label",
    "form",
    "simple",
    "spaceDelimited",
    "pipeDelimited",
    "deepObject",
)
EXTRAS: Final = ("allow", "ignore", "forbid")

TARGET_WORDS: Final[dict[str, str]] = {
    "module": "a module",
    "type": "a type",
    "alias": "a type",
    "field": "a field",
    "entity": "an entity",
    "enum": "an enum",
    "member": "a member of an enum",
    "union": "a union",
    "const": "a const",
    "calc": "a calc",
    "extern": "an extern",
    "table": "a table",
    "rule": "a rule",
    "action": "an action",
    "param": "a parameter",
    "body": "a body",
    "returns": "an answer",
    "header": "a header",
    "service": "the service",
    "server": "a server",
    "scheme": "a security scheme",
    "tag": "a tag",
}
