"""Consts: each is typed after the consts that it names; a number keeps its exact value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.base.diagnostics import related
from hyper.base.graph import components, ring
from hyper.lang.check.exact import ExactEvaluator, Failing, NotExact
from hyper.lang.check.nesting import MAX_VALUE, UNKNOWN_LEVELS, levels_of
from hyper.lang.check.relations import is_flexible, knows_items, natural
from hyper.lang.check.typed import ConstFacts, ConstRef, Typing, Uses
from hyper.lang.check.walk import expressions
from hyper.lang.resolve.lookup import find
from hyper.lang.resolve.values import dotted
from hyper.lang.symbols import ConstSymbol
from hyper.lang.types import ANY, UNKNOWN, Entity, ListOf, MapOf, Union, Unknown

if TYPE_CHECKING:
    from hyper.base.diagnostics import Related
    from hyper.lang import tree
    from hyper.lang.check.checker import Checker
    from hyper.lang.check.session import Session
    from hyper.lang.symbols import World


def check_consts(session: Session) -> None:
    """Check every const of the world."""
    world = session.world
    consts = {
        name: symbol for name, symbol in world.symbols.items() if isinstance(symbol, ConstSymbol)
    }
    edges: dict[str, list[str]] = {}
    for name, symbol in consts.items():
        world.symbols.reading(symbol.unit.name)
        edges[name] = _named(symbol, world)
    for members in components(edges):
        if len(members) > 1 or members[0] in edges[members[0]]:
            report_ring(session, ring(members, edges))
            for name in members:
                session.checked.consts[name] = ConstFacts(
                    name, UNKNOWN, Typing(), Uses(), sound=False
                )
        else:
            symbol = consts[members[0]]
            world.symbols.reading(symbol.unit.name)
            session.checked.consts[symbol.name] = _check(session, symbol)


def _named(symbol: ConstSymbol, world: World) -> list[str]:
    """The consts that the value of one names."""
    scope = world.scopes[symbol.unit.name]
    found: dict[str, None] = {}
    for node in expressions(symbol.decl.value):
        parts = dotted(node)
        other = find(parts, scope, world) if parts else None
        if isinstance(other, ConstSymbol):
            found[other.name] = None
    return list(found)


def report_ring(session: Session, names: list[str]) -> None:
    """Report declarations that use themselves, at the first of them in the order of names."""
    start = names.index(min(names))
    names = names[start:] + names[:start]
    shown = [name.rpartition(".")[2] for name in names]
    first = session.world.symbols[names[0]]
    places = [_place(session.world, name) for name in names[1:6]]
    if len(names) == 1:
        message = f"`{shown[0]}` uses itself: every program ends, so there is no recursion"
    else:
        way = shown if len(shown) <= 6 else [*shown[:5], "…"]
        message = (
            f"these use one another in a ring: {' → '.join([*way, shown[0]])};"
            " every program ends, so there is no recursion"
        )
    name = first.decl.name
    session.reporter(first.unit).report("E0411", message, name.start, name.end, related=places)


def _place(world: World, name: str) -> Related:
    symbol = world.symbols[name]
    ident = symbol.decl.name
    location = symbol.unit.source.locate(ident.start, ident.end)
    return related(location, f"`{ident.name}` is part of the ring")


def _check(session: Session, symbol: ConstSymbol) -> ConstFacts:
    checker = session.checker(symbol.unit, "const")
    before = len(checker.reporter.items)
    value = symbol.decl.value
    if symbol.type is not None:
        kind = checker.normal(symbol.type)
        checker.check(value, kind)
    else:
        kind = checker.infer(value)
        if not knows_items(kind) and not isinstance(kind, Unknown):
            checker.report(
                "E0410",
                f"the type of `{symbol.decl.name.name}` cannot be told from this value: write it, as in"
                f" `const {symbol.decl.name.name}: list[int] = …`",
                value,
            )
            kind = UNKNOWN
    facts = ConstFacts(symbol.name, kind, checker.typing, checker.uses)
    facts.levels = levels_within(session, checker, value, f"the value of `{symbol.decl.name.name}`")
    if facts.levels > MAX_VALUE:
        return ConstFacts(
            symbol.name, UNKNOWN, Typing(), Uses(), sound=False, levels=UNKNOWN_LEVELS
        )
    try:
        facts.value = ExactEvaluator(checker.typing, session.const).value(value)
        facts.exact = True
    except NotExact:
        facts.exact = False
    except Failing as failing:
        checker.report("E0810", _failure(failing.code), failing.node)
        facts.type = UNKNOWN
    if symbol.type is None and is_flexible(facts.type) and not facts.exact:
        facts.type = checker.settle(value, kind, natural(kind))
    facts.sound = not any(item.is_error for item in checker.reporter.items[before:])
    return facts


def levels_within(session: Session, checker: Checker, value: tree.Expr, what: str) -> int:
    """The levels of a constant value, those of the consts that it names among them; too many are reported."""
    typing = checker.typing

    def named(node: tree.Expr) -> int | None:
        ref = typing.refs.get(node)
        facts = session.const(ref.name) if isinstance(ref, ConstRef) else None
        return facts.levels if facts is not None else None

    def builds(call: tree.Call) -> bool:
        kind = typing.types.get(call)
        return isinstance(kind, Entity | ListOf | MapOf | Union) or kind == ANY

    levels = levels_of(value, named, builds)
    if levels > MAX_VALUE:
        checker.report(
            "E0210",
            f"{what} is nested too deeply with the consts that it names:"
            f" at most {MAX_VALUE} levels of lists, maps and entities",
            value,
        )
    return levels


def _failure(code: str) -> str:
    return {
        "division_by_zero": "this divides by zero",
        "too_expensive": "this number is too large to compute with",
    }.get(code, f"the evaluation fails with `{code}`")
