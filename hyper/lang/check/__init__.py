"""The checker of everything that is evaluated: consts, calcs, tables, rules, defaults and scenarios.

It reads a resolved world and gives side tables over its trees (``Checked``), which lowering turns into the IR, and the
diagnostics. ``infer`` has the rules of expressions, ``statements`` those of bodies; ``builtins`` is the table of functions.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from hyper.lang import tree
from hyper.lang.check.typed import Body, Checked, Typing, Uses
from hyper.lang.symbols import ActionSymbol, ConstSymbol, EntitySymbol, FunctionSymbol, RuleSymbol
from hyper.lang.types import BOOL, STRING, Opt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.lang.check.session import Session
    from hyper.lang.symbols import World

__all__ = ["Checked", "check"]

# The parser admits trees that are 256 levels high; a level takes up to a dozen calls here.
_FRAMES: Final = 12_000
_PLAIN: Final = ((tree.StrLit, STRING), (tree.BoolLit, BOOL))


def check(world: World) -> Checked:
    """Check all expressions of a world."""
    plain = _plain(world)
    if plain is not None:
        return plain
    from hyper.lang.check.session import Session

    session = Session(world)
    with deep():
        _check(session)
    session.checked.diagnostics = session.diagnostics()
    return session.checked


def _plain(world: World) -> Checked | None:
    """What is told of a world of data, the defaults of which are texts and truth values for what they are; ``None`` for others.

    A small edit of such data, which most is, need not load the checker.
    """
    checked = Checked([], {}, {}, {}, {}, {}, {}, [], set(), set())
    for unit in world.units.values():
        if any(isinstance(decl, tree.FeatureDecl) for decl in unit.module.declarations):
            return None
    for symbol in world.symbols.values():
        if isinstance(symbol, ConstSymbol | FunctionSymbol | RuleSymbol):
            return None
        if isinstance(symbol, ActionSymbol):
            if any(param.default is not None for param in symbol.decl.params):
                return None
        elif isinstance(symbol, EntitySymbol) and not _has_plain_defaults(symbol, checked):
            return None
    return checked


def _has_plain_defaults(entity: EntitySymbol, checked: Checked) -> bool:
    """Whether all defaults of an entity are such; it is then told what the checker would tell of them."""
    for field in entity.fields.values():
        default = field.decl.default
        if default is None or field.owner != entity.name:
            continue
        kind = field.type.inner if isinstance(field.type, Opt) else field.type
        if (type(default), kind) not in _PLAIN:
            return False
        name = f"{entity.name}.{field.name}"
        typing = checked.defaults[default] = Typing()
        typing.types[default] = kind
        checked.bodies[name] = Body(name, typing, Uses())
        checked.order.append(name)
    return True


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
