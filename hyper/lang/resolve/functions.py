"""Signatures of calcs, tables and externs; the types of consts; the entities of rules."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, Final

from hyper.lang import tree
from hyper.lang.resolve.entities import resolve_entity_name
from hyper.lang.resolve.markers import read_markers
from hyper.lang.resolve.site import Site
from hyper.lang.resolve.types import resolve_type

if TYPE_CHECKING:
    from hyper.base.diagnostics import Reporter
    from hyper.lang.resolve.marker_table import Target
    from hyper.lang.symbols import ConstSymbol, FunctionSymbol, RuleSymbol, World

_REFERENCE: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*\Z")


def is_reference(text: str) -> bool:
    """Whether a string is ``package.module:function`` of Python names."""
    return _REFERENCE.match(text) is not None and not any(
        keyword.iskeyword(part) for part in re.split(r"[.:]", text)
    )


def check_reference(node: tree.StrLit, reporter: Reporter) -> None:
    """Report a reference to a Python function that is none."""
    if not is_reference(node.value):
        reporter.report(
            "E0706",
            'name a Python function as "package.module:function"',
            node.start,
            node.end,
        )


def resolve_const(const: ConstSymbol, world: World, reporter: Reporter) -> None:
    """Resolve the written type of a const and its markers."""
    decl = const.decl
    scope = world.scopes[const.unit.name]
    if decl.type is not None:
        const.type = resolve_type(decl.type, scope, world, reporter)
    const.markers = read_markers(decl.markers, "const", None, Site(scope, world, reporter))


def resolve_function(function: FunctionSymbol, world: World, reporter: Reporter) -> None:
    """Resolve the signature of a calc, table or extern."""
    decl = function.decl
    scope = world.scopes[function.unit.name]
    seen: set[str] = set()
    for param in decl.params:
        name = param.name.name
        kind = resolve_type(param.type, scope, world, reporter)
        if name in seen:
            reporter.report(
                "E0305",
                f"`{name}` is already a parameter of `{decl.name.name}`",
                param.name.start,
                param.name.end,
            )
            continue
        seen.add(name)
        function.params.append((name, kind))
    function.returns = resolve_type(decl.returns, scope, world, reporter)
    function.markers = read_markers(decl.markers, _target(decl), None, Site(scope, world, reporter))
    if isinstance(decl, tree.ExternDecl):
        check_reference(decl.target, reporter)


def _target(decl: tree.CalcDecl | tree.TableDecl | tree.ExternDecl) -> Target:
    if isinstance(decl, tree.CalcDecl):
        return "calc"
    return "table" if isinstance(decl, tree.TableDecl) else "extern"


def resolve_rule(rule: RuleSymbol, world: World, reporter: Reporter) -> None:
    """Resolve the entity of a rule."""
    scope = world.scopes[rule.unit.name]
    rule.entity = resolve_entity_name(rule.decl.entity, scope, world, reporter)
    rule.markers = read_markers(rule.decl.markers, "rule", None, Site(scope, world, reporter))
