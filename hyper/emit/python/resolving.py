"""Types seen through their aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir.kinds import bare
from hyper.ir.types import Opt, Prim, Type, Union

if TYPE_CHECKING:
    from hyper.ir.program import Program


def takes_null(kind: Type, program: Program) -> bool:
    """Whether null is a value of the type."""
    waiting = [kind]
    seen: set[str] = set()
    while waiting:
        kind = bare(waiting.pop(), program)
        if isinstance(kind, Opt) or (isinstance(kind, Prim) and kind.name in {"any", "none"}):
            return True
        if isinstance(kind, Union) and kind.name not in seen:
            seen.add(kind.name)
            waiting += program.variants(kind.name) or ()
    return False
