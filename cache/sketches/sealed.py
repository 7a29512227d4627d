"""How sketches are written: what it is, a version, the contents, and a checksum over all of it."""

from __future__ import annotations

import hashlib
from typing import Final

VERSION: Final = 1

_CHECKSUM: Final = 32


class SketchError(ValueError):
    """The bytes are not a sketch of the kind, or not an unharmed one."""


def seal(kind: bytes, contents: bytes) -> bytes:
    """The bytes of a sketch; ``kind`` is four letters. The checksum finds harm, not forgery: signing is the store's."""
    body = kind + VERSION.to_bytes(1, "little") + contents
    return body + hashlib.sha256(body).digest()


def unseal(kind: bytes, data: bytes) -> bytes:
    """The contents of a sealed sketch.

    Raises:
        SketchError: It is of another kind or version, or the checksum does not fit.

    """
    body, checksum = data[:-_CHECKSUM], data[-_CHECKSUM:]
    if body[: len(kind)] != kind:
        raise SketchError(f"these bytes are not a sketch of the kind {kind.decode()}")
    if hashlib.sha256(body).digest() != checksum:
        raise SketchError("the sketch's checksum does not fit")
    version, contents = body[len(kind) : len(kind) + 1], body[len(kind) + 1 :]
    if version != VERSION.to_bytes(1, "little"):
        raise SketchError(f"the sketch is of version {version.hex()}, not of {VERSION}")
    return contents
