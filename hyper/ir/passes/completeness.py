"""Tables that are proved to have a row for every input are marked as such, so that back ends need no ``no_match`` for
them. Runs last: the fewer rows there are, the cheaper is the proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.ir.analyse.tables import is_complete
from hyper.ir.program import TableDef

if TYPE_CHECKING:
    from hyper.ir.interpreter import Interpreter
    from hyper.ir.program import Def

_FAIL_WITHOUT_ROW: Final = frozenset({"unique", "first", "any", "priority"})


def mark_complete_tables(definition: Def, interpreter: Interpreter) -> Def:
    """The table with ``complete`` set where that is proved."""
    if not isinstance(definition, TableDef) or definition.policy not in _FAIL_WITHOUT_ROW:
        return definition
    complete = is_complete(definition, interpreter.program)
    return msgspec.structs.replace(definition, complete=complete)
