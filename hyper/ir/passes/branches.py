"""Dead branches removed: what a constant condition rules out, and everything behind one that always holds.

Runs after folding, which finds the constant conditions. A condition that is no constant stays, since it may fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hyper.ir import nodes
from hyper.ir.passes.folding import truth
from hyper.ir.program import CalcDef, DeriveDef, RequireDef, RuleDef

if TYPE_CHECKING:
    from hyper.ir.interpreter import Interpreter
    from hyper.ir.program import Def


def remove_dead_branches(definition: Def, _interpreter: Interpreter) -> Def:
    """The definition without the branches and clauses that never run."""
    match definition:
        case CalcDef():
            return msgspec.structs.replace(definition, body=_block(definition.body))
        case RuleDef():
            clauses = tuple(clause for clause in definition.clauses if not _is_idle(clause))
            return msgspec.structs.replace(definition, clauses=clauses)
        case _:
            return definition


def _is_idle(clause: RequireDef | DeriveDef) -> bool:
    if isinstance(clause, DeriveDef):
        return truth(clause.condition) is False
    return truth(clause.condition) is True


def _block(body: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
    made: list[nodes.Stmt] = []
    for stmt in body:
        if isinstance(stmt, nodes.If):
            made += _if(stmt)
        elif isinstance(stmt, nodes.For):
            made.append(msgspec.structs.replace(stmt, body=_block(stmt.body)))
        else:
            made.append(stmt)
    return tuple(made)


def _if(stmt: nodes.If) -> tuple[nodes.Stmt, ...]:
    branches: list[nodes.Branch] = []
    orelse = _block(stmt.orelse)
    for branch in stmt.branches:
        held = truth(branch.condition)
        if held is False:
            continue
        body = _block(branch.body)
        if held:
            orelse = body
            break
        branches.append(msgspec.structs.replace(branch, body=body))
    if not branches:
        return orelse
    return (msgspec.structs.replace(stmt, branches=tuple(branches), orelse=orelse),)
