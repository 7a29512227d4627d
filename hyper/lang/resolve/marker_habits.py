"""What other languages and libraries call a marker, and what it is here."""

from __future__ import annotations

import re
from typing import Final

_MAX: Final = "@range(max: n)"
_MIN: Final = "@range(min: n)"
_TEXT: Final = "documentation is a string, indented beneath what it is about"
_CHOICE: Final = 'a closed set of values is an `enum`, or a type such as `"card"`'

# By the name without case and underscores.
_FORMS: Final[dict[str, str]] = {
    **dict.fromkeys(("max", "maximum", "le", "lte", "atmost", "upto", "maxvalue"), _MAX),
    **dict.fromkeys(("min", "minimum", "ge", "gte", "atleast", "minvalue", "from"), _MIN),
    **dict.fromkeys(("gt", "exclusiveminimum", "greaterthan", "over"), "@above(n)"),
    **dict.fromkeys(("lt", "exclusivemaximum", "lessthan", "under"), "@below(n)"),
    **dict.fromkeys(("between", "bounds", "interval", "minmax", "inrange"), "@range(min, max)"),
    "positive": "@above(0)",
    "negative": "@below(0)",
    **dict.fromkeys(("nonnegative", "positiveorzero", "unsigned"), "@range(min: 0)"),
    **dict.fromkeys(("len", "strlen", "lengthbetween"), "@length(min, max)"),
    "maxlength": "@length(max: n)",
    "maxlen": "@length(max: n)",
    "minlength": "@length(min: n)",
    "minlen": "@length(min: n)",
    **dict.fromkeys(("notempty", "nonempty", "notblank"), "@length(min: 1)"),
    **dict.fromkeys(("maxitems", "maxsize", "maxcount", "maxproperties"), "@size(max: n)"),
    **dict.fromkeys(("minitems", "minsize", "mincount", "minproperties"), "@size(min: n)"),
    **dict.fromkeys(("count", "items"), "@size(min, max)"),
    **dict.fromkeys(("uniqueitems", "distinct"), "@unique"),
    **dict.fromkeys(("regex", "regexp", "pattern", "matches", "re"), '@match("…")'),
    **dict.fromkeys(("multipleof", "step", "divisibleby"), "@multiple(n)"),
    **dict.fromkeys(("id", "primary", "primarykey", "pk", "identity"), "@key"),
    **dict.fromkeys(("name", "alias", "rename", "wire", "jsonname", "serde"), '@json("…")'),
    **dict.fromkeys(("jsonproperty", "column", "fieldname"), '@json("…")'),
    **dict.fromkeys(("readonly", "computed"), "@read"),
    **dict.fromkeys(("writeonly", "secret", "password"), "@write"),
    **dict.fromkeys(("examples", "sample"), "@example(v)"),
    **dict.fromkeys(("obsolete", "deprecate"), '@deprecated("why")'),
    **dict.fromkeys(("additionalproperties", "strict"), "@extra(forbid)"),
    "closed": "@extra(forbid)",
    "extension": '@x("x-key", v)',
}
_TYPES: Final = ("email", "url", "uuid", "date", "time", "datetime", "duration", "bytes")
_SAID: Final[dict[str, str]] = {
    **dict.fromkeys(("description", "doc", "docs", "summary", "comment", "help", "title"), _TEXT),
    **dict.fromkeys(("enum", "const", "choices", "oneof", "allowed", "literal"), _CHOICE),
    **dict.fromkeys(
        ("required", "notnull", "mandatory"), "a field is required unless it is `name?: T`"
    ),
    **dict.fromkeys(("nullable", "null"), "what may be null is `T?`"),
    "optional": "a field that may be absent is `name?: T`",
    "defaultfactory": "a default follows the type: `name: T = value`",
    "initial": "a default follows the type: `name: T = value`",
    "private": "a declaration whose name begins with `_` is private to its module",
    **{name: f"it is a type: write `name: {name}`" for name in _TYPES},
}


def _plain(name: str) -> str:
    return re.sub("_", "", name).lower()


def form_of(name: str) -> str | None:
    """The marker of the language that an unknown marker's name means, as it is written."""
    return _FORMS.get(_plain(name))


def said_of(name: str) -> str | None:
    """What to say of an unknown marker's name that no marker stands for."""
    return _SAID.get(_plain(name))
