"""What programmers write out of the habit of another language, and the form that means it here.

Asked only when a line is wrong already: the tokens around the place that could not be read are compared with what other
languages have there. The answer takes the place of a bare "expected …".
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.lang import tokens as t
from hyper.lang.parser.foreign import (
    BEFORE,
    COMMENT,
    FOUND,
    LIKE_NONE,
    NO_CLOSURE,
    PAIRS,
    PREFIXES,
    SPREAD,
    TERNARY,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from hyper.lang.parser.cursor import Cursor


class Habit(NamedTuple):
    """What to write instead, and the tokens that are wrong, by their first and last index.

    ``once`` is for a habit of layout, which a file shows on every line: it is reported once a file.
    """

    message: str
    first: int
    last: int
    once: bool = False


_TYPES: Final = frozenset(
    {"int", "bigint", "float", "decimal", "string", "bool", "bytes", "date", "time", "datetime"}
    | {"duration", "uuid", "url", "email", "any", "str", "double", "boolean", "number", "long"}
)
_END_OF_LINE: Final = "the end of the line"
_BREAKS: Final = frozenset({t.NEWLINE, t.INDENT, t.DEDENT})
_BRACES: Final = "blocks have no braces: end the line with `:` and indent what stands inside"
_CHOICE: Final = "a choice of types needs a name: declare `union Name = A | B`"
_DOC: Final = "documentation is indented beneath what it is about"
_IN_FEATURE: Final = 'a scenario stands in a feature: indent it beneath `feature "…":`'
_STEPS: Final = {
    t.PLUS: "+",
    t.MINUS: "-",
    t.STAR: "*",
    t.SLASH: "/",
    t.FLOOR: "//",
    t.PERCENT: "%",
}

_OPEN_RANGE: Final = "a range that is open at an end is a comparison: `>= 1`, `<= 1`"


def habit(p: Cursor, what: str) -> Habit | None:
    """The habit that explains why ``what`` is not at the cursor, if one does."""
    first = p.line_start()
    for find in _FINDERS:
        found = find(p, what, first)
        if found is not None:
            return found
    return None


def _close(p: Cursor, i: int) -> bool:
    """Whether no space stands between a token and the one before it."""
    return i > 0 and p.starts[i] == p.ends[i - 1] and p.kinds[i] not in _BREAKS


def _name(p: Cursor, i: int) -> str:
    return p.texts[i] if i >= 0 and p.kinds[i] == t.NAME else ""


def _comment(p: Cursor, what: str, first: int) -> Habit | None:
    """``// text`` and ``-- text``, found at their beginning or at their second word."""
    del what
    kinds, i = p.kinds, p.i
    for at in range(first, i + 1):
        if kinds[at] == t.FLOOR and (at == i or (i == at + 2 and _name(p, i) and _name(p, i - 1))):
            return Habit(COMMENT, at, i, once=True)
    if i == first and kinds[i] == t.MINUS and kinds[i + 1] == t.MINUS and _close(p, i + 1):
        return Habit(COMMENT, i, i + 1, once=True)
    return None


def _pair(p: Cursor, what: str, first: int) -> Habit | None:
    """Operators of two tokens: the cursor is on the first or on the second."""
    del what
    kinds, i = p.kinds, p.i
    for at in (i, i - 1):
        if at < first or not _close(p, at + 1):
            continue
        if kinds[at + 1] == t.ASSIGN and kinds[at] in _STEPS:
            sign, name = _STEPS[kinds[at]], _name(p, first) or "x"
            message = f"there is no `{sign}=`: write `{name} = {name} {sign} …`"
            return Habit(message, at, at + 1)
        message = PAIRS.get((kinds[at], kinds[at + 1]), "")
        if message:
            return Habit(message, at, at + 1, once=message == COMMENT)
    if (
        kinds[i] == t.NEWLINE
        and i - first >= 3
        and kinds[i - 1] == kinds[i - 2] in {t.PLUS, t.MINUS}
    ):
        sign, name = _STEPS[kinds[i - 1]], _name(p, first) or "x"
        return Habit(f"there is no `{sign}{sign}`: write `{name} = {name} {sign} 1`", i - 2, i - 1)
    return None


def _string(p: Cursor, what: str, first: int) -> Habit | None:
    """A prefix of a string that means nothing here, and a quote inside of a string."""
    del what, first
    i = p.i
    if p.kinds[i] == t.STRING and _close(p, i):
        message = PREFIXES.get(_name(p, i - 1).lower())
        if message:
            return Habit(message, i - 1, i)
    if p.kinds[i] == t.NAME and i and p.kinds[i - 1] == t.STRING and _close(p, i):
        return Habit('a quote inside of a string is written `\\"`', i, i)
    return None


