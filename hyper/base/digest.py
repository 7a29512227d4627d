"""Digests: how contents, options and interfaces are named."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


def of_bytes(data: bytes) -> str:
    """SHA-256 of bytes, as lower-case hexadecimal digits."""
    return sha256(data).hexdigest()


def of_text(text: str) -> str:
    """SHA-256 of a text's UTF-8 form; lone surrogates are hashed too."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def of_value(value: Any) -> str:
    """SHA-256 of a value's canonical JSON: keys sorted, no spaces."""
    return of_bytes(msgspec.json.encode(value, order="sorted"))


def of_parts(parts: Iterable[bytes]) -> str:
    """SHA-256 of a sequence of byte strings; where one ends and the next begins counts."""
    state = sha256()
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.hexdigest()


def of_each(parts: Iterable[bytes], lasts: Iterable[bytes]) -> list[str]:
    """``of_parts`` of the same parts with each of several behind them, which are gone through once."""
    shared = sha256()
    for part in parts:
        shared.update(len(part).to_bytes(8, "little"))
        shared.update(part)
    found = []
    for last in lasts:
        state = shared.copy()
        state.update(len(last).to_bytes(8, "little"))
        state.update(last)
        found.append(state.hexdigest())
    return found
