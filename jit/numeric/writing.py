"""The text of a compiled function as it grows: statements over names and constants, and checks that end it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from hyper.jit.numeric.source import MOST_INT, NotNumericError, Number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.jit.numeric.source import Kind


class Value(NamedTuple):
    """A name or a constant of the text, which may be written more than once. ``known`` is what it is, where that is known."""

    text: str
    kind: Kind
    known: Number | None = None


def constant(value: Number, line: int = 0) -> Value:
    """A number as text. Raises ``NotNumericError`` for an int of more than 64 bits."""
    if isinstance(value, bool):
        return Value(str(value), "bool", value)
    if isinstance(value, int):
        if not -MOST_INT <= value <= MOST_INT:
            raise NotNumericError("a number of more than 64 bits", line)
        return Value(f"({value})" if value < 0 else str(value), "int", value)
    text = {"inf": "INF", "-inf": "(-INF)", "nan": "NAN"}.get(repr(value), repr(value))
    return Value(f"({text})" if text.startswith("-") else text, "float", value)


class Writer:
    """Lines of one function. ``site`` numbers are handed in: 0 is no status of a check."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._depth = 1
        self._temporaries = 0

    def line(self, text: str) -> None:
        """Add a line."""
        self.lines.append(f"{'    ' * self._depth}{text}")

    @contextlib.contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Add a compound statement; its body is what is added meanwhile."""
        self.line(head)
        self._depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.line("pass")
        self._depth -= 1

    def new(self) -> str:
        """A name that no other value has."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    def put(self, expression: str, kind: Kind) -> Value:
        """A name for the value of an expression."""
        name = self.new()
        self.line(f"{name} = {expression}")
        return Value(name, kind)

    def check(self, failed: str, site: int) -> None:
        """End the function where a condition holds."""
        self.line(f"if {failed}: return {site}, ?")
