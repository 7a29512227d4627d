"""Diagnostics are data: a stable code, a place, what is wrong and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from hyper.base.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hyper.base.source import Location, Source

Severity = Literal["error", "warning", "note"]


class Related(msgspec.Struct, frozen=True):
    """Another place that a reader needs to see to understand a diagnostic."""

    message: str
    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Diagnostic(msgspec.Struct, frozen=True):
    """One finding. ``line`` is 0 where the finding belongs to a file or a build as a whole."""

    code: str
    severity: Severity
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    suggestion: str | None = None
    related: tuple[Related, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether this stops a build from succeeding."""
        return self.severity == "error"

    def as_dict(self) -> dict[str, Any]:
        """The JSON form that every ``--json`` output uses."""
        return {name: msgspec.to_builtins(getattr(self, name)) for name in self.__struct_fields__}


def sort_key(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    """Order of diagnostics in every output: by place, then by code."""
    return (
        diagnostic.file,
        diagnostic.line,
        diagnostic.column,
        diagnostic.code,
        diagnostic.message,
    )


def related(location: Location, message: str) -> Related:
    """Make a related place from a location."""
    return Related(
        message,
        location.file,
        location.line,
        location.column,
        location.end_line,
        location.end_column,
    )


def diagnostic(
    code: str,
    message: str,
    location: Location | None = None,
    *,
    suggestion: str | None = None,
    related: Iterable[Related] = (),
    file: str = "",
) -> Diagnostic:
    """Make a diagnostic whose severity is the registered one of its code."""
    severity = CODES[code].severity
    if location is None:
        return Diagnostic(
            code, severity, message, file, suggestion=suggestion, related=tuple(related)
        )
    return Diagnostic(
        code,
        severity,
        message,
        location.file,
        location.line,
        location.column,
        location.end_line,
        location.end_column,
        suggestion,
        tuple(related),
    )


class Reporter:
    """Collects the diagnostics of one source file."""

    __slots__ = ("items", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.items: list[Diagnostic] = []

    def report(
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        *,
        suggestion: str | None = None,
        related: Iterable[Related] = (),
    ) -> None:
        """Report a finding at an offset range of this file."""
        self.items.append(
            diagnostic(
                code,
                message,
                self.source.locate(start, end),
                suggestion=suggestion,
                related=related,
            )
        )

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.items)

    @property
    def failed(self) -> bool:
        """Whether an error was reported."""
        return any(item.is_error for item in self.items)
