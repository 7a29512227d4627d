"""Wire names of declarations: no two types, and no two actions, are written under one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.base.diagnostics import related
from hyper.lang.symbols import (
    ActionSymbol,
    AliasSymbol,
    EntitySymbol,
    EnumSymbol,
    UnionSymbol,
)

if TYPE_CHECKING:
    from hyper.base.diagnostics import Reporter
    from hyper.lang.symbols import Symbol, World

_NAMED = (EntitySymbol, EnumSymbol, UnionSymbol, AliasSymbol, ActionSymbol)


def check_wires(world: World, reporters: dict[str, Reporter]) -> None:
    """Report a name written with ``@json`` on two declarations of the same document."""
    seen: dict[tuple[bool, str], Symbol] = {}
    for symbol in world.symbols.values():
        wire = symbol.markers.wire
        if wire is None or not isinstance(symbol, _NAMED):
            continue
        first = seen.setdefault((isinstance(symbol, ActionSymbol), wire), symbol)
        if first is symbol:
            continue
        ident = first.decl.name
        place = first.unit.source.locate(ident.start, ident.end)
        reporters[symbol.unit.path].report(
            "E0509",
            f"`{ident.name}` in {first.unit.path} is already written as {wire!r}",
            symbol.decl.name.start,
            symbol.decl.name.end,
            related=[related(place, "the first one")],
        )
