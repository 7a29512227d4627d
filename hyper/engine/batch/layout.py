"""What a function takes and gives as columns: as its kernel has it, or every leaf of its types where it has none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hyper.emit.native.places import OFFSET, PRESENCE, layout, shown
from hyper.emit.native.values import NotNative
from hyper.engine.evaluation import signature
from hyper.ir.program import AliasDef, EntityDef, RuleDef
from hyper.ir.types import Alias, Entity, ListOf, Marked, Opt, Type
from hyper.jit.kernel.ir import Column, Format, Output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.emit.native.unit import Native, Unit
    from hyper.ir.kinds import Kinds
    from hyper.ir.markers import Markers
    from hyper.ir.program import FieldDef, Program
    from hyper.jit.columns.binding import Parts

_STEPS: Final = re.compile(r"`([^`]*)`|([^.`?\[\]]+)|(\?|\[\])")
_OPAQUE: Final = Format("int")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a function. ``native`` is its kernel, or ``why`` it has none; ``opaque`` are the columns and results of
    values that no kernel knows."""

    name: str
    params: tuple[tuple[str, Type], ...]
    returns: Type
    columns: tuple[Column, ...]
    parts: tuple[Parts, ...]
    opaque: frozenset[int]
    outputs: tuple[Output, ...]
    steps: tuple[Parts, ...]
    """The paths of the results."""
    opaque_outputs: frozenset[int]
    native: Native | None
    why: NotNative | None
    unneeded: tuple[tuple[Column, Parts], ...] = ()
    """Columns that the function names and its answer does not depend on, at no tier: they are not asked for."""

    @property
    def bare(self) -> bool:
        """Whether the fields of the one parameter may be columns themselves."""
        return len(self.params) == 1

    def result_names(self) -> dict[str, Format | None]:
        """The columns of results, by name; ``None`` for values that no kernel knows."""
        return {
            ".".join(steps) or "value": None if place in self.opaque_outputs else output.format
            for place, (output, steps) in enumerate(zip(self.outputs, self.steps, strict=True))
            if steps[-1:] != ("?",)
        }


def layout_of(unit: Unit, name: str) -> Layout:
    """The layout of a calc, table, rule or extern."""
    program = unit.program
    params, returns = signature(program, name)
    native, why = None, None
    try:
        native = unit.native(name)
        _checked_by_rows(unit.kinds, program, native)
    except NotNative as found:
        native, why = None, found
    if native is not None:
        steps = tuple(steps_of(output.path) for output in native.outputs)
        columns, parts = native.columns, native.parts
        return Layout(
            name, params, returns, columns, parts, frozenset(), native.outputs, steps,
            frozenset(), native, None, native.unneeded,
        )  # fmt: skip
    made = _Leaves(program, unit.kinds)
    for param, kind in params:
        made.add(kind, (param,), ())
    given = _results(program, unit.kinds, name, returns)
    return Layout(
        name, params, returns, tuple(made.columns), tuple(made.parts), frozenset(made.opaque),
        tuple(Output(c.path, c.storage, c.format) for c in given.columns), tuple(given.parts),
        frozenset(given.opaque), None, why,
    )  # fmt: skip


def steps_of(path: str) -> Parts:
    """The steps of a path as it is shown."""
    return tuple(quoted or name or mark for quoted, name, mark in _STEPS.findall(path))


def _results(program: Program, kinds: Kinds, name: str, returns: Type) -> _Leaves:
    made = _Leaves(program, kinds)
    definition = program.definitions[name]
    if isinstance(definition, RuleDef):
        entity = program.definitions[definition.entity]
        assert isinstance(entity, EntityDef)
        for field in entity.fields:
            if any(path.partition(".")[0] == field.name for path in definition.writes):
                made.result(field.type, (field.name,), optional=_may_lack(field))
    else:
        made.result(returns, ())
    return made


def _may_lack(field: FieldDef) -> bool:
    return field.optional and field.default is None


