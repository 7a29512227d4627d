"""Searching with an engine and without one gives the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.engine.search.engine import search, search_plainly
from hyper.gpu.arena import Arena

WORDS = st.lists(st.text("abB/é", min_size=1, max_size=3).map(str.encode), min_size=1, max_size=6)
FILES = st.lists(st.text("abAB/é\n", max_size=30).map(str.encode), max_size=4)


def _by_definition(arena: Arena, words: list[bytes], *, ignore_case: bool) -> list[tuple[int, int]]:
    data = arena.data.lower() if ignore_case else arena.data
    folded = [word.lower() if ignore_case else word for word in words]
    return [
        (end, number)
        for end in range(1, arena.size + 1)
        for number, word in enumerate(folded)
        if data[:end].endswith(word)
    ]


@given(FILES, WORDS, st.booleans())
def test_every_place_is_found(files: list[bytes], words: list[bytes], ignore_case: bool) -> None:
    arena = Arena(files)
    expected = _by_definition(arena, words, ignore_case=ignore_case)
    for way in (search, search_plainly):
        found = way(arena, words, ignore_case=ignore_case)
        assert list(zip(found.ends, found.patterns, strict=True)) == expected


def test_an_empty_word_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        search(Arena([b"a"]), [b"a", b""])
