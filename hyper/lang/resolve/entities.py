"""Entities: their fields with those of their bases, wire names and the type of other keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.base.diagnostics import related
from hyper.lang import tree
from hyper.lang.markers import NO_MARKERS
from hyper.lang.resolve.bounds import breaks_bounds, effective_bounds, written_bounds
from hyper.lang.resolve.lookup import core, find, is_bound, is_failed, nearest
from hyper.lang.resolve.marker_table import EXTRAS, MARKERS, fits
from hyper.lang.resolve.markers import read_markers
from hyper.lang.resolve.site import Site
from hyper.lang.resolve.types import BUILTIN_TYPES, kind_word, resolve_name, resolve_type
from hyper.lang.resolve.values import bare, number_of
from hyper.lang.symbols import AliasSymbol, EntitySymbol, FieldSymbol
from hyper.lang.types import UNKNOWN, Entity

if TYPE_CHECKING:
    from hyper.base.diagnostics import Reporter
    from hyper.lang.markers import Markers
    from hyper.lang.symbols import Scope, World
    from hyper.lang.types import Type


def resolve_entity(entity: EntitySymbol, world: World, reporter: Reporter) -> None:
    """Fill an entity's own fields, its markers and the names of its bases."""
    decl = entity.decl
    scope = world.scopes[entity.unit.name]
    site = Site(scope, world, reporter)
    if decl.markers:
        entity.markers = read_markers(decl.markers, "entity", None, site)
        entity.extra_type = _extra_type(decl, scope, world, reporter)
    bases: dict[str, None] = {}
    for base in decl.bases:
        name = resolve_entity_name(base, scope, world, reporter)
        if name in bases:
            reporter.report("E0305", "this base is named twice", base.start, base.end)
        elif name is not None:
            bases[name] = None
    entity.bases = list(bases)
    owner = entity.name
    fields = entity.fields
    known = scope.types
    for field in decl.fields:
        ident = field.name
        name = ident.name
        if name in fields:
            _report_field_twice(field, fields[name].decl, entity, reporter)
            continue
        # Most types are one name that the unit has met before.
        expr = field.type
        kind: Type | None = None
        if type(expr) is tree.TypeName and not expr.args and len(expr.parts) == 1:
            kind = known.get(expr.parts[0].name)
        if kind is None or expr.numbers:  # type: ignore[union-attr]
            kind = resolve_type(expr, scope, world, reporter)
        markers = NO_MARKERS
        if field.markers:
            markers = read_markers(field.markers, "field", kind, site)
        if field.default is not None:
            check_default(field.default, markers, kind, site)
        fields[name] = FieldSymbol(
            name, markers.wire or name, kind, field.optional, markers, field, owner
        )


def _report_field_twice(
    again: tree.FieldDecl, first: tree.FieldDecl, entity: EntitySymbol, reporter: Reporter
) -> None:
    place = entity.unit.source.locate(first.name.start, first.name.end)
    reporter.report(
        "E0305",
        f"`{again.name.name}` is already a field of `{entity.decl.name.name}`",
        again.name.start,
        again.name.end,
        related=[related(place, "the first one")],
    )


def resolve_entity_name(
    name: tree.TypeName, scope: Scope, world: World, reporter: Reporter
) -> str | None:
    """Resolve the name of an entity, through aliases; anything else is reported and gives ``None``."""
    parts = [part.name for part in name.parts]
    symbol = find(parts, scope, world, peek=True)
    if symbol is None:
        if not is_failed(parts, scope, world):
            kind = resolve_name(name, scope, world, reporter)
            if kind is not UNKNOWN:
                _report_no_entity(name, "a type of the language", reporter)
        return None
    if isinstance(symbol, EntitySymbol):
        return symbol.name
    if isinstance(symbol, AliasSymbol):
        kind = world.cores.get(symbol.name, UNKNOWN)
        if isinstance(kind, Entity):
            return kind.name
        if kind is UNKNOWN:
            return None
    _report_no_entity(name, kind_word(symbol), reporter)
    return None


def _report_no_entity(name: tree.TypeName, word: str, reporter: Reporter) -> None:
    shown = ".".join(part.name for part in name.parts)
    reporter.report("E0306", f"`{shown}` is {word}, not an entity", name.start, name.end)


def check_default(default: tree.Expr, markers: Markers, kind: Type, site: Site) -> None:
    """Report a literal default that the constraints of its own node refuse."""
    expr = bare(default)
    value: object
    if isinstance(expr, tree.StrLit):
        if not fits(core(kind, site.world), "string"):
            return  # what the text of a date or of bytes says has another length
        value = expr.value
    elif isinstance(expr, tree.ListLit):
        value = expr.items
    elif isinstance(expr, tree.BoolLit | tree.NoneLit | tree.MapLit):
        return
    else:
        value = number_of(expr, site.scope, site.world)
        if value is None:
            return
    bounds = effective_bounds(written_bounds(markers), kind, site.world)
    broken = breaks_bounds(value, bounds) if bounds else None
    if broken is not None:
        site.reporter.report(
            "E0505",
            f"the default is not within its own bounds: {broken}",
            default.start,
            default.end,
        )


def _extra_type(
    decl: tree.EntityDecl, scope: Scope, world: World, reporter: Reporter
) -> Type | None:
    """Give the type of ``@extra(T)``; ``None`` for its words and where it does not stand."""
    for marker in decl.markers:
        if marker.name.name != "extra" or not marker.args:
            continue
        value = bare(marker.args[0].value)
        if isinstance(value, tree.Name) and value.name in EXTRAS:
            return None
        expr = type_of_expr(value)
        word = value.name if isinstance(value, tree.Name) else None
        unknown = word and not is_bound(word, scope) and word not in BUILTIN_TYPES
        near = nearest(word, EXTRAS) if word and unknown else None
        if expr is None or near:
            reporter.report(
                "E0503",
                f"write `{MARKERS['extra'].form}`",
                value.start,
                value.end,
                suggestion=near,
            )
            return None
        return resolve_type(expr, scope, world, reporter)
    return None


def type_of_expr(expr: tree.Expr) -> tree.TypeExpr | None:
    """Read an expression as the type that it names; ``None`` where it names none."""
    start, end = expr.start, expr.end
    if isinstance(expr, tree.TypeValue):
        return expr.type
    if isinstance(expr, tree.Name):
        return tree.TypeName(start, end, [tree.Ident(start, end, expr.name, expr.quoted)], [], [])
    if isinstance(expr, tree.Attr):
        inner = type_of_expr(expr.base)
        if isinstance(inner, tree.TypeName):
            return tree.TypeName(start, end, [*inner.parts, expr.name], [], [])
    return None
