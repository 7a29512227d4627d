"""Types and markers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang.printer.expressions import STEP, WIDTH, arg, arguments, within
from hyper.lang.printer.spelling import TYPE_WORDS, bare, ident, integer, string
from hyper.lang.tree import (
    BoolLit,
    IntLit,
    Name,
    StrLit,
    TypeLit,
    TypeMarked,
    TypeName,
    TypeOpt,
    TypeValue,
)

if TYPE_CHECKING:
    from hyper.lang.tree import Marker, TypeExpr


def type_text(node: TypeExpr) -> str:
    """A type on one line."""
    kind = type(node)
    if kind is TypeName:
        return type_name(node)  # type: ignore[arg-type]
    if kind is TypeOpt:
        inner = node.inner  # type: ignore[union-attr]
        text = type_text(inner)
        return f"({text})?" if type(inner) is TypeMarked else f"{text}?"
    if kind is TypeMarked:
        marks = " ".join([marker(mark) for mark in node.markers])  # type: ignore[union-attr]
        return f"{type_text(node.inner)} {marks}"  # type: ignore[union-attr]
    if kind is TypeLit:
        return _literal(node)  # type: ignore[arg-type]
    return ""


def type_name(node: TypeName) -> str:
    """A name with its arguments on one line."""
    parts = node.parts
    text = ident(parts[0], TYPE_WORDS) if parts else ""
    for part in parts[1:]:
        text = f"{text}.{bare(part.name)}"
    if node.args:
        return f"{text}[{', '.join([type_text(item) for item in node.args])}]"
    if node.numbers:
        return f"{text}({', '.join([integer(item) for item in node.numbers])})"
    return text


def _literal(node: TypeLit) -> str:
    value = node.value
    if isinstance(value, StrLit):
        return string(value)
    if isinstance(value, IntLit):
        return integer(value)
    assert isinstance(value, BoolLit)
    return "true" if value.value else "false"


def marker(node: Marker) -> str:
    """A marker on one line."""
    args = node.args
    if args is None:
        return f"@{node.name.name}"
    return f"@{node.name.name}({', '.join([arg(item) for item in args])})"


def _marker_within(node: Marker, room: int) -> str | None:
    """A marker on one line if it has at most ``room`` columns; looks no further than that."""
    room -= len(node.name.name) + 3
    texts = []
    for item in node.args or ():
        text = within(item.value, room)
        if text is None:
            return None
        if item.name:
            text = f"{ident(item.name)}: {text}"
        texts.append(text)
        room -= len(text) + 2
    if room < -2:
        return None
    return f"@{node.name.name}" + (f"({', '.join(texts)})" if node.args is not None else "")


def unmarked(node: TypeExpr, markers: list[Marker]) -> tuple[TypeExpr, list[Marker]]:
    """A type outside brackets without its markers, which are those of its line then."""
    if type(node) is TypeMarked:
        return node.inner, [*node.markers, *markers]
    return node, markers


def spread_type(node: TypeExpr, indent: int, used: int, tail: int) -> str:
    """A type over as many lines as it needs: opened at the brackets of its arguments."""
    text = type_text(node)
    if used + len(text) + tail <= WIDTH or not _has_markers(node):
        return text
    if isinstance(node, TypeOpt) and not isinstance(node.inner, TypeMarked):
        return spread_type(node.inner, indent, used, tail + 1) + "?"
    if isinstance(node, TypeMarked):
        head = spread_type(node.inner, indent, used, 0)
        return with_markers(head, node.markers, indent, used=used)
    if isinstance(node, TypeName) and node.args:
        head = type_name(TypeName(0, 0, node.parts, [], []))
        margin = "\n" + " " * (indent + STEP)
        deeper = indent + STEP
        inner = [margin + spread_type(item, deeper, deeper, 1) + "," for item in node.args]
        return f"{head}[{''.join(inner)}\n{' ' * indent}]"
    return text


def _has_markers(node: TypeExpr) -> bool:
    while isinstance(node, TypeOpt):
        node = node.inner
    if isinstance(node, TypeName):
        return any(_has_markers(item) for item in node.args)
    return isinstance(node, TypeMarked)


def with_markers(
    line: str, markers: list[Marker], indent: int, tail: str = "", used: int = 0
) -> str:
    """A line with the markers that end it, each opened where it does not fit."""
    if not markers:
        return line + tail
    last = len(markers) - 1
    column = len(line) - line.rfind("\n") - 1 if "\n" in line else used + len(line)
    for i, node in enumerate(markers):
        room = WIDTH - column - 1 - (len(tail) if i == last else 0)
        text = _marker_within(node, room)
        if text is None:
            text = _opened(node, indent)
        line = f"{line} {text}"
        if "\n" in text:
            column = len(text) - text.rfind("\n") - 1
        else:
            column += len(text) + 1
    return line + tail


def _opened(node: Marker, indent: int) -> str:
    """A marker with its arguments on lines of their own, unless that gains nothing."""
    if not node.args or (
        len(node.args) == 1 and isinstance(node.args[0].value, StrLit | Name | TypeValue)
    ):
        return marker(node)
    return f"@{node.name.name}{arguments(node.args, indent)}"
