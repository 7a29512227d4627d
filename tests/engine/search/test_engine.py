"""Searching with an engine and without one gives the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.engine.lexing.library import Library
from hyper.engine.options import Options
from hyper.engine.search.engine import LEAST, Engine, search_plainly
from hyper.engine.search.texts import Texts
from hyper.gpu.arena import Arena
from hyper.gpu.compiled.memory import PlainLoops
from hyper.lang.automaton.table import token_table

ENGINE = Engine(Options(text="python"), 0)


def _with_library() -> Engine:
    """As on a machine that has the library: the same kernels, as they stand."""
    engine = Engine(Options(text="native"), LEAST)
    engine._library = Library(PlainLoops(), token_table())
    return engine


COMPILED = _with_library()
WORDS = st.lists(st.text("abB/é", min_size=1, max_size=3).map(str.encode), min_size=1, max_size=9)
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
    for search in (ENGINE.search, COMPILED.search, search_plainly):
        found = search(arena, words, ignore_case=ignore_case)
        assert list(zip(found.ends, found.patterns, strict=True)) == expected


def test_an_empty_word_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        ENGINE.search(Arena([b"a"]), [b"a", b""])


def test_tokens_and_hashes_are_the_same_with_a_library_and_without() -> None:
    texts = ['const A = "x"  # note\n', "entity B:\n    name: string @length(1, 9)\n", '"open\n']
    names = [f"{number}.intent" for number in range(len(texts))]
    several = [
        Texts(names, [text.encode() for text in texts], engine) for engine in (ENGINE, COMPILED)
    ]
    for each in several:
        each.cut(range(len(texts)))
    for file in range(len(texts)):
        one, other = (each.tokens(file) for each in several)
        assert list(one.kinds) == list(other.kinds)
        assert list(one.starts) == list(other.starts)
        assert list(one.comment_ends) == list(other.comment_ends)
    ranges = [0, 3, 1, 9, 4, 4]
    assert list(ENGINE.hash(b"123456789", ranges)) == list(COMPILED.hash(b"123456789", ranges))
