"""Source text and places in it: offsets are code points, lines and columns count from 1."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class Location(msgspec.Struct, frozen=True, gc=False):
    """A range in one file.

    ``line`` and ``column`` count from 1, in code points; the end is exclusive, so an empty
    range has ``end_column == column``.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Source:
    """The text of one file, with its lines indexed on the first question about a place."""

    __slots__ = ("_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: Sequence[int] | None = None

    @property
    def line_starts(self) -> Sequence[int]:
        """Offset of the first code point of each line."""
        if self._starts is None:
            starts = [0]
            find = self.text.find
            at = find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = find("\n", at + 1)
            self._starts = starts
        return self._starts

    def line_of(self, offset: int) -> int:
        """Line number of an offset, from 1."""
        return bisect_right(self.line_starts, offset)

    def line_text(self, line: int) -> str:
        """Text of a line without its line end."""
        starts = self.line_starts
        end = starts[line] - 1 if line < len(starts) else len(self.text)
        return self.text[starts[line - 1] : end].rstrip("\r")

    def locate(self, start: int, end: int) -> Location:
        """Turn offsets into lines and columns."""
        size = len(self.text)
        start = min(max(start, 0), size)
        end = min(max(end, start), size)
        line = self.line_of(start)
        end_line = self.line_of(end)
        starts = self.line_starts
        return Location(
            self.path,
            line,
            start - starts[line - 1] + 1,
            end_line,
            end - starts[end_line - 1] + 1,
        )
