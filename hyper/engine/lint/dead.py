"""Declarations that nothing reaches which the world sees: the graph of all declarations, followed from its roots."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from hyper.engine.references import KINDS, named_by
from hyper.engine.search.engine import reach
from hyper.gpu.graphs import make_graph
from hyper.ir.program import (
    ActionDef,
    ConstDef,
    FeatureDef,
    ServiceDef,
)
from hyper.lang import tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.ir.program import Def, Program
    from hyper.lang.symbols import Scope, World


class Dead(NamedTuple):
    """A declaration that no root reaches: its qualified name and what it is. ``others`` are the names of those that only it leads
    to."""

    name: str
    kind: str
    others: tuple[str, ...]


def find_dead(program: Program, world: World) -> list[Dead] | None:
    """The declarations that no root reaches and none of the others names, sorted; of a ring that nothing else names, the first.

    Roots are the service, actions, webhooks and features, and what is marked ``@export``. Without any, ``None``: such a tree is
    there for others, and nothing in it is dead.
    """
    names = {name: number for number, name in enumerate(program.definitions)}
    definitions = [*program.definitions.items()]
    edges: list[list[int]] = []
    seeds: list[int] = []
    consts = any(isinstance(each, ConstDef) for _, each in definitions)
    for number, (name, definition) in enumerate(definitions):
        used = set(named_by(definition)[0])
        if consts:
            used |= _written(world, name)
        edges.append(sorted({names[each] for each in used if each in names}))
        if _is_root(definition):
            seeds.append(number)
    for module in program.modules:
        for definition in module.definitions:
            if isinstance(definition, FeatureDef):
                seeds.append(len(edges))
                edges.append(
                    sorted({names[each] for each in named_by(definition)[0] if each in names})
                )
    if not seeds:
        return None
    reached = reach(make_graph(edges), seeds)
    gone = [number for number in range(len(definitions)) if reached[number] < 0]
    return sorted(
        Dead(
            definitions[first][0],
            KINDS[type(definitions[first][1])],
            tuple(sorted(definitions[other][0] for other in others)),
        )
        for first, others in _groups(gone, edges)
    )


def _groups(gone: list[int], edges: list[list[int]]) -> Iterator[tuple[int, list[int]]]:
    """Each that none of the others leads to, with what it leads to and no one before it did; then what is left, in rings."""
    led_to = {target for number in gone for target in edges[number] if target != number}
    left = set(gone)
    for first in sorted(gone, key=lambda number: (number in led_to, number)):
        if first not in left:
            continue
        left.discard(first)
        others = [first]
        for number in others:
            onward = [target for target in edges[number] if target in left]
            left.difference_update(onward)
            others += onward
        yield first, others[1:]


def _is_root(definition: Def) -> bool:
    return isinstance(definition, ActionDef | ServiceDef | FeatureDef) or definition.markers.export


def _written(world: World, name: str) -> set[str]:
    """What the text of a declaration names, for the values that are worked out before there is an IR, as those of markers are."""
    symbol = world.symbols[name]
    scope = world.scopes[symbol.unit.name]
    return {each for each in _names(symbol.decl, scope) if each != name}


def _names(declaration: tree.Declaration, scope: Scope) -> Iterator[str]:
    stack: list[object] = [declaration]
    while stack:
        part = stack.pop()
        if isinstance(part, list):
            stack.extend(part)
        elif isinstance(part, tree.Name):
            found = scope.own.get(part.name) or scope.imported.get(part.name)
            if found is not None:
                yield found
        elif isinstance(part, tree.Attr):
            path = _dotted(part)
            if path is not None:
                yield path
            stack.append(part.base)
        elif isinstance(part, msgspec.Struct):
            stack.extend(getattr(part, field) for field in part.__struct_fields__)


def _dotted(part: tree.Attr) -> str | None:
    """A chain of names with its dots, as ``m.LIMIT`` of a module is written."""
    names: list[str] = []
    at: object = part
    while isinstance(at, tree.Attr):
        names.append(at.name.name)
        at = at.base
    return ".".join([at.name, *reversed(names)]) if isinstance(at, tree.Name) else None
