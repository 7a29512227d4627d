"""Valid Python identifiers for the names of a program, and those that a declaration cannot have."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from typing import Final

_OUTSIDE: Final = re.compile(r"\W")
_KEYWORDS: Final = frozenset(keyword.kwlist) | {"match", "type", "_"}

_LONGEST: Final = 80
"""Bytes of a file's name; file systems take 255."""

RESERVED_MODULES: Final = frozenset({"api", "native", "schema", "manifest", "openapi", "py"})
"""Top-level names of a package that are the compiler's."""

BATCH_MODULES: Final = frozenset({"_batch", "calcs", "rules", "tables"})
"""Those of a package whose functions run over columns, too."""

RESERVED_GLOBALS: Final = (
    frozenset(dir(builtins)) | frozenset(keyword.kwlist) | {"self", "cls", "now", "dt"}
)
"""Names that a declaration cannot take in its Python module."""

_MODEL_ATTRIBUTES: Final = frozenset(
    {
        "construct",
        "copy",
        "dict",
        "from_orm",
        "json",
        "parse_file",
        "parse_obj",
        "parse_raw",
        "schema",
        "schema_json",
        "update_forward_refs",
        "validate",
    }
)
# fmt: off
_TYPE_NAMES: Final = frozenset((
    "str", "list", "dict", "float", "None", "True", "False", "self", "cls", "dt", "utc_now",
    "utc_today", "json_schema_", "Annotated", "Any", "BigInt", "Bool", "Bytes", "ClassVar",
    "ConfigDict", "Date", "DateTime", "Decimal", "Digits", "Duration", "Email", "Exactly", "ExactlyOne",
    "Field", "Finite", "Float", "Int", "Json", "JsonSchema", "Literal", "Matches",
    "Model", "Multiple", "Omittable", "RawBytes", "SchemaModel", "SparseModel", "Tagged", "Time",
    "UUID", "Uuid", "Unique", "Url", "WriteOnly",
))
# fmt: on
_FIELD_CLASHES: Final = _MODEL_ATTRIBUTES | _TYPE_NAMES | frozenset(keyword.kwlist)
ENUM_CLASHES: Final = frozenset(keyword.kwlist) | frozenset(dir(str)) | {"name", "value", "mro"}


def identifier(text: str) -> str:
    """The nearest valid identifier; Python compares identifiers after NFKC, and so it is applied here."""
    if text.isascii() and text.isidentifier():
        return text
    clean = _OUTSIDE.sub("_", unicodedata.normalize("NFKC", text))
    if not clean or not clean.isidentifier():
        clean = f"_{clean}"
    return clean if clean.isidentifier() else "_" + "".join(c for c in clean if c.isascii())


def unique(wanted: str, taken: set[str] | frozenset[str] | dict[str, str]) -> str:
    """``wanted``, or with the first number that is free."""
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}_{number}" in taken:
        number += 1
    return f"{wanted}_{number}"


def field_identifier(name: str) -> str:
    """The attribute that a field wants: no private name, no attribute of a model, no name of a type."""
    wanted = identifier(name)
    if wanted.startswith("_"):
        wanted = wanted.lstrip("_") or "field"
        if not wanted.isidentifier():
            wanted = f"field_{wanted}"
    if wanted in _FIELD_CLASHES or wanted.startswith("model_"):
        wanted += "_"
    return wanted


def segment(text: str) -> str:
    """The nearest name of a module or folder."""
    wanted = identifier(text)
    if wanted.startswith("__"):
        wanted = wanted.strip("_") or "module"
        wanted = identifier(wanted)
    if len(wanted) > _LONGEST and len(wanted.encode()) > _LONGEST:
        wanted = wanted.encode()[:_LONGEST].decode(errors="ignore")
    return f"{wanted}_" if wanted in _KEYWORDS else wanted
