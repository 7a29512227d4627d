r"""The patterns of token rules as trees: the part of the syntax of regular expressions that they use.

A text engine reads bytes, so a set of characters is a set of *symbols*: the 128 ASCII characters, and ``HIGH`` for any
byte of a longer one. A set that has some of those characters and lacks others (``\\w``) is *mixed*: its symbols then
say ``MIXED``, on which a machine cannot decide.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

HIGH: Final = 128
"""The symbol of any byte above 127."""
MIXED: Final = 129
"""The symbol of a byte above 127 where the set has only some of the characters beyond ASCII."""
ASCII: Final = frozenset(range(128))

Symbols: TypeAlias = frozenset[int]

_SPACES: Final = frozenset(map(ord, " \t\n\r\f\v\x1c\x1d\x1e\x1f"))
_DIGITS: Final = frozenset(range(48, 58))
_WORDS: Final = _DIGITS | {95} | frozenset(range(65, 91)) | frozenset(range(97, 123))
_SHORTHANDS: Final[dict[str, Symbols]] = {
    "s": _SPACES | {MIXED},
    "S": (ASCII - _SPACES) | {MIXED},
    "d": _DIGITS | {MIXED},
    "D": (ASCII - _DIGITS) | {MIXED},
    "w": _WORDS | {MIXED},
    "W": (ASCII - _WORDS) | {MIXED},
}
_CONTROLS: Final = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11}
_ENDLESS: Final = -1
_QUANTIFIERS: Final = {"*": (0, _ENDLESS), "+": (1, _ENDLESS), "?": (0, 1)}


class Chars(msgspec.Struct, frozen=True, tag=True):
    """One symbol of a set."""

    symbols: Symbols


class Concat(msgspec.Struct, frozen=True, tag=True):
    """One after the other."""

    parts: tuple[Pattern, ...]


class Alternatives(msgspec.Struct, frozen=True, tag=True):
    """The first that matches."""

    parts: tuple[Pattern, ...]


class Repeat(msgspec.Struct, frozen=True, tag=True):
    """A part as often as it matches: at least ``least`` times, and once at most where not ``endless``."""

    part: Pattern
    least: int
    endless: bool


Pattern: TypeAlias = Chars | Concat | Alternatives | Repeat


class PatternError(ValueError):
    """A pattern uses what token rules cannot use."""


def parse_pattern(text: str) -> Pattern:
    """Read a pattern. Possessive quantifiers are read as greedy ones: token rules use them only to spare work.

    :raises PatternError: at a construct that is no part of the syntax that token rules have.
    """
    reader = _Reader(text)
    found = reader.alternatives()
    if reader.at != len(text):
        raise reader.error("an unmatched parenthesis")
    return found


class _Reader:
    """A recursive descent over the text of a pattern."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self, what: str) -> PatternError:
        return PatternError(f"{what} at {self.at} of the pattern {self.text!r}")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        char = self.peek()
        if not char:
            raise self.error("an unexpected end")
        self.at += 1
        return char

    def alternatives(self) -> Pattern:
        parts = [self._sequence()]
        while self.peek() == "|":
            self.at += 1
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Alternatives(tuple(parts))

    def _sequence(self) -> Pattern:
        parts: list[Pattern] = []
        while self.peek() not in {"", "|", ")"}:
            parts.append(self._repeated(self._atom()))
        return Concat(tuple(parts))

    def _repeated(self, part: Pattern) -> Pattern:
        bounds = _QUANTIFIERS.get(self.peek())
        if bounds is None:
            return part
        self.at += 1
        if self.peek() == "+":
            self.at += 1
        elif self.peek() in {"?", "*"}:
            raise self.error("a quantifier of a quantifier")
        return Repeat(part, bounds[0], bounds[1] == _ENDLESS)

    def _atom(self) -> Pattern:
        char = self.take()
        if char == "(":
            if self.text[self.at : self.at + 2] != "?:":
                raise self.error("a group that is kept, or an assertion,")
            self.at += 2
            found = self.alternatives()
            if self.take() != ")":
                raise self.error("a missing parenthesis")
            return found
        if char == "[":
            return Chars(self._set())
        if char in "^$.*+?{":
            raise self.error(f"`{char}`")
        return Chars(self._symbols(char))

    def _symbols(self, char: str) -> Symbols:
        """The symbols that a character outside of sets, or an escape, stands for."""
        if char != "\\":
            return _single(self, char)
        escaped = self.take()
        if escaped in _SHORTHANDS:
            return _SHORTHANDS[escaped]
        if escaped in _CONTROLS:
            return frozenset({_CONTROLS[escaped]})
        if escaped.isalnum():
            raise self.error(f"`\\{escaped}`")
        return _single(self, escaped)

    def _set(self) -> Symbols:
        negated = self.peek() == "^"
        self.at += negated
        found: Symbols = frozenset()
        opposites: set[Symbols] = set()
        first = True
        while first or self.peek() != "]":
            first = False
            low = self._symbols(self.take())
            if MIXED in low:
                opposites.add(low)
            if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] != "]" and len(low) == 1:
                self.at += 1
                high = self._symbols(self.take())
                if len(high) != 1:
                    raise self.error("a range that ends in a set")
                low = frozenset(range(next(iter(low)), next(iter(high)) + 1))
            found |= low
        self.at += 1
        if any(_negated(each) in opposites for each in opposites):
            # A shorthand and its opposite, as in `[\\s\\S]`, are all characters.
            found = ASCII | {HIGH}
        return _negated(found) if negated else found


def _single(reader: _Reader, char: str) -> Symbols:
    if ord(char) >= HIGH:
        raise reader.error("a character beyond ASCII")
    return frozenset({ord(char)})


def _negated(symbols: Symbols) -> Symbols:
    beyond = {HIGH, MIXED} & symbols
    rest = ASCII - symbols
    if MIXED in beyond:
        return rest | {MIXED}
    return rest if HIGH in beyond else rest | {HIGH}
