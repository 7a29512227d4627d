"""Calcs and the defaults of fields and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang.check.checker import Local
from hyper.lang.check.consts import levels_within
from hyper.lang.check.names import declare
from hyper.lang.check.relations import optional
from hyper.lang.check.statements import check_body
from hyper.lang.check.typed import Body
from hyper.lang.resolve.types import resolve_type
from hyper.lang.types import Opt

if TYPE_CHECKING:
    from hyper.lang import tree
    from hyper.lang.check.checker import Checker
    from hyper.lang.check.session import Session
    from hyper.lang.symbols import ActionSymbol, EntitySymbol, FunctionSymbol


def declare_params(checker: Checker, symbol: FunctionSymbol) -> None:
    """Make the parameters of a function its first locals."""
    nodes = {param.name.name: param.name for param in symbol.decl.params}
    for name, kind in symbol.params:
        ident = nodes.get(name)
        settled = checker.normal(kind)
        if ident is None or name in checker.locals:
            checker.locals[name] = Local(name, settled, "parameter", symbol.decl)
        else:
            declare(checker, ident, settled, "parameter")


def check_calc(session: Session, symbol: FunctionSymbol, decl: tree.CalcDecl) -> None:
    """Check a calc."""
    checker = session.checker(symbol.unit, "calc")
    before = len(checker.reporter.items)
    declare_params(checker, symbol)
    check_body(checker, decl.body, checker.normal(symbol.returns))
    session.checked.bodies[symbol.name] = Body(
        symbol.name,
        checker.typing,
        checker.uses,
        not any(item.is_error for item in checker.reporter.items[before:]),
    )


def check_defaults(session: Session, entity: EntitySymbol) -> None:
    """Check the defaults of the fields that are written in an entity."""
    for field in entity.fields.values():
        default = field.decl.default
        if default is None or field.owner != entity.name:
            continue
        checker = session.checker(entity.unit, "default")
        checker.beside = entity.fields
        checker.check(default, checker.normal(field.type))
        levels_within(session, checker, default, f"the default of `{field.name}`")
        session.checked.defaults[default] = checker.typing
        session.checked.bodies[f"{entity.name}.{field.name}"] = Body(
            f"{entity.name}.{field.name}", checker.typing, checker.uses
        )


def check_parameter_defaults(session: Session, action: ActionSymbol) -> None:
    """Check the defaults of the parameters of an action."""
    for param in action.decl.params:
        if param.default is None:
            continue
        checker = session.checker(action.unit, "default")
        checker.beside = {each.name.name for each in action.decl.params}
        # Types of parameters were resolved, and their mistakes reported, with the action.
        from hyper.base.diagnostics import Reporter

        silent = Reporter(action.unit.source)
        kind = checker.normal(resolve_type(param.type, checker.scope, session.world, silent))
        if param.optional and not isinstance(kind, Opt):
            kind = optional(kind)
        checker.check(param.default, kind)
        levels_within(session, checker, param.default, f"the default of `{param.name.name}`")
        session.checked.defaults[param.default] = checker.typing
