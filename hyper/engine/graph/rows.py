"""What is kept of a unit: the digests of what it declares, what it looked up of others, and what whole-build checks ask.

A declaration has two digests. Its *face* is what other declarations can see of it: a calc's signature and effects, an entity's
fields without their documentation. Its *body* is all of its definition in the IR, lines included.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.base.diagnostics import Diagnostic
from hyper.engine.metrics import counts_of
from hyper.ir.index import ModuleIndex, index_of
from hyper.ir.lower.actions import operation_of
from hyper.ir.program import (
    AliasDef,
    CalcDef,
    ConstDef,
    Def,
    EntityDef,
    EnumDef,
    ExternDef,
    FeatureDef,
    FieldDef,
    Module,
    RuleDef,
    TableDef,
    UnionDef,
)
from hyper.lang.reads import Functions
from hyper.lang.resolve.routes import route_key
from hyper.lang.resolve.wires import wire_key
from hyper.lang.symbols import ActionSymbol, EntitySymbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hyper.lang.check import Checked
    from hyper.lang.symbols import Symbol, Unit, World

_SIZE: Final = 12
_ENCODE: Final = msgspec.msgpack.Encoder().encode


class Declared(msgspec.Struct, frozen=True, array_like=True):
    """A declaration: its name alone, its form (the class of its definition), and its digests."""

    name: str
    form: str
    face: bytes
    body: bytes


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where the IR of a unit lies: the number of the file, offset and size in bytes, and its digest."""

    file: int
    offset: int
    size: int
    digest: bytes


