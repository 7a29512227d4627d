"""Dead rows of tables removed: those that a constant condition rules out, and under a policy that takes the first row
that fits, those behind one without conditions. Conditions that always hold go as well. Runs after folding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.ir.passes.folding import truth
from hyper.ir.program import RowDef, TableDef

if TYPE_CHECKING:
    from hyper.ir.interpreter import Interpreter
    from hyper.ir.program import Def

_FIRST_FIT: Final = frozenset({"unique", "first", "any"})


def remove_dead_rows(definition: Def, _interpreter: Interpreter) -> Def:
    """The table without the rows that are never chosen."""
    if not isinstance(definition, TableDef):
        return definition
    rows: list[RowDef] = []
    for row in definition.rows:
        if _is_ruled_out(row):
            continue
        conditions = tuple(each for each in row.conditions if truth(each) is not True)
        rows.append(msgspec.structs.replace(row, conditions=conditions))
        if not conditions and definition.policy in _FIRST_FIT:
            break
    return msgspec.structs.replace(definition, rows=tuple(rows))


def _is_ruled_out(row: RowDef) -> bool:
    """Whether a condition is false and none before it can fail: those are constants, too."""
    for condition in row.conditions:
        held = truth(condition)
        if held is None:
            return False
        if not held:
            return True
    return False
