"""Where the tokens of a kind are in a file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from hyper.lang import tokens as t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.lang.tokens import Tokens

Kind: TypeAlias = Literal["names", "strings", "comments", "code"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""Names; strings with their quotes; comments with their ``#``; and all that is neither string nor comment."""

_TOKENS: Final[dict[str, frozenset[int]]] = {
    "names": frozenset({t.NAME, t.QUOTED}),
    "strings": frozenset({t.STRING}),
    "comments": frozenset(),
    "code": frozenset({t.STRING}),
}


class Spans:
    """Ranges of a file in code points, in order, none over another."""

    def __init__(self, starts: Sequence[int], ends: Sequence[int]) -> None:
        self.starts = starts
        self.ends = ends

    def around(self, start: int, end: int) -> int | None:
        """The place of the range that holds all from ``start`` to ``end``."""
        at = bisect_right(self.starts, start) - 1
        return at if at >= 0 and end <= self.ends[at] else None

    def touch(self, start: int, end: int) -> bool:
        """Whether a range has a part of what is from ``start`` to ``end``."""
        at = bisect_left(self.starts, end) - 1
        return at >= 0 and self.ends[at] > start


class Region:
    """The parts of a file that are of some kinds."""

    def __init__(self, tokens: Tokens, kinds: Sequence[Kind]) -> None:
        comments = Spans(tokens.comment_starts, tokens.comment_ends)
        self._inside: list[Spans] = []
        self._outside: list[Spans] = []
        for kind in kinds:
            chosen = _TOKENS[kind]
            if chosen:
                places = [at for at, each in enumerate(tokens.kinds) if each in chosen]
                spans = Spans(
                    [tokens.starts[at] for at in places], [tokens.ends[at] for at in places]
                )
                (self._outside if kind == "code" else self._inside).append(spans)
            if kind in {"comments", "code"}:
                (self._outside if kind == "code" else self._inside).append(comments)

    def holds(self, start: int, end: int) -> bool:
        """Whether all of a range lies in one token of the kinds, or, for code, outside of strings and comments."""
        if any(spans.around(start, end) is not None for spans in self._inside):
            return True
        return bool(self._outside) and not any(spans.touch(start, end) for spans in self._outside)
