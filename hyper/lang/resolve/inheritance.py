"""``is``: the fields of the bases come first, through chains of any depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang.resolve.lookup import chain_text
from hyper.lang.types import UNKNOWN, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.base.diagnostics import Reporter
    from hyper.lang.symbols import EntitySymbol, FieldSymbol, World


# What a chain of entities inherits grows with the square of its length.
_MOST_INHERITED: Final = 2_000_000


def merge_bases(entities: list[EntitySymbol], world: World, reporters: dict[str, Reporter]) -> None:
    """Give every entity the fields of its bases, and check the wire names of all.

    A ring of bases is reported once and cut where it closes.
    """
    done: set[str] = set()
    for root in entities:
        if not root.bases:
            _check_wires(root, reporters[root.unit.path])
            done.add(root.name)
    total = world.foreign.inherited() if world.foreign is not None else 0
    refused = False
    for entity in _bases_first(entities, done, world, reporters):
        total += sum(_count(name, world) for name in entity.bases)
        reporter = reporters[entity.unit.path]
        world.symbols.reading(entity.unit.name)
        if total > _MOST_INHERITED and entity.bases:
            if not refused:
                _report_many(entity, reporter)
            refused = True
            entity.bases = []
        _merge(entity, world, reporter)
        _check_wires(entity, reporter)


def _bases_first(
    entities: list[EntitySymbol],
    done: set[str],
    world: World,
    reporters: dict[str, Reporter],
) -> Iterator[EntitySymbol]:
    """Give each entity after its bases, depth first without recursion."""
    for root in entities:
        if root.name in done:
            continue
        stack = [(root, iter(list(root.bases)))]
        active = {root.name: None}
        while stack:
            entity, waiting = stack[-1]
            # Those that are not compiled along have their bases' fields already.
            name = next(
                (name for name in waiting if name not in done and world.symbols.is_own(name)), None
            )
            if name is None:
                stack.pop()
                del active[entity.name]
                done.add(entity.name)
                yield entity
            elif name in active:
                _cut(entity, name, list(active), world, reporters)
            else:
                base: EntitySymbol = world.symbols[name]  # type: ignore[assignment]
                active[name] = None
                stack.append((base, iter(list(base.bases))))


def _count(name: str, world: World) -> int:
    return len(world.symbols[name].fields)  # type: ignore[union-attr]


def _report_many(entity: EntitySymbol, reporter: Reporter) -> None:
    reporter.report(
        "E0512",
        f"the entities of this build inherit more than {_MOST_INHERITED:,} fields in all, here with"
        f" `{entity.decl.name.name}`: make the chain of `is` shorter",
        entity.decl.name.start,
        entity.decl.name.end,
    )


def _cut(
    entity: EntitySymbol,
    base: str,
    active: list[str],
    world: World,
    reporters: dict[str, Reporter],
) -> None:
    ring = active[active.index(base) :]
    first = world.symbols[min(ring)]
    turned = ring[ring.index(first.name) :] + ring[: ring.index(first.name)]
    reporters[first.unit.path].report(
        "E0506",
        f"an entity cannot be its own base: {chain_text(turned)}",
        first.decl.name.start,
        first.decl.name.end,
    )
    entity.bases.remove(base)


def _merge(entity: EntitySymbol, world: World, reporter: Reporter) -> None:
    own = entity.fields
    fields: dict[str, FieldSymbol] = {}
    for name in entity.bases:
        base: EntitySymbol = world.symbols[name]  # type: ignore[assignment]
        if not fields:
            fields = dict(base.fields)
            continue
        for field in base.fields.values():
            other = fields.setdefault(field.name, field)
            if other is not field and not _same(other, field) and field.name not in own:
                _report_conflict(entity, other, field, reporter)
    for field in own.values():
        other = fields.get(field.name, field)
        if not _same(other, field):
            reporter.report(
                "E0508",
                f"`{field.name}` is `{show(other.type)}` in `{other.owner.rpartition('.')[2]}`, and"
                f" `{show(field.type)}` here: a field that is written again has the same type",
                field.decl.name.start,
                field.decl.name.end,
            )
        fields[field.name] = field
    entity.fields = fields


def _same(one: FieldSymbol, other: FieldSymbol) -> bool:
    return one.type == other.type or UNKNOWN in (one.type, other.type)


def _report_conflict(
    entity: EntitySymbol, one: FieldSymbol, other: FieldSymbol, reporter: Reporter
) -> None:
    reporter.report(
        "E0508",
        f"`{one.name}` is `{show(one.type)}` in `{one.owner.rpartition('.')[2]}`, and"
        f" `{show(other.type)}` in `{other.owner.rpartition('.')[2]}`: `{entity.decl.name.name}`"
        " cannot be both",
        entity.decl.name.start,
        entity.decl.name.end,
    )


def _check_wires(entity: EntitySymbol, reporter: Reporter) -> None:
    fields = entity.fields
    if len({field.wire for field in fields.values()}) == len(fields):
        return
    seen: dict[str, FieldSymbol] = {}
    for field in fields.values():
        other = seen.setdefault(field.wire, field)
        if other is field:
            continue
        mine = next((item for item in (field, other) if item.owner == entity.name), None)
        place = entity.decl.name if mine is None else mine.decl.name
        reporter.report(
            "E0509",
            f"`{other.name}` and `{field.name}` have the same name in JSON: {field.wire!r}",
            place.start,
            place.end,
        )
