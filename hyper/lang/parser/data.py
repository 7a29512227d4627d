"""Declarations of data: constants, aliases, enums, entities and unions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang import tokens as t
from hyper.lang.parser.cursor import Fault, unquote_name
from hyper.lang.parser.expressions import expression
from hyper.lang.parser.foreign import LIKE_NONE
from hyper.lang.parser.heads import doc_beneath, leading_doc, optional_block
from hyper.lang.parser.types import markers, type_expr, type_name
from hyper.lang.tree import (
    ConstDecl,
    EntityDecl,
    EnumDecl,
    EnumMember,
    Expr,
    FieldDecl,
    Ident,
    MapLit,
    Marker,
    StrLit,
    TypeDecl,
    TypeExpr,
    TypeMarked,
    TypeName,
    UnionDecl,
)

if TYPE_CHECKING:
    from hyper.lang.parser.cursor import Cursor


def const(p: Cursor) -> ConstDecl:
    """``const NAME: T = value``."""
    start = p.starts[p.i]
    p.i += 1
    name = p.ident("the name of the constant")
    kind = type_expr(p) if p.accept(t.COLON) else None
    p.expect(t.ASSIGN)
    value = expression(p)
    marks = markers(p)
    doc = doc_beneath(p)
    return ConstDecl(start, p.last_end(), name, doc, marks, kind, value)


def alias(p: Cursor) -> TypeDecl:
    """``type Name = T @constraints``."""
    start = p.starts[p.i]
    p.i += 1
    name = p.ident("the name of the type")
    marks = markers(p)
    p.expect(t.ASSIGN)
    kind = type_expr(p)
    if p.kinds[p.i] == t.PIPE:
        raise p.fault(f"a choice of types is a union: write `union {name.name} = …`")
    marks += markers(p)
    doc = doc_beneath(p)
    return TypeDecl(start, p.last_end(), name, doc, marks, kind)


def enum(p: Cursor) -> EnumDecl:
    """``enum Name: a, b = "wire-b"``, or a member a line."""
    start = p.starts[p.i]
    p.i += 1
    name = p.ident("the name of the enum")
    members: list[EnumMember] = []
    doc: StrLit | None = None
    try:
        marks = markers(p)
        inline = p.kinds[p.i] == t.COLON and p.kinds[p.i + 1] != t.NEWLINE
        if inline:
            p.i += 1
            while True:
                members.append(_member(p))
                if not p.accept(t.COMMA):
                    break
            doc = doc_beneath(p)
        elif not optional_block(p):
            return EnumDecl(start, p.last_end(), name, None, marks, members, False)
    except Fault as fault:
        p.recover_head(fault, 0)
        marks, inline = [], False
        if p.kinds[p.i] != t.INDENT:
            return EnumDecl(start, p.last_end(), name, None, marks, members, False)
    if not inline:
        p.i += 1
        doc = leading_doc(p, sole=True)

        def line() -> None:
            members.append(_member(p))
            while p.accept(t.COMMA) and p.kinds[p.i] != t.NEWLINE:
                members.append(_member(p))
            members[-1].doc = doc_beneath(p)

        p.lines(line)
    return EnumDecl(start, p.last_end(), name, doc, marks, members, inline)


def _member(p: Cursor) -> EnumMember:
    name = p.ident("the name of a member")
    wire = expression(p) if p.accept(t.ASSIGN) else None
    marks = markers(p)
    return EnumMember(name.start, p.ends[p.i - 1], name, wire, None, marks)


def entity(p: Cursor) -> EntityDecl:
    """``entity Name is Base, …:`` with its fields."""
    start = p.starts[p.i]
    p.i += 1
    name = p.ident("the name of the entity")
    bases: list[TypeName] = []
    marks: list[Marker] = []
    doc: StrLit | None = None
    fields: list[FieldDecl] = []
    try:
        if p.accept_word("is"):
            bases.append(type_name(p))
            while p.accept(t.COMMA):
                bases.append(type_name(p))
        marks = markers(p)
        block = optional_block(p)
    except Fault as fault:
        p.recover_head(fault, 0)
        block = p.kinds[p.i] == t.INDENT
    if block:
        p.i += 1
        doc = leading_doc(p, sole=True)
        p.lines(lambda: fields.append(field(p)))
    return EntityDecl(start, p.last_end(), name, doc, marks, bases, fields)


def field(p: Cursor) -> FieldDecl:
    """``name?: T = default @markers`` with its documentation beneath."""
    kinds = p.kinds
    i = p.i
    start = p.starts[i]
    kind = kinds[i]
    if kind == t.NAME:
        name = Ident(start, p.ends[i], p.texts[i])
    elif kind == t.QUOTED:
        name = Ident(start, p.ends[i], unquote_name(p, i), quoted=True)
    else:
        raise p.expected("a field")
    i += 1
    optional = kinds[i] == t.QUESTION
    if optional:
        i += 1
    p.i = i
    if kinds[i] != t.COLON:
        raise p.expected("`:` and the type of the field")
    p.i = i + 1
    of = type_expr(p)
    default: Expr | None = None
    marks: list[Marker] = []
    if kinds[p.i] != t.NEWLINE:
        if kinds[p.i] == t.AT:
            marks = markers(p)
        if kinds[p.i] == t.ASSIGN:
            p.i += 1
            default = expression(p)
            if kinds[p.i] == t.AT:
                marks += markers(p)
        if kinds[p.i] == t.PIPE:
            text = p.source.text[of.start : of.end]
            if p.texts[p.i + 1] in LIKE_NONE | {"none"}:
                raise p.fault(f"what may be null is `{text}?`")
            raise p.fault("a choice of types needs a name: declare `union Name = A | B`")
    end = p.ends[p.i - 1]
    doc = doc_beneath(p)
    if doc is not None:
        end = doc.end
    return FieldDecl(start, end, name, optional, of, default, marks, doc)


def union(p: Cursor) -> UnionDecl:
    """``union Name [exactly] = A | B [by field {"wire": A}]``, on a line or in a block."""
    start = p.starts[p.i]
    p.i += 1
    name = p.ident("the name of the union")
    exactly = p.accept_word("exactly")
    marks = markers(p)
    p.expect(t.ASSIGN)
    result = UnionDecl(start, 0, name, None, marks, exactly, [], None, None)
    if p.kinds[p.i] == t.NEWLINE and p.kinds[p.i + 1] == t.INDENT:
        p.i += 2
        result.doc = leading_doc(p, sole=False)
        p.lines(lambda: _union_line(p, result))
    else:
        if p.kinds[p.i] == t.PIPE:
            p.i += 1
        _variants(p, result.variants)
        _tag(p, result)
        result.markers += markers(p)
        result.doc = doc_beneath(p)
    result.end = p.last_end()
    return result


def _union_line(p: Cursor, result: UnionDecl) -> None:
    """A line of a union's block: ``| A | B``, or ``by field {…}``."""
    if p.word() == "by" and result.variants:
        _tag(p, result)
    else:
        if p.kinds[p.i] == t.PIPE:
            p.i += 1
        elif result.variants:
            raise p.expected("`|` or `by`")
        _variants(p, result.variants)
        _tag(p, result)
    if p.kinds[p.i] == t.AT:
        raise p.fault(f"markers of the union stand before its `=`: `union {result.name.name} @… =`")
    p.end_line()


