"""Types and markers as annotations that Pydantic enforces."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.emit.python.constants import literal
from hyper.emit.python.format import quote, quote_regex, split
from hyper.ir.kinds import bare
from hyper.ir.markers import NO_MARKERS, Markers, Number
from hyper.ir.types import (
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
)

if TYPE_CHECKING:
    from hyper.emit.python.scope import Scope

# The Python type of a primitive, and the module that has it: None for builtins, a dot for the runtime.
_PRIMITIVES: Final[dict[str, tuple[str | None, str]]] = {
    "bool": (".fields", "Bool"),
    "int": (".fields", "Int"),
    "bigint": (".fields", "BigInt"),
    "float": (".fields", "Float"),
    "string": (None, "str"),
    "bytes": (".fields", "Bytes"),
    "date": (".fields", "Date"),
    "time": (".fields", "Time"),
    "datetime": (".fields", "DateTime"),
    "duration": (".fields", "Duration"),
    "uuid": (".fields", "Uuid"),
    "url": (".fields", "Url"),
    "email": (".fields", "Email"),
    "any": (".fields", "Json"),
    "none": (None, "None"),
}

_RANGES: Final = {
    f"{sign}int{bits}": (0, 2**bits - 1) if sign else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for sign in ("", "u")
    for bits in (8, 16, 32, 64)
}
"""The ranges that formats of ints imply."""


@lru_cache(maxsize=4096)
def enforceable(pattern: str) -> bool:
    """Whether a pattern is in the dialect that Pydantic matches: that of Rust's ``regex``."""
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    try:
        SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError:
        return False
    return True


def _number(value: Number, kind: Type, scope: Scope) -> str:
    if isinstance(value, Decimal):
        if isinstance(kind, Dec):
            return f"{scope.take('decimal', 'Decimal')}({quote(str(value))})"
        if isinstance(kind, Prim) and kind.name == "float":
            return repr(float(value))
        if value == value.to_integral_value():
            return str(int(value))
        return f"{scope.take('decimal', 'Decimal')}({quote(str(value))})"
    return str(value)


def bounds(kind: Type, markers: Markers, scope: Scope) -> list[str]:
    """The keywords of ``Field`` that say what the markers say about a value of this (resolved) type."""
    words: list[str] = []
    low, high = markers.minimum, markers.maximum
    if markers.format in _RANGES and kind in {Prim("int"), Prim("bigint")}:
        least, most = _RANGES[markers.format]
        low = least if low is None else low
        high = most if high is None else high
    if low is not None:
        words.append(f"{'gt' if markers.exclusive_minimum else 'ge'}={_number(low, kind, scope)}")
    if high is not None:
        words.append(f"{'lt' if markers.exclusive_maximum else 'le'}={_number(high, kind, scope)}")
    if markers.multiple is not None and kind != Prim("float"):
        words.append(f"multiple_of={_number(markers.multiple, kind, scope)}")
    sized = isinstance(kind, ListOf | MapOf)
    least_length = markers.min_size if sized else markers.min_length
    most_length = markers.max_size if sized else markers.max_length
    if least_length:
        words.append(f"min_length={least_length}")
    if most_length is not None:
        words.append(f"max_length={most_length}")
    return words


def constraints(kind: Type, markers: Markers, scope: Scope) -> list[str]:
    """What stands behind the type in ``Annotated`` for the constraint markers."""
    plain = bare(kind, scope.names.program)
    words = bounds(plain, markers, scope)
    patterns = [pattern for pattern in markers.patterns if enforceable(pattern)]
    if patterns:
        words.append(f"pattern={quote_regex(patterns[0])}")
    parts: list[str] = []
    if words:
        parts.append(f"{scope.take('pydantic', 'Field')}({', '.join(words)})")
    parts += [
        f"{scope.take('.fields', 'Matches')}({quote_regex(pattern)})" for pattern in patterns[1:]
    ]
    parts += _multiple(plain, markers, scope)
    if markers.unique:
        parts.append(f"{scope.take('.fields', 'Unique')}()")
    return parts


def schemas(markers: Markers, scope: Scope) -> list[str]:
    """What stands in ``Annotated`` for ``@schema``."""
    name = scope.take(".schemas", "JsonSchema")
    return [f"{name}({literal(msgspec.json.decode(text))})" for text in markers.schema]


def annotation(kind: Type, markers: Markers, scope: Scope) -> str:
    """The annotation of a type with the markers of the node that has it."""
    if markers is NO_MARKERS:
        return _bare(kind, markers, scope)
    if isinstance(kind, Opt):
        # Constraints are about the value that is there; ``@schema`` is about the node.
        base = _or_none(_constrained(kind.inner, markers, scope), kind.inner, scope)
    else:
        base = _constrained(kind, markers, scope)
    return annotate(base, schemas(markers, scope), scope) if markers.schema else base


def _constrained(kind: Type, markers: Markers, scope: Scope) -> str:
    """The type with the constraint markers of its node."""
    words = bounds(kind, markers, scope) if kind == Prim("float") else []
    if not words:
        return annotate(_bare(kind, markers, scope), constraints(kind, markers, scope), scope)
    field = f"{scope.take('pydantic', 'Field')}({', '.join(['strict=True', *words])})"
    finite = f"{scope.take('.fields', 'Finite')}()"
    return annotate("float", [field, finite, *_multiple(kind, markers, scope)], scope)


def _multiple(kind: Type, markers: Markers, scope: Scope) -> list[str]:
    if markers.multiple is None or kind != Prim("float"):
        return []
    return [f"{scope.take('.fields', 'Multiple')}({_number(markers.multiple, kind, scope)})"]


def annotate(base: str, parts: list[str], scope: Scope) -> str:
    """``Annotated[base, *parts]``, one ``Annotated`` for both where ``base`` is one already."""
    if not parts:
        return base
    name = scope.take("typing", "Annotated")
    if base.startswith(f"{name}[") and len(split(base, " | ")) == 1:
        return f"{base[:-1]}, {', '.join(parts)}]"
    return f"{name}[{base}, {', '.join(parts)}]"


def _or_none(base: str, kind: Type, scope: Scope) -> str:
    """``base | None``; ``Any`` has null already."""
    kind = bare(kind, scope.names.program)
    return base if kind == Prim("any") else f"{base} | None"


def _bare(kind: Type, markers: Markers, scope: Scope) -> str:
    match kind:
        case Prim("bytes") if markers.format == "binary":
            return scope.take(".fields", "RawBytes")
        case Prim(name):
            module, local = _PRIMITIVES[name]
            return local if module is None else scope.take(module, local)
        case Entity(name) | Enum(name) | Union(name) | Alias(name):
            return scope.refer(name)
        case Opt(inner):
            return _or_none(_bare(inner, markers, scope), inner, scope)
        case ListOf(item):
            return f"list[{annotation(item, NO_MARKERS, scope)}]"
        case MapOf(value):
            return f"dict[str, {annotation(value, NO_MARKERS, scope)}]"
        case Marked(inner, own):
            return annotation(inner, own, scope)
        case Dec(precision, scale):
            decimal = scope.take("decimal", "Decimal")
            digits = scope.take(".fields", "Digits")
            return f"{scope.take('typing', 'Annotated')}[{decimal}, {digits}({precision}, {scale})]"
        case Lit(value):
            text = f"{scope.take('typing', 'Literal')}[{literal(value)}]"
            if isinstance(value, str):
                return text
            exactly = f"{scope.take('.fields', 'Exactly')}({literal(value)})"
            return f"{scope.take('typing', 'Annotated')}[{text}, {exactly}]"
        case _:
            return scope.take("typing", "Any")
