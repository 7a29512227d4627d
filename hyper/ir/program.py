"""Modules of the typed IR: declarations resolved to types, and functions with typed bodies.

This is what back ends read. One ``Module`` is one unit; a ``Program`` is all of them by name. Frozen and serialisable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import msgspec

from hyper.ir.nodes import Expr, Stmt
from hyper.ir.reads import CLOCK, EVERYTHING, SERVICE, TEXT, TYPE, NotedDefinitions, Reads
from hyper.lang.markers import NO_MARKERS, Markers
from hyper.lang.types import Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.ir.index import ModuleIndex


class FieldDef(msgspec.Struct, frozen=True):
    """A field of an entity. ``type`` is ``Opt`` where null is allowed. ``optional`` is ``x?``: it may be absent.

    ``x: T = d`` has ``default`` and not ``optional``; ``x?: T = d`` has both. ``wire`` is its JSON name.
    ``origin`` is the qualified entity that it was written in, where that is a base.
    """

    name: str
    wire: str
    type: Type
    optional: bool
    default: Expr | None
    markers: Markers
    doc: str
    line: int
    origin: str | None = None


class EntityDef(msgspec.Struct, frozen=True, tag_field="node", tag="entity"):
    """``fields`` holds all fields, those of the bases first; ``bases`` are qualified names. ``extra_type`` is the type of
    ``@extra(T)``. ``name`` is the name alone."""

    name: str
    bases: tuple[str, ...]
    fields: tuple[FieldDef, ...]
    markers: Markers
    extra_type: Type | None
    doc: str
    line: int


class MemberDef(msgspec.Struct, frozen=True):
    """A member of an enum and its wire value."""

    name: str
    wire: str | int | bool
    markers: Markers
    doc: str
    line: int


class EnumDef(msgspec.Struct, frozen=True, tag_field="node", tag="enum"):
    """A closed set, in the order of the source."""

    name: str
    members: tuple[MemberDef, ...]
    markers: Markers
    doc: str
    line: int


class UnionDef(msgspec.Struct, frozen=True, tag_field="node", tag="union"):
    """``exactly`` is oneOf, else anyOf. ``discriminator`` is the wire name of the tag field, ``mapping`` its wire values with
    the qualified entity of each, in order."""

    name: str
    exactly: bool
    variants: tuple[Type, ...]
    discriminator: str | None
    mapping: tuple[tuple[str, str], ...]
    markers: Markers
    doc: str
    line: int


class AliasDef(msgspec.Struct, frozen=True, tag_field="node", tag="alias"):
    """``type Name = T @constraints``."""

    name: str
    type: Type
    markers: Markers
    doc: str
    line: int


class ConstDef(msgspec.Struct, frozen=True, tag_field="node", tag="const"):
    """A constant at its own type (int, float, …). Uses may be at another type: see ``ConstRef``."""

    name: str
    type: Type
    value: Expr
    markers: Markers
    doc: str
    line: int


class ParamDef(msgspec.Struct, frozen=True):
    """A parameter of a function."""

    name: str
    type: Type


class CalcDef(msgspec.Struct, frozen=True, tag_field="node", tag="calc"):
    """A pure function. ``reads_clock`` tells whether it, or what it calls, uses ``now()`` or ``today()``:
    its generated form then takes ``now=``. ``reaches_extern`` likewise."""

    name: str
    params: tuple[ParamDef, ...]
    returns: Type
    body: tuple[Stmt, ...]
    reads_clock: bool
    reaches_extern: bool
    markers: Markers
    doc: str
    line: int


class ExternDef(msgspec.Struct, frozen=True, tag_field="node", tag="extern"):
    """A Python function of the user's, ``package.module:function``."""

    name: str
    params: tuple[ParamDef, ...]
    returns: Type
    target: str
    markers: Markers
    doc: str
    line: int


