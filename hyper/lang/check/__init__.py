"""The checker of everything that is evaluated: consts, calcs, tables, rules, defaults and scenarios.

It reads a resolved world and gives side tables over its trees (``Checked``), which lowering turns into the IR, and the
diagnostics. ``infer`` has the rules of expressions, ``statements`` those of bodies; ``builtins`` is the table of functions.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from hyper.lang import tree
from hyper.lang.check.typed import Checked
from hyper.lang.symbols import ActionSymbol, ConstSymbol, EntitySymbol, FunctionSymbol, RuleSymbol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.lang.check.session import Session
    from hyper.lang.symbols import Symbol, World

__all__ = ["Checked", "check"]

# The parser admits trees that are 256 levels high; a level takes up to a dozen calls here.
_FRAMES: Final = 12_000


def check(world: World) -> Checked:
    """Check all expressions of a world."""
    if not _evaluates(world):
        return Checked([], {}, {}, {}, {}, {}, {}, [], set(), set())
    from hyper.lang.check.session import Session

    session = Session(world)
    with deep():
        _check(session)
    session.checked.diagnostics = session.diagnostics()
    return session.checked


def _evaluates(world: World) -> bool:
    """Whether there is anything to check: a small edit of data alone need not load the checker."""
    units = world.units.values()
    return any(_has_value(symbol) for symbol in world.symbols.values()) or any(
        isinstance(decl, tree.FeatureDecl) for unit in units for decl in unit.module.declarations
    )


def _has_value(symbol: Symbol) -> bool:
    """Whether a declaration says anything that is evaluated."""
    if isinstance(symbol, EntitySymbol):
        return any(field.default is not None for field in symbol.decl.fields)
    if isinstance(symbol, ActionSymbol):
        return any(param.default is not None for param in symbol.decl.params)
    return isinstance(symbol, ConstSymbol | FunctionSymbol | RuleSymbol)


@contextmanager
def deep() -> Iterator[None]:
    """Allow the calls that the highest tree takes; calls between Python functions take no C stack."""
    before = sys.getrecursionlimit()
    if before < _FRAMES:
        sys.setrecursionlimit(_FRAMES)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _check(session: Session) -> None:
    from hyper.lang.check.consts import check_consts
    from hyper.lang.check.functions import check_calc, check_defaults, check_parameter_defaults
    from hyper.lang.check.reach import find_reach
    from hyper.lang.check.rules import check_rule
    from hyper.lang.check.scenarios import check_feature
    from hyper.lang.check.tables import check_table

    check_consts(session)
    reading = session.world.symbols.reading
    for symbol in session.world.symbols.values():
        reading(symbol.unit.name)
        if isinstance(symbol, EntitySymbol):
            check_defaults(session, symbol)
        elif isinstance(symbol, FunctionSymbol):
            if isinstance(symbol.decl, tree.CalcDecl):
                check_calc(session, symbol, symbol.decl)
            elif isinstance(symbol.decl, tree.TableDecl):
                check_table(session, symbol, symbol.decl)
        elif isinstance(symbol, RuleSymbol):
            check_rule(session, symbol)
        elif isinstance(symbol, ActionSymbol):
            check_parameter_defaults(session, symbol)
    for unit in session.world.units.values():
        reading(unit.name)
        session.checked.features[unit.name] = [
            check_feature(session, unit, decl)
            for decl in unit.module.declarations
            if isinstance(decl, tree.FeatureDecl)
        ]
    find_reach(session)
    reading("")
