"""What reaches what: rings are errors; the clock and externs are known through every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.base.graph import components, reaching, ring
from hyper.lang import tree
from hyper.lang.check.consts import report_ring
from hyper.lang.check.effects import find_effects
from hyper.lang.symbols import ConstSymbol, FunctionSymbol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.lang.check.session import Session
    from hyper.lang.check.typed import RunFacts
    from hyper.lang.reads import Foreign, Functions


def find_reach(session: Session) -> None:
    """Order everything that is evaluated, report rings, and find what reads the clock or reaches an extern."""
    checked = session.checked
    symbols = session.world.symbols
    edges: dict[str, list[str]] = {
        name: list(body.uses.callees) for name, body in checked.bodies.items()
    }
    for name, facts in checked.consts.items():
        edges[name] = list(facts.uses.callees)
    externs: set[str] = set()
    for name, symbol in symbols.items():
        if isinstance(symbol, FunctionSymbol) and isinstance(symbol.decl, tree.ExternDecl):
            edges[name] = []
            externs.add(name)
    foreign = session.world.foreign
    beyond = called(edges, foreign) if foreign is not None else {}
    edges |= {name: function.callees for name, function in beyond.items()}
    for members in components(edges):
        checked.order.extend(members)
        if len(members) > 1 or members[0] in edges[members[0]]:
            _report(session, members, edges)
    clock = {name for name, body in checked.bodies.items() if body.uses.clock is not None}
    clock.update(name for name, function in beyond.items() if function.clock)
    externs.update(name for name, function in beyond.items() if function.extern)
    checked.clock = reaching(checked.order, edges, clock)
    checked.externs = reaching(checked.order, edges, externs)
    find_effects(session.world, checked, beyond)
    session.world.symbols.reading("")
    _check_consts(session, edges)
    _check_clocks(session)


def called(edges: Mapping[str, list[str]], foreign: Foreign) -> dict[str, Functions]:
    """The functions that are not compiled along and that others reach."""
    found: dict[str, Functions] = {}
    waiting = [callee for callees in edges.values() for callee in callees if callee not in edges]
    while waiting:
        name = waiting.pop()
        function = foreign.function(name) if name not in found and name not in edges else None
        if function is not None:
            found[name] = function
            waiting += function.callees
    return found


def _report(session: Session, members: list[str], edges: dict[str, list[str]]) -> None:
    symbols = session.world.symbols
    names = [name for name in ring(members, edges) if name in symbols]
    if names and not all(isinstance(symbols[name], ConstSymbol) for name in names):
        report_ring(session, names)


def _check_consts(session: Session, edges: dict[str, list[str]]) -> None:
    """A const is the same at all times, and no user's code runs to find it."""
    checked = session.checked
    for name, facts in checked.consts.items():
        symbol = session.world.symbols[name]
        for callee in edges[name]:
            if callee in checked.consts:
                continue
            why = None
            if callee in checked.clock:
                why = "reads the clock: a const is the same at all times"
            elif callee in checked.externs:
                why = "reaches an extern: no code of yours runs when a const is evaluated"
            if why is not None:
                node = facts.uses.callees[callee]
                session.reporter(symbol.unit).report(
                    "E0412", f"`{callee.rpartition('.')[2]}` {why}", node.start, node.end
                )


def _check_clocks(session: Session) -> None:
    """A scenario that reads the clock says what it shows."""
    for module, features in session.checked.features.items():
        reporter = session.reporter(session.world.units[module])
        for feature in features:
            for run in feature.runs:
                if not run.has_clock and _reads_clock(session, run):
                    title = run.scenario.title
                    reporter.report(
                        "E0803",
                        'this scenario reads the clock: add `given now = "2024-01-31T09:30:00Z"`',
                        title.start,
                        title.end,
                    )


def _reads_clock(session: Session, run: RunFacts) -> bool:
    if run.uses.clock is not None:
        return True
    return any(name in session.checked.clock for name in run.uses.callees)