def _variants(p: Cursor, variants: list[TypeExpr]) -> None:
    """Take ``A | B``, with parentheses around all of it or around a variant and its markers."""
    while True:
        if p.kinds[p.i] == t.LPAREN:
            p.i += 1
            p.deeper()
            inner: list[TypeExpr] = []
            if p.kinds[p.i] == t.PIPE:
                p.i += 1
            _variants(p, inner)
            if len(inner) == 1 and p.kinds[p.i] == t.AT:
                marks = markers(p)
                inner = [TypeMarked(inner[0].start, p.ends[p.i - 1], inner[0], marks)]
            p.depth -= 1
            p.expect(t.RPAREN)
            variants += inner
        else:
            variants.append(type_expr(p))
            if p.kinds[p.i] == t.AT:
                _mark_variant(p, variants)
        if not p.accept(t.PIPE):
            return


def _mark_variant(p: Cursor, variants: list[TypeExpr]) -> None:
    """Take markers that belong to a variant, because another one follows."""
    first = p.i
    marks = markers(p)
    if p.kinds[p.i] == t.PIPE or p.kinds[p.i] == t.RPAREN:
        variants[-1] = TypeMarked(variants[-1].start, p.ends[p.i - 1], variants[-1], marks)
    else:
        p.i = first


def _tag(p: Cursor, result: UnionDecl) -> None:
    """Take ``by field {"wire": A}``, if it is there."""
    if not p.accept_word("by"):
        return
    result.discriminator = p.ident("the field that tells the variants apart")
    if p.kinds[p.i] == t.LBRACE:
        mapping = expression(p)
        result.mapping = mapping.entries if isinstance(mapping, MapLit) else []
