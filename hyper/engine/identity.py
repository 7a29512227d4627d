"""The identity of the compiler: a digest of its own code and of what else can change an output.

Two compilers with one identity make the same bytes of the same sources. It is part of the key of everything that is kept.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from hyper.base import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

# Their versions decide which patterns are valid and how text is formatted.
_TOLD_BY: Final = ("msgspec", "pydantic_core", "jsonschema")


def identity() -> str:
    """SHA-256 over the sources of the compiler, the version of Python and those of the packages that it leans on.

    Raises ``OSError`` where a source cannot be read.
    """
    parts = [f"{sys.version_info[0]}.{sys.version_info[1]}".encode(), *_versions()]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for path in sorted(_sources(root)):
        with open(os.path.join(root, path), "rb") as stream:
            parts += (path.encode(), stream.read())
    return digest.of_parts(parts)


def signature() -> str:
    """A cheap stand-in: it changes whenever the files of the compiler do, and says nothing on another machine.

    Raises ``OSError`` where a source cannot be looked at.
    """
    parts = [f"{sys.version_info[0]}.{sys.version_info[1]}".encode(), *_versions()]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for path in sorted(_sources(root)):
        status = os.stat(os.path.join(root, path))
        times = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"
        parts += (path.encode(), times.encode())
    return digest.of_parts(parts)


def _sources(root: str) -> Iterator[str]:
    """Python files of the compiler, from its folder; the rooms that are links among them."""
    pending = [""]
    while pending:
        at = pending.pop()
        with os.scandir(os.path.join(root, at)) as entries:
            for entry in entries:
                inside = f"{at}/{entry.name}" if at else entry.name
                if entry.name.endswith(".py"):
                    # Some editors mark a file that is open with a link that leads nowhere.
                    if entry.is_file():
                        yield inside
                elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                    pending.append(inside)


def _versions() -> list[bytes]:
    """The versions of packages as their folders tell them: asking the packages would import them."""
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            package, _, rest = name.partition("-")
            if package in _TOLD_BY and rest.endswith(".dist-info"):
                found.setdefault(package, rest.removesuffix(".dist-info"))
    return [f"{package} {found.get(package, '')}".encode() for package in _TOLD_BY]
