"""``check`` lines: the rule, and the value of its entity that it runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang.resolve.lookup import core, find, is_failed, is_nullable, suggest, visible_names
from hyper.lang.resolve.types import kind_word
from hyper.lang.resolve.values import dotted
from hyper.lang.symbols import CheckSymbol, EntitySymbol, RuleSymbol
from hyper.lang.types import UNKNOWN, Entity, show

if TYPE_CHECKING:
    from hyper.base.diagnostics import Reporter
    from hyper.lang import tree
    from hyper.lang.resolve.site import Site
    from hyper.lang.symbols import ActionParts, ActionSymbol, Scope, World
    from hyper.lang.types import Type


def resolve_checks(action: ActionSymbol, parts: ActionParts, site: Site) -> None:
    """Resolve the rules that an action checks and the paths of their values."""
    if not action.decl.checks:
        return
    scope, world, reporter = site
    # What may be absent or null has no entity to check.
    roots: dict[str, tuple[Type, bool]] = {
        param.name: (param.type, param.decl.optional and param.decl.default is None)
        for param in parts.params
    }
    for line, body in zip(action.decl.bodies, parts.bodies, strict=True):
        if body.type is not None:
            roots.setdefault(line.name.name, (body.type, line.optional))
    for use in action.decl.checks:
        rule = _rule(use, scope, world, reporter)
        path = dotted(use.path)
        if path is None:
            reporter.report(
                "E0707",
                "a check names the body or a parameter, then fields: `order.customer`",
                use.path.start,
                use.path.end,
            )
            continue
        kind = _walk(path, use, roots, site)
        if rule is None or kind is None or rule.entity is None:
            continue
        parts.checks.append(CheckSymbol(rule.name, tuple(path), use))
        inside = core(kind, world)
        # A rule gives an entity of its own type, which takes the value's place: one that extends it does not fit.
        if inside is UNKNOWN or inside == Entity(rule.entity):
            continue
        reporter.report(
            "E0707",
            f"`{rule.decl.name.name}` is a rule on `{rule.entity.rpartition('.')[2]}`, and"
            f" `{'.'.join(path)}` is `{show(kind)}`",
            use.path.start,
            use.path.end,
        )


def _rule(use: tree.RuleUse, scope: Scope, world: World, reporter: Reporter) -> RuleSymbol | None:
    names = [part.name for part in use.rule.parts]
    symbol = find(names, scope, world)
    shown = ".".join(names)
    if isinstance(symbol, RuleSymbol):
        return symbol
    if symbol is not None:
        reporter.report(
            "E0306",
            f"`{shown}` is {kind_word(symbol)}, not a rule",
            use.rule.start,
            use.rule.end,
        )
    elif not is_failed(names, scope, world):
        reporter.report(
            "E0303",
            f"there is no rule `{shown}` here",
            use.rule.start,
            use.rule.end,
            suggestion=suggest(shown, visible_names(scope), reporter),
        )
    return None


def _walk(
    path: list[str],
    use: tree.RuleUse,
    roots: dict[str, tuple[Type, bool]],
    site: Site,
) -> Type | None:
    """Follow a path from the body or a parameter; ``None`` where that failed."""
    _, world, reporter = site
    start, end = use.path.start, use.path.end
    root = roots.get(path[0])
    if root is None:
        reporter.report(
            "E0303",
            f"`{path[0]}` is neither the body nor a parameter of this action",
            start,
            end,
            suggestion=suggest(path[0], roots, reporter),
        )
        return None
    kind, absent = root
    shown = path[0]
    for name in path[1:]:
        if _may_be_missing(kind, shown, use, site, absent=absent):
            return None
        inside = core(kind, world)
        if inside is UNKNOWN:
            return None
        symbol = world.symbols.get(inside.name) if isinstance(inside, Entity) else None
        field = symbol.fields.get(name) if isinstance(symbol, EntitySymbol) else None
        if field is None:
            known = symbol.fields if isinstance(symbol, EntitySymbol) else {}
            reporter.report(
                "E0303",
                f"`{shown}` is `{show(kind)}`, which has no field `{name}`",
                start,
                end,
                suggestion=suggest(name, known, reporter),
            )
            return None
        kind = field.type
        absent = field.optional and field.decl.default is None
        shown = f"{shown}.{name}"
    if _may_be_missing(kind, shown, use, site, absent=absent):
        return None
    return kind


def _may_be_missing(kind: Type, shown: str, use: tree.RuleUse, site: Site, *, absent: bool) -> bool:
    if not absent and not is_nullable(kind, site.world):
        return False
    site.reporter.report(
        "E0707",
        f"`{shown}` may be {'absent' if absent else 'null'}, and a rule needs a value",
        use.path.start,
        use.path.end,
    )
    return True
