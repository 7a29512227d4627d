"""What is known of a file when it was parsed, and what is said of one that no process survives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hyper.base.diagnostics import diagnostic

if TYPE_CHECKING:
    from hyper.base.diagnostics import Diagnostic
    from hyper.engine.executors import DeadlyItem
    from hyper.lang.symbols import Unit


class Parsed(NamedTuple):
    """A unit with what parsing it found. A pure function of the file's path and bytes, so it may be kept and used again."""

    unit: Unit
    diagnostics: tuple[Diagnostic, ...]


def fatal(path: str, failure: DeadlyItem) -> Diagnostic:
    """What is said of a file that no process survives."""
    message = f"cannot compile the file: each process that worked on it {failure.reason}"
    return diagnostic("E0901", message, file=path)
