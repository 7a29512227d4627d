"""Lines of Python, each with the line of the source that it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hyper.emit.python.format import INDENT
from hyper.emit.python.functions.pieces import Piece, lines

if TYPE_CHECKING:
    from collections.abc import Iterable


class Mark(NamedTuple):
    """Where a decision comes out one way: at the statement that begins on ``line``; or, where ``past`` is 1, where none of the
    conditions of the ``if`` on that line holds. ``decision`` and ``outcome`` are places: see ``hyper.ir.decisions``."""

    line: int
    decision: int
    outcome: int
    past: int


class Lines:
    """Grows by whole statements. ``origins`` has 0 where there is no source line; ``marks`` are where decisions come out."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.origins: list[int] = []
        self.marks: list[Mark] = []

    def add(self, texts: Iterable[str], origin: int) -> None:
        """Lines that come from one line of the source."""
        for text in texts:
            self.texts.append(text)
            self.origins.append(origin)

    def statement(
        self, depth: int, head: str, piece: Piece, tail: str = "", *, origin: int
    ) -> None:
        """``head piece tail`` at a depth of indentation."""
        self.add(lines(piece, INDENT * depth, head, tail), origin)

    def plain(self, depth: int, text: str, origin: int) -> None:
        """A line as it is."""
        self.add([f"{INDENT * depth}{text}"], origin)

    def extend(self, other: Lines) -> None:
        """Lines that were written apart."""
        shift = len(self.texts)
        self.marks += [mark._replace(line=mark.line + shift) for mark in other.marks]
        self.texts += other.texts
        self.origins += other.origins
