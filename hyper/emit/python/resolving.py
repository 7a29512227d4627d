"""Types seen through their aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir.program import AliasDef, UnionDef
from hyper.ir.types import Alias, Marked, Opt, Prim, Type, Union

if TYPE_CHECKING:
    from hyper.ir.program import Program


def resolve(kind: Type, program: Program) -> Type:
    """The type behind markers and aliases (one level: what is inside stays as it is)."""
    seen = 0
    while isinstance(kind, Marked | Alias):
        if isinstance(kind, Marked):
            kind = kind.inner
            continue
        definition = program.definitions.get(kind.name)
        seen += 1
        if not isinstance(definition, AliasDef) or seen > 1000:
            return kind
        kind = definition.type
    return kind


def takes_null(kind: Type, program: Program) -> bool:
    """Whether null is a value of the type."""
    waiting = [kind]
    seen: set[str] = set()
    while waiting:
        kind = resolve(waiting.pop(), program)
        if isinstance(kind, Opt) or (isinstance(kind, Prim) and kind.name in {"any", "none"}):
            return True
        if isinstance(kind, Union) and kind.name not in seen:
            seen.add(kind.name)
            definition = program.definitions.get(kind.name)
            if isinstance(definition, UnionDef):
                waiting += definition.variants
    return False
