"""Literal patterns in sources, all of them in one pass of the text engine."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.engine.search.kinds import Kind, Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.engine.search.texts import Texts

_MOST_SPELLINGS: Final = 256


class PatternError(ValueError):
    """A pattern that cannot be looked for."""


class Query(msgspec.Struct, frozen=True):
    """What is looked for. ``kinds`` are those of the tokens that a match has to be in; empty for anywhere.

    ``words``: nothing that can be in a name stands right before or behind a match.
    """

    patterns: tuple[str, ...]
    ignore_case: bool = False
    words: bool = False
    kinds: tuple[Kind, ...] = ()


class Match(msgspec.Struct, frozen=True, gc=False):
    """A range of one line, in code points; ``line`` and ``column`` count from 1. ``pattern`` is the place of the pattern."""

    file: int
    line: int
    column: int
    end_column: int
    pattern: int


def find_matches(texts: Texts, query: Query) -> Iterator[Match]:
    """The matches in the order of files and places. Where several overlap, the one that begins first counts, and of those the
    longest.

    :raises PatternError: at a pattern that is empty, of several lines or no text.
    :raises ValueError: where the files are too large together.
    """
    spellings, owners = _spellings(query)
    sizes = [len(each) for each in spellings]
    found = texts.engine.search(texts.arena, spellings, ignore_case=query.ignore_case)
    if query.kinds:
        texts.cut(file for file, _, _ in texts.by_file(found))
    for file, ends, numbers in texts.by_file(found):
        spans = [
            (end - sizes[number], end, owners[number])
            for end, number in zip(ends, numbers, strict=True)
        ]
        yield from _of_file(texts, file, spans, query)


def _of_file(
    texts: Texts, file: int, spans: list[tuple[int, int, int]], query: Query
) -> Iterator[Match]:
    source = texts.source(file)
    region: Region | None = None
    starts = source.line_starts
    last = 0
    for start, end, pattern in _in_characters(texts, file, spans):
        if start < last or (query.words and not _is_word(source.text, start, end)):
            continue
        if query.kinds:
            region = region or Region(texts.tokens(file), query.kinds)
            if not region.holds(start, end):
                continue
        line = source.line_of(start)
        column = start - starts[line - 1] + 1
        yield Match(file, line, column, column + end - start, pattern)
        last = end


def _in_characters(
    texts: Texts, file: int, spans: list[tuple[int, int, int]]
) -> list[tuple[int, int, int]]:
    """Ranges in code points, by their start, those that begin together the longest first."""
    ordered = sorted(spans, key=lambda span: (span[0], -span[1], span[2]))
    places = sorted({place for start, end, _ in spans for place in (start, end)})
    known = dict(zip(places, texts.offsets(file, places), strict=True))
    return [(known[start], known[end], pattern) for start, end, pattern in ordered]


def _is_word(text: str, start: int, end: int) -> bool:
    before, behind = text[start - 1 : start], text[end : end + 1]
    return not _in_names(before) and not _in_names(behind)


def _in_names(character: str) -> bool:
    return character.isalnum() or character == "_"


def _spellings(query: Query) -> tuple[list[bytes], list[int]]:
    """The patterns in UTF-8 and the place of each; letters beyond ASCII in both cases where case is ignored."""
    spellings: list[bytes] = []
    owners: list[int] = []
    for place, pattern in enumerate(query.patterns):
        if not pattern:
            raise PatternError("a pattern is empty")
        if "\n" in pattern:
            raise PatternError("a pattern is of one line: give several with -e")
        for spelling in _cases(pattern) if query.ignore_case else [pattern]:
            try:
                spellings.append(spelling.encode())
            except UnicodeEncodeError:
                raise PatternError("a pattern is not UTF-8") from None
            owners.append(place)
    return spellings, owners


def _cases(pattern: str) -> list[str]:
    choices = [
        [each] if each.isascii() else sorted({each, each.lower(), each.upper()}) for each in pattern
    ]
    count = 1
    for each in choices:
        count *= len(each)
    if count > _MOST_SPELLINGS:
        message = f"a pattern has more than {_MOST_SPELLINGS} spellings: it has too many letters beyond ASCII"
        raise PatternError(message)
    return ["".join(each) for each in product(*choices)]