def _said(p: Cursor, what: str, first: int) -> Habit | None:
    """What is missing has one form, whatever stands in its place."""
    i, head = p.i, _name(p, first)
    message = None
    if what == "a string" and p.kinds[i] == t.NAME:
        if head == "then":
            message = f'write `then {_name(p, i - 1)} "{p.texts[i]}"`'
        elif head in {"feature", "scenario"}:
            message = f'the title is a string: `{head} "…":`'
    elif what == "`=`" and head == "when" and i == first + 2:
        message = "a step names its result: write `when result = …`"
    elif what in {"a field", "the name of a member"} and _is_doc(p, first):
        return Habit(_DOC, i, i, once=True)
    elif what == "the name of a member" and p.kinds[i] == t.STRING:
        message = f"a member has a name: write `name = {p.texts[i]}`"
    elif what == _END_OF_LINE and head == "entity" and _name(p, i):
        message = "write `is`, as in `entity B is A:`"
    elif what == _END_OF_LINE and p.kinds[first] == t.ROUTE:
        message = "the type of what is in a path stands on its own line, as in `path id: int`"
    elif what == "a name" and head == "body" and p.kinds[i] == t.COLON:
        message = "a body has a name, as in `body order: Order`"
    elif what == "`:`" and p.kinds[i] == t.NEWLINE and i == first + 2 and head in _PLACES:
        name = _name(p, i - 1)
        message = f"write `{head} {name}: T`"
        if head == "body" and name:
            message = f"a body has a name, as in `body {name.lower()}: {name}`"
    elif what == "a type" and head in {"returns", "error"} and p.kinds[i] == t.COLON:
        message = f"leave `:` out: the type follows, as in `{head} {p.texts[i - 1]} T`"
    elif what.startswith("`:` and the type") and p.kinds[i] == t.MINUS and _name(p, i + 1):
        joined, plain = f"{p.texts[i - 1]}-{p.texts[i + 1]}", f"{p.texts[i - 1]}_{p.texts[i + 1]}"
        message = f'a name has no `-`: write `{plain}: T @json("{joined}")`'
    elif what == "`then field = value`" and p.kinds[i] == t.COLON:
        message = "leave `:` out: `then …` follows on this line or the next"
    return None if message is None else Habit(message, i, i)


def _is_doc(p: Cursor, first: int) -> bool:
    """Whether the line is a string alone that follows a line of the block, and so is its documentation."""
    kinds, i = p.kinds, p.i
    if i != first or kinds[i] != t.STRING or kinds[i + 1] != t.NEWLINE or not i:
        return False
    if kinds[i - 1] == t.INDENT:
        return False
    # The string that leads a block is the documentation of the whole; another beneath it is a value.
    return not (kinds[i - 1] == t.NEWLINE and kinds[i - 3 : i - 1] == [t.INDENT, t.STRING])


def _percent(p: Cursor, what: str, first: int) -> Habit | None:
    """``1.5%``."""
    i = p.i
    number = i - 2
    if what != "an expression" or number < first or p.kinds[i - 1] != t.PERCENT:
        return None
    if p.kinds[number] not in {t.INT, t.NUMBER} or not _close(p, i - 1):
        return None
    try:
        share = Decimal(p.texts[number].replace("_", "")).scaleb(-2)
    except ArithmeticError:
        return None
    text = f"{share:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return Habit(f"there is no percent sign: write `{text}`", number, i - 1)


def _word(p: Cursor, what: str, first: int) -> Habit | None:
    """Words of other languages, before the cursor or on it."""
    i = p.i
    before, word = _name(p, i - 1), _name(p, i)
    if i == first:
        before = ""
    if word == "or":
        following = _name(p, i + 1)
        if following in LIKE_NONE or following == "none":
            return Habit(f"a type that may be null is `{p.texts[i - 1]}?`", i, i + 1)
        return Habit(_CHOICE, i, i)
    if before in _TYPES and word and what != "`in`":
        return _type_first(p, what, first)
    if before in BEFORE and (word or p.kinds[i] not in {t.NEWLINE, t.COMMA, t.RPAREN}):
        return Habit(BEFORE[before].format(word=before), i - 1, i - 1)
    if word == "for":
        if what == "`,` or `}`":
            return Habit("a map is written out, `{k: v}`: only lists have `for` inside", i, i)
        return Habit("a comprehension has one `for`: name the inner list in a calc", i, i)
    if word == "as":
        kind = _name(p, i + 1) or "int"
        return Habit(f"a conversion is a call: write `{kind}(…)`", i, i)
    if word == "where" and _name(p, first) in {"type", "entity"}:
        return Habit("constraints are markers after the type, as in `@range(min: 0)`", i, i)
    if word in FOUND:
        return Habit(FOUND[word], i, i)
    return None


