"""Small files that are replaced: written to the side and renamed, so that each is whole or as it was, whenever we are killed."""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Nobody takes so long from writing a file to giving it its name.
_WRITING_SECONDS: Final = 24 * 3600.0


def replace(path: str, data: bytes, mode: int = 0o666) -> None:
    """Write a file in the place of the one before, if any. ``mode`` are its permissions.

    Raises ``OSError``; nothing is left then.
    """
    folder, name = os.path.split(path)
    aside = os.path.join(folder, f".{name}.{os.getpid()}.{time.time_ns():x}")
    try:
        # A link that somebody put there is not written through.
        with open(aside, "xb", opener=lambda at, flags: os.open(at, flags, mode)) as stream:
            stream.write(data)
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)
        raise


@contextlib.contextmanager
def writing(path: str) -> Iterator[str]:
    """A path to write to; what is there takes the place of the file when the context ends well, and is gone when it does not.

    What is no file, such as a device, is written as it is.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        yield path
        return
    folder, name = os.path.split(os.path.realpath(path))
    aside = os.path.join(folder, f".{name}.{os.getpid()}.{time.time_ns():x}")
    try:
        yield aside
        os.replace(aside, os.path.join(folder, name))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)
        raise


def sweep(folder: str, names: str) -> None:
    """Remove what killed processes left to the side, once it is old, of files whose names match ``names`` as a whole."""
    unfinished = re.compile(rf"\.(?:{names})\.[0-9]+(\.[0-9a-f]+)?")
    old = time.time() - _WRITING_SECONDS
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if unfinished.fullmatch(name):
                path = os.path.join(folder, name)
                with contextlib.suppress(OSError):
                    if os.lstat(path).st_mtime < old:
                        os.unlink(path)
