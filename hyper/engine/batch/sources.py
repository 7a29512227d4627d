"""The sources that functions are made of, and what is wrong with them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from hyper.base import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.base.diagnostics import Diagnostic
    from hyper.base.fs import Files
    from hyper.engine.work import Work


class SourceError(ValueError):
    """Sources with errors. ``diagnostics`` are all that was found."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = list(diagnostics)
        errors = [item for item in self.diagnostics if item.is_error]
        told = "an error" if len(errors) == 1 else f"{len(errors):,} errors"
        super().__init__(": ".join([f"the sources have {told}", *map(_told, errors[:1])]))


def _told(error: Diagnostic) -> str:
    place = f"{error.file}:{error.line}" if error.line else error.file
    return f"{place}: {error.message}" if place else error.message


def fingerprint(files: Files, work: Work) -> str:
    """A digest of the sources as they are, where they are, and the options."""
    parts = [work.root.encode(), repr(work.configured).encode()]
    for path in work.paths:
        parts.append(path.encode())
        try:
            parts.append(files.read(posixpath.join(work.root, path)))
        except OSError as error:
            parts.append(repr(error).encode())
    return digest.of_parts(parts)
