"""The service and its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang.printer.actions import (
    Line,
    security_line,
    word_and_string,
    words_line,
    write_declaration,
)
from hyper.lang.printer.data import doc_beneath, line_end
from hyper.lang.printer.expressions import WIDTH, arg, arguments
from hyper.lang.printer.spelling import bare, string
from hyper.lang.printer.types import with_markers

if TYPE_CHECKING:
    from hyper.lang.printer.writer import Writer
    from hyper.lang.tree import SchemeLine, ServerLine, ServiceDecl, StrLit, TagLine


def service(w: Writer, node: ServiceDecl) -> None:
    """The service."""
    write_declaration(w, f"service {bare(node.name.name)}", node, _lines(node))


def _lines(node: ServiceDecl) -> list[Line]:
    lines: list[Line] = []
    if node.title is not None:
        lines.append((node.title.start, 0, word_and_string, ("title", node.title)))
    if node.version is not None:
        lines.append((node.version.start, 1, word_and_string, ("version", node.version)))
    lines += [(item.start, 2, _described, ("server", item.url, item)) for item in node.servers]
    lines += [(item.start, 3, _scheme, (item,)) for item in node.schemes]
    if node.security is not None:
        lines.append(security_line(4, node.security))
    if node.roles:
        lines.append(words_line(5, "roles", node.roles, [bare(item.name) for item in node.roles]))
    lines += [(item.start, 6, _described, ("tag", item.name, item)) for item in node.tags]
    return lines


def _described(w: Writer, word: str, value: StrLit, node: ServerLine | TagLine) -> None:
    """Write ``word "value" "description"``."""
    w.item(node.start, node.end)
    text = f"{word} {string(value)}"
    if node.description is not None:
        text += f" {string(node.description)}"
    w.line(with_markers(text, node.markers, 4, used=4))


def _scheme(w: Writer, node: SchemeLine) -> None:
    w.item(node.start, line_end(w, node))
    text = f"scheme {bare(node.name.name)}: {bare(node.kind.name)}"
    if node.args:
        line = f"({', '.join([arg(item) for item in node.args])})"
        fits = len(text) + len(line) + 4 <= WIDTH
        text += line if fits else arguments(node.args, 4)
    w.line(with_markers(text, node.markers, 4, used=4))
    doc_beneath(w, node.doc)
