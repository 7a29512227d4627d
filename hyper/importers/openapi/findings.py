"""What the importer has to say about a document: each finding once, with a JSON pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.base.diagnostics import Diagnostic, diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 200
"""Findings of one code beyond this many are counted, not listed."""


class Findings:
    """Collects the diagnostics of one document, in the order in which they were found."""

    __slots__ = ("_counts", "_seen", "file", "items")

    def __init__(self, file: str) -> None:
        self.file = file
        self.items: list[Diagnostic] = []
        self._seen: set[tuple[str, str]] = set()
        self._counts: dict[str, int] = {}

    def report(self, code: str, message: str) -> None:
        """Report a finding, unless the same was reported before."""
        if (code, message) in self._seen:
            return
        self._seen.add((code, message))
        count = self._counts.get(code, 0) + 1
        self._counts[code] = count
        if count <= LIMIT:
            self.items.append(diagnostic(code, message, file=self.file))

    def close(self) -> list[Diagnostic]:
        """All findings; of a code with too many, one more that tells how many were left out."""
        left = [
            diagnostic(code, f"and {count - LIMIT} more of this kind", file=self.file)
            for code, count in sorted(self._counts.items())
            if count > LIMIT
        ]
        return self.items + left

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.items)


def escape(token: str) -> str:
    """A key as a token of a JSON pointer."""
    return token.replace("~", "~0").replace("/", "~1")
