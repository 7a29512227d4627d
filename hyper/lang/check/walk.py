"""Walks over trees of expressions and statements without recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang import tree

if TYPE_CHECKING:
    from collections.abc import Iterator


def children(node: tree.Expr) -> list[tree.Expr]:
    """The expressions directly inside of one, in order."""
    match node:
        case tree.Attr():
            return [node.base]
        case tree.Index():
            return [node.base, node.index]
        case tree.Call():
            return [arg.value for arg in node.args]
        case tree.Unary():
            return [node.operand]
        case tree.Binary():
            return [node.left, node.right]
        case tree.Compare():
            return [node.first, *node.rest]
        case tree.Conditional():
            return [node.condition, node.yes, node.no]
        case tree.ListLit():
            return node.items
        case tree.MapLit():
            return [part for entry in node.entries for part in (entry.key, entry.value)]
        case tree.Comprehension():
            rest = [] if node.condition is None else [node.condition]
            return [node.element, node.source, *rest]
        case tree.With():
            return [node.base, *(arg.value for arg in node.updates)]
        case tree.Paren():
            return [node.inner]
    return []


def expressions(node: tree.Expr) -> Iterator[tree.Expr]:
    """An expression and all inside of it, from the left."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        yield item
        waiting.extend(reversed(children(item)))


def body_expressions(body: list[tree.Stmt]) -> Iterator[tree.Expr]:
    """The outermost expressions of a block and of its inner blocks."""
    waiting: list[tree.Stmt] = list(reversed(body))
    while waiting:
        node = waiting.pop()
        match node:
            case tree.Let() | tree.Var() | tree.Assign() | tree.ExprStmt():
                yield node.value
            case tree.For():
                yield node.source
                waiting.extend(reversed(node.body))
            case tree.If():
                for branch in node.branches:
                    yield branch.condition
                waiting.extend(reversed(node.orelse or []))
                for branch in reversed(node.branches):
                    waiting.extend(reversed(branch.body))
            case tree.Match():
                yield node.subject
                for arm in reversed(node.arms):
                    waiting.extend(reversed(arm.body))
