"""Actions and webhooks. Their lines keep the order of the text; made by hand, they have that of the
reference: route, tags, what comes in, who may call, what goes out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from hyper.lang.printer.data import doc_beneath, leading_doc, line_end
from hyper.lang.printer.expressions import WIDTH, flat, spread
from hyper.lang.printer.spelling import bare, doc, ident, quoted, string
from hyper.lang.printer.types import spread_type, type_name, unmarked, with_markers

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.lang.printer.writer import Writer
    from hyper.lang.tree import (
        ActionBody,
        ActionDecl,
        ActionParam,
        ActionReturn,
        HeaderLine,
        Marker,
        Node,
        Route,
        SecurityUse,
        ServiceDecl,
        StrLit,
        TypeExpr,
    )

# Where a line stands in the text, its place among lines made by hand, and what writes it.
Line = tuple[int, int, "Callable[..., None]", tuple[Any, ...]]
_PLAIN_PATH: Final = re.compile(r"/\S*")
_SECURITY_WORDS: Final = frozenset({"none", "and"})


def write_lines(w: Writer, lines: list[Line]) -> None:
    """Write lines in the order of the text, those made by hand by rank."""
    lines.sort(key=lambda line: line[:2])
    for _, _, write, args in lines:
        write(w, *args)


def write_declaration(
    w: Writer, head: str, node: ActionDecl | ServiceDecl, lines: list[Line]
) -> None:
    """Write an action or a service; one without lines has no colon."""
    if not lines:
        w.line(with_markers(head, node.markers, 0))
        doc_beneath(w, node.doc)
        return
    w.line(with_markers(head, node.markers, 0, ":"))
    w.begin_block()
    leading_doc(w, node.doc)
    write_lines(w, lines)
    w.end_block(node.end, w.column(node.start))


def action(w: Writer, node: ActionDecl) -> None:
    """An action or a webhook."""
    head = f"{'webhook' if node.webhook else 'action'} {bare(node.name.name)}"
    write_declaration(w, head, node, _lines(node))


def _lines(node: ActionDecl) -> list[Line]:
    lines: list[Line] = []
    if node.route is not None:
        lines.append((node.route.start, 0, _route, (node.route,)))
    if node.tags:
        lines.append(words_line(1, "tags", node.tags, [string(tag) for tag in node.tags]))
    lines += [(item.start, 2, _param, (item,)) for item in node.params]
    lines += [(item.start, 3, _body, (item,)) for item in node.bodies]
    if node.security is not None:
        lines.append(security_line(4, node.security))
    if node.allow:
        lines.append(words_line(5, "allow", node.allow, [bare(item.name) for item in node.allow]))
    if node.checks:
        texts = [f"{type_name(use.rule)}({flat(use.path)})" for use in node.checks]
        lines.append(words_line(6, "check", node.checks, texts))
    if node.handled_by is not None:
        lines.append((node.handled_by.start, 7, word_and_string, ("handled by", node.handled_by)))
    lines += [(item.start, 8, _returns, (item,)) for item in node.returns]
    return lines


def word_and_string(w: Writer, word: str, value: StrLit) -> None:
    """Write ``word "value"``."""
    w.item(value.start, value.end)
    w.line(f"{word} {string(value)}")


def words_line(rank: int, word: str, nodes: list[Any], texts: list[str]) -> Line:
    """The line ``word a, b``."""
    return nodes[0].start, rank, _words, (word, nodes, texts)


def _words(w: Writer, word: str, nodes: list[Node], texts: list[str]) -> None:
    """Write ``word a, b``, on as many such lines as it takes."""
    w.item(nodes[0].start, nodes[-1].end)
    line = f"{word} {texts[0]}"
    for text in texts[1:]:
        if len(w.margin) + len(line) + len(text) + 2 > WIDTH:
            w.line(line)
            line = f"{word} {text}"
        else:
            line += f", {text}"
    w.line(line)


def security_line(rank: int, uses: list[SecurityUse]) -> Line:
    """The ``security`` line."""
    return (uses[0].start if uses else 0), rank, _security, (uses,)


def _security(w: Writer, uses: list[SecurityUse]) -> None:
    if uses:
        w.item(uses[0].start, uses[-1].end)
    texts = []
    for use in uses:
        schemes = []
        for scheme in use.schemes:
            text = ident(scheme.name, _SECURITY_WORDS)
            if scheme.scopes:
                text += f"({', '.join([string(scope) for scope in scheme.scopes])})"
            schemes.append(text)
        texts.append(" and ".join(schemes) or "none")
    line = f"security {texts[0] if texts else 'none'}"
    for text in texts[1:]:
        if len(w.margin) + len(line) + len(text) + 2 > WIDTH:
            w.line(line)
            line = f"security {text}"
        else:
            line += f", {text}"
    w.line(line)


def _route(w: Writer, node: Route) -> None:
    w.item(node.start, node.end)
    line = f"route {bare(node.method)}"
    if node.path:
        path = node.path if _PLAIN_PATH.fullmatch(node.path) else quoted(node.path)
        line += f" {path}"
    w.line(line)


def _typed(w: Writer, head: str, node: ActionParam | HeaderLine, of: TypeExpr) -> str:
    """``head name?: T``."""
    mark = "?" if node.optional else ""
    indent = len(w.margin)
    text = f"{head} {bare(node.name.name)}{mark}: "
    return text + spread_type(of, indent, indent + len(text), 0)


def _finish(w: Writer, text: str, markers: list[Marker], end: StrLit | None) -> None:
    indent = len(w.margin)
    w.line(with_markers(text, markers, indent, used=indent))
    doc_beneath(w, end)


def _param(w: Writer, node: ActionParam) -> None:
    w.item(node.start, line_end(w, node))
    of, markers = unmarked(node.type, node.markers)
    text = _typed(w, node.place, node, of)
    if node.default is not None:
        indent = len(w.margin)
        text += " = "
        text += spread(node.default, indent, indent + len(text), 0)
    _finish(w, text, markers, node.doc)


def _body(w: Writer, node: ActionBody) -> None:
    w.item(node.start, line_end(w, node))
    text = f"body{'?' if node.optional else ''} {bare(node.name.name)}: "
    indent = len(w.margin)
    of, markers = unmarked(node.type, node.markers)
    text += spread_type(of, indent, indent + len(text), 0)
    if node.media is not None:
        text += f" as {string(node.media)}"
    _finish(w, text, markers, node.doc)


def _returns(w: Writer, node: ActionReturn) -> None:
    w.item(node.start, line_end(w, node) if not node.headers else node.start)
    indent = len(w.margin)
    text = f"{node.kind} {node.status}"
    markers = node.markers
    if node.type is not None:
        of, markers = unmarked(node.type, markers)
        text += " "
        text += spread_type(of, indent, indent + len(text), 0)
    if node.media is not None:
        text += f" as {string(node.media)}"
    w.line(with_markers(text, markers, indent, used=indent))
    if node.doc is None and not node.headers:
        return
    w.begin_block()
    if node.doc is not None:
        w.item(node.doc.start)
        w.lines.append(doc(node.doc.value, w.margin))
    for header in node.headers:
        w.item(header.start, line_end(w, header))
        of, marks = unmarked(header.type, header.markers)
        _finish(w, _typed(w, "header", header, of), marks, header.doc)
    w.end_block(node.end, w.column(node.start))