class RowDef(msgspec.Struct, frozen=True):
    """One row. ``conditions`` has a bool expression over the parameters for each cell that tests anything, in column order
    (short-circuit); ``result`` is the value of the row, a ``MakeRecord`` where there are several result columns."""

    conditions: tuple[Expr, ...]
    result: Expr
    line: int


Policy: TypeAlias = Literal[
    "unique",
    "first",
    "any",
    "priority",
    "collect",
    "collect sum",
    "collect min",
    "collect max",
    "collect count",
]


class TableDef(msgspec.Struct, frozen=True, tag_field="node", tag="table"):
    """A decision table. Rows are tried in source order. ``unique``, ``first`` and ``any`` take the first row that fits (the checker
    has shown that under ``unique`` and ``any`` no other may disagree). ``priority`` takes, of
    the rows that fit, the one whose first result is the earliest member of its enum. ``element`` is the type of one row's
    result (``returns`` is its list under ``collect``). ``complete`` says that a row is proved to fit every input, so that there is
    no ``no_match``."""

    name: str
    params: tuple[ParamDef, ...]
    returns: Type
    element: Type
    policy: Policy
    rows: tuple[RowDef, ...]
    reads_clock: bool
    reaches_extern: bool
    markers: Markers
    doc: str
    line: int
    complete: bool = False


class RequireDef(msgspec.Struct, frozen=True, tag_field="node", tag="require"):
    """Refuses with ``message`` unless ``condition`` holds."""

    condition: Expr
    message: str
    line: int


class DeriveDef(msgspec.Struct, frozen=True, tag_field="node", tag="derive"):
    """Where ``condition`` holds, gives the fields new values; all right-hand sides read the earlier values."""

    condition: Expr
    fields: tuple[tuple[str, Expr], ...]
    line: int


class RuleDef(msgspec.Struct, frozen=True, tag_field="node", tag="rule"):
    """From an entity (the local ``self``) to a new one, or a refusal. ``entity`` is qualified; ``reads`` and ``writes`` are
    field paths from ``self``, through the calcs that it calls."""

    name: str
    entity: str
    clauses: tuple[RequireDef | DeriveDef, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    reads_clock: bool
    reaches_extern: bool
    markers: Markers
    doc: str
    line: int


class ParameterDef(msgspec.Struct, frozen=True):
    """A parameter of an action in ``place`` ``path``, ``query``, ``header`` or ``cookie``."""

    place: str
    name: str
    wire: str
    type: Type
    optional: bool
    default: Expr | None
    markers: Markers
    doc: str
    line: int


class BodyDef(msgspec.Struct, frozen=True):
    """A body at one media type. Several bodies share one name."""

    name: str
    type: Type
    media: str
    optional: bool
    markers: Markers
    doc: str
    line: int


class HeaderDef(msgspec.Struct, frozen=True):
    """A header of an answer."""

    name: str
    wire: str
    type: Type
    optional: bool
    markers: Markers
    doc: str
    line: int


class ReturnDef(msgspec.Struct, frozen=True):
    """An answer: ``status`` is ``201``, ``4XX`` or ``default``; ``media`` is ``None`` without a body."""

    status: str
    error: bool
    type: Type | None
    media: str | None
    headers: tuple[HeaderDef, ...]
    markers: Markers
    doc: str
    line: int


class CheckDef(msgspec.Struct, frozen=True):
    """A rule, qualified, run on the value at ``path``: the body or a parameter, then fields."""

    rule: str
    path: tuple[str, ...]
    line: int


class ActionDef(msgspec.Struct, frozen=True, tag_field="node", tag="action"):
    """An HTTP operation, or a webhook. ``operation_id`` is the wire name. ``security`` is a list of alternatives, each a list of
    (scheme, scopes); ``None`` where the service's holds. ``allow`` is ``None`` where everyone may."""

    name: str
    operation_id: str
    webhook: bool
    method: str
    path: str
    params: tuple[ParameterDef, ...]
    bodies: tuple[BodyDef, ...]
    returns: tuple[ReturnDef, ...]
    checks: tuple[CheckDef, ...]
    allow: tuple[str, ...] | None
    handled_by: str | None
    security: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...] | None
    tags: tuple[str, ...]
    markers: Markers
    doc: str
    line: int


