"""Matches are those that a plain search of the text finds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.base.source import Source
from hyper.engine.search.grep import PatternError, Query, find_matches
from hyper.engine.search.kinds import KINDS, Region
from hyper.engine.search.texts import Texts
from hyper.lang.lexer import decode, tokenize

if TYPE_CHECKING:
    from hyper.engine.search.kinds import Kind

PIECES = [
    "a",
    "ab",
    "b",
    "é",
    "ÉA",
    "😀",
    '"',
    "#",
    "\n",
    "\r\n",
    " ",
    ":",
    "`",
    "\\",
    "_",
    "\ufeff",
    "'''",
]
FILES = st.lists(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), max_size=4)
PATTERNS = st.lists(st.text("abé_: ", min_size=1, max_size=3), min_size=1, max_size=6)


def _found(texts: Texts, query: Query) -> list[tuple[int, int, int]]:
    """The file, and the range in code points of its text."""
    found = []
    for match in find_matches(texts, query):
        start = texts.source(match.file).line_starts[match.line - 1]
        found.append((match.file, start + match.column - 1, start + match.end_column - 1))
    return found


def _expected(
    texts: Texts, patterns: list[str], *, ignore_case: bool, words: bool, kinds: list[Kind]
) -> list[tuple[int, int, int]]:
    flags = re.IGNORECASE if ignore_case else 0
    found = []
    for file in range(len(texts)):
        source = texts.source(file)
        region = Region(tokenize(source), kinds)
        spans = {
            (at, at + len(pattern))
            for pattern in patterns
            for at in range(len(source.text))
            if re.compile(re.escape(pattern), flags).match(source.text, at)
        }
        last = 0
        for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            beside = source.text[max(0, start - 1) : start] + source.text[end : end + 1]
            if start < last or (words and any(c.isalnum() or c == "_" for c in beside)):
                continue
            if not kinds or region.holds(start, end):
                found.append((file, start, end))
                last = end
    return found


@given(FILES, PATTERNS, st.booleans(), st.booleans(), st.lists(st.sampled_from(KINDS), max_size=2))
def test_matches(
    files: list[str], patterns: list[str], ignore_case: bool, words: bool, kinds: list[Kind]
) -> None:
    texts = Texts([f"{at}.intent" for at in range(len(files))], [text.encode() for text in files])
    query = Query(tuple(patterns), ignore_case, words, tuple(kinds))
    expected = _expected(texts, patterns, ignore_case=ignore_case, words=words, kinds=kinds)
    assert _found(texts, query) == expected


@given(st.lists(st.binary(max_size=12) | st.just(b"ab\r\n"), max_size=6).map(b"".join))
def test_any_bytes_are_read_as_the_language_reads_them(data: bytes) -> None:
    texts = Texts(["a.intent"], [data])
    assert texts.source(0).text == decode("a.intent", data)[0].text
    assert texts.arena.plain()
    text = texts.source(0).text
    assert _found(texts, Query(("ab",))) == [(0, *m.span()) for m in re.finditer("ab", text)]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_kinds_divide_the_tokens(text: str) -> None:
    """Each character is of code, or else of one string or comment."""
    tokens = tokenize(Source("a.intent", text))
    regions = {kind: Region(tokens, [kind]) for kind in KINDS}
    for at in range(len(text)):
        held = [kind for kind in KINDS if kind != "names" and regions[kind].holds(at, at + 1)]
        assert len(held) == 1
        assert not regions["names"].holds(at, at + 1) or held == ["code"]


@pytest.mark.parametrize("pattern", ["", "a\nb", "\ud800"])
def test_patterns_that_are_none(pattern: str) -> None:
    with pytest.raises(PatternError):
        list(find_matches(Texts([], []), Query((pattern,))))
