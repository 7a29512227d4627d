"""A whole file in its canonical form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hyper.lang.printer import actions, data, functions, scenarios, service
from hyper.lang.printer.expressions import WIDTH
from hyper.lang.printer.spelling import bare, doc
from hyper.lang.printer.types import with_markers
from hyper.lang.printer.writer import Writer
from hyper.lang.tree import (
    ActionDecl,
    CalcDecl,
    ConstDecl,
    EntityDecl,
    EnumDecl,
    ExternDecl,
    FeatureDecl,
    Module,
    RuleDecl,
    ServiceDecl,
    TableDecl,
    TypeDecl,
    UnionDecl,
    Use,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.base.source import Source

_WRITERS: Final[dict[type, Callable[[Writer, Any], None]]] = {
    ActionDecl: actions.action,
    CalcDecl: functions.calc,
    ConstDecl: data.const,
    EntityDecl: data.entity,
    EnumDecl: data.enum,
    ExternDecl: functions.extern,
    FeatureDecl: scenarios.feature,
    RuleDecl: functions.rule,
    ServiceDecl: service.service,
    TableDecl: functions.table,
    TypeDecl: data.alias,
    UnionDecl: data.union,
}


def print_module(module: Module, source: Source | None = None) -> str:
    """The canonical text of a tree.

    Comments go where their offsets put them. With the source that the tree was parsed from, single
    blank lines inside blocks stay too; without it (a tree made by hand) there are none.
    """
    w = Writer(module.comments, source)
    items: list[Any] = [*module.uses, *module.declarations]
    if module.uses and module.declarations:
        items.sort(key=lambda item: item.start)
    first = len(w.lines)
    if module.doc is not None:
        w.item(module.doc.start, module.doc.end)
        w.line(doc(module.doc.value, "", triple=True))
    if module.name is not None:
        w.fresh = True
        w.item(module.name.start, module.name.end)
        name = ".".join([bare(part) for part in module.name.name.split(".")])
        w.line(with_markers(f"intent {name}", module.markers, 0))
    previous: object = module if len(w.lines) > first else None
    alone = False
    for item in items:
        alone = _item(w, item, previous, alone)
        previous = item
    return w.finish()


def _item(w: Writer, item: Any, previous: object, previous_alone: bool) -> bool:
    """Write a declaration or a ``use``; whether it is of one line.

    A blank line goes above it, unless it and the item above are of one line and one kind.
    """
    w.trailing(item.start)
    parted = w.blank_above(min(w.at, item.start))
    begun = len(w.lines)
    w.fresh = True
    w.item(item.start, _head_end(w, item))
    write = _WRITERS.get(type(item))
    if write is None:
        _use(w, item)
    else:
        write(w, item)
    lines = w.lines
    alone = len(lines) - begun == 1 and (write is None or "\n" not in lines[begun])
    if begun and (parted or not (alone and previous_alone and type(item) is type(previous))):
        lines.insert(begun, "")
    return alone


def _head_end(w: Writer, item: Any) -> int:
    """Where the first line of a declaration ends."""
    if isinstance(item, CalcDecl | TableDecl):
        return int(item.returns.end)
    if isinstance(item, ConstDecl | TypeDecl | ExternDecl):
        return data.line_end(w, item)
    return int(item.end) if isinstance(item, Use) else -1


def _use(w: Writer, node: Use) -> None:
    module = ".".join([bare(part) for part in node.module.name.split(".")])
    head = f"use {module}"
    if node.names is None:
        w.line(head)
        return
    names = [
        f"{bare(item.name.name)} as {bare(item.alias.name)}" if item.alias else bare(item.name.name)
        for item in node.names
    ]
    line = f"{head} ({', '.join(names)})"
    if len(line) > WIDTH:
        line = f"{head} (\n" + "".join([f"    {name},\n" for name in names]) + ")"
    w.line(line)
