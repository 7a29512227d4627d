"""Merging of the JSON that ``@openapi`` and ``@schema`` add into the node that they stand on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

# Lists whose items all hold, so that more of them add and take nothing away.
_UNITED: Final = frozenset({"required", "allOf"})


def merge(target: dict[str, Any], patch: dict[str, Any]) -> None:
    """Merge ``patch`` into ``target``: objects key by key, ``required`` and ``allOf`` lists
    united, anything else replaced."""
    for key, value in patch.items():
        held = target.get(key)
        if isinstance(held, dict) and isinstance(value, dict):
            merge(held, value)
        elif key in _UNITED and isinstance(held, list) and isinstance(value, list):
            held.extend([item for item in value if item not in held])
        else:
            target[key] = value


def merge_texts(target: dict[str, Any], texts: Iterable[str]) -> None:
    """Merge JSON objects, given as text, in order."""
    for text in texts:
        patch = decode(text)
        if isinstance(patch, dict):
            merge(target, patch)


def decode(text: str) -> Any:
    """The value of a JSON text that the checker has made."""
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        # Numbers past binary64 and lone surrogates, which only the slower decoder reads.
        return json.loads(text)