class _Leaves:
    """The leaves of types as columns."""

    def __init__(self, program: Program, kinds: Kinds) -> None:
        self._program = program
        self._kinds = kinds
        self.columns: list[Column] = []
        self.parts: list[Parts] = []
        self.opaque: set[int] = set()

    def _column(self, parts: Parts, storage: str, form: Format) -> None:
        role = "items" if "[]" in parts else "offsets" if form == OFFSET else "value"
        self.columns.append(Column(shown(parts), role, storage, form))  # type: ignore[arg-type]
        self.parts.append(parts)

    def _dark(self, parts: Parts) -> None:
        self.opaque.add(len(self.columns))
        self._column(parts, "i64", _OPAQUE)

    def add(
        self, kind: Type, parts: Parts, around: tuple[str, ...], *, optional: bool = False
    ) -> None:
        """What a parameter is made of; ``around`` are the entities that it is in."""
        kind = self._kinds.bare(kind)
        if isinstance(kind, Opt) or optional:
            self._column((*parts, "?"), "u8", PRESENCE)
            kind = self._kinds.present(kind)
        if isinstance(kind, Entity) and kind.name not in around:
            entity = self._program.definitions[kind.name]
            assert isinstance(entity, EntityDef)
            for field in entity.fields:
                gaps = field.optional or field.default is not None
                self.add(field.type, (*parts, field.name), (*around, kind.name), optional=gaps)
            if entity.fields:
                return
        elif isinstance(kind, ListOf):
            before = len(self.columns)
            self._column(parts, "i64", OFFSET)
            self.add(kind.item, (*parts, "[]"), around)
            if not any(place >= before for place in self.opaque):
                return
            # A list is taken whole where its items cannot be taken apart.
            del self.columns[before:], self.parts[before:]
            self.opaque = {place for place in self.opaque if place < before}
        else:
            try:
                self._column(parts, *layout(kind, self._program))
            except NotNative:
                pass
            else:
                return
        self._dark(parts)

    def result(self, kind: Type, parts: Parts, *, optional: bool = False) -> None:
        """What a result is made of: lists, maps and unions stay whole."""
        kind = self._kinds.bare(kind)
        if isinstance(kind, Opt) or optional:
            self._column((*parts, "?"), "u8", PRESENCE)
            kind = self._kinds.present(kind)
        if isinstance(kind, Entity) and len(parts) < 4:
            entity = self._program.definitions[kind.name]
            assert isinstance(entity, EntityDef)
            for field in entity.fields:
                self.result(field.type, (*parts, field.name), optional=_may_lack(field))
            return
        try:
            self._column(parts, *layout(kind, self._program))
        except NotNative:
            self._dark(parts)


def marker_sets(program: Program, kind: Type, own: Markers | None) -> list[Markers]:
    """The markers of a place, with those of its type, but not of what is inside."""
    found = [] if own is None else [own]
    while True:
        match kind:
            case Marked(inner, markers):
                found.append(markers)
                kind = inner
            case Alias(name):
                alias = program.definitions[name]
                assert isinstance(alias, AliasDef)
                found.append(alias.markers)
                kind = alias.type
            case Opt(inner):
                kind = inner
            case _:
                return found


def walk(
    program: Program, kinds: Kinds, params: tuple[tuple[str, Type], ...], parts: Parts
) -> Iterator[tuple[Parts, Type, FieldDef | None, str]]:
    """Each place on a path with its type, and where it is a field the field and its entity."""
    kind = dict(params)[parts[0]]
    yield parts[:1], kind, None, ""
    for place, step in enumerate(parts[1:], 1):
        bare = kinds.present(kind)
        if step == "?":
            return
        if step == "[]":
            assert isinstance(bare, ListOf)
            kind = bare.item
            yield parts[: place + 1], kind, None, ""
            continue
        assert isinstance(bare, Entity)
        entity = program.definitions[bare.name]
        assert isinstance(entity, EntityDef)
        field = next(each for each in entity.fields if each.name == step)
        kind = field.type
        yield parts[: place + 1], kind, field, bare.name


def _checked_by_rows(kinds: Kinds, program: Program, native: Native) -> None:
    """Raises ``NotNative`` for markers that need a whole value."""
    params, _ = signature(program, native.function.name)
    for path in native.parts:
        if native.columns[native.parts.index(path)].role == "whole":
            continue
        for _, kind, field, owner in walk(program, kinds, params, path):
            sets = marker_sets(program, kind, field.markers if field else None)
            if any(each.unique or each.schema for each in sets):
                raise NotNative(f"@unique or @schema of {path[-1]} is checked row by row")
            entity = program.definitions.get(owner)
            if isinstance(entity, EntityDef) and entity.markers.schema:
                raise NotNative(f"@schema of {entity.name} is checked row by row")
