"""Markers after they were checked: what a field, a type or a declaration carries beyond its type."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeAlias

import msgspec

Number: TypeAlias = int | Decimal


class Markers(msgspec.Struct, frozen=True, omit_defaults=True):
    """The resolved markers of one node. Absent markers have their default here.

    JSON values (``default``, ``example``, ``extensions``, ``schema``, ``openapi``) are kept as JSON text,
    so that the whole stays frozen, hashable and exact: decode with ``msgspec.json`` or ``json``.
    Markers may repeat only where they are lists here.
    """

    minimum: Number | None = None
    """``@range(lo, _)`` or ``@above(lo)`` (then ``exclusive_minimum``)."""
    maximum: Number | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    min_length: int | None = None
    """``@length(lo, hi)``: code points of a string, bytes of bytes."""
    max_length: int | None = None
    min_size: int | None = None
    """``@size(lo, hi)``: items of a list, entries of a map."""
    max_size: int | None = None
    patterns: tuple[str, ...] = ()
    """``@match("regex")``, unanchored, in the dialect of Rust's regex."""
    multiple: Number | None = None
    unique: bool = False
    key: bool = False
    wire: str | None = None
    """``@json("wire-name")``."""
    read: bool = False
    """``@read``: only in answers."""
    write: bool = False
    """``@write``: only in requests."""
    default: str | None = None
    """``@default(d)``: documentation of a default, as JSON text."""
    deprecated: str | None = None
    """``@deprecated("why")``; the empty string where no reason is given."""
    extra: str | None = None
    """``@extra(allow|ignore|forbid)``; the type of ``@extra(T)`` is kept by the declaration."""
    examples: tuple[str, ...] = ()
    """``@example(value)``, each as JSON text, in order."""
    format: str | None = None
    style: str | None = None
    """``@style(deepObject, explode)``: the OpenAPI style of a parameter."""
    explode: bool | None = None
    export: bool = False
    lazy: bool = False
    fastmath: bool = False
    extensions: tuple[tuple[str, str], ...] = ()
    """``@x("key", value)``: pairs of the vendor key (``x-…``) and JSON text, in order."""
    schema: tuple[str, ...] = ()
    """``@schema({…})``: JSON texts of objects merged into the schema and enforced."""
    openapi: tuple[str, ...] = ()
    """``@openapi({…})``: JSON texts of objects merged into the document at this node."""


NO_MARKERS: Final = Markers()

FORMAT_RANGES: Final[dict[str, tuple[int, int]]] = {
    "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint8": (0, 2**8 - 1),
    "uint16": (0, 2**16 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
"""What ``@format`` says about the range of an ``int`` or ``bigint``; ``minimum`` and ``maximum`` hold only what is written."""
