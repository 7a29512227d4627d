"""Whatever the bytes are: diagnostics, never an exception, and never a formatted text that means something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyper.base.source import Source
from hyper.lang.formatter import format_text
from hyper.lang.lexer import decode, tokenize
from hyper.lang.parser import parse
from hyper.lang.same import same
from hyper.lang.tokens import NEWLINE

_EVERYTHING = (Path(__file__).parent / "golden" / "everything.intent").read_text(encoding="utf-8")
_PIECES = [*_EVERYTHING.replace("\n", " \n ").split(" "), *'([{}])\t"`']
_SETTINGS = settings(max_examples=150, deadline=None)


def _survives(text: str) -> None:
    source = Source("a.intent", text)
    parsed = parse(source)
    for item in parsed.diagnostics:
        assert 1 <= item.line <= text.count("\n") + 1
        assert (item.end_line, item.end_column) >= (item.line, item.column)
    formatted = format_text(source)
    if parsed.diagnostics:
        assert formatted.text == text
        return
    again = Source("a.intent", formatted.text)
    assert same(parse(again).module, parsed.module)
    assert format_text(again).text == formatted.text


@_SETTINGS
@given(st.binary(max_size=200))
def test_bytes(data: bytes) -> None:
    source, _ = decode("a.intent", data)
    _survives(source.text)


@_SETTINGS
@given(st.text(max_size=100))
def test_text(text: str) -> None:
    _survives(text)


@_SETTINGS
@given(st.lists(st.sampled_from(_PIECES), max_size=60).map(" ".join))
def test_pieces_in_any_order(text: str) -> None:
    _survives(text)


@_SETTINGS
@given(st.integers(0, len(_EVERYTHING)))
def test_truncated(size: int) -> None:
    _survives(_EVERYTHING[:size])


@_SETTINGS
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(_EVERYTHING)),
            st.integers(0, 6),
            st.sampled_from(
                ["", ":", "(", ")", '"', "\n", "    ", "#", "@", "|", "=>", "9", "`", "\\"]
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_mutated(edits: list[tuple[int, int, str]]) -> None:
    text = _EVERYTHING
    for at, removed, added in edits:
        text = text[:at] + added + text[at + removed :]
    _survives(text)


@_SETTINGS
@given(st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=12))
def test_comments_anywhere_stay_in_order(places: list[tuple[int, bool]]) -> None:
    tokens = tokenize(Source("a.intent", _EVERYTHING))
    ends = [tokens.starts[i] for i, kind in enumerate(tokens.kinds) if kind == NEWLINE]
    starts = set(tokens.comment_starts)
    chosen: dict[int, bool] = {}
    for place, own_line in places:
        end = ends[place % len(ends)]
        if not any(end - 40 < start < end for start in starts):
            chosen[end] = own_line
    text = _EVERYTHING
    for number, (end, own_line) in enumerate(sorted(chosen.items(), reverse=True)):
        comment = f"\n  # added {number}" if own_line else f"  # added {number}"
        text = text[:end] + comment + text[end:]
    source = Source("a.intent", text)
    before = parse(source)
    assert before.diagnostics == []
    formatted = Source("a.intent", format_text(source).text)
    after = parse(formatted)
    assert same(after.module, before.module)
    assert [item.text for item in after.module.comments] == [
        item.text for item in before.module.comments
    ]
    assert format_text(formatted).text == formatted.text


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("(", ")"),
        ("[", "]"),
        ("(1 + ", ")"),
        ("f(", ")"),
        ("{1: ", "}"),
        ("a[", "]"),
        ("not ", ""),
        ("-", ""),
        ("if a then b else ", ""),
        ("[x for x in ", "]"),
    ],
)
def test_depth(opening: str, closing: str) -> None:
    def text(levels: int) -> str:
        return f"const A = {opening * levels}1{closing * levels}\n"

    _survives(text(200))
    assert parse(Source("a.intent", text(200))).diagnostics == []
    for levels in (300, 3000, 100_000):
        found = parse(Source("a.intent", text(levels))).diagnostics
        assert [item.code for item in found] == ["E0210"]


def test_depth_of_types_blocks_and_chains() -> None:
    def types(levels: int) -> str:
        return f"type A = {'list[' * levels}int{']' * levels}\n"

    def blocks(levels: int) -> str:
        heads = "".join(f"{'  ' * level}  if a:\n" for level in range(levels))
        return f"calc f() -> int:\n{heads}{'  ' * levels}  1\n"

    def chain(levels: int) -> str:
        return f"const A = {' + '.join(['1'] * levels)}\n"

    for make, levels in ((types, 90), (blocks, 200), (chain, 200)):
        _survives(make(levels))
        assert parse(Source("a.intent", make(levels))).diagnostics == []
        found = parse(Source("a.intent", make(1000))).diagnostics
        assert [item.code for item in found] == ["E0210"]


def test_a_wide_file() -> None:
    fields = "".join(f"    field_{i}?: string @length(0, {i})\n" for i in range(20_000))
    parsed = parse(Source("a.intent", f"entity Wide:\n{fields}"))
    assert parsed.diagnostics == []
