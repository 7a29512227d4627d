"""Declarations of the tree, resolved, become definitions of the IR. What has a body is lowered by ``bodies``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir.program import (
    AliasDef,
    EntityDef,
    EnumDef,
    ExternDef,
    FieldDef,
    MemberDef,
    ParamDef,
    UnionDef,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.nodes import Expr
    from hyper.lang import tree
    from hyper.lang.symbols import (
        AliasSymbol,
        EntitySymbol,
        EnumSymbol,
        FieldSymbol,
        FunctionSymbol,
        UnionSymbol,
        Unit,
        World,
    )
    from hyper.lang.types import Type

    LowerDefault = Callable[[tree.Expr, Type, Unit], Expr]


def doc_of(node: tree.StrLit | None) -> str:
    """Give the text of a documentation string, empty without one."""
    return node.value if node is not None else ""


class Declarations:
    """Lowers declarations without bodies; each field is lowered once, however many entities extend its owner."""

    def __init__(self, world: World, lower_default: LowerDefault) -> None:
        self.world = world
        self.lower_default = lower_default
        self._own: dict[int, FieldDef] = {}
        self._inherited: dict[int, FieldDef] = {}

    def entity(self, entity: EntitySymbol) -> EntityDef:
        """Lower an entity with the fields of its bases."""
        name = entity.name
        inherited = self._inherited
        fields: list[FieldDef] = []
        for field in entity.fields.values():
            if field.owner == name:
                fields.append(self._field(field, entity.unit))
            else:
                # Its default, documentation and line are taken over, whoever took them over before.
                self.world.symbols.note_body(field.owner)
                known = inherited.get(id(field))
                fields.append(known if known is not None else self._from_base(field))
        decl = entity.decl
        return EntityDef(
            decl.name.name,
            tuple(entity.bases),
            tuple(fields),
            entity.markers,
            entity.extra_type,
            doc_of(decl.doc),
            entity.unit.source.line_of(decl.start),
        )

    def _field(self, field: FieldSymbol, unit: Unit) -> FieldDef:
        known = self._own.get(id(field))
        if known is not None:
            return known
        decl = field.decl
        default = decl.default
        value: Expr | None = None
        if default is not None:
            before = self.world.symbols.reading(unit.name)
            value = self.lower_default(default, field.type, unit)
            self.world.symbols.reading(before)
        made = FieldDef(
            field.name,
            field.wire,
            field.type,
            field.optional,
            value,
            field.markers,
            decl.doc.value if decl.doc is not None else "",
            unit.source.line_of(decl.start),
        )
        self._own[id(field)] = made
        return made

    def _from_base(self, field: FieldSymbol) -> FieldDef:
        foreign = self.world.foreign
        own: FieldDef | None = foreign.field(field) if foreign is not None else None
        if own is None:
            own = self._field(field, self.world.symbols[field.owner].unit)
        made = FieldDef(
            own.name,
            own.wire,
            own.type,
            own.optional,
            own.default,
            own.markers,
            own.doc,
            own.line,
            field.owner,
        )
        self._inherited[id(field)] = made
        return made


def lower_enum(enum: EnumSymbol) -> EnumDef:
    """Lower an enum."""
    decl = enum.decl
    line_of = enum.unit.source.line_of
    return EnumDef(
        decl.name.name,
        tuple(
            MemberDef(
                member.name,
                member.wire,
                member.markers,
                doc_of(member.decl.doc),
                line_of(member.decl.start),
            )
            for member in enum.members.values()
        ),
        enum.markers,
        doc_of(decl.doc),
        line_of(decl.start),
    )


def lower_union(union: UnionSymbol) -> UnionDef:
    """Lower a union."""
    decl = union.decl
    return UnionDef(
        decl.name.name,
        decl.exactly,
        tuple(union.variants),
        union.discriminator,
        tuple(union.mapping),
        union.markers,
        doc_of(decl.doc),
        union.unit.source.line_of(decl.start),
    )


def lower_alias(alias: AliasSymbol) -> AliasDef:
    """Lower a ``type`` declaration."""
    decl = alias.decl
    return AliasDef(
        decl.name.name,
        alias.type,
        alias.markers,
        doc_of(decl.doc),
        alias.unit.source.line_of(decl.start),
    )


def lower_params(function: FunctionSymbol) -> tuple[ParamDef, ...]:
    """Lower the parameters of a calc, table or extern."""
    return tuple(ParamDef(name, kind) for name, kind in function.params)


def lower_extern(function: FunctionSymbol, decl: tree.ExternDecl) -> ExternDef:
    """Lower an extern: its signature is all that there is."""
    return ExternDef(
        decl.name.name,
        lower_params(function),
        function.returns,
        decl.target.value,
        function.markers,
        doc_of(decl.doc),
        function.unit.source.line_of(decl.start),
    )