class ServerDef(msgspec.Struct, frozen=True):
    """A server of the service."""

    url: str
    doc: str
    markers: Markers


class SchemeDef(msgspec.Struct, frozen=True):
    """A security scheme: ``body`` is OpenAPI's security scheme object as JSON text, ``type`` included."""

    name: str
    body: str


class TagDef(msgspec.Struct, frozen=True):
    """A tag with its documentation."""

    name: str
    doc: str
    markers: Markers


class ServiceDef(msgspec.Struct, frozen=True, tag_field="node", tag="service"):
    """What the package is called and promises as a service."""

    name: str
    title: str
    version: str
    servers: tuple[ServerDef, ...]
    schemes: tuple[SchemeDef, ...]
    security: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...] | None
    roles: tuple[str, ...]
    tags: tuple[TagDef, ...]
    markers: Markers
    doc: str
    line: int


class StepDef(msgspec.Struct, frozen=True):
    """A step of a scenario. ``given`` and ``when`` name a value; ``given now`` has the name ``now``; ``then`` has none.
    ``failure`` is ``error`` or ``refused`` with the code or message in ``expected``: it is the failure of the ``when`` steps.
    A ``then`` comparison keeps its sides apart in ``sides`` for the report."""

    kind: Literal["given", "when", "then"]
    name: str | None
    type: Type | None
    value: Expr | None
    failure: str | None
    expected: str | None
    sides: tuple[Expr, Expr] | None
    line: int
    column: int = 1
    """Where the value begins on ``line``, from 1, and where it ends: what a report underlines."""
    end_line: int = 0
    end_column: int = 1


class ScenarioDef(msgspec.Struct, frozen=True):
    """One run: an example row of a scenario is a scenario of its own, with its constants as ``given`` steps first."""

    title: str
    steps: tuple[StepDef, ...]
    reaches_extern: bool
    line: int


class FeatureDef(msgspec.Struct, frozen=True, tag_field="node", tag="feature"):
    """Scenarios under one title."""

    title: str
    scenarios: tuple[ScenarioDef, ...]
    line: int


Def: TypeAlias = (
    EntityDef
    | EnumDef
    | UnionDef
    | AliasDef
    | ConstDef
    | CalcDef
    | ExternDef
    | TableDef
    | RuleDef
    | ActionDef
    | ServiceDef
    | FeatureDef
)


class Module(msgspec.Struct, frozen=True):
    """One unit: its module name, the path of its file from the source root (slashes), its documentation and its
    declarations in the order of the source. ``uses`` are the modules that it names. ``markers`` are those of the
    ``intent`` line (``@x`` and ``@openapi`` act on the root of the OpenAPI document)."""

    name: str
    path: str
    doc: str
    uses: tuple[str, ...]
    definitions: tuple[Def, ...]
    markers: Markers = NO_MARKERS


class Held(Protocol):
    """Where the modules of a program are: in memory, or stored and loaded when one is looked at. Sorted by name."""

    @property
    def definitions(self) -> Mapping[str, Def]:
        """Every definition but features by its qualified name."""

    @property
    def home(self) -> Mapping[str, Module]:
        """The module of each definition."""

    @property
    def index(self) -> list[ModuleIndex]:
        """What is known of each module without looking at it."""

    def modules(self) -> list[Module]:
        """All of them."""

    def module(self, name: str) -> Module:
        """One of them. Raises ``KeyError``."""

    def module_of(self, name: str) -> str:
        """The name of the module of a definition. Raises ``KeyError``."""


