"""Expressions, by operator precedence with explicit stacks: a chain of operators costs no recursion,
a bracket costs two calls.

From loose to tight: ``if … then … else``, ``or``, ``and``, ``not``, comparisons (chained), ``??`` (to the
right), ``+ -``, ``* / // %``, ``- +`` before a value, then calls, ``.name``, ``[index]`` and ``with (…)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tokens as t
from hyper.lang.parser.cursor import unquote_name
from hyper.lang.parser.foreign import LIKE_NONE
from hyper.lang.parser.literals import integer, number, string_at
from hyper.lang.tree import (
    Arg,
    Attr,
    Binary,
    BoolLit,
    Call,
    Compare,
    Comprehension,
    Conditional,
    Expr,
    Ident,
    Index,
    ListLit,
    MapEntry,
    MapLit,
    Name,
    NoneLit,
    Paren,
    Unary,
    With,
)

if TYPE_CHECKING:
    from hyper.lang.parser.cursor import Cursor

_OR, _AND, _NOT, _COMPARE, _COALESCE, _SUM, _PRODUCT, _SIGN = range(1, 9)

_SYMBOLS: Final[dict[int, tuple[int, str]]] = {
    t.EQ: (_COMPARE, "=="),
    t.NE: (_COMPARE, "!="),
    t.LT: (_COMPARE, "<"),
    t.LE: (_COMPARE, "<="),
    t.GT: (_COMPARE, ">"),
    t.GE: (_COMPARE, ">="),
    t.COALESCE: (_COALESCE, "??"),
    t.PLUS: (_SUM, "+"),
    t.MINUS: (_SUM, "-"),
    t.STAR: (_PRODUCT, "*"),
    t.SLASH: (_PRODUCT, "/"),
    t.FLOOR: (_PRODUCT, "//"),
    t.PERCENT: (_PRODUCT, "%"),
}
_WORDS: Final[dict[str, tuple[int, str]]] = {
    "or": (_OR, "or"),
    "and": (_AND, "and"),
    "in": (_COMPARE, "in"),
    "is": (_COMPARE, "is"),
    "not": (_COMPARE, "not in"),
}
# Words that cannot be names in an expression unless they are quoted.
RESERVED: Final = frozenset(
    {"and", "else", "false", "for", "if", "in", "is", "none", "not", "or", "then", "true", "with"}
)
_CONSTANTS: Final = RESERVED | {"null"}
# An open operator: its precedence, its spelling, and where it begins.
_Op = tuple[int, str, int]


def expression(p: Cursor) -> Expr:
    """Take an expression. Its height is left in ``p.height``."""
    kinds, texts = p.kinds, p.texts
    operators: list[_Op] = []
    operands: list[Expr] = []
    heights: list[int] = []
    while True:
        # Signs and `not` before a value.
        while True:
            i = p.i
            kind = kinds[i]
            if kind == t.NAME:
                text = texts[i]
                if text == "not":
                    if operators and operators[-1][0] > _NOT:
                        raise p.fault("put parentheses around `not …` here")
                    operators.append((_NOT, "not", p.starts[i]))
                    p.i = i + 1
                    continue
                if text == "if":
                    if operators:
                        raise p.fault("put parentheses around `if … then … else …` here")
                    return _conditional(p)
            elif kind in {t.MINUS, t.PLUS}:
                operators.append((_SIGN, "-" if kind == t.MINUS else "+", p.starts[i]))
                p.i = i + 1
                continue
            break
        operands.append(_operand(p))
        heights.append(p.height)
        # What stands between this value and the next.
        i = p.i
        kind = kinds[i]
        if kind == t.NAME:
            found = _WORDS.get(texts[i])
            if found is not None and found[0] == _COMPARE:
                found = _word_comparison(p)
        else:
            found = _SYMBOLS.get(kind)
        if found is None:
            break
        precedence, spelling = found
        limit = precedence + (precedence == _COALESCE)
        while operators and operators[-1][0] >= limit:
            _reduce(p, operators, operands, heights)
        operators.append((precedence, spelling, 0))
        p.i += 1
    while operators:
        _reduce(p, operators, operands, heights)
    p.height = heights[0]
    return operands[0]


def _word_comparison(p: Cursor) -> tuple[int, str] | None:
    """``in``, ``is``, ``not in`` and ``is not``; leaves the cursor on the last word."""
    word = p.texts[p.i]
    following = p.texts[p.i + 1] if p.kinds[p.i + 1] == t.NAME else ""
    if word == "in":
        return _COMPARE, "in"
    if word == "not":
        if following != "in":
            return None
        p.i += 1
        return _COMPARE, "not in"
    if following == "not":
        p.i += 1
    if p.texts[p.i + 1] != "none" or p.kinds[p.i + 1] != t.NAME:
        p.i += 1
        if p.texts[p.i] in LIKE_NONE:
            word = "is not none" if following == "not" else "is none"
            raise p.fault(f"write `{word}`: there is no `{p.texts[p.i]}`")
        equal = "!=" if following == "not" else "=="
        raise p.fault(f"`is` compares with `none` only; write `{equal}`")
    return _COMPARE, "is not" if following == "not" else "is"


def _reduce(p: Cursor, operators: list[_Op], operands: list[Expr], heights: list[int]) -> None:
    """Apply the innermost open operator."""
    precedence, spelling, start = operators.pop()
    right = operands.pop()
    if precedence in {_NOT, _SIGN}:
        p.height = heights[-1]
        heights[-1] = p.higher()
        operands.append(Unary(start, right.end, spelling, right))
        return
    left = operands.pop()
    p.height = max(heights.pop(), heights[-1])
    heights[-1] = p.higher()
    if precedence != _COMPARE:
        operands.append(Binary(left.start, right.end, spelling, left, right))
    elif isinstance(left, Compare):
        left.ops.append(spelling)
        left.rest.append(right)
        left.end = right.end
        operands.append(left)
    else:
        operands.append(Compare(left.start, right.end, left, [spelling], [right]))


def _conditional(p: Cursor) -> Conditional:
    start = p.starts[p.i]
    p.i += 1
    p.deeper()
    condition = expression(p)
    p.expect_word("then")
    result = conditional_rest(p, start, condition)
    p.depth -= 1
    return result


def conditional_rest(p: Cursor, start: int, condition: Expr) -> Conditional:
    """Take what follows ``if condition then``."""
    height = p.height
    yes = expression(p)
    height = max(height, p.height)
    p.expect_word("else")
    no = expression(p)
    p.height = max(height, p.height)
    p.higher()
    return Conditional(start, no.end, condition, yes, no)


def _operand(p: Cursor) -> Expr:
    """Take a value with the calls, fields and indexes that follow it."""
    kinds, starts, ends = p.kinds, p.starts, p.ends
    i = p.i
    kind = kinds[i]
    p.height = 1
    result: Expr
    if kind == t.NAME:
        text = p.texts[i]
        if text in _CONSTANTS:
            result = _constant(p, text)
        else:
            p.i = i + 1
            result = Name(starts[i], ends[i], text)
    elif kind == t.INT:
        p.i = i + 1
        result = integer(p, i)
    elif kind == t.STRING:
        p.i = i + 1
        result = string_at(p, i)
    elif kind == t.NUMBER:
        p.i = i + 1
        result = number(p, i)
    elif kind == t.LPAREN:
        p.i = i + 1
        p.deeper()
        inner = expression(p)
        p.depth -= 1
        p.expect(t.RPAREN)
        result = Paren(starts[i], ends[p.i - 1], inner)
    elif kind == t.LBRACKET:
        result = _list(p)
    elif kind == t.LBRACE:
        result = _map(p)
    elif kind == t.QUOTED:
        p.i = i + 1
        result = Name(starts[i], ends[i], unquote_name(p, i), quoted=True)
    else:
        raise p.expected("an expression")
    while True:
        i = p.i
        kind = kinds[i]
        if kind == t.DOT:
            p.i = i + 1
            name = p.ident("the name of a field")
            p.higher()
            result = Attr(result.start, name.end, result, name)
        elif kind == t.LPAREN:
            height = p.height
            args = arguments(p)
            p.height = max(height, p.height)
            p.higher()
            result = Call(result.start, ends[p.i - 1], result, args)
        elif kind == t.LBRACKET:
            p.i = i + 1
            p.deeper()
            height = p.height
            index = expression(p)
            p.height = max(height, p.height)
            p.higher()
            p.depth -= 1
            p.expect(t.RBRACKET)
            result = Index(result.start, ends[p.i - 1], result, index)
        elif kind == t.NAME and p.texts[i] == "with":
            p.i = i + 1
            if kinds[p.i] != t.LPAREN:
                raise p.expected("`(`")
            height = p.height
            updates = arguments(p)
            p.height = max(height, p.height)
            p.higher()
            for update in updates:
                if update.name is None:
                    message = "write `field: value` inside `with (…)`"
                    p.warn_at("E0201", message, update.start, update.end)
            result = With(result.start, ends[p.i - 1], result, updates)
        else:
            return result


def _constant(p: Cursor, text: str) -> Expr:
    i = p.i
    start, end = p.starts[i], p.ends[i]
    if text == "true" or text == "false":  # noqa: PLR1714 - hot
        p.i = i + 1
        return BoolLit(start, end, text == "true")
    if text == "none":
        p.i = i + 1
        return NoneLit(start, end)
    if text == "null":
        p.i = i + 1
        return NoneLit(start, end) if p.in_marker else Name(start, end, text)
    raise p.fault(
        f"expected an expression, found `{text}`; quote a name of that spelling: `` `{text}` ``"
    )


def arguments(p: Cursor) -> list[Arg]:
    """Take ``(a, name: b)``; a lone generator is one argument. ``p.height`` is that of the highest."""
    kinds, starts, ends, texts = p.kinds, p.starts, p.ends, p.texts
    p.i += 1
    p.deeper()
    args: list[Arg] = []
    height = 1
    while True:
        i = p.i
        kind = kinds[i]
        following = kinds[i + 1] if kind != t.END else t.END
        if kind == t.RPAREN:
            break
        value: Expr
        if following == t.COMMA or following == t.RPAREN:  # noqa: PLR1714 - hot
            # A literal alone, as nearly all arguments of markers are.
            if kind == t.INT:
                p.i = i + 1
                value = integer(p, i)
                args.append(Arg(value.start, value.end, None, value))
                if following == t.COMMA:
                    p.i = i + 2
                    continue
                break
            if kind == t.STRING:
                p.i = i + 1
                value = string_at(p, i)
                args.append(Arg(value.start, value.end, None, value))
                if following == t.COMMA:
                    p.i = i + 2
                    continue
                break
        name = None
        if following == t.COLON and (kind == t.NAME or kind == t.QUOTED):  # noqa: PLR1714 - hot
            quoted = kind == t.QUOTED
            name = Ident(
                starts[i], ends[i], unquote_name(p, i) if quoted else texts[i], quoted=quoted
            )
            p.i = i + 2
        value = expression(p)
        if name is None and kinds[p.i] == t.NAME and texts[p.i] == "for" and not args:
            value = _comprehension(p, value, value.start, bracketed=False)
        height = max(height, p.height)
        args.append(Arg(starts[i], value.end, name, value))
        if not p.accept(t.COMMA):
            break
    if kinds[p.i] != t.RPAREN:
        raise p.expected("`,` or `)`")
    p.i += 1
    p.depth -= 1
    p.height = height
    return args


def _comprehension(p: Cursor, element: Expr, start: int, *, bracketed: bool) -> Comprehension:
    """Take ``for target in source if condition`` after its element."""
    p.i += 1
    height = p.height
    target = p.ident()
    p.expect_word("in")
    source = expression(p)
    height = max(height, p.height)
    condition = None
    if p.accept_word("if"):
        condition = expression(p)
        height = max(height, p.height)
    p.height = height
    p.higher()
    end = (condition or source).end
    return Comprehension(start, end, element, target, source, condition, bracketed)


def _list(p: Cursor) -> Expr:
    kinds = p.kinds
    start = p.starts[p.i]
    p.i += 1
    p.deeper()
    items: list[Expr] = []
    height = 1
    while kinds[p.i] != t.RBRACKET:
        item = _item(p)
        if item is None:
            item = expression(p)
            height = max(height, p.height)
        items.append(item)
        if kinds[p.i] == t.NAME and p.texts[p.i] == "for" and len(items) == 1:
            found = _comprehension(p, items[0], start, bracketed=True)
            p.depth -= 1
            p.expect(t.RBRACKET)
            found.end = p.ends[p.i - 1]
            return found
        if not p.accept(t.COMMA):
            break
    if kinds[p.i] != t.RBRACKET:
        raise p.expected("`,` or `]`")
    p.i += 1
    p.depth -= 1
    p.height = height
    p.higher()
    return ListLit(start, p.ends[p.i - 1], items)


def _map(p: Cursor) -> MapLit:
    kinds = p.kinds
    start = p.starts[p.i]
    p.i += 1
    p.deeper()
    entries: list[MapEntry] = []
    height = 1
    while kinds[p.i] != t.RBRACE:
        i = p.i
        key: Expr
        if kinds[i] == t.STRING and kinds[i + 1] == t.COLON:
            key = string_at(p, i)
            p.i = i + 2
        else:
            key = expression(p)
            height = max(height, p.height)
            p.expect(t.COLON)
        value = _item(p)
        if value is None:
            value = expression(p)
            height = max(height, p.height)
        entries.append(MapEntry(key.start, value.end, key, value))
        if not p.accept(t.COMMA):
            break
    if kinds[p.i] != t.RBRACE:
        raise p.expected("`,` or `}`")
    p.i += 1
    p.depth -= 1
    p.height = height
    p.higher()
    return MapLit(start, p.ends[p.i - 1], entries)


_ENDS_ITEM: Final = frozenset({t.COMMA, t.RBRACE, t.RBRACKET})


def _item(p: Cursor) -> Expr | None:
    """Take a literal, list or map that is an item as a whole, as in JSON; ``None`` where it is more."""
    i = p.i
    kind = p.kinds[i]
    if p.kinds[i + 1] not in _ENDS_ITEM:
        return None
    if kind == t.STRING:
        p.i = i + 1
        return string_at(p, i)
    if kind == t.INT:
        p.i = i + 1
        return integer(p, i)
    return None
