"""Rules: clauses over the fields of ``self``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang import tree
from hyper.lang.check.calls import check_field
from hyper.lang.check.checker import Local
from hyper.lang.check.names import report_no_field
from hyper.lang.check.narrow import facts_of
from hyper.lang.check.typed import Body
from hyper.lang.types import Entity

if TYPE_CHECKING:
    from hyper.lang.check.checker import Checker
    from hyper.lang.check.session import Session
    from hyper.lang.symbols import EntitySymbol, RuleSymbol


def check_rule(session: Session, symbol: RuleSymbol) -> None:
    """Check a rule whose entity is known."""
    checker = session.checker(symbol.unit, "rule")
    entity = checker.entity(symbol.entity) if symbol.entity is not None else None
    if entity is None:
        return
    before = len(checker.reporter.items)
    checker.self_entity = entity.name
    checker.taken.add("self")
    checker.locals["self"] = Local("self", Entity(entity.name), "self", symbol.decl)
    for clause in symbol.decl.clauses:
        checker.condition(clause.condition)
        holds = facts_of(checker, clause.condition)[0]
        if isinstance(clause, tree.Require):
            checker.facts = {**checker.facts, **holds}
            continue
        with checker.assuming(holds):
            _derive(checker, clause, entity)
        written = {update.name.name for update in clause.updates}
        checker.facts = {
            path: kind
            for path, kind in checker.facts.items()
            if not (path[0] == "self" and len(path) > 1 and path[1] in written)
        }
    session.checked.bodies[symbol.name] = Body(
        symbol.name,
        checker.typing,
        checker.uses,
        not any(item.is_error for item in checker.reporter.items[before:]),
    )


def _derive(checker: Checker, clause: tree.Derive, entity: EntitySymbol) -> None:
    seen: set[str] = set()
    for update in clause.updates:
        name = update.name.name
        field = entity.fields.get(name)
        if field is None:
            report_no_field(checker, update.name, entity)
            checker.value(update.value)
            continue
        if name in seen:
            checker.report("E0406", f"`{name}` is given twice", update.name)
        seen.add(name)
        check_field(checker, update.value, field)
