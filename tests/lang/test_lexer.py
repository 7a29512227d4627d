from __future__ import annotations

import pytest

from hyper.base.source import Source
from hyper.lang import tokens as t
from hyper.lang.lexer import decode, tokenize


def _tokens(text: str) -> t.Tokens:
    return tokenize(Source("a.intent", text))


def _kinds(text: str) -> list[int]:
    return [*_tokens(text).kinds]


def _texts(text: str) -> list[str]:
    tokens = _tokens(text)
    return [part for kind, part in zip(tokens.kinds, tokens.texts, strict=True) if part]


def _problems(text: str) -> list[tuple[str, int, int]]:
    return [(code, start, end) for code, _, start, end in _tokens(text).problems]


def test_offsets_give_the_text_back() -> None:
    text = 'entity A:\n    x?: int = 1_000 @range(0, 2)  # c\n    y: string = r"\\d"\n'
    tokens = _tokens(text)
    for i, part in enumerate(tokens.texts):
        if part:
            assert text[tokens.starts[i] : tokens.ends[i]] == part
    assert tokens.kinds[-1] == t.END


def test_operators_take_the_longest_spelling() -> None:
    text = "a ?? b // c / d .. e . f -> g => h == i != j <= k >= l < m > n = o ? p"
    assert [part for part in _texts(text) if not part.isidentifier()] == text.split()[1::2]


def test_a_range_of_integers_is_no_number_with_a_point() -> None:
    assert _texts("1..5 1.5 1e5 1.5e-3 0x1F 1_000") == [
        "1",
        "..",
        "5",
        "1.5",
        "1e5",
        "1.5e-3",
        "0x1F",
        "1_000",
    ]
    assert _kinds("1.5 2e3 7")[:3] == [t.NUMBER, t.NUMBER, t.INT]


def test_strings() -> None:
    texts = [
        '"a"',
        '""',
        '"\\""',
        'r"\\d"',
        "'b'",
        '"""c "d" ""e"""',
        "r'f'",
        '"""g\n\\""""',
        '"h"',
    ]
    assert _texts(" ".join(texts)) == texts


def test_indentation_makes_blocks() -> None:
    kinds = _kinds("a:\n  b:\n     c\n  d\ne\n")
    assert kinds == [
        t.NAME,
        t.COLON,
        t.NEWLINE,
        t.INDENT,
        t.NAME,
        t.COLON,
        t.NEWLINE,
        t.INDENT,
        t.NAME,
        t.NEWLINE,
        t.DEDENT,
        t.NAME,
        t.NEWLINE,
        t.DEDENT,
        t.NAME,
        t.NEWLINE,
        t.END,
    ]


def test_brackets_join_lines() -> None:
    assert t.INDENT not in _kinds("a(\n      b,\n  c\n)\n")
    assert _kinds("a(\n\n# x\nb)\n").count(t.NEWLINE) == 1


def test_blank_lines_and_comments_make_no_tokens() -> None:
    tokens = _tokens("# first\n\na  # second\n   # third\n\nb\n# last")
    assert tokens.kinds == [t.NAME, t.NEWLINE, t.NAME, t.NEWLINE, t.END]
    assert tokens.comment_own == [True, False, True, True]


def test_an_empty_file() -> None:
    assert _kinds("") == [t.END]
    assert _kinds("\n\n  # only a comment\n") == [t.END]


def test_a_line_end_is_not_needed_at_the_end() -> None:
    assert _kinds("a:\n  b") == _kinds("a:\n  b\n")


def test_crlf_is_a_line_end() -> None:
    assert _kinds("a:\r\n    b\r\n\r\n# c\r\n    d\r\n") == _kinds("a:\n    b\n\n# c\n    d\n")


def test_a_route_is_one_token() -> None:
    path = "/a/{b}/(c='{d}')#e"
    tokens = _tokens(f"    route GET {path}  # comment\n")
    assert t.ROUTE in tokens.kinds
    assert f"route GET {path}" in tokens.texts
    assert len(tokens.comment_starts) == 1


def test_names() -> None:
    assert _kinds("größe _x `+1` `a\\`b`")[:4] == [t.NAME, t.NAME, t.QUOTED, t.QUOTED]


@pytest.mark.parametrize(
    ("text", "code", "start", "end"),
    [
        ("a $ b", "E0102", 2, 3),
        ("a\x00b", "E0102", 1, 2),
        ("\ufb01x", "E0102", 0, 2),
        ('x = "abc\ny', "E0103", 4, 8),
        ('x = """abc\ny', "E0103", 4, 12),
        ("x = r'''abc\ny", "E0103", 4, 13),
        ("x = r'abc\ny", "E0103", 5, 9),
        ("x = `abc\ny", "E0103", 4, 8),
        ("x = ``\n", "E0103", 4, 6),
        ("a:\n\tb\n\tc\n", "E0104", 3, 4),
        ("a:\n    b\n  c\n", "E0105", 9, 11),
        ("x = 012", "E0106", 4, 7),
        ("x = 1_", "E0106", 4, 6),
        ("x = 1e99999", "E0106", 4, 11),
        ("x = " + "9" * 5000, "E0106", 4, 5004),
    ],
)
def test_what_is_wrong_with_the_text(text: str, code: str, start: int, end: int) -> None:
    assert _problems(text) == [(code, start, end)]


def test_an_unclosed_bracket_does_not_swallow_the_file() -> None:
    tokens = _tokens("a = (1,\nb = 2\nc = 3\n")
    assert tokens.kinds.count(t.NEWLINE) == 3


def test_decode() -> None:
    source, found = decode("a.intent", b"\xef\xbb\xbfa\r\nb")
    assert (source.text, found) == ("a\nb", [])


def test_invalid_utf8_names_its_offset() -> None:
    source, (found,) = decode("a.intent", "é\r\nab".encode() + b"\xff")
    assert source.text == "é\nab\ufffd"
    assert (found.code, found.line, found.column) == ("E0101", 2, 3)
    assert "byte 6 (0xff)" in found.message


def test_invalid_utf8_behind_a_byte_order_mark() -> None:
    source, (found,) = decode("a.intent", b"\xef\xbb\xbfa\xc0")
    assert source.text == "a\ufffd"
    assert found.message.startswith("byte 4 (0xc0)")
    assert (found.line, found.column) == (1, 2)
    _, (found,) = decode("a.intent", b"\xef\xbb\xbfintent a\r\n\xff")
    assert found.message.startswith("byte 13 (0xff)")
    assert (found.line, found.column) == (2, 1)