class _Modules:
    """Modules in memory."""

    def __init__(self, modules: list[Module]) -> None:
        self._ordered = sorted(modules, key=lambda module: module.name)
        self._by_name = {module.name: module for module in self._ordered}
        self._index: list[ModuleIndex] | None = None
        self.home: dict[str, Module] = {}
        self.definitions: dict[str, Def] = {}
        for module in self._ordered:
            for definition in module.definitions:
                if not isinstance(definition, FeatureDef):
                    name = f"{module.name}.{definition.name}"
                    self.definitions[name] = definition
                    self.home[name] = module

    @property
    def index(self) -> list[ModuleIndex]:
        if self._index is None:
            from hyper.ir.index import index_of

            self._index = [index_of(module) for module in self._ordered]
        return self._index

    def modules(self) -> list[Module]:
        return self._ordered

    def module(self, name: str) -> Module:
        return self._by_name[name]

    def module_of(self, name: str) -> str:
        return self.home[name].name


class Program:
    """All modules of a build, sorted by name, with every definition by its qualified name.

    ``reads`` notes what is looked at through the program, where that is asked for.
    """

    __slots__ = ("_held", "definitions", "reads")

    def __init__(self, modules: list[Module] | Held, reads: Reads | None = None) -> None:
        self._held: Held = _Modules(modules) if isinstance(modules, list) else modules
        self.definitions: Mapping[str, Def] = self._held.definitions
        if reads is not None:
            self.definitions = NotedDefinitions(self.definitions, reads)
        self.reads = reads or Reads(kept=False)

    def noted(self, reads: Reads) -> Program:
        """The same program, whose reads are noted."""
        return Program(self._held, reads)

    @property
    def index(self) -> list[ModuleIndex]:
        """What is known of each module without looking at it. What is made from it is for the caller to note."""
        return self._held.index

    @property
    def modules(self) -> list[Module]:
        """All modules, by name."""
        self.reads.note(EVERYTHING)
        return self._held.modules()

    def module(self, name: str) -> Module:
        """The module of a name. What is looked at in it is for the caller to note. Raises ``KeyError``."""
        return self._held.module(name)

    @property
    def home(self) -> Mapping[str, Module]:
        """The module of each definition."""
        return self._held.home

    def look(self, facet: str, name: str) -> Def:
        """A definition, of which no more than a facet of ``hyper.ir.reads`` is looked at. Raises ``KeyError``."""
        self.reads.note(facet + name)
        return self._held.definitions[name]

    def module_of(self, name: str) -> str:
        """The name of the module of a definition, which its own begins with. Raises ``KeyError``."""
        return self._held.module_of(name)

    @property
    def service(self) -> ServiceDef | None:
        """The one service, where there is one."""
        self.reads.note(SERVICE)
        for module in self.index:
            for found in module.definitions:
                if found.kind == "service":
                    name = f"{module.name}.{found.name}"
                    self.reads.note(TEXT + name)
                    service = self._held.definitions[name]
                    return service if isinstance(service, ServiceDef) else None
        return None

    # What may be asked of a definition alone: who asks does not care what else changes in it.

    def alias_type(self, name: str) -> Type | None:
        """The type that an alias stands for; ``None`` where there is no such alias."""
        self.reads.note(TYPE + name)
        definition = self._held.definitions.get(name)
        return definition.type if isinstance(definition, AliasDef) else None

    def alias_is_write_only(self, name: str) -> bool:
        """Whether an alias is ``@write``."""
        self.reads.note(TYPE + name)
        definition = self._held.definitions.get(name)
        return isinstance(definition, AliasDef) and definition.markers.write

    def variants(self, name: str) -> tuple[Type, ...] | None:
        """The variants of a union; ``None`` where there is no such union."""
        self.reads.note(TYPE + name)
        definition = self._held.definitions.get(name)
        return definition.variants if isinstance(definition, UnionDef) else None

    def reads_clock(self, name: str) -> bool:
        """Whether a calc, table or rule reads the clock."""
        self.reads.note(CLOCK + name)
        definition = self._held.definitions.get(name)
        return isinstance(definition, CalcDef | TableDef | RuleDef) and definition.reads_clock
