"""Modules by name, what each declares and what each brings with ``use``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hyper.base.diagnostics import related
from hyper.lang import tree
from hyper.lang.broken import is_lost
from hyper.lang.check.builtins import NAMES
from hyper.lang.markers import NO_MARKERS
from hyper.lang.resolve.lookup import suggest
from hyper.lang.resolve.site import Site
from hyper.lang.resolve.types import BUILTIN_TYPES, PRIMITIVE_TYPES
from hyper.lang.symbols import (
    ActionSymbol,
    AliasSymbol,
    ConstSymbol,
    EntitySymbol,
    EnumSymbol,
    FunctionSymbol,
    RuleSymbol,
    Scope,
    ServiceSymbol,
    UnionSymbol,
    new_world,
)
from hyper.lang.types import UNKNOWN

if TYPE_CHECKING:
    from hyper.base.diagnostics import Reporter
    from hyper.base.source import Location
    from hyper.lang.reads import Foreign
    from hyper.lang.symbols import Symbol, Unit, World

SUFFIX: Final = ".intent"
_TYPE_DECLS: Final = (tree.EntityDecl, tree.EnumDecl, tree.UnionDecl, tree.TypeDecl)


def module_name(path: str, module: tree.Module) -> str:
    """Name a module: its ``intent`` line, or its path from the source root with dots for slashes."""
    if module.name is not None:
        return module.name.name
    return path.removesuffix(SUFFIX).replace("/", ".")


def build_scopes(
    units: list[Unit], reporters: dict[str, Reporter], foreign: Foreign | None = None
) -> World:
    """Name the units, then make a symbol for each declaration and a scope for each unit.

    The symbols hold no types yet. Of two files with one name, the first by path is kept.
    """
    world = new_world(foreign)
    for unit in units:
        reporter = reporters[unit.path]
        unit.name = module_name(unit.path, unit.module)
        place = unit.module.name
        start, end = (place.start, place.end) if place is not None else (0, 0)
        if not all(part.isidentifier() for part in unit.name.split(".")):
            reporter.report(
                "E0308",
                f"`{unit.name}` cannot name a module: begin the file with a line such as"
                f" `intent {_fitting(unit.name)}`; each part between dots has letters, digits and"
                " `_`, and does not begin with a digit",
                start,
                end,
            )
            continue
        other = world.units.get(unit.name)
        if other is not None:
            reporter.report(
                "E0301",
                f"the module `{unit.name}` is already the file {other.path}: name one of them otherwise",
                start,
                end,
                related=[related(_name_place(other), "the other file")],
            )
            continue
        world.units[unit.name] = unit
    for unit in world.units.values():
        world.symbols.reading(unit.name)
        world.scopes[unit.name] = Scope(unit, {}, {}, set(), set(), dict(PRIMITIVE_TYPES))
        _declare(unit, world, reporters[unit.path])
    for unit in world.units.values():
        world.symbols.reading(unit.name)
        _bring(world.scopes[unit.name], world, reporters[unit.path])
    return world


def _fitting(name: str) -> str:
    """A name like one that cannot name a module, but for what cannot stand in it."""
    parts = [re.sub(r"\W", "_", part).lstrip("0123456789_") for part in name.split(".")]
    fitting = ".".join(part for part in parts if part)
    return fitting or "shop"


def _name_place(unit: Unit) -> Location:
    place = unit.module.name
    return unit.source.locate(place.start, place.end) if place else unit.source.locate(0, 0)


def _declare(unit: Unit, world: World, reporter: Reporter) -> None:
    own = world.scopes[unit.name].own
    # Names nothing, so their uses are not reported again.
    world.scopes[unit.name].imported.update(dict.fromkeys(unit.module.lost, f"{unit.name}."))
    for decl in unit.module.declarations:
        if isinstance(decl, tree.FeatureDecl):
            continue
        name = decl.name.name
        if not name:
            continue  # the parser has reported it
        if _is_builtin(name, decl):
            reporter.report(
                "E0309",
                f"`{name}` is built into the language: choose another name",
                decl.name.start,
                decl.name.end,
            )
        if not name.isidentifier():
            reporter.report(
                "E0310",
                f"{name!r} cannot name a declaration: use letters, digits and `_`, and `@json` for the"
                " name outside",
                decl.name.start,
                decl.name.end,
            )
            continue
        qualified = f"{unit.name}.{name}"
        if name in own:
            _report_twice(decl.name, world.symbols[qualified].decl.name, unit, reporter)
            continue
        own[name] = qualified
        world.symbols[qualified] = _symbol(decl, qualified, unit)


def _is_builtin(name: str, decl: tree.Declaration) -> bool:
    if isinstance(decl, _TYPE_DECLS):
        return name in BUILTIN_TYPES
    return name in NAMES and not isinstance(decl, tree.ActionDecl | tree.ServiceDecl)


def _report_twice(again: tree.Ident, first: tree.Node, unit: Unit, reporter: Reporter) -> None:
    place = unit.source.locate(first.start, first.end)
    reporter.report(
        "E0305",
        f"`{again.name}` is already declared on line {place.line}: choose another name",
        again.start,
        again.end,
        related=[related(place, "the first one")],
    )


def _symbol(decl: tree.Declaration, name: str, unit: Unit) -> Symbol:
    """Make the symbol of a declaration, still without its types."""
    if isinstance(decl, tree.EntityDecl):
        return EntitySymbol(name, unit, decl, [], {}, NO_MARKERS, None)
    if isinstance(decl, tree.EnumDecl):
        return EnumSymbol(name, unit, decl, {}, NO_MARKERS)
    if isinstance(decl, tree.UnionDecl):
        return UnionSymbol(name, unit, decl, [], None, [], NO_MARKERS)
    if isinstance(decl, tree.TypeDecl):
        return AliasSymbol(name, unit, decl, UNKNOWN, NO_MARKERS)
    if isinstance(decl, tree.ConstDecl):
        return ConstSymbol(name, unit, decl, None, NO_MARKERS)
    if isinstance(decl, tree.RuleDecl):
        return RuleSymbol(name, unit, decl, None, NO_MARKERS)
    if isinstance(decl, tree.ActionDecl):
        return ActionSymbol(name, unit, decl, NO_MARKERS)
    if isinstance(decl, tree.ServiceDecl):
        return ServiceSymbol(name, unit, decl, NO_MARKERS)
    if isinstance(decl, tree.FeatureDecl):
        raise TypeError(decl)
    return FunctionSymbol(name, unit, decl, [], UNKNOWN, NO_MARKERS)


def _bring(scope: Scope, world: World, reporter: Reporter) -> None:
    for use in scope.unit.module.uses:
        module = use.module.name
        known = module in world.units
        if not known:
            _report_no_module(use.module, Site(scope, world, reporter))
        if use.names is None:
            scope.modules.add(module)
            continue
        for item in use.names:
            _bring_name(item, module, Site(scope, world, reporter))


def _report_no_module(ident: tree.Ident, site: Site) -> None:
    """Report a module that is not there: a part of its name, or a declaration of one, may be meant."""
    scope, world, reporter = site
    home, _, name = ident.name.rpartition(".")
    message = f"there is no module `{ident.name}`"
    near = [unit for unit in world.units if unit.endswith(f".{ident.name}")]
    suggestion = near[0] if near else suggest(ident.name, world.units, reporter)
    if f"{home}.{name}" in world.symbols:
        message += f": `{name}` is a declaration in `{home}`"
        suggestion = f"write `use {home} ({name})`"
        # Names nothing, so its uses are not reported again.
        scope.imported.setdefault(name, f"{home}.")
    reporter.report("E0302", message, ident.start, ident.end, suggestion=suggestion)


def _bring_name(item: tree.UseName, module: str, site: Site) -> None:
    scope, world, reporter = site
    known = module in world.units
    name = item.name.name
    ident = item.alias or item.name
    qualified = f"{module}.{name}"
    if known and name.startswith("_") and qualified in world.symbols:
        reporter.report(
            "E0304",
            f"`{name}` is private to `{module}`: names that begin with `_` cannot be brought",
            item.name.start,
            item.name.end,
        )
        qualified = f"{module}."  # names nothing, so its uses are not reported again
    elif known and is_lost(world.units[module], name):
        qualified = f"{module}."
    elif known and qualified not in world.symbols:
        reporter.report(
            "E0303",
            f"`{module}` declares no `{name}`",
            item.name.start,
            item.name.end,
            suggestion=suggest(name, world.scopes[module].own, reporter),
        )
    if ident.name in scope.own:
        first = world.symbols[scope.own[ident.name]].decl.name
        _report_twice(first, ident, scope.unit, reporter)
    elif ident.name in scope.imported:
        if scope.imported[ident.name] != qualified:
            reporter.report(
                "E0305",
                f"`{ident.name}` is already brought from"
                f" `{scope.imported[ident.name].rpartition('.')[0]}`: write `{name} as …`",
                ident.start,
                ident.end,
            )
    else:
        if ident.name in BUILTIN_TYPES:
            reporter.report(
                "E0309",
                f"`{ident.name}` is built into the language: choose another name",
                ident.start,
                ident.end,
            )
        scope.imported[ident.name] = qualified