class Row(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a unit.

    ``content`` is the SHA-256 of its bytes. Names are qualified, and those of its own are left out of ``kinds``, ``wholes`` and
    ``bodies`` (see ``lang.reads``). ``tested`` is what its scenarios call. ``outside`` is the digest of what the module says
    besides its declarations, ``features`` that of its scenarios.
    """

    path: str
    content: str
    module: str
    index: ModuleIndex
    declared: list[Declared]
    outside: bytes
    features: bytes | None
    kinds: list[str]
    wholes: list[str]
    bodies: list[str]
    needs: dict[str, tuple[bool, list[str]]]
    functions: dict[str, Functions]
    tested: list[str]
    routes: list[str]
    wires: list[str]
    operations: list[str]
    service: bool
    inherited: int
    counts: dict[str, int]
    skipped: int
    diagnostics: list[Diagnostic]
    place: Place

    def sees(self) -> set[str]:
        """The modules of all that it looked up."""
        names = (*self.kinds, *self.wholes, *self.bodies)
        return {name.rpartition(".")[0] for name in names} - {""}


def digest_of(value: Any) -> bytes:
    """A digest of anything that is made of structs, containers and constants."""
    return digest_of_bytes(_bytes(value))


def digest_of_bytes(data: bytes) -> bytes:
    """A digest of bytes."""
    return blake2b(data, digest_size=_SIZE).digest()


def _bytes(value: Any) -> bytes:
    try:
        return _ENCODE(value)
    except (OverflowError, UnicodeEncodeError):  # an int past 64 bits, a lone surrogate
        return repr(value).encode("utf-8", "surrogatepass")


class Making:
    """Makes the rows of what one front end compiled."""

    def __init__(self, world: World, checked: Checked) -> None:
        self.world = world
        self.checked = checked
        world.symbols.reading("")  # what is looked up from here on is nobody's
        self._needs = _by_module(world, world.needs)
        names: dict[str, None] = dict.fromkeys((*checked.bodies, *checked.consts))
        names.update(dict.fromkeys(name for name in checked.order if name not in names))
        self._functions: dict[str, dict[str, Functions]] = {}
        for name in names:
            home = _home(world, name)
            if home is not None:
                self._functions.setdefault(home, {})[name] = self._function(name)

    def row(
        self,
        unit: Unit,
        module: Module,
        source: tuple[str, int],
        *,
        skipped: int,
        diagnostics: Iterable[Diagnostic],
        place: Place,
    ) -> Row:
        """The row of a unit; ``source`` is the digest of its bytes, and how many they are."""
        symbols = self.world.symbols
        own = [symbols[f"{unit.name}.{name}"] for name in self._names(module)]
        reads = symbols.reads[unit.name]
        wholes = set(reads.wholes)
        for other in reads.beyond:
            wholes |= symbols.reads[other].wholes
        features = [each for each in module.definitions if isinstance(each, FeatureDef)]
        return Row(
            unit.path,
            source[0],
            unit.name,
            index_of(module),
            [self._declared(unit.name, each) for each in _definitions(module)],
            digest_of((module.path, module.doc, module.uses, module.markers, self._names(module))),
            digest_of(features) if features else None,
            _others(reads.kinds - wholes - reads.bodies, unit.name),
            _others(wholes - reads.bodies, unit.name),
            _others(reads.bodies, unit.name),
            self._needs.get(unit.name, {}),
            self._functions.get(unit.name, {}),
            self._tested(unit.name),
            [key for each in own if isinstance(each, ActionSymbol) and (key := route_key(each))],
            [key for each in own if (key := wire_key(each))],
            [operation_of(each) for each in own if isinstance(each, ActionSymbol)],
            any(type(each).__name__ == "ServiceDef" for each in module.definitions),
            sum(self._inherited(each) for each in own if isinstance(each, EntitySymbol)),
            {"bytes": source[1], "lines": unit.source.text.count("\n"), **counts_of(module)},
            skipped,
            list(diagnostics),
            place,
        )

    @staticmethod
    def _names(module: Module) -> list[str]:
        return [each.name for each in _definitions(module)]

    def _tested(self, module: str) -> list[str]:
        """What the scenarios of a module call."""
        features = self.checked.features.get(module, ())
        return sorted(
            {name for feature in features for run in feature.runs for name in run.uses.callees}
        )

    def _inherited(self, entity: EntitySymbol) -> int:
        bases = (self.world.symbols[name] for name in entity.bases)
        return sum(len(base.fields) for base in bases if isinstance(base, EntitySymbol))

    def _declared(self, module: str, definition: Any) -> Declared:
        name = f"{module}.{definition.name}"
        body = _bytes(definition)
        face = self._face(name, definition)
        return Declared(
            definition.name,
            type(definition).__name__,
            digest_of(face) if face is not None else digest_of_bytes(body),
            digest_of_bytes(body),
        )

    def _face(self, name: str, definition: Def) -> Any:
        """What others can see of a declaration; ``None`` for all of it."""
        match definition:
            case EntityDef():
                fields = [self._field(name, field) for field in definition.fields]
                return (definition.bases, fields, definition.markers, definition.extra_type)
            case EnumDef():
                members = [(each.name, each.wire, each.markers) for each in definition.members]
                return (members, definition.markers)
            case UnionDef():
                return (
                    definition.exactly,
                    definition.variants,
                    definition.discriminator,
                    definition.mapping,
                    definition.markers,
                )
            case AliasDef():
                return self._alias(name, definition)
            case ConstDef():
                return self._const(name, definition)
            case CalcDef() | TableDef() | ExternDef():
                return self._signature(name, definition)
            case RuleDef():
                return (
                    definition.entity,
                    definition.reads,
                    definition.writes,
                    definition.reads_clock,
                    definition.reaches_extern,
                    definition.markers,
                )
        return None

    def _field(self, entity: str, field: FieldDef) -> Any:
        return (
            field.name,
            field.wire,
            field.type,
            field.optional,
            self._default(entity, field),
            field.markers,
            field.origin,
        )

    def _default(self, entity: str, field: FieldDef) -> tuple[bool, bool] | None:
        """Whether the default of a field reaches the clock or an extern, as then does whoever builds the entity; ``None`` without
        one."""
        if field.default is None:
            return None
        name = f"{field.origin or entity}.{field.name}"
        foreign = self.world.foreign
        function = foreign.function(name) if foreign is not None else None
        if function is not None:
            return (function.clock, function.extern)
        return (name in self.checked.clock, name in self.checked.externs)

    def _alias(self, name: str, definition: AliasDef) -> Any:
        """An alias is what is written, and what is behind it."""
        world = self.world
        bounds = sorted(world.bounds.get(name, {}).items())
        behind = (world.cores[name], bounds, name in world.nullables)
        return (definition.type, definition.markers, *behind)

    def _signature(self, name: str, definition: CalcDef | TableDef | ExternDef) -> Any:
        """What can be called is its signature, and what it reaches and reads of its parameters."""
        known = self.checked.effects.get(name, {})
        effects = sorted((param, sorted(paths)) for param, paths in known.items())
        flags = (name in self.checked.clock, name in self.checked.externs)
        return (definition.params, definition.returns, definition.markers, flags, effects)

    def _const(self, name: str, definition: ConstDef) -> Any:
        """A const is what is written, its value, and its type where the uses decide it."""
        symbol = self.world.symbols[name]
        text = symbol.unit.source.text[symbol.decl.start : symbol.decl.end]
        facts = self.checked.consts[name]
        exact = (repr(facts.type), repr(facts.value), facts.exact, facts.levels)
        return (text, definition.type, definition.value, definition.markers, exact)

    def _function(self, name: str) -> Functions:
        body = self.checked.bodies.get(name) or self.checked.consts.get(name)
        effects = self.checked.effects.get(name, {})
        return Functions(
            list(body.uses.callees) if body is not None else [],
            name in self.checked.clock,
            name in self.checked.externs,
            {param: sorted(list(path) for path in effects[param]) for param in sorted(effects)},
        )


def _definitions(module: Module) -> list[Any]:
    return [each for each in module.definitions if not isinstance(each, FeatureDef)]


def _home(world: World, name: str) -> str | None:
    """The module of what has a body: a declaration, or the default of a field of one. ``None`` where it is foreign."""
    for _ in range(2):
        if world.symbols.is_own(name):
            symbol: Symbol = world.symbols[name]
            return symbol.unit.name
        name = name.rpartition(".")[0]
    return None


def _by_module(world: World, found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    by_module: dict[str, dict[str, Any]] = {}
    for name, value in found.items():
        by_module.setdefault(world.symbols[name].unit.name, {})[name] = value
    return by_module


def _others(names: set[str], module: str) -> list[str]:
    """The names that are not a unit's own, sorted."""
    return sorted(name for name in names if name.rpartition(".")[0] != module)
