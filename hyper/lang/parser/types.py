"""Types as written, and the markers that follow types, fields and declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang import tokens as t
from hyper.lang.parser.expressions import arguments
from hyper.lang.parser.literals import integer, string_at
from hyper.lang.tree import (
    Arg,
    BoolLit,
    Expr,
    Ident,
    IntLit,
    Marker,
    Name,
    TypeExpr,
    TypeLit,
    TypeMarked,
    TypeName,
    TypeOpt,
    TypeValue,
)

if TYPE_CHECKING:
    from hyper.lang.parser.cursor import Cursor


def type_expr(p: Cursor) -> TypeExpr:
    """Take a type."""
    kinds = p.kinds
    i = p.i
    kind = kinds[i]
    if kind == t.NAME:
        following = kinds[i + 1]
        text = p.texts[i]
        if text in {"true", "false"}:
            p.i = i + 1
            start, end = p.starts[i], p.ends[i]
            result: TypeExpr = TypeLit(start, end, BoolLit(start, end, text == "true"))
        elif following in {t.DOT, t.LBRACKET, t.LPAREN}:
            result = type_name(p)
        else:
            p.i = i + 1
            start, end = p.starts[i], p.ends[i]
            result = TypeName(start, end, [Ident(start, end, text)], [], [])
            if following != t.QUESTION:
                return result
    elif kind == t.QUOTED:
        result = type_name(p)
    elif kind == t.LPAREN:
        p.i = i + 1
        limit = p.inner()
        p.deeper()
        result = marked_type(p)
        p.depth -= 1
        p.limit = limit
        p.expect(t.RPAREN)
    else:
        result = _literal(p)
    while kinds[p.i] == t.QUESTION:
        result = TypeOpt(result.start, p.ends[p.i], result)
        p.i += 1
        if kinds[p.i] == t.QUESTION:
            raise p.fault("one `?` says that a value may be null")
    return result


def type_name(p: Cursor) -> TypeName:
    """Take a name, dotted or not, with its arguments."""
    first = p.ident("a type")
    kinds = p.kinds
    parts = [first]
    while kinds[p.i] == t.DOT:
        p.i += 1
        parts.append(p.ident())
    args: list[TypeExpr] = []
    numbers: list[IntLit] = []
    kind = kinds[p.i]
    if kind == t.LBRACKET:
        p.i += 1
        limit = p.inner()
        p.deeper()
        while True:
            arg = type_expr(p)
            if kinds[p.i] == t.AT:
                marks = markers(p)
                arg = TypeMarked(arg.start, p.ends[p.i - 1], arg, marks)
            args.append(arg)
            if not p.accept(t.COMMA) or kinds[p.i] == t.RBRACKET:
                break
        p.depth -= 1
        p.limit = limit
        p.expect(t.RBRACKET)
    elif kind == t.LPAREN:
        p.i += 1
        while kinds[p.i] == t.INT:
            numbers.append(integer(p, p.i))
            p.i += 1
            if not p.accept(t.COMMA):
                break
        if kinds[p.i] != t.RPAREN:
            raise p.expected("a number" if not numbers else "`)`")
        p.i += 1
    return TypeName(first.start, p.ends[p.i - 1], parts, args, numbers)


def marked_type(p: Cursor) -> TypeExpr:
    """Take a type inside brackets, where its own markers may follow it."""
    inner = type_expr(p)
    if p.kinds[p.i] != t.AT:
        return inner
    marks = markers(p)
    return TypeMarked(inner.start, p.ends[p.i - 1], inner, marks)


def _literal(p: Cursor) -> TypeLit:
    i = p.i
    kind = p.kinds[i]
    start = p.starts[i]
    if kind == t.STRING:
        p.i = i + 1
        return TypeLit(start, p.ends[i], string_at(p, i))
    if kind == t.INT:
        p.i = i + 1
        return TypeLit(start, p.ends[i], integer(p, i))
    if kind == t.MINUS and p.kinds[i + 1] == t.INT:
        p.i = i + 2
        positive = integer(p, i + 1)
        value = IntLit(start, positive.end, -positive.value, f"-{positive.text}")
        return TypeLit(start, positive.end, value)
    raise p.expected("a type")


def markers(p: Cursor) -> list[Marker]:
    """Take the markers that stand here; there may be none."""
    kinds = p.kinds
    found: list[Marker] = []
    while kinds[p.i] == t.AT:
        start = p.starts[p.i]
        p.i += 1
        i = p.i
        if kinds[i] != t.NAME:
            raise p.expected("the name of a marker")
        text = p.texts[i]
        name = Ident(p.starts[i], p.ends[i], text)
        p.i = i + 1
        if kinds[i + 1] == t.LPAREN:
            p.in_marker = True
            limit = p.inner() if text == "schema" else p.limit
            args = [_extra(p)] if text == "extra" else arguments(p)
            p.limit = limit
            p.in_marker = False
            found.append(Marker(start, p.ends[p.i - 1], name, args))
        else:
            found.append(Marker(start, p.ends[i], name, None))
    return found


def _extra(p: Cursor) -> Arg:
    """``(allow)`` or ``(T)``: the one marker that takes a type."""
    p.i += 1
    i = p.i
    value: Expr
    alone = p.kinds[i] in {t.NAME, t.QUOTED} and p.kinds[i + 1] == t.RPAREN
    if alone and p.texts[i] not in {"true", "false"}:
        name = p.ident()
        value = Name(name.start, name.end, name.name, name.quoted)
    else:
        p.deeper()
        inner = marked_type(p)
        p.depth -= 1
        value = TypeValue(inner.start, inner.end, inner)
    p.expect(t.RPAREN)
    return Arg(value.start, value.end, None, value)
