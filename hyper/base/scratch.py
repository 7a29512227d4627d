"""Folders of temporary files that are gone with the object that they are for, or when the process ends."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_endings: Final[dict[str, weakref.finalize[Any, Any]]] = {}


def folder_for(owner: object, prefix: str, *, before: Callable[[], object]) -> str:
    """A new folder, which is there while ``owner`` is; ``before`` is called before it is removed."""
    folder = tempfile.mkdtemp(prefix=prefix)
    _endings[folder] = weakref.finalize(owner, _remove, folder, before)
    return folder


def remove_all() -> None:
    """Remove those that are left: for whoever ends the process without Python's own end."""
    for ending in [*_endings.values()]:
        ending()


def _remove(folder: str, before: Callable[[], object]) -> None:
    _endings.pop(folder, None)
    before()
    shutil.rmtree(folder, ignore_errors=True)