def _type_first(p: Cursor, what: str, first: int) -> Habit:
    """``int x``, where the language has ``x: int``."""
    i = p.i
    kind, name = p.texts[i - 1], p.texts[i]
    written = f"{name}: {kind}"
    if _name(p, first) == "const":
        written = f"const {name}: {kind} = …"
    elif what == _END_OF_LINE:
        written = f"let {name}: {kind} = …"
    return Habit(f"the type follows the name: write `{written}`", i - 1, i)


def _sign(p: Cursor, what: str, first: int) -> Habit | None:
    """One token that stands where another language has it."""
    i = p.i
    kind = p.kinds[i]
    message = _SIGNS[kind](p, what, first) if kind in _SIGNS else None
    return None if message is None else Habit(message, i, i, once=message in _LAYOUT)


def _assign(p: Cursor, what: str, first: int) -> str | None:
    head, before = _name(p, first), _name(p, p.i - 1)
    if what == "`,` or `)`" and before:
        return f"an argument is named with `:`: write `{before}: …`"
    if head == "enum":
        return "write `enum Name: a, b`"
    if head == "calc" and not _in_body(p, first):
        return "write `:` before the body"
    comparing = {"then", "if", "elif", "require", "when", "calc"}
    if head in comparing or what == "`]`" or (what == _END_OF_LINE and head in {"let", "var"}):
        return "one `=` names a value: write `==` to compare"
    if what == _END_OF_LINE and head in {"given", "when"}:
        return f"write `{head} a = 1, b = 2`, or a line for each"
    if what == "an expression" and p.i == first:
        return "a constant alone means that the input equals it: leave `=` out"
    return None


def _in_body(p: Cursor, first: int) -> bool:
    """Whether the cursor is in the body that follows the head of a calc on its line."""
    kinds = p.kinds[first : p.i]
    return t.ARROW in kinds and t.COLON in kinds[kinds.index(t.ARROW) :]


def _arrow(p: Cursor, what: str, first: int) -> str | None:
    if what == "an expression":
        if p.kinds[p.i - 1] == t.RANGE:
            return _OPEN_RANGE
        dashes = all(kind == t.MINUS for kind in p.kinds[first : p.i])
        return "no line stands between the head and the rows: leave it out" if dashes else None
    return None if what == "`:`" or what.startswith("`->") else NO_CLOSURE


def _pipe(p: Cursor, what: str, first: int) -> str | None:
    if p.i == first:
        return ROW_ENDS
    if p.kinds[p.i - 1] == t.RANGE:
        return _OPEN_RANGE
    head = _name(p, first)
    if head == "enum":
        return "members are separated by `,`"
    following = _name(p, p.i + 1)
    if following in LIKE_NONE or following == "none":
        return "a type that may be null is `T?`"
    if what == "`,` or `)`" and head in {"calc", "table", "extern"}:
        return _CHOICE
    return None


def _brace(p: Cursor, what: str, first: int) -> str | None:
    del p, first
    if what == "a type":
        return "a type has a name: declare an `entity`, or write `map[string, T]`"
    return _BRACES if what in {"`:`", _END_OF_LINE, "`->`"} else None


def _angle(p: Cursor, what: str, first: int) -> str | None:
    if what == "`(`":
        return "there are no type parameters: write a calc for each type"
    if what == "an expression":
        return _comparison(p, what, first)
    name = _name(p, p.i - 1).casefold()
    shape = {"list": "list[T]", "vec": "list[T]", "array": "list[T]", "map": "map[string, T]"}
    shape |= {"dict": "map[string, T]", "hashmap": "map[string, T]", "option": "T?"}
    shape |= {"optional": "T?", "record": "map[string, T]"}
    return f"write `{shape.get(name, 'list[T]')}`"


