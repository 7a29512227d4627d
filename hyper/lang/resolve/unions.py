"""Unions: variants, and the field whose value tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang import tree
from hyper.lang.resolve.entities import type_of_expr
from hyper.lang.resolve.lookup import core, suggest
from hyper.lang.resolve.markers import read_markers
from hyper.lang.resolve.site import Site
from hyper.lang.resolve.types import resolve_type
from hyper.lang.resolve.values import bare, dotted, json_text
from hyper.lang.symbols import EntitySymbol, EnumSymbol
from hyper.lang.types import UNKNOWN, Entity, Enum, Lit, show

if TYPE_CHECKING:
    from hyper.base.diagnostics import Reporter
    from hyper.lang.symbols import FieldSymbol, UnionSymbol, World
    from hyper.lang.types import Type


def resolve_union(union: UnionSymbol, world: World, reporter: Reporter) -> None:
    """Fill the variants and the markers of a union."""
    decl = union.decl
    scope = world.scopes[union.unit.name]
    seen: set[Type] = set()
    for expr in decl.variants:
        kind = resolve_type(expr, scope, world, reporter)
        if kind is not UNKNOWN and kind in seen:
            reporter.report(
                "W0503",
                f"`{show(kind)}` is already a variant of `{decl.name.name}`",
                expr.start,
                expr.end,
            )
            continue
        seen.add(kind)
        union.variants.append(kind)
    if decl.markers:
        union.markers = read_markers(decl.markers, "union", None, Site(scope, world, reporter))


def resolve_tag(union: UnionSymbol, world: World, reporter: Reporter) -> None:
    """Check ``by field`` and complete its mapping; the fields of all entities must be known."""
    decl = union.decl
    if decl.discriminator is None:
        return
    field = decl.discriminator.name
    tagged: dict[str, FieldSymbol] = {}
    lacking: list[EntitySymbol] = []
    for kind, expr in zip(union.variants, decl.variants, strict=False):
        inner = core(kind, world)
        if inner is UNKNOWN:
            return
        symbol = world.symbols.get(inner.name) if isinstance(inner, Entity) else None
        if not isinstance(symbol, EntitySymbol):
            reporter.report(
                "E0511",
                f"`{show(kind)}` is no entity, so `by {field}` cannot tell it apart",
                expr.start,
                expr.end,
            )
            return
        found = symbol.fields.get(field)
        if found is None:
            lacking.append(symbol)
        else:
            tagged[symbol.name] = found
    if lacking:
        _report_lacking(union, lacking, decl.discriminator, reporter)
        return
    wires = sorted({found.wire for found in tagged.values()})
    if len(wires) > 1:
        reporter.report(
            "E0511",
            f"`{field}` has different names in JSON: {', '.join(wires)}",
            decl.discriminator.start,
            decl.discriminator.end,
        )
        return
    union.discriminator = wires[0] if wires else field
    _map_tags(union, tagged, world, reporter)


def _report_lacking(
    union: UnionSymbol, lacking: list[EntitySymbol], tag: tree.Ident, reporter: Reporter
) -> None:
    """Report the variants without the field of the tag, with the field to add to each."""
    fields = []
    for symbol in lacking:
        short = symbol.decl.name.name
        value = next(
            (
                bare(entry.key)
                for entry in union.decl.mapping or ()
                if (dotted(bare(entry.value)) or [""])[-1] == short
            ),
            None,
        )
        text = json_text(value) if isinstance(value, tree.StrLit) else f'"{short.lower()}"'
        fields.append(f"`{tag.name}: {text}` to `{short}`")
    names = ", ".join(f"`{symbol.decl.name.name}`" for symbol in lacking)
    has = "has" if len(lacking) == 1 else "have"
    near = [suggest(tag.name, symbol.fields, reporter) for symbol in lacking]
    reporter.report(
        "E0511",
        f"{names} {has} no field `{tag.name}`: add {', '.join(fields)}",
        tag.start,
        tag.end,
        suggestion=near[0] if len(set(near)) == 1 else None,
    )


def _map_tags(
    union: UnionSymbol, tagged: dict[str, FieldSymbol], world: World, reporter: Reporter
) -> None:
    """Write the mapping: what is given, then each other variant under the value that its field has."""
    mapping: dict[str, str] = {}
    for entry in union.decl.mapping or ():
        key = bare(entry.key)
        target = _variant_of(entry.value, union, tagged, world, reporter)
        if not isinstance(key, tree.StrLit):
            reporter.report(
                "E0511", "the key is a string: the value of the tag", key.start, key.end
            )
        elif key.value in mapping:
            reporter.report("E0511", "this value is mapped twice", key.start, key.end)
        elif target is not None:
            mapping[key.value] = target
    mapped = set(mapping.values())
    for name, field in tagged.items():
        if name in mapped:
            continue
        value = _tag_value(name, field.type, world)
        if value in mapping:
            one = mapping[value].rpartition(".")[2]
            reporter.report(
                "E0511",
                f"`{one}` and `{name.rpartition('.')[2]}` have the same value of the tag, {value!r}:"
                " give them different ones after `by`",
                union.decl.name.start,
                union.decl.name.end,
            )
        mapping.setdefault(value, name)
    union.mapping = list(mapping.items())


def _variant_of(
    value: tree.Expr,
    union: UnionSymbol,
    tagged: dict[str, FieldSymbol],
    world: World,
    reporter: Reporter,
) -> str | None:
    expr = type_of_expr(bare(value))
    if expr is None:
        reporter.report("E0511", "name a variant of the union", value.start, value.end)
        return None
    kind = core(resolve_type(expr, world.scopes[union.unit.name], world, reporter), world)
    if isinstance(kind, Entity) and kind.name in tagged:
        return kind.name
    if kind is not UNKNOWN:
        reporter.report(
            "E0511",
            f"`{show(kind)}` is no variant of `{union.decl.name.name}`",
            value.start,
            value.end,
            suggestion=suggest(show(kind), [name.rpartition(".")[2] for name in tagged], reporter),
        )
    return None


def _tag_value(variant: str, kind: Type, world: World) -> str:
    """Give the value of the tag for a variant that is not mapped.

    That is its field's literal type (or the one member of its enum), else the name that the variant has in
    the OpenAPI document.
    """
    inner = core(kind, world)
    value: str | int | bool | None = None
    if isinstance(inner, Lit):
        value = inner.value
    elif isinstance(inner, Enum):
        enum = world.symbols.get(inner.name)
        if isinstance(enum, EnumSymbol) and len(enum.members) == 1:
            value = next(iter(enum.members.values())).wire
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is not None:
        return str(value)
    return world.symbols[variant].markers.wire or variant.rpartition(".")[2]
