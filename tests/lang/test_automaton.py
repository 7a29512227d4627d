"""The table that text engines get, against the reference lexer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.base.source import Source
from hyper.gpu.arena import Arena
from hyper.gpu.compiled.backend import CompiledBackend, lay_out
from hyper.gpu.compiled.memory import PlainLoops
from hyper.lang import tokens as t
from hyper.lang.automaton.machine import DEAD, build_machine
from hyper.lang.automaton.patterns import PatternError, parse_pattern
from hyper.lang.automaton.table import make_table, token_table
from hyper.lang.lexer import tokenize
from tests.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.base.token_table import TokenTable
    from hyper.gpu.results import TokenArrays

BITS = [
    *"\"'#`\\\n\t\r\f&=?.-/{}()[]:,;\x00",
    '"""',
    "'''",
    'r"',
    "R'",
    "\\\n",
    '\\"',
    "route GET /x",
    "route ",
    "GET ",
    "route",
    "1..2",
    "1.5",
    "1.",
    "1e5",
    "1.5e+",
    "1e+3",
    "1e-x",
    "0x1f",
    "1_0",
    "4XX",
    "007",
    "9" * 1001,
    "..",
    "...",
    "->",
    "=>",
    "&&",
    "é",
    "ß",
    "日",
    "\u3000",
    "٣",
    "\N{KELVIN SIGN}",
    "\n    ",
    "\n  ",
    "\n\n# note",
    "\n  # é\n",
    "name",
    " ",
    "  ",
]

_LOOPS = PlainLoops()


def lexed(texts: Sequence[str], table: TokenTable | None = None) -> TokenArrays:
    arena = Arena([text.encode("utf-8", "surrogatepass") for text in texts])
    table = table or token_table()
    pieces = CompiledBackend("plain", _LOOPS).cut(arena, table)
    return lay_out(_LOOPS, arena, table, pieces)


def left_to_the_lexer(texts: Sequence[str]) -> int:
    """Hold the arrays of all texts against the lexer's; the number of those that are left to it."""
    found = lexed(texts)
    left = first = first_note = 0
    for place, text in enumerate(texts):
        until, notes, trouble = found.files[3 * place : 3 * place + 3]
        tokens = tokenize(Source("a.intent", text))
        if trouble:
            left += 1
        else:
            assert not tokens.problems, text
            assert list(found.kinds[first:until]) == tokens.kinds, text
            assert list(found.starts[first:until]) == tokens.starts, text
            assert list(found.ends[first:until]) == tokens.ends, text
            comments = list(found.comments[2 * first_note : 2 * notes])
            assert comments[::2] == tokens.comment_starts, text
            assert comments[1::2] == tokens.comment_ends, text
            assert list(found.own[first_note:notes]) == tokens.comment_own, text
        first, first_note = until, notes
    return left


@given(st.lists(st.lists(st.sampled_from(BITS), max_size=12).map("".join), max_size=4))
def test_any_text_gives_the_lexers_tokens_or_is_left_to_it(texts: list[str]) -> None:
    left_to_the_lexer([text.replace("\r\n", "\n") for text in texts])


def test_real_files_give_the_lexers_tokens() -> None:
    texts = [
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").rglob("*.intent"))
    ]
    assert texts
    assert left_to_the_lexer(texts) == 0


@pytest.mark.parametrize(
    "text",
    [
        "calc größe() -> int: 1\n",
        "a = 0x1f\n",
        "a = 1e10000\n",
        "a = " + "9" * 1001 + "\n",
        'a = "open\n',
        'a = """open\n',
        "(\n",
        "\ta\n",
        "a\r b\n",
        "a\n    b\n  c\n",
        "a;\n",
        "route GET\n",
        'a = "one\\\n two\n',
        "``\n",
    ],
)
def test_what_needs_a_closer_look_is_left_to_the_lexer(text: str) -> None:
    assert left_to_the_lexer([text]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "# only a comment",
        '"Grüße, 日本" # é\na = 1..2 + 1.5\n',
        "returns 4XX: 1_000\n",
        '    # deep\na:\n    b = """\n  " "" \\""" """\n'.lstrip(),
        "route  get  /a{b}//c#d\n",
        "route: string\n",
    ],
)
def test_what_is_clear_is_not_left_to_the_lexer(text: str) -> None:
    assert left_to_the_lexer([text]) == 0


def test_files_do_not_touch_each_other() -> None:
    alone = lexed(['a = "x"\n'])
    among = lexed(['"open', 'a = "x"\n', "(((", ""])
    first, until = among.files[0], among.files[3]
    assert list(among.kinds[first:until]) == list(alone.kinds)
    assert [among.files[3 * place + 2] for place in range(4)] == [1, 0, 1, 0]


@given(st.text(alphabet="ab01_.+ \n#\"'\\", max_size=20))
def test_the_machine_matches_as_the_expression_does(text: str) -> None:
    rules = [rule for rule in t.RULES if rule.kind != -1]
    machine = build_machine(rules)
    state, best = 0, None
    for at, char in enumerate(text):
        state = machine.moves[state][ord(char)]
        if state == DEAD:
            break
        if machine.labels[state] is not None:
            best = (at + 1, machine.labels[state])
    wanted = next(
        (
            (len(found[0]), place)
            for place, rule in enumerate(rules)
            if (found := re.match(rule.pattern, text))
        ),
        None,
    )
    assert (best and (best[0], best[1][0] if best[1] else None)) == wanted


@pytest.mark.parametrize(
    "pattern",
    ["(a)", "a{2}", "(?=a)", "^a", "a$", "a.", "a**", "(?:a", "a)", "[a", r"\b", "é", "a\\"],
)
def test_other_syntax_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        parse_pattern(pattern)


def test_the_table_is_the_same_each_time() -> None:
    assert make_table(t.RULES, t.FIXED).digest() == token_table().digest()


def test_a_table_that_is_too_large_is_refused() -> None:
    rows = [
        t.Rule(place % 30, f"{first}{second}{third}")
        for place, (first, second, third) in enumerate(
            (a, b, c) for a in "abcdefghij" for b in "abcdefghij" for c in "abcdefghij"
        )
    ]
    with pytest.raises(ValueError, match="16 bits"):
        make_table(rows, {})
