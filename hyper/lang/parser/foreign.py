"""Words and signs of other languages, each with what to say where it is found."""

from __future__ import annotations

from typing import Final

from hyper.lang import tokens as t

NO_RETURN: Final = "there is no `return`: the last expression of a body is its value"
LIKE_ELIF: Final = frozenset({"elseif", "elsif", "elsf"})
LIKE_NONE: Final = frozenset({"None", "null", "nil", "undefined", "NULL", "nullptr"})
MATCH: Final = "write `match value:` with an arm for each case, as `Card as card: …`"
_NO_LOOP: Final = (
    "there is no `{word}`: repeat with `for x in list:` or `for i in range(n):`, which always end"
)
_NO_RAISE: Final = (
    'there is no `{word}`: a rule refuses with `require … else "…"`, a table with no row that fits'
)
NO_CLOSURE: Final = "functions are no values: write `[x + 1 for x in xs]`"
SPREAD: Final = "there is no `...`: lists join with `+`, as in `xs + [x]`"
COMMENT: Final = "a comment begins with `#`"
TERNARY: Final = "write `if c then x else y`: the condition comes first"
_FAILS: Final = 'write `then error "code"`, or `then refused "message"`'
_CALC: Final = "a calc stands at the left margin of the file: `calc name(x: T) -> T:`"

# Two tokens without a space between them, by the kinds of both.
PAIRS: Final[dict[tuple[int, int], str]] = {
    (t.STAR, t.STAR): "there is no `**`: write `pow(x, 2)`",
    (t.EQ, t.ASSIGN): "there is no `===`: write `==`",
    (t.NE, t.ASSIGN): "there is no `!==`: write `!=`",
    (t.LT, t.GT): "there is no `<>`: write `!=`",
    (t.LT, t.LT): "there are no operators on bits: write `x * pow(2, n)`",
    (t.GT, t.GT): "there are no operators on bits: write `x // pow(2, n)`",
    (t.PIPE, t.PIPE): "there is no `||`: write `or`",
    (t.SLASH, t.STAR): COMMENT,
    (t.COLON, t.ASSIGN): "there is no `:=`: write `let name = …`",
    (t.QUESTION, t.DOT): "there is no `?.`: write `if x is none then none else x.field`",
    (t.RANGE, t.DOT): SPREAD,
    (t.LBRACKET, t.RBRACKET): "a list of `T` is `list[T]`",
}
# A word that was read as a name; what follows it could not be read.
BEFORE: Final[dict[str, str]] = {
    "while": _NO_LOOP,
    "until": _NO_LOOP,
    "loop": _NO_LOOP,
    "raise": _NO_RAISE,
    "throw": _NO_RAISE,
    "panic": _NO_RAISE,
    "assert": "there is no `assert`: a scenario states it with `then …`, a rule with `require … else`",
    "try": "errors are not caught: test for what would fail before you compute it",
    "except": "errors are not caught: test for what would fail before you compute it",
    "catch": "errors are not caught: test for what would fail before you compute it",
    "switch": MATCH,
    "case": "leave `case` out: an arm is the variant and `:`",
    "const": "inside of a body write `let name = …`",
    "final": "write `let name = …`",
    "val": "write `let name = …`",
    "auto": "write `let name = …`",
    "mut": "write `var name = …`: what `let` names keeps its value",
    "new": "leave `new` out: `Name(field: value)` builds a record",
    "lambda": NO_CLOSURE,
    "await": "leave `await` out: calls give their value at once",
    "async": "leave `async` out: calls give their value at once",
    "yield": "there is no `yield`: write a list, as `[… for x in xs]`",
    "typeof": MATCH,
    "def": _CALC,
    "fn": _CALC,
    "func": _CALC,
    "function": _CALC,
    "calc": _CALC,
    "return": NO_RETURN,
    "unless": "there is no `unless`: write `if not …`",
    "when": "inside of a body write `if c then x else y`",
    "del": "values never change: build a new one",
    "optional": "a field that may be absent is `name?: T`",
    "required": "a field is required unless it has `?` or a default: leave the word out",
    "readonly": "a field that only answers carry is `name: T @read`",
    "public": "leave the word out: what begins with `_` is private to its module",
    "private": "leave the word out: what begins with `_` is private to its module",
    "static": "leave the word out: a constant stands at the left margin, as `const NAME = …`",
    "let": "write `if x is not none:`: then `x` has its value in the block",
    "class": "leave `class` out",
    "matches": 'write `matches(text, "…")` in a calc: cells only compare',
    "like": 'write `matches(text, "…")` in a calc: cells only compare',
    **dict.fromkeys(("fails", "raises", "throws", "fail"), _FAILS),
}
# A word that cannot go on what stands before it.
FOUND: Final[dict[str, str]] = {
    "if": TERNARY,
    "instanceof": MATCH,
    "return": NO_RETURN,
    "has": "write `has(entries, key)`, or `key in entries`",
    "contains": "write `x in xs`",
    "matches": 'write `matches(text, "…")`',
    "like": 'write `matches(text, "…")`',
    "between": "write `low <= x <= high`",
    "startswith": "write `starts_with(text, prefix)`",
    "of": "write `in`, as in `for x in xs`",
    "mod": "write `%`",
    "div": "write `//`",
    "xor": "write `!=`",
    "equals": "write `==`",
    "where": "write `if`, as in `[x for x in xs if x > 0]`",
    "extends": "write `is`, as in `entity B is A:`",
    "implements": "write `is`, as in `entity B is A:`",
    "inherits": "write `is`, as in `entity B is A:`",
}
PREFIXES: Final[dict[str, str]] = {
    "f": 'there are no f-strings: join the parts, as in `"a " + string(x)`',
    "b": "there are no byte strings: `bytes` come from JSON",
    "u": "leave the `u` out: strings are Unicode",
}
