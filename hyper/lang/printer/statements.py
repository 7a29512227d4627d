"""Bodies of calcs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang.printer.expressions import spread
from hyper.lang.printer.spelling import bare, ident
from hyper.lang.printer.types import type_text
from hyper.lang.tree import (
    Assign,
    ExprStmt,
    For,
    If,
    Let,
    Match,
    MatchArm,
    Name,
    Var,
)

if TYPE_CHECKING:
    from hyper.lang.printer.writer import Writer
    from hyper.lang.tree import Expr, Stmt

# Words that cannot begin an assignment, or an expression on a line of its own.
_ASSIGN_WORDS: Final = frozenset({"if", "elif", "else"})
_LINE_WORDS: Final = ("elif", "let", "match", "return", "var")


def body(w: Writer, statements: list[Stmt]) -> None:
    """Write statements at the margin."""
    for node in statements:
        statement(w, node)


def _block(w: Writer, statements: list[Stmt], end: int, start: int) -> None:
    w.begin_block()
    for node in statements:
        statement(w, node)
    w.end_block(end, w.column(start))


def _value(w: Writer, head: str, value: Expr, tail: str = "") -> None:
    indent = len(w.margin)
    w.line(head + spread(value, indent, indent + len(head), len(tail)) + tail)


def statement(w: Writer, node: Stmt) -> None:
    """Write one statement."""
    if isinstance(node, If):
        _if(w, node)
    elif isinstance(node, For):
        w.item(node.start, node.source.end)
        _value(w, f"for {bare(node.target.name)} in ", node.source, ":")
        _block(w, node.body, node.end, node.start)
    elif isinstance(node, Match):
        w.item(node.start, node.subject.end)
        _value(w, "match ", node.subject, ":")
        w.begin_block()
        for arm in node.arms:
            _arm(w, arm)
        w.end_block(node.end, w.column(node.start))
    else:
        w.item(node.start, node.end)
        if isinstance(node, Let | Var):
            word = "let" if isinstance(node, Let) else "var"
            of = f": {type_text(node.type)}" if node.type is not None else ""
            _value(w, f"{word} {bare(node.name.name)}{of} = ", node.value)
        elif isinstance(node, Assign):
            _value(w, f"{ident(node.name, _ASSIGN_WORDS)} = ", node.value)
        else:
            _expression(w, node)


def _expression(w: Writer, node: ExprStmt) -> None:
    indent = len(w.margin)
    text = spread(node.value, indent, indent, 0)
    if text.startswith(_LINE_WORDS):
        word = _leftmost(node.value)
        if word in _LINE_WORDS and text.startswith(word):
            text = f"`{word}`{text[len(word) :]}"
    w.line(text)


def _leftmost(node: Expr) -> str:
    """The name that an expression begins with, if it begins with one."""
    current: object = node
    while not isinstance(current, Name):
        for part in ("left", "first", "base", "callee"):
            below = getattr(current, part, None)
            if below is not None:
                current = below
                break
        else:
            return ""
    return current.name


def _if(w: Writer, node: If) -> None:
    word = "if "
    last_end = node.end
    for i, branch in enumerate(node.branches):
        w.item(node.start if i == 0 else branch.start, branch.condition.end)
        _value(w, word, branch.condition, ":")
        _block(w, branch.body, branch.end, branch.start)
        word = "elif "
        last_end = branch.end
    if node.orelse is not None:
        # `else` has no node of its own.
        at = w.after(last_end)
        w.fresh = w.at >= at
        w.item(at, at)
        w.line("else:")
        _block(w, node.orelse, node.end, node.start)


def _arm(w: Writer, node: MatchArm) -> None:
    w.item(node.start, node.start)
    head = "else" if node.variant is None else type_text(node.variant)
    if node.binding is not None:
        head += f" as {bare(node.binding.name)}"
    if len(node.body) == 1 and isinstance(node.body[0], ExprStmt):
        value = node.body[0].value
        indent = len(w.margin)
        text = spread(value, indent, indent + len(head) + 2, 0)
        if "\n" not in text:
            w.line(f"{head}: {text}")
            return
    w.line(f"{head}:")
    _block(w, node.body, node.end, node.start)
