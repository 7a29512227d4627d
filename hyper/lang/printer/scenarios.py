"""Features and scenarios, their examples aligned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang.printer.actions import Line, write_lines
from hyper.lang.printer.data import leading_doc
from hyper.lang.printer.expressions import flat, spread
from hyper.lang.printer.grid import grid
from hyper.lang.printer.spelling import bare, string
from hyper.lang.printer.types import type_name, type_text
from hyper.lang.tree import Given, Then

if TYPE_CHECKING:
    from hyper.lang.printer.writer import Writer
    from hyper.lang.tree import Examples, FeatureDecl, Scenario, Step, TypeName


def feature(w: Writer, node: FeatureDecl) -> None:
    """A feature with its scenarios."""
    w.line(f"feature {string(node.title)}:")
    w.begin_block()
    leading_doc(w, node.doc)
    lines: list[Line] = [(item.start, 1, _scenario, (item,)) for item in node.scenarios]
    if node.actor is not None:
        lines.append((node.actor.start, 0, _actor, (node.actor,)))
    write_lines(w, lines)
    w.end_block(node.end, w.column(node.start))


def _actor(w: Writer, node: TypeName) -> None:
    w.item(node.start, node.end)
    w.line(f"actor {type_name(node)}")


def _scenario(w: Writer, node: Scenario) -> None:
    w.item(node.start, node.title.end)
    w.line(f"scenario {string(node.title)}:")
    w.begin_block()
    leading_doc(w, node.doc)
    lines: list[Line] = [(step.start, 0, _step, (step,)) for step in node.steps]
    if node.examples is not None:
        lines.append((node.examples.start, 1, _examples, (node.examples,)))
    write_lines(w, lines)
    w.end_block(node.end, w.column(node.start))


def _step(w: Writer, node: Step) -> None:
    w.item(node.start, node.end)
    indent = len(w.margin)
    if isinstance(node, Then):
        head = f"then {node.failure} " if node.failure else "then "
    else:
        of = f": {type_text(node.type)}" if node.type is not None else ""
        word = "given" if isinstance(node, Given) else "when"
        head = f"{word} {bare(node.name.name)}{of} = "
    w.line(head + spread(node.value, indent, indent + len(head), 0))


def _examples(w: Writer, node: Examples) -> None:
    w.item(node.start, node.start)
    w.line("examples:")
    w.begin_block()
    if node.names:
        names = [bare(name.name) for name in node.names]
        texts = grid([names, *([flat(item) for item in row] for row in node.rows)], padded=False)
        places = [(node.names[0].start, node.names[-1].end)]
        places += [(row[0].start, row[-1].end) for row in node.rows]
        for (start, end), text in zip(places, texts, strict=True):
            w.item(start, end)
            w.line(text)
    w.end_block(node.end, w.column(node.start))
