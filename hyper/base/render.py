"""Diagnostics for people: the source line, an underline, what to do, in colour on a terminal."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, Protocol, TextIO

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hyper.base.diagnostics import Diagnostic, Related

_WIDTH: Final = 160
_TAB: Final = "    "


class Palette(msgspec.Struct, frozen=True):
    """Escape sequences by role; all empty without colour."""

    error: str = ""
    warning: str = ""
    note: str = ""
    place: str = ""
    strong: str = ""
    reset: str = ""


PLAIN: Final = Palette()
COLOUR: Final = Palette(
    error="\x1b[1;31m",
    warning="\x1b[1;33m",
    note="\x1b[1;36m",
    place="\x1b[1;34m",
    strong="\x1b[1m",
    reset="\x1b[0m",
)


class Place(Protocol):
    """What a diagnostic and a related place have in common."""

    @property
    def file(self) -> str:
        """The file, as it is shown."""

    @property
    def line(self) -> int:
        """From 1; 0 where there is none."""

    @property
    def column(self) -> int:
        """From 1."""

    @property
    def end_line(self) -> int:
        """Where the range ends."""

    @property
    def end_column(self) -> int:
        """Exclusive."""


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to colour what is written to a stream: NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""
    if environment.get("NO_COLOR"):
        return False
    force = environment.get("FORCE_COLOR")
    if force:
        return force != "0"
    return environment.get("TERM") != "dumb" and stream.isatty()


class Renderer:
    """Renders diagnostics. ``line_of`` gives the text of a line of a file, or ``None`` where it is not known."""

    def __init__(self, line_of: Callable[[str, int], str | None], palette: Palette = PLAIN) -> None:
        self.line_of = line_of
        self.palette = palette

    def render(self, item: Diagnostic) -> str:
        """One diagnostic, ending in a line end."""
        paint = self.palette
        colour = {"error": paint.error, "warning": paint.warning}.get(item.severity, paint.note)
        head = f"{colour}{item.severity}[{item.code}]{paint.reset}"
        lines = [f"{head}{paint.strong}: {printable(item.message)}{paint.reset}"]
        lines += self._place(item, "^", colour, "")
        for related in item.related:
            lines += self._place(related, "-", paint.note, related.message)
        if item.suggestion:
            text = printable(item.suggestion)
            lines.append(
                f"  {paint.place}={paint.reset} {paint.note}help{paint.reset}: {_advice(text)}"
            )
        return "\n".join(lines) + "\n"

    def render_all(self, items: Iterable[Diagnostic]) -> str:
        """Diagnostics in the order given, with an empty line between them."""
        return "\n".join(self.render(item) for item in items)

    def _place(self, place: Place | Related, mark: str, colour: str, label: str) -> list[str]:
        paint = self.palette
        if not place.file:
            return []
        file = printable(place.file)
        if not place.line:
            return [f" {paint.place}-->{paint.reset} {file}"]
        number = str(place.line)
        pad = " " * len(number)
        lines = [f"{pad}{paint.place}-->{paint.reset} {file}:{place.line}:{place.column}"]
        text = self.line_of(place.file, place.line)
        if text is None:
            if label:
                lines.append(f"{pad} {paint.place}={paint.reset} {printable(label)}")
            return lines
        shown, before, width = _excerpt(text, place)
        bar = f"{paint.place}|{paint.reset}"
        tail = f" {printable(label)}" if label else ""
        lines += [
            f"{pad} {bar}",
            f"{paint.place}{number}{paint.reset} {bar} {shown}".rstrip(),
            f"{pad} {bar} {' ' * before}{colour}{mark * width}{tail}{paint.reset}",
        ]
        return lines


def _advice(text: str) -> str:
    return text if " " in text else f"did you mean `{text}`?"


def _excerpt(text: str, place: Place | Related) -> tuple[str, int, int]:
    """A line as shown, the cells before the marked range, and the cells of the range (at least one)."""
    if (place.column, place.end_line, place.end_column) == (1, place.line, 1):
        # A finding about a line as a whole: what stands on it is marked.
        start, end = len(text) - len(text.lstrip()), len(text.rstrip())
        return _window(text, start, max(end, start + 1))
    start = max(place.column - 1, 0)
    end = place.end_column - 1 if place.end_line == place.line else len(text)
    return _window(text, start, min(max(end, start + 1), max(len(text), start + 1)))


def _window(text: str, start: int, end: int) -> tuple[str, int, int]:
    """The part of a line that fits around a range."""
    cut = 0
    prefix = ""
    if len(text) > _WIDTH and start > _WIDTH // 2:
        cut, prefix = start - _WIDTH // 2, "…"
    visible = text[cut : cut + _WIDTH]
    suffix = "…" if len(text) > cut + _WIDTH else ""
    before = len(prefix) + cells(text[cut:start])
    width = cells(text[start : min(end, cut + _WIDTH)])
    return f"{prefix}{printable(visible)}{suffix}", before, max(width, 1)


def printable(text: str) -> str:
    """A text in which nothing steers a terminal: tabs become spaces, control and bidi characters their escapes."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character == "\t":
        return _TAB
    if character.isprintable():
        return character
    if unicodedata.category(character) in {"Zs", "Mn", "Me"}:
        return character
    return character.encode("unicode_escape").decode("ascii")


def cells(text: str) -> int:
    """How many cells of a terminal a text takes, as ``printable`` shows it."""
    shown = printable(text)
    if shown.isascii():
        return len(shown)
    total = 0
    for character in shown:
        if unicodedata.combining(character):
            continue
        total += 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
    return total
