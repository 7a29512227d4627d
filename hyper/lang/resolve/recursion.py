"""Types that lead back to themselves: unions that are only themselves, entities that never end."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from hyper.lang.reads import AllNeededError
from hyper.lang.resolve.lookup import core, is_nullable
from hyper.lang.symbols import EntitySymbol, UnionSymbol
from hyper.lang.types import Entity, Union

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.base.diagnostics import Reporter
    from hyper.lang.symbols import FieldSymbol, Symbol, World
    from hyper.lang.types import Type


def check_unions(unions: list[UnionSymbol], world: World, reporters: dict[str, Reporter]) -> None:
    """Report a union that has itself as a variant, directly or through other unions."""
    inner: dict[str, list[str]] = {}
    for union in unions:
        world.symbols.reading(union.unit.name)
        inner[union.name] = _unions_in(union, world)
    state: dict[str, int] = {}
    for root in list(inner):
        path: list[tuple[str, int]] = [(root, 0)]
        while path:
            name, at = path.pop()
            if at == 0:
                if state.get(name):
                    continue
                state[name] = 1
            if name not in inner:  # one that is not compiled along
                inner[name] = _unions_in(world.symbols[name], world)
            targets = inner[name]
            if at == len(targets):
                state[name] = 2
                continue
            path.append((name, at + 1))
            target = targets[at]
            if state.get(target) == 1:
                _report_union(target, world, reporters)
            elif not state.get(target):
                path.append((target, 0))


def _unions_in(union: Symbol, world: World) -> list[str]:
    """The unions that are variants of a union."""
    variants = union.variants if isinstance(union, UnionSymbol) else []
    return [kind.name for variant in variants if isinstance(kind := core(variant, world), Union)]


def _report_union(name: str, world: World, reporters: dict[str, Reporter]) -> None:
    if world.foreign is not None:
        raise AllNeededError(f"`{name}` leads back to itself")
    symbol = world.symbols[name]
    reporters[symbol.unit.path].report(
        "E0507",
        f"`{symbol.decl.name.name}` is a variant of itself",
        symbol.decl.name.start,
        symbol.decl.name.end,
    )
    if isinstance(symbol, UnionSymbol):
        symbol.variants = [kind for kind in symbol.variants if core(kind, world) != Union(name)]


def check_buildable(world: World, reporters: dict[str, Reporter]) -> None:
    """Warn of entities that no finite value can have, since a field that must be there leads back.

    An entity can be built when each field that must be there can; a union when one variant can. This is the
    least fixed point, found by a worklist. Where only some units are compiled, nothing of the others is without end by itself: that
    of what is needed is looked at, and ``AllNeededError`` raised where there is no end.
    """
    waits: dict[str, int] = {}
    needed_by: dict[str, list[str]] = defaultdict(list)
    ready: list[str] = []
    for name, (is_entity, needs) in all_needs(world).items():
        waits[name] = len(needs) if is_entity else min(1, len(needs))
        if not needs:
            ready.append(name)
        for target in needs:
            needed_by[target].append(name)
    while ready:
        name = ready.pop()
        for dependent in needed_by.get(name, ()):
            if waits[dependent] > 0:
                waits[dependent] -= 1
                if not waits[dependent]:
                    ready.append(dependent)
    stuck = _rings({name for name, count in waits.items() if count}, needed_by)
    for name in waits if stuck else ():
        if name not in stuck:
            continue
        if world.foreign is not None:
            raise AllNeededError(f"`{name}` leads back to itself")
        symbol = world.symbols[name]
        if isinstance(symbol, EntitySymbol):
            _warn(symbol, stuck, world, reporters)


def own_needs(world: World) -> dict[str, tuple[bool, list[str]]]:
    """Of each entity and union that is compiled: whether it is an entity, and what it cannot be built without, sorted."""
    found: dict[str, tuple[bool, list[str]]] = {}
    for name, symbol in world.symbols.items():
        if isinstance(symbol, EntitySymbol):
            world.symbols.reading(symbol.unit.name)
            found[name] = (True, sorted(_needs(symbol, world)))
        elif isinstance(symbol, UnionSymbol):
            world.symbols.reading(symbol.unit.name)
            targets = [_need(kind, world) for kind in symbol.variants]
            needs = set() if None in targets else {item for item in targets if item is not None}
            found[name] = (False, sorted(needs))
    return found


def all_needs(world: World) -> dict[str, tuple[bool, list[str]]]:
    """What each entity and union that is compiled cannot be built without, and what these cannot, and so on."""
    found = world.needs = own_needs(world)
    foreign = world.foreign
    if foreign is None:
        return found
    found = dict(found)
    waiting = [target for _, needs in found.values() for target in needs]
    while waiting:
        name = waiting.pop()
        need = foreign.need(name) if name not in found else None
        if need is not None:
            found[name] = need
            waiting += need[1]
    return found


def _rings(stuck: set[str], needed_by: dict[str, list[str]]) -> set[str]:
    """Leave out what is stuck only because it needs something that is: nothing stuck needs it."""
    needers = {name: sum(item in stuck for item in needed_by.get(name, ())) for name in stuck}
    needs: dict[str, list[str]] = defaultdict(list)
    for target in stuck:
        for name in needed_by.get(target, ()):
            if name in stuck:
                needs[name].append(target)
    free = [name for name, count in needers.items() if not count]
    while free:
        name = free.pop()
        stuck.discard(name)
        for target in needs[name]:
            needers[target] -= 1
            if not needers[target]:
                free.append(target)
    return stuck


def _needs(entity: EntitySymbol, world: World) -> set[str]:
    """Name what an entity cannot be built without: what its fields hold that must be there.

    What its bases need is what they are: only an entity that writes one of their fields again looks at all of them.
    """
    bases = [world.symbols[name] for name in entity.bases]
    inherited = sum(len(base.fields) for base in bases if isinstance(base, EntitySymbol))
    fields: Iterable[FieldSymbol] = entity.fields.values()
    needs: set[str] = set()
    if inherited and inherited + len(entity.decl.fields) == len(entity.fields):
        needs.update(entity.bases)
        fields = (entity.fields[field.name.name] for field in entity.decl.fields)
    for field in fields:
        if not field.optional and field.decl.default is None:
            target = _need(field.type, world)
            if target is not None:
                needs.add(target)
    return needs


def _need(kind: Type, world: World) -> str | None:
    """Name the entity or union that a value of the type must hold; ``None`` where it need not."""
    if is_nullable(kind, world):
        return None
    kind = core(kind, world)
    return kind.name if isinstance(kind, Entity | Union) else None


def _warn(
    entity: EntitySymbol, stuck: set[str], world: World, reporters: dict[str, Reporter]
) -> None:
    for field in entity.fields.values():
        target = None if field.optional or field.decl.default else _need(field.type, world)
        if target in stuck:
            decl = field.decl.name if field.owner == entity.name else entity.decl.name
            reporters[entity.unit.path].report(
                "W0501",
                f"no `{entity.decl.name.name}` can ever be built: `{field.name}` must be there, and"
                f" leads back to it. Let it be absent (`{field.name}?`), null or a list",
                decl.start,
                decl.end,
            )
            return
