"""Sketches in files: small, read whole through no link, written to the side and renamed.

Who changes a file in the light of what it holds keeps others out meanwhile (``hyper.cache.disk.locks``).
"""

from __future__ import annotations

import os
import stat
from typing import Final

_PLAIN: Final = (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)
ASIDE: Final = ".tmp"


def load(path: str, most: int) -> bytes:
    """The bytes of a file, ``most`` and one at most, which are then no sketch. Raises ``OSError``, for a link too; what is
    no file is empty."""
    descriptor = os.open(path, os.O_RDONLY | _PLAIN)
    with open(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return stream.read(most + 1)


def save(path: str, data: bytes) -> None:
    """Put a file in the place of the one before: whole, or not at all. Raises ``OSError``."""
    aside = path + ASIDE
    # One that a killed process left, or a link that somebody put there, is not written into.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN
    try:
        descriptor = os.open(aside, flags, 0o666)
    except FileExistsError:
        os.unlink(aside)
        descriptor = os.open(aside, flags, 0o666)
    with open(descriptor, "wb") as stream:
        stream.write(data)
    os.replace(aside, path)