def _colon(p: Cursor, what: str, first: int) -> str | None:
    if what == "`]`":
        return "there are no slices: write `slice(xs, start, end)` or `substring(text, start, end)`"
    if what == "`=`" and _name(p, first) == "union":
        return "write `union Name = A | B`"
    return None


def _comma(p: Cursor, what: str, first: int) -> str | None:
    head = _name(p, first)
    if what == _END_OF_LINE and p.kinds[p.i + 1] == t.NEWLINE:
        return _NO_COMMA
    if what == "`=`" and head in {"let", "var"}:
        return f"`{head}` names one value: write a line for each"
    return {
        "`)`": "there are no tuples: write a list `[a, b]`, or build an entity",
        "`:`": "there are no sets: write a list `[a, b]`, with `@unique` where it is a field",
        "`in`": "`for` names one value: go through `keys(m)` or `range(length(xs))`",
        "`=>`": "columns and cells are separated by `|`",
        "`|` or `=>`": "columns and cells are separated by `|`",
    }.get(what)


def _range(p: Cursor, what: str, first: int) -> str | None:
    if what == "`,` or `)`":
        return "write the bounds as two values, as in `(1, 3)`"
    if _name(p, first) == "for":
        return "write `range(n)`, or `range(low, high)`"
    if what == "an expression" and (p.i == first or p.kinds[p.i - 1] == t.PIPE):
        return _OPEN_RANGE
    return "a range stands in a cell of a table, as `1..3`" if what == "`,` or `]`" else None


def _star(p: Cursor, what: str, first: int) -> str | None:
    if what != "an expression":
        return None
    if p.i == first or p.kinds[p.i - 1] == t.PIPE:
        return "a cell that fits anything is `-`"
    return SPREAD if p.kinds[p.i - 1] in {t.LBRACKET, t.COMMA} else None


def _slash(p: Cursor, what: str, first: int) -> str | None:
    """``/[a-z]+/``."""
    del first
    if what == "an expression" and p.kinds[p.i - 1] in {t.LPAREN, t.COMMA}:
        return 'a pattern is a string, as in `"^[a-z]+$"`'
    return None


def _question(p: Cursor, what: str, first: int) -> str | None:
    del p, first
    return None if what == "a type" else TERNARY


def _paren(p: Cursor, what: str, first: int) -> str | None:
    if what != "`:`":
        return None
    return {
        "entity": "write `is`, as in `entity B is A:`",
        "action": "an action has no parameters in brackets: lines such as `path`, `query` and `body`"
        " name them",
    }.get(_name(p, first))


def _dot(p: Cursor, what: str, first: int) -> str | None:
    del first
    if what == "`=`" and _name(p, p.i - 1) == "self":
        return "name the field alone: `then field = value`"
    return None


def _closing(p: Cursor, what: str, first: int) -> str | None:
    """The end of a line that should have gone on."""
    before = p.kinds[p.i - 1]
    head = _name(p, first)
    if what == "`=`" and p.i - first >= 3 and head in _NAMING:
        return _valueless(p, head, first)
    if before == t.RANGE and what == "an expression":
        return _OPEN_RANGE
    if before == t.PIPE and what != "a type":
        return ROW_ENDS
    if what == "`else`":
        return "both cases need a value: write `if c then x else y`"
    joining = before in _STEPS or (before == t.NAME and p.texts[p.i - 1] in {"and", "or", "not"})
    if what == "an expression" and joining and p.i - 1 > first:
        return "a line goes on only inside of brackets: put `(…)` around the expression"
    return None


def _valueless(p: Cursor, head: str, first: int) -> str | None:
    """``let x: int`` and ``let x: 3``."""
    text = p.source.text
    colon = first + 2
    if p.kinds[colon] != t.COLON:
        return None
    name = text[p.starts[first + 1] : p.ends[first + 1]]
    kind = text[p.starts[colon + 1] : p.ends[p.i - 1]]
    if p.kinds[colon + 1] == t.NAME and (kind[0].isupper() or _plain_type(p, colon + 1)):
        return f"`{name}` needs a value: write `{head} {name}: {kind} = …`"
    return f"a value follows `=`: write `{head} {name} = {kind}`"


def _plain_type(p: Cursor, i: int) -> bool:
    return p.texts[i] in _TYPES or p.kinds[i + 1] in {t.LBRACKET, t.QUESTION}


def _bracket(p: Cursor, what: str, first: int) -> str | None:
    del p, first
    return "a list of `T` is `list[T]`" if what == "a type" else None


