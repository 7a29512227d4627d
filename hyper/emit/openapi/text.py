"""JSON text of documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


def dump_json(document: Mapping[str, Any]) -> bytes:
    """The document as indented JSON in UTF-8 with a line end, keys in their order."""
    try:
        return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    except UnicodeEncodeError:
        # Lone surrogates have no UTF-8; as escapes they are still JSON.
        return json.dumps(document, indent=2).encode("ascii") + b"\n"


def fragment(value: Any, depth: int) -> bytes:
    """The text of a value as it is inside of a document, so deep; without the indent before its first line.

    Raises ``UnicodeEncodeError`` where it has a lone surrogate, for which the whole document has another form.
    """
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    return text.replace(b"\n", b"\n" + b"  " * depth)
