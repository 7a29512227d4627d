"""Names, types, markers, actions and the service: the tree of every unit becomes a world of symbols.

The stages run in this order, since each needs what the one before it knows: scopes (what is declared and
brought), aliases (so that the shape of every type is known), declarations (fields, members, variants, signatures),
inheritance, what needs all fields (tags of unions, types without end), and actions.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

from hyper.base.diagnostics import Reporter
from hyper.lang.broken import sure
from hyper.lang.reads import SERVICE
from hyper.lang.resolve.actions import resolve_action
from hyper.lang.resolve.aliases import find_cores, resolve_alias
from hyper.lang.resolve.entities import resolve_entity
from hyper.lang.resolve.enums import resolve_enum
from hyper.lang.resolve.functions import resolve_const, resolve_function, resolve_rule
from hyper.lang.resolve.inheritance import merge_bases
from hyper.lang.resolve.markers import read_markers
from hyper.lang.resolve.modules import build_scopes, module_name
from hyper.lang.resolve.recursion import check_buildable, check_unions
from hyper.lang.resolve.routes import check_duplicates
from hyper.lang.resolve.service import check_service, check_single, resolve_service
from hyper.lang.resolve.site import Site
from hyper.lang.resolve.unions import resolve_tag, resolve_union
from hyper.lang.resolve.wires import check_wires
from hyper.lang.symbols import (
    ActionSymbol,
    AliasSymbol,
    ConstSymbol,
    EntitySymbol,
    EnumSymbol,
    FunctionSymbol,
    RuleSymbol,
    ServiceSymbol,
    UnionSymbol,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.base.diagnostics import Diagnostic
    from hyper.lang.reads import Foreign
    from hyper.lang.symbols import Unit, World

__all__ = ["module_name", "resolve"]

_Groups: TypeAlias = "Mapping[type, list[Any]]"


def resolve(units: list[Unit], foreign: Foreign | None = None) -> tuple[World, list[Diagnostic]]:
    """Resolve all units of a build: what they declare, and what is wrong with it.

    The units are taken in the order of their paths, whatever order they come in; ``unit.name`` is set. A unit
    that cannot be named, or whose name is taken, is left out of the world. Where they are but some of a build,
    ``foreign`` stands for all others; then ``UnitNeededError`` and ``AllNeededError`` may be raised.
    """
    units = sorted(units, key=lambda unit: unit.path)
    reporters = {unit.path: Reporter(unit.source) for unit in units}
    world = build_scopes(units, reporters, foreign)
    groups: dict[type, list[Any]] = defaultdict(list)
    for symbol in world.symbols.values():
        groups[type(symbol)].append(symbol)
    _types(groups, world, reporters)
    _declarations(groups, world, reporters)
    _actions(groups, world, reporters, foreign)
    check_wires(world, reporters)
    world.symbols.reading("")
    return world, _collect(units, reporters)


def _types(groups: _Groups, world: World, reporters: dict[str, Reporter]) -> None:
    """Aliases, so that the shape of every type is known; and the markers of modules."""
    reading = world.symbols.reading
    for alias in find_cores(groups[AliasSymbol], world, reporters):
        reading(alias.unit.name)
        resolve_alias(alias, world, reporters[alias.unit.path])
    for scope in world.scopes.values():
        nodes = scope.unit.module.markers
        if nodes:
            reading(scope.unit.name)
            reporter = reporters[scope.unit.path]
            scope.markers = read_markers(nodes, "module", None, Site(scope, world, reporter))


def _declarations(groups: _Groups, world: World, reporters: dict[str, Reporter]) -> None:
    """What is declared, then what needs all fields of all entities."""
    reading = world.symbols.reading
    for kind, function in (
        (EnumSymbol, resolve_enum),
        (EntitySymbol, resolve_entity),
        (UnionSymbol, resolve_union),
        (ConstSymbol, resolve_const),
        (FunctionSymbol, resolve_function),
        (RuleSymbol, resolve_rule),
    ):
        for symbol in groups[kind]:
            reading(symbol.unit.name)
            function(symbol, world, reporters[symbol.unit.path])
    merge_bases(groups[EntitySymbol], world, reporters)
    check_unions(groups[UnionSymbol], world, reporters)
    for union in groups[UnionSymbol]:
        reading(union.unit.name)
        resolve_tag(union, world, reporters[union.unit.path])
    check_buildable(world, reporters)


def _actions(
    groups: _Groups, world: World, reporters: dict[str, Reporter], foreign: Foreign | None
) -> None:
    """The service, then the actions, which may ask for its roles and its security."""
    reading = world.symbols.reading
    services = groups[ServiceSymbol]
    check_single(services, reporters)
    for service in services:
        reading(service.unit.name)
        resolve_service(service, world, reporters[service.unit.path])
    first = services[0] if services else None
    if foreign is not None:
        check_service(first, groups[ActionSymbol], foreign)
    for action in groups[ActionSymbol]:
        reading(action.unit.name)
        world.symbols.note(SERVICE)
        resolve_action(action, first, world, reporters[action.unit.path])
    check_duplicates(groups[ActionSymbol], reporters, foreign)


def _collect(units: list[Unit], reporters: dict[str, Reporter]) -> list[Diagnostic]:
    """Gather what was found, each unsupported pattern once."""
    found: list[Diagnostic] = []
    patterns: set[str] = set()
    for unit in units:
        for item in sure(reporters[unit.path], unit):
            if item.code == "W0502":
                if item.message in patterns:
                    continue
                patterns.add(item.message)
            found.append(item)
    return found
