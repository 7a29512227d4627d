"""What a condition tells about the values that it names, where it holds and where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang import tree
from hyper.lang.check.checker import NO_FACTS
from hyper.lang.check.names import path_of
from hyper.lang.check.relations import without_none
from hyper.lang.types import NONE, Opt

if TYPE_CHECKING:
    from hyper.lang.check.checker import Checker, Facts


def facts_of(checker: Checker, node: tree.Expr) -> tuple[Facts, Facts]:
    """Facts where a typed condition holds, and where it does not.

    Values never change, so that a fact about a field of a field stays true in its branch.
    """
    while isinstance(node, tree.Paren):
        node = node.inner
    match node:
        case tree.Unary(op="not"):
            holds, fails = facts_of(checker, node.operand)
            return fails, holds
        case tree.Binary(op="and"):
            left, right = facts_of(checker, node.left), facts_of(checker, node.right)
            return {**left[0], **right[0]}, _common(left[1], right[1])
        case tree.Binary(op="or"):
            left, right = facts_of(checker, node.left), facts_of(checker, node.right)
            return _common(left[0], right[0]), {**left[1], **right[1]}
        case tree.Compare():
            return _comparison(checker, node)
    return NO_FACTS, NO_FACTS


def _common(left: Facts, right: Facts) -> Facts:
    return {path: kind for path, kind in left.items() if right.get(path) == kind}


def _comparison(checker: Checker, node: tree.Compare) -> tuple[Facts, Facts]:
    holds: Facts = {}
    operands = [node.first, *node.rest]
    for op, left, right in zip(node.ops, operands, operands[1:], strict=False):
        types = checker.typing.types
        if types.get(right) == NONE or types.get(left) == NONE:
            subject = left if types.get(right) == NONE else right
            there = _there(checker, subject)
            if op in ("is", "=="):
                return (NO_FACTS, there) if len(node.ops) == 1 else (NO_FACTS, NO_FACTS)
            holds.update(there)
            if len(node.ops) == 1:
                return there, NO_FACTS
        elif op == "==":
            if not isinstance(types.get(right), Opt):
                holds.update(_there(checker, left))
            if not isinstance(types.get(left), Opt):
                holds.update(_there(checker, right))
        elif op == "!=" and len(node.ops) == 1:
            fails: Facts = {}
            if not isinstance(types.get(right), Opt):
                fails.update(_there(checker, left))
            if not isinstance(types.get(left), Opt):
                fails.update(_there(checker, right))
            return NO_FACTS, fails
    return holds, NO_FACTS


def _there(checker: Checker, node: tree.Expr) -> Facts:
    """The fact that a value is not none, where it is one that can be narrowed."""
    kind = checker.typing.types.get(node)
    path = path_of(checker, node)
    if path is None or not isinstance(kind, Opt):
        return NO_FACTS
    return {path: without_none(kind)}
