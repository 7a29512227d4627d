"""The one definition of tokens, as data: the reference lexer compiles it to a regular expression, and a text
engine may build an automaton from the same rows.

The rows tile the text: at every offset the first row that matches wins. Patterns are regular (no
look-around, no back-references); possessive quantifiers only spare the matcher work, they never
change what is matched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

# Kinds of tokens that the parser sees. Small ints, so that they fit arrays of bytes.
END: Final = 0
NAME: Final = 1
INT: Final = 2
NUMBER: Final = 3  # with a point or an exponent
STRING: Final = 4
QUOTED: Final = 5  # a name in backticks
WORDY: Final = 6  # digits run into letters: `4XX`, a status class; elsewhere a malformed number
ROUTE: Final = 7  # `route GET /path`, as a whole
NEWLINE: Final = 8
INDENT: Final = 9
DEDENT: Final = 10
COLON: Final = 11
COMMA: Final = 12
DOT: Final = 13
RANGE: Final = 14
ASSIGN: Final = 15
ARROW: Final = 16
THEN_ARROW: Final = 17
PIPE: Final = 18
AT: Final = 19
QUESTION: Final = 20
COALESCE: Final = 21
PLUS: Final = 22
MINUS: Final = 23
STAR: Final = 24
SLASH: Final = 25
FLOOR: Final = 26
PERCENT: Final = 27
EQ: Final = 28
NE: Final = 29
LT: Final = 30
LE: Final = 31
GT: Final = 32
GE: Final = 33
# From here on the lexer looks closer: brackets, then what never becomes a token.
LPAREN: Final = 40
LBRACKET: Final = 41
LBRACE: Final = 42
RPAREN: Final = 43
RBRACKET: Final = 44
RBRACE: Final = 45
SPACE: Final = 50
LINE: Final = 51  # a line end with the blank lines, comment lines and indentation that follow it
COMMENT: Final = 52
COMMENTED: Final = 54  # a line end with comment lines
BAD: Final = 53  # a character or an open string that no rule takes

FIRST_SPECIAL: Final = LPAREN
TEXTLESS: Final = frozenset({END, NEWLINE, INDENT, DEDENT})
"""Kinds of tokens that the layout makes."""

# Tokens with one spelling.
FIXED: Final[dict[str, int]] = {
    ":": COLON,
    ",": COMMA,
    ".": DOT,
    "..": RANGE,
    "=": ASSIGN,
    "->": ARROW,
    "=>": THEN_ARROW,
    "|": PIPE,
    "@": AT,
    "?": QUESTION,
    "??": COALESCE,
    "+": PLUS,
    "-": MINUS,
    "*": STAR,
    "/": SLASH,
    "//": FLOOR,
    "%": PERCENT,
    "==": EQ,
    "!=": NE,
    "<": LT,
    "<=": LE,
    ">": GT,
    ">=": GE,
    "(": LPAREN,
    "[": LBRACKET,
    "{": LBRACE,
    ")": RPAREN,
    "]": RBRACKET,
    "}": RBRACE,
}


class Refined(msgspec.Struct, frozen=True):
    """What a match of a row is where it has a plainer form."""

    kind: int
    pattern: str


class Rule(msgspec.Struct, frozen=True):
    """One row: what a pattern's match is. Kind ``-1`` means the kind that ``FIXED`` gives.

    A row with ``refined`` forms is clear where one of these takes all of the match; the lexer looks closer at all others.
    """

    kind: int
    pattern: str
    refined: tuple[Refined, ...] = ()


_DIGITS: Final = "[0-9]+(?:_[0-9]+)*"
_DOUBLE: Final = r'"[^"\\\n]*+(?:\\[\s\S][^"\\\n]*+)*+"'
_SINGLE: Final = _DOUBLE.replace('"', "'")
_TRIPLE: Final = r'"""(?:"?"?(?:[^"\\]++|\\[\s\S]))*+"""'
_TRIPLE_SINGLE: Final = _TRIPLE.replace('"', "'")


def _strings(prefix: str) -> tuple[Rule, ...]:
    """The rows of strings behind a prefix; three quotes that never close take the rest of the file."""
    return (
        Rule(STRING, prefix + _TRIPLE),
        Rule(STRING, prefix + _TRIPLE_SINGLE),
        Rule(BAD, prefix + r'"""[\s\S]*+'),
        Rule(BAD, prefix + r"'''[\s\S]*+"),
        Rule(STRING, prefix + _DOUBLE),
        Rule(STRING, prefix + _SINGLE),
    )


RULES: Final[tuple[Rule, ...]] = (
    Rule(SPACE, " ++"),
    Rule(ROUTE, r"route ++[A-Za-z]++ ++/[^\s]*+"),
    *_strings("[rR]"),
    Rule(NAME, r"[^\W\d]\w*+"),
    Rule(
        LINE,
        r"(?:\r?\n[ \t\r]*+(?:#[^\n]*+)?+)++",
        (Refined(LINE, r"(?:\n *)+"), Refined(COMMENTED, r"(?:\n *(?:#[^\n\r]*)?)+")),
    ),
    Rule(
        NUMBER,
        r"[0-9][0-9_]*+\.[0-9][0-9_]*+(?:[eE][+-][0-9]\w*+|\w*+)",
        (Refined(NUMBER, rf"{_DIGITS}\.{_DIGITS}"),),
    ),
    Rule(NUMBER, r"[0-9][0-9_]*+[eE][+-][0-9]\w*+", (Refined(NUMBER, r"[0-9]+[eE][+-][0-9]"),)),
    Rule(
        INT,
        r"[0-9]\w*+",
        (Refined(INT, r"0|[1-9][0-9]*(?:_[0-9]+)*"), Refined(WORDY, "[0-9]XX")),
    ),
    Rule(-1, r"->|=>|==|!=|<=|>=|\?\?|\.\.|//|[-:,.=|@?+*/%<>(\[{)\]}]"),
    *_strings(""),
    Rule(COMMENT, r"#[^\n]*+", (Refined(COMMENT, r"#[^\n\r]*"),)),
    Rule(
        QUOTED,
        r"`[^`\\\n]*+(?:\\[^\n][^`\\\n]*+)*+`",
        (Refined(QUOTED, r"`[^`\\\n]+`"),),
    ),
    Rule(SPACE, r"[\t\r\f]++", (Refined(SPACE, r"[\t\f]+"),)),
    Rule(BAD, r"[\"'`][^\n]*+"),
    Rule(BAD, r"&&|[\s\S]"),
)


class Tokens(msgspec.Struct, gc=False):
    """The tokens of one file as parallel arrays of numbers; ``END`` closes them.

    ``starts`` and ``ends`` are offsets in ``text``: that of the file, but for a string that ends on a later line, which then is one
    line. Comments stand apart, in order, ``comment_own`` telling whether nothing stands before one on its line. ``problems`` are
    ``(code, message, start, end)`` of what is wrong with the text itself, in order.
    """

    text: str
    kinds: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]
    comment_starts: Sequence[int]
    comment_ends: Sequence[int]
    comment_own: Sequence[bool]
    problems: list[tuple[str, str, int, int]]

    @property
    def texts(self) -> list[str]:
        """The text of each token; that of a line's end or of a change of indentation is empty."""
        places = zip(self.kinds, self.starts, self.ends, strict=True)
        return ["" if kind in TEXTLESS else self.text[start:end] for kind, start, end in places]


# How a kind is called in a message.
KIND_NAMES: Final[dict[int, str]] = {
    END: "the end of the file",
    NAME: "a name",
    INT: "a number",
    NUMBER: "a number",
    STRING: "a string",
    QUOTED: "a name",
    WORDY: "a number",
    ROUTE: "a route",
    NEWLINE: "the end of the line",
    INDENT: "an indented block",
    DEDENT: "the end of the block",
    **{kind: f"`{text}`" for text, kind in FIXED.items()},
}
