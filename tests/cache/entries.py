"""Entries for tests of the store."""

from __future__ import annotations

import random
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def key_of(content: bytes) -> bytes:
    """The key of a blob."""
    return sha256(content).digest()


def action(number: int) -> bytes:
    """The key of an action."""
    return sha256(b"action %d" % number).digest()


def blobs(contents: Iterable[bytes]) -> dict[bytes, bytes]:
    """Blobs by their keys."""
    return {key_of(content): content for content in contents}


def noise(seed: int, size: int) -> bytes:
    """Bytes that do not compress."""
    return random.Random(seed).randbytes(size)


def some_blobs(count: int, size: int, seed: int = 0) -> dict[bytes, bytes]:
    """Blobs that do not compress, each of another content."""
    return blobs(noise(seed * 1_000_003 + number, size) for number in range(count))
