"""Every mistake of a file in one run, and one error for one mistake."""

from __future__ import annotations

import pytest

from hyper.base.source import Source
from hyper.lang import tree
from hyper.lang.formatter import format_text
from hyper.lang.lexer import tokenize
from hyper.lang.parser import Parsed, parse
from hyper.lang.parser.cursor import _Texts


def _parse(text: str) -> Parsed:
    return parse(Source("a.intent", text))


def _found(text: str) -> list[tuple[int, str]]:
    return [(item.line, item.code) for item in _parse(text).diagnostics]


def test_each_broken_line_is_reported_and_the_others_are_kept() -> None:
    text = """
entity A:
    a int
    b: int
    c: list[int
    d: string @length(1, 2
    e: bool
calc f(x int) -> int:
    let y =
    y +
    3
entity B:
    z: int
"""
    parsed = _parse(text)
    assert [item.line for item in parsed.diagnostics] == [3, 5, 6, 8, 9, 10]
    first, calc, last = parsed.module.declarations
    assert isinstance(first, tree.EntityDecl)
    assert isinstance(calc, tree.CalcDecl)
    assert isinstance(last, tree.EntityDecl)
    assert [field.name.name for field in first.fields] == ["b", "e"]
    assert len(calc.body) == 1


@pytest.mark.parametrize(
    "text",
    [
        "entity A is:\n    x: int\n",
        "entity A\n    x: int\n",
        "entity A:\n    x: int\n      y: int\n",
        "entity A:\n    x: int\n  y: int\n",
        "entiy A:\n    x: int\n    y: int\n",
        "calc f(x: int) -> int\n    if x > 1:\n        x\n    else:\n        2\n",
        "calc f(x: int) -> int:\n    if x >:\n        x\n    x\n",
        "calc f(x: int) -> int:\n    if x > 1 x\n        x\n    x\n",
        'const A = "abc\n',
        'entity A:\n    x: string @match("abc)\n    y: int\n',
        "const A = (1, [2, {3: 4}\nconst B = 1\n",
        "action a:\n    rout GET /a/{b}\n    path b: int\n    returns 204\n",
        "action a:\n    route GET a\n    returns 204\n",
        "table t(a: int) -> int\n    a => r\n    1 => 2\n",
        'rule r on A:\n    requires a else "no"\n',
        'feature "a":\n    scenario "b"\n        given a = 1\n',
        'feature "a":\n    scenario "b":\n        gven a = 1\n',
        "const A = 1 &&  2\n",
        "const A = 1e99999\n",
        "use a (b, c\nconst A = 1\n",
        "enum A: a, 3, b\n",
        "union A = B | | C\n",
        "type A = B | C\n",
        "entity A:\n\tx: int\n\ty: int\n",
        "const A = " + "(" * 300 + "1\nconst B = 2\n",
        "x\n",
        "entity A:\n    x: int )\n",
        "]\n",
        "match: 1\n",
    ],
)
def test_one_mistake_is_one_error(text: str) -> None:
    assert len(_found(text)) == 1


def test_two_mistakes_on_two_lines_are_two() -> None:
    assert _found('const A = "abc\nconst B = $\n') == [(1, "E0103"), (2, "E0102")]


def test_a_misspelt_word_loses_nothing() -> None:
    parsed = _parse("entiy A:\n    x: int\naction a:\n    rout GET /a/{b}\n")
    entity, action = parsed.module.declarations
    assert isinstance(entity, tree.EntityDecl)
    assert isinstance(action, tree.ActionDecl)
    assert action.route is not None
    assert (action.route.method, action.route.path) == ("GET", "/a/{b}")
    assert [item.suggestion for item in parsed.diagnostics] == ["entity", "route"]


def test_places() -> None:
    (item,) = _parse("entity A:\n    one two: int\n").diagnostics
    assert (item.line, item.column, item.end_line, item.end_column) == (2, 9, 2, 12)


def test_the_formatter_leaves_a_broken_file_alone() -> None:
    text = "entity   A :\n  x int\n"
    result = format_text(Source("a.intent", text))
    assert result.text == text
    assert [item.code for item in result.diagnostics] == ["E0201"]


def test_what_misspelt_words_are_read_as_is_kept_once() -> None:
    """A file of them is read in time that grows with its size: nothing is copied for each."""
    source = Source("a.intent", "Entity A:\n    id: uuid\n" * 40)
    texts = _Texts(tokenize(source))
    texts.put(0, "entity")
    kept, size = texts._own, len(texts._text)
    assert kept is not None
    for place in range(1, 200):
        texts.put(place, "entity")
    texts.put(200, "enum")
    assert texts._own is not None
    assert all(ours is theirs for ours, theirs in zip(texts._own, kept, strict=True))
    assert len(texts._text) == size + len("enum")
    assert [texts[place] for place in (0, 1, 199, 200)] == ["entity", "entity", "entity", "enum"]
    assert texts[201] == tokenize(source).texts[201] == "A"
