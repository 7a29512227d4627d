"""Wire names of declarations: no two types, and no two actions, are written under one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.base.diagnostics import related
from hyper.lang.reads import AllNeededError
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


def wire_key(symbol: Symbol) -> str | None:
    """What no two declarations have in common, where it is written with ``@json``."""
    wire = symbol.markers.wire
    if wire is None or not isinstance(symbol, _NAMED):
        return None
    return f"{'action' if isinstance(symbol, ActionSymbol) else 'type'} {wire}"


def check_wires(world: World, reporters: dict[str, Reporter]) -> None:
    """Report a name written with ``@json`` on two declarations of the same document.

    Raises ``AllNeededError`` where the first is in a unit that is not compiled along.
    """
    seen: dict[str, Symbol] = {}
    taken = world.foreign.wires() if world.foreign is not None else ()
    for symbol in world.symbols.values():
        key = wire_key(symbol)
        if key is None:
            continue
        if key in taken:
            raise AllNeededError(f"another file has the name of the {key} too")
        first = seen.setdefault(key, symbol)
        if first is symbol:
            continue
        ident = first.decl.name
        place = first.unit.source.locate(ident.start, ident.end)
        reporters[symbol.unit.path].report(
            "E0509",
            f"`{ident.name}` in {first.unit.path} is already written as {symbol.markers.wire!r}",
            symbol.decl.name.start,
            symbol.decl.name.end,
            related=[related(place, "the first one")],
        )
