"""Expressions and bodies made anew with other parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hyper.ir import nodes
from hyper.ir.weight import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def with_children(expr: nodes.Expr, operands: list[nodes.Expr]) -> nodes.Expr:
    """The expression with other operands, in the order of ``weight.children``."""
    waiting = iter(operands)
    changed: dict[str, Any] = {}
    for name in PARTS[type(expr)]:
        part = getattr(expr, name)
        if part is not None:
            changed[name] = _replaced(name, part, waiting)
    return msgspec.structs.replace(expr, **changed) if changed else expr


def _replaced(name: str, part: Any, waiting: Iterator[nodes.Expr]) -> Any:
    if not isinstance(part, tuple):
        return next(waiting)
    if name == "entries":
        return tuple((next(waiting), next(waiting)) for _ in part)
    if name == "fields":
        return tuple((field, next(waiting)) for field, _ in part)
    return tuple(next(waiting) for _ in part)


def rewrite(expr: nodes.Expr, change: Callable[[nodes.Expr], nodes.Expr]) -> nodes.Expr:
    """``change`` applied to every node, operands first, without recursion."""
    from hyper.ir.weight import children

    done: list[nodes.Expr] = []
    stack: list[tuple[nodes.Expr, bool]] = [(expr, False)]
    while stack:
        node, ready = stack.pop()
        operands = children(node)
        if not ready and operands:
            stack.append((node, True))
            stack.extend((operand, False) for operand in reversed(operands))
            continue
        if operands:
            fresh = done[-len(operands) :]
            del done[-len(operands) :]
            if any(new is not old for new, old in zip(fresh, operands, strict=True)):
                node = with_children(node, fresh)
        done.append(change(node))
    return done[0]


def rewrite_statement(
    stmt: nodes.Stmt,
    expression: Callable[[nodes.Expr], nodes.Expr],
    block: Callable[[tuple[nodes.Stmt, ...]], tuple[nodes.Stmt, ...]],
) -> nodes.Stmt:
    """A statement with its expressions and blocks changed."""
    match stmt:
        case nodes.For(target, source, body, line):
            return nodes.For(target, expression(source), block(body), line)
        case nodes.If(branches, orelse, line):
            changed = tuple(
                nodes.Branch(expression(branch.condition), block(branch.body), branch.line)
                for branch in branches
            )
            return nodes.If(changed, block(orelse), line)
        case _:
            return msgspec.structs.replace(stmt, value=expression(stmt.value))
