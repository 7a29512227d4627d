"""Lines as they grow, with the comments and blank lines of the text that the tree came from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hyper.base.source import Source
    from hyper.lang.tree import Comment

_NEVER: Final = 1 << 62
_GAP: Final = re.compile(r"(?:\s++|#[^\n]*+)*+")


class Writer:
    """Collects lines. An *item* is what begins a line: a declaration, a field, a statement, a row.

    Before each item, the comments that stand before it in the text are written: those on lines of
    their own above it, one at the end of a line to the end of the line written last. Without a source (a
    tree made by hand) there are no blank lines inside blocks.
    """

    __slots__ = ("_attached", "_comments", "_next", "_text", "at", "fresh", "lines", "margin")

    def __init__(self, comments: list[Comment], source: Source | None) -> None:
        self.lines: list[str] = []
        self.margin = ""
        # Nothing was written in this block yet: no blank line goes before what comes first.
        self.fresh = True
        # Offset of the next comment.
        self.at = comments[0].start if comments else _NEVER
        self._comments = comments
        self._next = 0
        self._text = source.text if source is not None else None
        self._attached = True

    def item(self, start: int, end: int = -1) -> None:
        """Begin the item that stands at ``start``; comments inside of its line, up to ``end``, go with it."""
        if self.at < start:
            self.comments_before(start)
        if self._text is not None and not self.fresh and self.blank_above(start):
            self.lines.append("")
        self.fresh = False
        if self.at < end:
            self._comments_within(end)
        self._attached = False

    def line(self, text: str) -> None:
        """Write a line at the margin; it may hold line ends of its own."""
        self.lines.append(self.margin + text)

    def begin_block(self) -> None:
        """Go one step deeper."""
        self.margin += "    "
        self.fresh = True

    def end_block(self, end: int, column: int) -> None:
        """Write the comments that close a block which ends at ``end``, and leave it.

        They are those that nothing else precedes and that stand deeper than ``column``.
        """
        if self.at != _NEVER and self._text is not None:
            self._comments_after(end, column)
        self.margin = self.margin[:-4]
        self.fresh = False

    def finish(self) -> str:
        """Write the comments that are left; the whole text."""
        if self.at != _NEVER:
            self.comments_before(_NEVER)
        lines = self.lines
        return "\n".join(lines) + "\n" if lines else ""

    # ------------------------------------------------------------ comments

    def _take(self) -> Comment:
        comment = self._comments[self._next]
        self._next += 1
        left = self._next < len(self._comments)
        self.at = self._comments[self._next].start if left else _NEVER
        return comment

    def trailing(self, limit: int) -> None:
        """Write the comment at the end of the last line, if it has one, before ``limit``."""
        if self.at < limit and not self._comments[self._next].own_line and not self._attached:
            self._write(self._take())

    def comments_before(self, limit: int) -> None:
        """Write the comments that stand before ``limit``."""
        while self.at < limit:
            self._write(self._take())

    def _comments_within(self, end: int) -> None:
        """One comment at the end of a line inside brackets stays at the end; others go above."""
        following = self._next + 1
        several = following < len(self._comments) and self._comments[following].start < end
        if several or self._comments[self._next].own_line:
            self._attached = True
            self.comments_before(end)

    def _write(self, comment: Comment) -> None:
        if not comment.own_line and not self._attached:
            self._attached = True
            self.lines[-1] += "  " + comment.text.rstrip()
            return
        if not self.fresh and self._text is not None and self.blank_above(comment.start):
            self.lines.append("")
        self.lines.append(self.margin + comment.text.rstrip())
        self.fresh = False
        self._attached = True

    def _comments_after(self, end: int, column: int) -> None:
        text = self._text
        assert text is not None
        limit = self.after(end)
        while self.at < limit:
            comment = self._comments[self._next]
            if comment.own_line:
                line_start = text.rfind("\n", 0, comment.start) + 1
                if comment.start - line_start <= column:
                    return
            self._write(self._take())

    # ------------------------------------------------------------ the text

    def blank_above(self, start: int) -> bool:
        """Whether the line above the one that begins with what stands at ``start`` is blank."""
        text = self._text
        if text is None:
            return False
        line_start = text.rfind("\n", 0, start) + 1
        if line_start == 0 or text[line_start:start].strip():
            return False
        above = text.rfind("\n", 0, line_start - 1) + 1
        return not text[above : line_start - 1].strip()

    def column(self, start: int) -> int:
        """Column, from 0, of what stands at ``start``."""
        if self._text is None:
            return 0
        return start - (self._text.rfind("\n", 0, start) + 1)

    def after(self, end: int) -> int:
        """Where the next token after ``end`` begins, past blanks and comments."""
        match = _GAP.match(self._text, end) if self._text is not None else None
        return match.end() if match else end
