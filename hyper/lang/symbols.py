"""What names mean: the world of all units, the scope of each, and the resolved form of each declaration.

``lang.resolve`` fills these; ``lang.check`` reads them; ``ir.lower`` turns them into the IR.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from hyper.base.source import Source
from hyper.lang import tree
from hyper.lang.markers import NO_MARKERS, Markers
from hyper.lang.reads import Bounds, Cores, Foreign, Nullables, Scopes, Symbols, Units
from hyper.lang.types import Type


class Unit(msgspec.Struct, eq=False):
    """One parsed file. ``path`` is relative to the source root, with slashes; ``name`` is the module's."""

    path: str
    name: str
    source: Source
    module: tree.Module


class FieldSymbol(msgspec.Struct, eq=False):
    """A field. ``type`` as declared (``Opt`` where null is allowed); ``optional`` is ``x?``."""

    name: str
    wire: str
    type: Type
    optional: bool
    markers: Markers
    decl: tree.FieldDecl
    owner: str
    """The qualified entity that it is written in."""


class EntitySymbol(msgspec.Struct, eq=False):
    """An entity: ``fields`` in order, those of the bases first."""

    name: str
    unit: Unit
    decl: tree.EntityDecl
    bases: list[str]
    fields: dict[str, FieldSymbol]
    markers: Markers
    extra_type: Type | None


class MemberSymbol(msgspec.Struct, eq=False):
    """A member of an enum."""

    name: str
    wire: str | int | bool
    markers: Markers
    decl: tree.EnumMember


class EnumSymbol(msgspec.Struct, eq=False):
    """An enum; ``members`` in order."""

    name: str
    unit: Unit
    decl: tree.EnumDecl
    members: dict[str, MemberSymbol]
    markers: Markers


class UnionSymbol(msgspec.Struct, eq=False):
    """A union; see ``ir.program.UnionDef``."""

    name: str
    unit: Unit
    decl: tree.UnionDecl
    variants: list[Type]
    discriminator: str | None
    mapping: list[tuple[str, str]]
    markers: Markers


class AliasSymbol(msgspec.Struct, eq=False):
    """A ``type`` declaration; ``type`` is its right-hand side."""

    name: str
    unit: Unit
    decl: tree.TypeDecl
    type: Type
    markers: Markers


class ConstSymbol(msgspec.Struct, eq=False):
    """A constant; ``type`` is ``None`` where none is written."""

    name: str
    unit: Unit
    decl: tree.ConstDecl
    type: Type | None
    markers: Markers


class FunctionSymbol(msgspec.Struct, eq=False):
    """A calc, table or extern: its signature."""

    name: str
    unit: Unit
    decl: tree.CalcDecl | tree.TableDecl | tree.ExternDecl
    params: list[tuple[str, Type]]
    returns: Type
    markers: Markers


class RuleSymbol(msgspec.Struct, eq=False):
    """A rule; ``entity`` is the qualified name of the entity, or ``None`` where it could not be resolved."""

    name: str
    unit: Unit
    decl: tree.RuleDecl
    entity: str | None
    markers: Markers


class ParamSymbol(msgspec.Struct, eq=False):
    """A parameter of an action."""

    name: str
    wire: str
    type: Type
    markers: Markers
    decl: tree.ActionParam


class HeaderSymbol(msgspec.Struct, eq=False):
    """A header of an answer."""

    name: str
    wire: str
    type: Type
    markers: Markers
    decl: tree.HeaderLine


class PayloadSymbol(msgspec.Struct, eq=False):
    """A body or an answer; ``type`` and ``media`` are ``None`` for an answer without a body."""

    type: Type | None
    media: str | None
    markers: Markers
    headers: list[HeaderSymbol]


class CheckSymbol(msgspec.Struct, eq=False):
    """A rule, qualified, that an action checks on the value at ``path``."""

    rule: str
    path: tuple[str, ...]
    decl: tree.RuleUse


class ActionParts(msgspec.Struct, eq=False):
    """The resolved lines of an action; ``params``, ``bodies`` and ``returns`` run parallel to those of the tree."""

    params: list[ParamSymbol]
    bodies: list[PayloadSymbol]
    returns: list[PayloadSymbol]
    checks: list[CheckSymbol]


class ActionSymbol(msgspec.Struct, eq=False):
    """An action or webhook."""

    name: str
    unit: Unit
    decl: tree.ActionDecl
    markers: Markers
    parts: ActionParts = msgspec.field(default_factory=lambda: ActionParts([], [], [], []))


class ServiceSymbol(msgspec.Struct, eq=False):
    """The service."""

    name: str
    unit: Unit
    decl: tree.ServiceDecl
    markers: Markers
    line_markers: dict[int, Markers] = msgspec.field(default_factory=dict)
    """Markers of the server, scheme and tag lines, by the identity of the node."""


Symbol: TypeAlias = (
    EntitySymbol
    | EnumSymbol
    | UnionSymbol
    | AliasSymbol
    | ConstSymbol
    | FunctionSymbol
    | RuleSymbol
    | ActionSymbol
    | ServiceSymbol
)
"""Every symbol has ``name`` (qualified), ``unit``, ``decl`` and ``markers``."""


class Scope(msgspec.Struct, eq=False):
    """What the names of one unit mean. ``own`` and ``imported`` map a bare name to a qualified one; ``modules`` holds the modules
    brought by ``use m``. ``used`` collects the bare names and modules that were looked up, for unused warnings.
    ``types`` remembers what each bare name means as a type. A name in ``imported`` whose declaration is not in the world is one
    whose import has already an error."""

    unit: Unit
    own: dict[str, str]
    imported: dict[str, str]
    modules: set[str]
    used: set[str]
    types: dict[str, Type] = msgspec.field(default_factory=dict)
    markers: Markers = NO_MARKERS
    """Markers of the module, after its ``intent`` line."""


class World(msgspec.Struct, eq=False):
    """All units of a build. ``symbols`` is by qualified name, ``scopes`` by module name. Of each alias, through its whole chain:
    ``cores`` holds the type at its end, without null and markers, ``bounds`` its constraints (fields of ``Markers``), and
    ``nullables`` whether null is a value of it."""

    units: Units
    symbols: Symbols
    scopes: Scopes
    cores: Cores
    bounds: Bounds
    nullables: Nullables
    needs: dict[str, tuple[bool, list[str]]] = msgspec.field(default_factory=dict)
    """Of each entity and union whether it is an entity, and what it cannot be built without."""

    @property
    def foreign(self) -> Foreign | None:
        """The units of the build that are not compiled along, where only some are."""
        return self.symbols.foreign


def new_world(foreign: Foreign | None = None) -> World:
    """A world without units, beside those that are not compiled along."""
    symbols = Symbols(foreign)
    world = World(
        Units(symbols), symbols, Scopes(), Cores(symbols), Bounds(symbols), Nullables(symbols)
    )
    if foreign is not None:
        foreign.world = world
    return world
