"""The units that are not compiled along, made into symbols from the IR that an earlier build left of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hyper.base.source import Source
from hyper.ir.program import (
    ActionDef,
    AliasDef,
    CalcDef,
    ConstDef,
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
from hyper.lang import tree
from hyper.lang.reads import UnitNeededError
from hyper.lang.resolve.bounds import effective_bounds, written_bounds
from hyper.lang.resolve.lookup import core, is_nullable
from hyper.lang.symbols import (
    ActionSymbol,
    AliasSymbol,
    ConstSymbol,
    EntitySymbol,
    EnumSymbol,
    FieldSymbol,
    FunctionSymbol,
    MemberSymbol,
    RuleSymbol,
    ServiceSymbol,
    Symbol,
    UnionSymbol,
    Unit,
    World,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hyper.engine.graph.rows import Row
    from hyper.ir.program import Def
    from hyper.lang.reads import Functions
    from hyper.lang.types import Type

Load: TypeAlias = "Callable[[Row], Module]"

_NOTHING: Final = tree.NoneLit(0, 0)
_NO_TYPE: Final = tree.BadType(0, 0)


class ForeignField(FieldSymbol):
    """A field with its definition."""

    definition: FieldDef


class ForeignUnits:
    """The rows of units as the front end sees them: see ``lang.reads.Foreign``. ``load`` gives the IR of one."""

    def __init__(self, rows: Iterable[Row], load: Load) -> None:
        self.world: World | None = None
        self._rows = {row.module: row for row in rows}
        self._load = load
        self._units: dict[str, Unit] = {}
        self._modules: dict[str, dict[str, Def]] = {}
        self._symbols: dict[str, Symbol] = {}
        self._functions: dict[str, Functions] | None = None

    def has(self, name: str) -> bool:
        """Whether one of them declares the qualified name."""
        return self.definition(name) is not None

    def symbol(self, name: str) -> Symbol | None:
        """The symbol of a declaration."""
        found = self.shape(name)
        if isinstance(found, ConstSymbol | ServiceSymbol):
            raise UnitNeededError(found.unit.name)
        return found

    def shape(self, name: str) -> Symbol | None:
        """A symbol of the right form."""
        known = self._symbols.get(name)
        if known is None:
            definition = self.definition(name)
            if definition is None:
                return None
            unit = self.unit(name.rpartition(".")[0])
            assert unit is not None
            known = self._symbols[name] = _symbol(name, definition, unit)
        return known

    def unit(self, module: str) -> Unit | None:
        """A unit without its tree."""
        row = self._rows.get(module)
        if row is None:
            return None
        known = self._units.get(module)
        if known is None:
            empty = tree.Module(0, 0, None, None, [], [], [], [])
            known = self._units[module] = Unit(row.path, module, Source(row.path, ""), empty)
        return known

    def field(self, field: FieldSymbol) -> FieldDef | None:
        """The definition of a field of one of them."""
        return field.definition if isinstance(field, ForeignField) else None

    def core(self, name: str) -> Type | None:
        """What is behind an alias."""
        alias = self._alias(name)
        return None if alias is None else core(alias.type, self._world)

    def bounds(self, name: str) -> dict[str, Any] | None:
        """The constraints of an alias."""
        alias = self._alias(name)
        if alias is None:
            return None
        return effective_bounds(written_bounds(alias.markers), alias.type, self._world) or None

    def is_nullable(self, name: str) -> bool:
        """Whether null is a value of an alias."""
        alias = self._alias(name)
        return alias is not None and is_nullable(alias.type, self._world)

    def service(self) -> str | None:
        """The module of the service."""
        return next((row.module for row in self._rows.values() if row.service), None)

    def routes(self) -> set[str]:
        """The routes of the actions."""
        return {key for row in self._rows.values() for key in row.routes}

    def wires(self) -> set[str]:
        """The names that are written with ``@json``."""
        return {key for row in self._rows.values() for key in row.wires}

    def operations(self) -> list[str]:
        """The operation id or name of each action."""
        return [name for row in self._rows.values() for name in row.operations]

    def need(self, name: str) -> tuple[bool, list[str]] | None:
        """What an entity or union cannot be built without."""
        row = self._rows.get(name.rpartition(".")[0])
        return None if row is None else row.needs.get(name)

    def function(self, name: str) -> Functions | None:
        """What is known of what can be called."""
        if self._functions is None:
            rows = self._rows.values()
            self._functions = {key: each for row in rows for key, each in row.functions.items()}
        return self._functions.get(name)

    def inherited(self) -> int:
        """How many fields are inherited."""
        return sum(row.inherited for row in self._rows.values())

    @property
    def _world(self) -> World:
        assert self.world is not None
        return self.world

    def definition(self, name: str) -> Def | None:
        """The definition of a declaration."""
        module, _, short = name.rpartition(".")
        known = self._modules.get(module)
        if known is None:
            row = self._rows.get(module)
            if row is None:
                return None
            known = self._modules[module] = {
                each.name: each
                for each in self._load(row).definitions
                if not isinstance(each, FeatureDef)
            }
        return known.get(short)

    def _alias(self, name: str) -> AliasDef | None:
        found = self.definition(name)
        return found if isinstance(found, AliasDef) else None


def _ident(name: str) -> tree.Ident:
    return tree.Ident(0, 0, name)


def _head(name: str) -> tuple[int, int, tree.Ident, None, list[tree.Marker]]:
    return (0, 0, _ident(name), None, [])


def _symbol(name: str, definition: Def, unit: Unit) -> Symbol:
    """The symbol of a definition; of its tree there is what tells its form."""
    assert not isinstance(definition, FeatureDef)
    head = _head(definition.name)
    match definition:
        case EntityDef():
            return _entity(name, definition, unit)
        case EnumDef():
            return _enum(name, definition, unit)
        case UnionDef():
            return _union(name, definition, unit)
        case AliasDef():
            alias = tree.TypeDecl(*head, _NO_TYPE)
            return AliasSymbol(name, unit, alias, definition.type, definition.markers)
        case ConstDef():
            const = tree.ConstDecl(*head, None, _NOTHING)
            return ConstSymbol(name, unit, const, definition.type, definition.markers)
        case RuleDef():
            rule = tree.RuleDecl(*head, tree.TypeName(0, 0, [], [], []), [])
            return RuleSymbol(name, unit, rule, definition.entity, definition.markers)
        case CalcDef() | TableDef() | ExternDef():
            params = [(param.name, param.type) for param in definition.params]
            function = _function(definition)
            return FunctionSymbol(
                name, unit, function, params, definition.returns, definition.markers
            )
        case ActionDef():
            action = tree.ActionDecl(*head, False, None, [], [], [], [], None, None, None, [])
            return ActionSymbol(name, unit, action, definition.markers)
        case _:
            service = tree.ServiceDecl(*head, None, None, [], [], None, [], [])
            return ServiceSymbol(name, unit, service, definition.markers)


def _entity(name: str, definition: EntityDef, unit: Unit) -> EntitySymbol:
    fields: dict[str, FieldSymbol] = {}
    for each in definition.fields:
        default = None if each.default is None else _NOTHING
        decl = tree.FieldDecl(0, 0, _ident(each.name), each.optional, _NO_TYPE, default, [], None)
        fields[each.name] = ForeignField(
            each.name,
            each.wire,
            each.type,
            each.optional,
            each.markers,
            decl,
            each.origin or name,
            each,
        )
    own = [field.decl for field in fields.values() if field.owner == name]
    return EntitySymbol(
        name,
        unit,
        tree.EntityDecl(*_head(definition.name), [], own),
        list(definition.bases),
        fields,
        definition.markers,
        definition.extra_type,
    )


def _enum(name: str, definition: EnumDef, unit: Unit) -> EnumSymbol:
    members: dict[str, MemberSymbol] = {}
    for each in definition.members:
        decl = tree.EnumMember(0, 0, _ident(each.name), None, None, [])
        members[each.name] = MemberSymbol(each.name, each.wire, each.markers, decl)
    decls = [member.decl for member in members.values()]
    enum = tree.EnumDecl(*_head(definition.name), decls, False)
    return EnumSymbol(name, unit, enum, members, definition.markers)


def _union(name: str, definition: UnionDef, unit: Unit) -> UnionSymbol:
    return UnionSymbol(
        name,
        unit,
        tree.UnionDecl(*_head(definition.name), definition.exactly, [], None, None),
        list(definition.variants),
        definition.discriminator,
        list(definition.mapping),
        definition.markers,
    )


def _function(
    definition: CalcDef | TableDef | ExternDef,
) -> tree.CalcDecl | tree.TableDecl | tree.ExternDecl:
    head = _head(definition.name)
    if isinstance(definition, CalcDef):
        return tree.CalcDecl(*head, [], _NO_TYPE, [])
    if isinstance(definition, ExternDef):
        return tree.ExternDecl(*head, [], _NO_TYPE, tree.StrLit(0, 0, definition.target, False, ""))
    return tree.TableDecl(*head, [], _NO_TYPE, None, None, [], [], [])