def _comparison(p: Cursor, what: str, first: int) -> str | None:
    """``>= 1 and < 3`` in a cell."""
    del first
    before = _name(p, p.i - 1) if what == "an expression" else ""
    if before == "or":
        return "alternatives are separated by `,`, as in `< 1, > 3`"
    return (
        "a cell with two bounds is a range, as `1..3`: both ends count" if before == "and" else None
    )


_PLACES: Final = frozenset({"path", "query", "header", "cookie", "body"})
_NAMING: Final = frozenset({"let", "var", "const", "given", "when"})
ROW_ENDS: Final = "`|` stands between cells only: leave it out at the ends of a row"
_NO_COMMA: Final = "lines end without `,`"
_LAYOUT: Final = frozenset({ROW_ENDS, _NO_COMMA, _BRACES})
_SIGNS: Final[dict[int, Callable[[Cursor, str, int], str | None]]] = {
    t.ASSIGN: _assign,
    t.THEN_ARROW: _arrow,
    t.PIPE: _pipe,
    t.LBRACE: _brace,
    t.LT: _angle,
    t.LE: _comparison,
    t.GT: _comparison,
    t.GE: _comparison,
    t.COLON: _colon,
    t.COMMA: _comma,
    t.RANGE: _range,
    t.STAR: _star,
    t.SLASH: _slash,
    t.QUESTION: _question,
    t.LPAREN: _paren,
    t.DOT: _dot,
    t.NEWLINE: _closing,
    t.LBRACKET: _bracket,
}
_FINDERS: Final = (_comment, _percent, _pair, _said, _string, _word, _sign)

# How other languages begin a line, and how the language does; the first word that can stand there counts.
_OPENINGS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("def", "fn", "func", "fun", "function", "proc", "method"), ("calc",)),
    **dict.fromkeys(("class", "struct", "record", "interface", "model"), ("entity",)),
    **dict.fromkeys(("dataclass", "object", "message", "schema"), ("entity",)),
    **dict.fromkeys(("import", "from", "using", "include"), ("use",)),
    **dict.fromkeys(("module", "package", "namespace", "mod"), ("intent",)),
    **dict.fromkeys(("let", "var", "val", "final", "static"), ("const",)),
    **dict.fromkeys(("typedef", "alias", "newtype"), ("type",)),
    **dict.fromkeys(("endpoint", "operation", "api"), ("action",)),
    **dict.fromkeys(("describe", "suite"), ("feature",)),
    **dict.fromkeys(("test", "it", "example"), ("feature", "scenario")),
    **dict.fromkeys(("expect", "assert", "should"), ("then", "require")),
    **dict.fromkeys(("must", "ensure"), ("require",)),
    **dict.fromkeys(("return", "response", "responses"), ("returns",)),
    **dict.fromkeys(("raises", "throws"), ("error",)),
    **dict.fromkeys(("request", "payload"), ("body",)),
    "if": ("when",),
    "auth": ("security",),
    "roles": ("allow",),
    "handler": ("handled",),
    "Background": ("given",),
}
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def opening(word: str, words: Collection[str]) -> str | None:
    """The word, one of ``words``, that another language's ``word`` at the beginning of a line means."""
    if word.lower() in words:
        return word.lower()
    return next((each for each in _OPENINGS.get(word, ()) if each in words), None)


def beginning(p: Cursor, words: Collection[str]) -> Habit | None:
    """The habit behind a line that begins with no word of the language."""
    i = p.i
    word = _name(p, i)
    if word.upper() in _METHODS and "route" in words:
        return Habit(f"write `route {word.upper()} /path`", i, i)
    if word in {"param", "parameter", "params"} and "query" in words:
        return Habit("write `path`, `query`, `header` or `cookie`, as in `query limit: int`", i, i)
    if word in {"and", "but", "And", "But"} and "given" in words:
        return Habit(f"there is no `{word}`: begin each line with `given`, `when` or `then`", i, i)
    if p.kinds[i] == t.AT:
        return Habit("markers follow what they mark, as in `entity A @extra(forbid):`", i, i)
    if p.kinds[i] == t.STRING and p.kinds[i + 1] == t.NEWLINE:
        return Habit(_DOC, i, i, once=True)
    if word == "scenario" and "feature" in words:
        return Habit(_IN_FEATURE, i, i)
    if word and "const" in words and p.kinds[i + 1] in {t.ASSIGN, t.COLON}:
        return Habit(f"write `const {word} = …`", i, i)
    return _comment(p, "", i) or _pair(p, "", i)
