"""``type`` declarations: what each stands for, through chains of any length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang.resolve.bounds import effective_bounds, written_bounds
from hyper.lang.resolve.lookup import chain_text, is_nullable
from hyper.lang.resolve.markers import read_markers
from hyper.lang.resolve.site import Site
from hyper.lang.resolve.types import head_type, resolve_type
from hyper.lang.types import UNKNOWN, Alias

if TYPE_CHECKING:
    from hyper.base.diagnostics import Reporter
    from hyper.lang.symbols import AliasSymbol, World


def find_cores(
    aliases: list[AliasSymbol], world: World, reporters: dict[str, Reporter]
) -> list[AliasSymbol]:
    """Fill ``world.cores``, and give the aliases in an order in which each comes after what it stands for.

    An alias that is only itself is reported once a ring, and stands for ``Unknown``.
    """
    ordered: list[str] = []
    heads = {
        alias.name: head_type(alias.decl.type, world.scopes[alias.unit.name], world)
        for alias in aliases
    }
    cores = world.cores
    for alias in aliases:
        chain: list[str] = []
        name = alias.name
        while name not in cores:
            chain.append(name)
            cores[name] = UNKNOWN  # stays where the chain comes back to itself
            head = heads[name]
            if not isinstance(head, Alias):
                cores[name] = head
                break
            name = head.name
        else:
            if name in chain:
                _report_ring(chain[chain.index(name) :], world, reporters)
        found = cores[name]
        for link in chain:
            cores[link] = found
        ordered += reversed(chain)
    return [world.symbols[name] for name in ordered]  # type: ignore[misc]


def _report_ring(ring: list[str], world: World, reporters: dict[str, Reporter]) -> None:
    symbol = world.symbols[min(ring)]
    reporters[symbol.unit.path].report(
        "E0507",
        f"this type is only itself: {chain_text(ring)}",
        symbol.decl.name.start,
        symbol.decl.name.end,
    )


def resolve_alias(alias: AliasSymbol, world: World, reporter: Reporter) -> None:
    """Resolve the right-hand side of an alias and its markers, after what it stands for."""
    scope = world.scopes[alias.unit.name]
    kind = resolve_type(alias.decl.type, scope, world, reporter)
    alias.type = UNKNOWN if world.cores[alias.name] is UNKNOWN and isinstance(kind, Alias) else kind
    alias.markers = read_markers(
        alias.decl.markers, "alias", alias.type, Site(scope, world, reporter)
    )
    bounds = effective_bounds(written_bounds(alias.markers), alias.type, world)
    if bounds:
        world.bounds[alias.name] = bounds
    if is_nullable(alias.type, world):
        world.nullables.add(alias.name)
