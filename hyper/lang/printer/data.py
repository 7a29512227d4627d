"""Constants, aliases, enums, entities and unions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.lang.printer.expressions import WIDTH, flat, spread
from hyper.lang.printer.spelling import bare, doc
from hyper.lang.printer.types import spread_type, type_name, type_text, unmarked, with_markers
from hyper.lang.tree import MapLit, Node, TypeMarked

if TYPE_CHECKING:
    from hyper.lang.printer.writer import Writer
    from hyper.lang.tree import (
        ConstDecl,
        EntityDecl,
        EnumDecl,
        EnumMember,
        FieldDecl,
        StrLit,
        TypeDecl,
        TypeExpr,
        UnionDecl,
    )


def doc_beneath(w: Writer, node: StrLit | None) -> None:
    """Write a documentation string one step deeper than the line that it belongs to."""
    if node is not None:
        if w.at < node.start:
            w.comments_before(node.start)
        w.lines.append(doc(node.value, w.margin + "    "))


def line_end(w: Writer, node: Any) -> int:
    """Where the line of a node ends that may have documentation beneath, if comments are left to place."""
    if node.doc is None or w.at >= node.doc.start:
        return int(node.end)
    ends: list[int] = [node.start]
    for name in ("type", "wire", "kind", "default", "media"):
        part = getattr(node, name, None)
        if isinstance(part, Node):
            ends.append(part.end)
    ends += [part.end for part in [*getattr(node, "args", ()), *node.markers]]
    return max(ends)


def leading_doc(w: Writer, node: StrLit | None) -> None:
    """Write a documentation string as the first of a block."""
    if node is not None:
        w.item(node.start)
        w.lines.append(doc(node.value, w.margin))


def const(w: Writer, node: ConstDecl) -> None:
    """``const NAME: T = value``."""
    of = f": {type_text(node.type)}" if node.type is not None else ""
    head = f"const {bare(node.name.name)}{of} = "
    value = spread(node.value, 0, len(head), 0)
    w.line(with_markers(head + value, node.markers, 0))
    doc_beneath(w, node.doc)


def alias(w: Writer, node: TypeDecl) -> None:
    """``type Name = T @constraints``."""
    head = f"type {bare(node.name.name)} = "
    text = head + spread_type(node.type, 0, len(head), 0)
    w.line(with_markers(text, node.markers, 0))
    doc_beneath(w, node.doc)


def enum(w: Writer, node: EnumDecl) -> None:
    """An enum on one line where it was and fits, else a member a line."""
    head = with_markers(f"enum {bare(node.name.name)}", node.markers, 0)
    if not node.members:
        w.line(head)
        doc_beneath(w, node.doc)
        return
    if node.inline and all(member.doc is None for member in node.members):
        line = f"{head}: {', '.join([_member(member, 0) for member in node.members])}"
        if len(line) <= WIDTH and "\n" not in line:
            w.line(line)
            doc_beneath(w, node.doc)
            return
    w.line(f"{head}:")
    w.begin_block()
    leading_doc(w, node.doc)
    for member in node.members:
        w.item(member.start, line_end(w, member))
        w.line(_member(member, 4))
        doc_beneath(w, member.doc)
    w.end_block(node.end, w.column(node.start))


def _member(member: EnumMember, indent: int) -> str:
    text = bare(member.name.name)
    if member.wire is not None:
        text += f" = {flat(member.wire)}"
    return with_markers(text, member.markers, indent, used=indent)


def entity(w: Writer, node: EntityDecl) -> None:
    """An entity with its fields; one without any has no colon."""
    head = f"entity {bare(node.name.name)}"
    if node.bases:
        head += f" is {', '.join([type_name(base) for base in node.bases])}"
    if not node.fields:
        w.line(with_markers(head, node.markers, 0))
        doc_beneath(w, node.doc)
        return
    w.line(with_markers(head, node.markers, 0, ":"))
    w.begin_block()
    leading_doc(w, node.doc)
    for item in node.fields:
        w.item(item.start, line_end(w, item))
        w.lines.append(field(item))
        if item.doc is not None:
            doc_beneath(w, item.doc)
    w.end_block(node.end, w.column(node.start))


def field(node: FieldDecl) -> str:
    """A field without its documentation, one step deep."""
    mark = "?" if node.optional else ""
    text = f"    {bare(node.name.name)}{mark}: "
    of, markers = unmarked(node.type, node.markers)
    text += spread_type(of, 4, len(text), 0)
    if node.default is not None:
        text += " = "
        text += spread(node.default, 4, len(text) - text.rfind("\n") - 1, 0)
    return with_markers(text, markers, 4)


def union(w: Writer, node: UnionDecl) -> None:
    """A union on one line where it fits, else a variant a line."""
    head = f"union {bare(node.name.name)}{' exactly' if node.exactly else ''}"
    variants = [_variant(variant) for variant in node.variants]
    tag = ""
    if node.discriminator is not None:
        tag = f" by {bare(node.discriminator.name)}"
    line = f"{head} = {' | '.join(variants)}{tag}"
    if node.mapping is not None:
        line += " " + flat(MapLit(0, 0, node.mapping))
    line = with_markers(line, node.markers, 0)
    if len(line) <= WIDTH and "\n" not in line:
        w.line(line)
        doc_beneath(w, node.doc)
        return
    w.line(with_markers(head, node.markers, 0, " ="))
    w.begin_block()
    leading_doc(w, node.doc)
    for variant, text in zip(node.variants, variants, strict=True):
        w.item(variant.start, variant.end)
        w.line(f"| {text}")
    if tag:
        assert node.discriminator is not None
        w.item(node.discriminator.start)
        text = tag[1:]
        if node.mapping is not None:
            text += " " + spread(MapLit(0, 0, node.mapping), 4, 5 + len(text), 0)
        w.line(text)
    w.end_block(node.end, w.column(node.start))


def _variant(node: TypeExpr) -> str:
    text = type_text(node)
    return f"({text})" if isinstance(node, TypeMarked) else text
