"""Lines of Python, each with the line of the source that it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.emit.python.format import INDENT
from hyper.emit.python.functions.pieces import Piece, lines

if TYPE_CHECKING:
    from collections.abc import Iterable


class Lines:
    """Grows by whole statements. ``origins`` has 0 where there is no source line."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.origins: list[int] = []

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
        self.texts += other.texts
        self.origins += other.origins
