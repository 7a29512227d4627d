"""The spare folders of outputs (``hyper.base.spare``), beneath the cache's folder."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from typing import TYPE_CHECKING, Final

from hyper.engine.record import REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER: Final = "spares"
_GOING: Final = ".old"


def sweep(cache: str, age: float) -> None:
    """Remove the spares that no build put away in ``age`` seconds, and what is left of one whose removal was cut short."""
    now = time.time()
    for path in _spares(cache):
        with contextlib.suppress(OSError):
            if path.endswith(_GOING):
                shutil.rmtree(path)
            elif now - os.lstat(path).st_mtime > age:
                _remove(path)


def _remove(path: str) -> None:
    """Remove a spare that a build may take meanwhile: it then has all of it, or none."""
    going = path + _GOING
    shutil.rmtree(going, ignore_errors=True)
    os.rename(path, going)
    shutil.rmtree(going)


def clear(cache: str) -> None:
    """Remove all spares. Raises ``OSError`` where one cannot be removed."""
    for path in _spares(cache):
        with contextlib.suppress(FileNotFoundError):
            if path.endswith(_GOING):
                shutil.rmtree(path)
            else:
                _remove(path)


def _spares(cache: str) -> Iterator[str]:
    """Their folders; what has not the name of one is not ours, and links are none."""
    with contextlib.suppress(OSError), os.scandir(os.path.join(cache, FOLDER)) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if re.fullmatch(rf"{REQUEST}({re.escape(_GOING)})?", entry.name) and entry.is_dir(
                follow_symlinks=False
            ):
                yield entry.path
