"""What is known of a module without reading it: which declarations it has, in their order, and what global tables need of each.

Small, quick to read, and without lines, so that two indexes are equal where nothing that a name or a table depends on has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.ir.markers import NO_MARKERS
from hyper.ir.program import ActionDef, AliasDef, EntityDef, EnumDef, FeatureDef, UnionDef

if TYPE_CHECKING:
    from hyper.ir.program import Def, Module

DATA_KINDS: Final = frozenset({"entity", "enum", "union", "alias"})
"""Kinds of declarations that have a schema."""
FUNCTION_KINDS: Final = frozenset({"calc", "const", "extern", "rule", "table"})
"""Kinds of declarations that become functions or constants."""


class ServedIndex(msgspec.Struct, frozen=True, array_like=True):
    """Where an action is served. ``wire_path`` has the wire names of its parameters; that of a webhook is its key."""

    webhook: bool
    method: str
    path: str
    wire_path: str


class DefIndex(msgspec.Struct, frozen=True, array_like=True):
    """A declaration: ``kind`` is the tag of its definition, ``wire`` its ``@json`` name, ``closed`` tells of an entity
    whether it refuses fields or has a type for those that it does not name."""

    name: str
    kind: str
    wire: str | None = None
    bases: tuple[str, ...] = ()
    closed: bool = False
    served: ServedIndex | None = None


class ModuleIndex(msgspec.Struct, frozen=True, array_like=True):
    """A module with its declarations but features. ``marked`` tells whether its ``intent`` line has markers."""

    name: str
    path: str
    uses: tuple[str, ...]
    definitions: tuple[DefIndex, ...]
    marked: bool = False

    def has(self, kinds: frozenset[str]) -> bool:
        """Whether there is a declaration of one of these kinds."""
        return any(found.kind in kinds for found in self.definitions)


def index_of(module: Module) -> ModuleIndex:
    """The index of a module."""
    definitions = tuple(
        _indexed(found) for found in module.definitions if not isinstance(found, FeatureDef)
    )
    return ModuleIndex(
        module.name, module.path, module.uses, definitions, module.markers != NO_MARKERS
    )


def _indexed(definition: Def) -> DefIndex:
    assert not isinstance(definition, FeatureDef)
    kind = str(definition.__struct_config__.tag)
    match definition:
        case EntityDef(name=name, bases=bases, markers=markers, extra_type=extra):
            return DefIndex(
                name, kind, markers.wire, bases, extra is not None or markers.extra == "forbid"
            )
        case EnumDef() | UnionDef() | AliasDef():
            return DefIndex(definition.name, kind, definition.markers.wire)
        case ActionDef():
            served = ServedIndex(
                definition.webhook, definition.method, definition.path, wire_path(definition)
            )
            return DefIndex(definition.name, kind, served=served)
        case _:
            return DefIndex(definition.name, kind)


def wire_path(action: ActionDef) -> str:
    """The path of an action with its parameters under their wire names; the key of a webhook."""
    if action.webhook:
        return action.path.removeprefix("/") or action.operation_id
    path = action.path
    for param in action.params:
        if param.place == "path" and f"{{{param.wire}}}" not in path:
            path = path.replace(f"{{{param.name}}}", f"{{{param.wire}}}")
    return path
