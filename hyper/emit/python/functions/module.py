"""The function part of one generated module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.emit.python.constants import constant
from hyper.emit.python.format import INDENT, assignment, docstring, quote
from hyper.emit.python.functions import shapes
from hyper.emit.python.functions.bodies import Bodies, head_lines
from hyper.emit.python.functions.expressions import Expressions, stands_alone
from hyper.emit.python.functions.lines import Lines, Mark
from hyper.emit.python.functions.locals import python_locals
from hyper.emit.python.functions.outcomes import Outcomes
from hyper.emit.python.functions.pieces import Atom, call
from hyper.emit.python.functions.writer import Writer
from hyper.ir.decisions import function_digest
from hyper.ir.program import CalcDef, ConstDef, ExternDef, ParamDef, RuleDef, TableDef
from hyper.ir.reads import WHOLE
from hyper.ir.types import Dec, Entity, Type

if TYPE_CHECKING:
    from hyper.emit.python.scope import Scope
    from hyper.ir.program import Module, Program


_FRAMES_PER_LEVEL: Final = 8
_DEEP: Final = 400
"""Frames past which a function makes room for its calls."""


class Counted(msgspec.Struct, array_like=True):
    """A function as profiles know it: its qualified name and digest, how many outcomes each of its decisions has, and where these
    are among the lines."""

    name: str
    digest: str
    decisions: list[int]
    marks: list[Mark]


class FunctionsText(msgspec.Struct):
    """Lines of Python that follow the models of a module, without a gap before the first.

    ``origins`` has the source line of each, or 0. The imports are in the scope that was given. ``counted`` are the functions
    whose runs can be counted, by Python name.
    """

    lines: list[str]
    origins: list[int]
    starts_with_const: bool
    counted: dict[str, Counted]


def emit_functions(module: Module, scope: Scope) -> FunctionsText:
    """The consts, calcs, tables, rules and externs of a module, in the order of the source, consts first.

    ``scope`` is that of the generated module; ``module_locals`` must be taken in it before.
    """
    links = scope.names.links
    lines = Lines()
    for definition in module.definitions:
        if not isinstance(definition, ConstDef):
            continue
        qualified = f"{module.name}.{definition.name}"
        value = links.const_value(qualified)
        if stands_alone(value):
            if lines.texts:
                lines.plain(0, "", 0)
            _const(definition, qualified, constant(value, scope), scope, lines)
    starts_with_const = bool(lines.texts)
    counted: dict[str, Counted] = {}
    for definition in module.definitions:
        if isinstance(definition, CalcDef | TableDef | RuleDef | ExternDef):
            if lines.texts:
                lines.add(["", ""], 0)
            known, outcomes = _counted(f"{module.name}.{definition.name}", scope.names.program)
            before = len(lines.marks)
            _function(definition, module, scope, lines, outcomes)
            if known is not None:
                known.marks = lines.marks[before:]
                counted[scope.names.symbol(known.name)] = known
    return FunctionsText(lines.texts, lines.origins, starts_with_const, counted)


def _counted(name: str, program: Program) -> tuple[Counted | None, Outcomes | None]:
    """A function that is not the user's, as it was written, for profiles."""
    written = program.look(WHOLE, name)
    if not isinstance(written, CalcDef | TableDef | RuleDef):
        return None, None
    outcomes = Outcomes(written)
    return Counted(name, function_digest(name, written), outcomes.sizes, []), outcomes


def _const(definition: ConstDef, qualified: str, text: str, scope: Scope, lines: Lines) -> None:
    final = scope.take("typing", "Final")
    name = scope.names.symbol(qualified)
    lines.add(assignment("", f"{name}: {final}", text), definition.line)
    lines.add(docstring(definition.doc, ""), 0)


def _function(
    definition: CalcDef | TableDef | RuleDef | ExternDef,
    module: Module,
    scope: Scope,
    lines: Lines,
    outcomes: Outcomes | None,
) -> None:
    from hyper.ir.interpreter.stack import levels, run_deep

    qualified = f"{module.name}.{definition.name}"
    links = scope.names.links
    writer = Writer(scope, links, module.name)
    writer.locals = python_locals(definition, scope.names.own_symbols(module.name))
    params, returns = _signature(definition)
    head = _head(writer, qualified, params, returns, _reads_clock(definition))
    body, helpers = run_deep(
        lambda: _body(definition, writer, qualified, outcomes),
        _FRAMES_PER_LEVEL * levels(definition),
    )
    if links.frames(qualified) > _DEEP:
        deeply = writer.runtime("depth", "deeply")
        lines.plain(0, f"@{deeply}({links.frames(qualified)})", definition.line)
    if writer.guarded:
        lines.plain(0, f"@{writer.runtime('evaluation', 'evaluated')}", definition.line)
    lines.add(head, definition.line)
    lines.add(docstring(definition.doc, INDENT), 0)
    if _reads_clock(definition):
        lines.plain(1, f"now = {writer.runtime('dates', 'instant')}(now)", definition.line)
    lines.extend(body)
    for helper in helpers:
        lines.add(["", ""], 0)
        lines.extend(helper)


def _reads_clock(definition: CalcDef | TableDef | RuleDef | ExternDef) -> bool:
    return not isinstance(definition, ExternDef) and definition.reads_clock


def _signature(
    definition: CalcDef | TableDef | RuleDef | ExternDef,
) -> tuple[tuple[ParamDef, ...], Type]:
    if isinstance(definition, RuleDef):
        entity = Entity(definition.entity)
        return (ParamDef("self", entity),), entity
    return definition.params, definition.returns


def _head(
    writer: Writer, qualified: str, params: tuple[ParamDef, ...], returns: Type, clock: bool
) -> list[str]:
    written = [f"{writer.locals[param.name]}: {writer.python_type(param.type)}" for param in params]
    if clock:
        written += ["*", f"now: {writer.datetime()}.datetime | None = None"]
    name = writer.scope.names.symbol(qualified)
    return head_lines(name, written, writer.python_type(returns))


def _body(
    definition: CalcDef | TableDef | RuleDef | ExternDef,
    writer: Writer,
    qualified: str,
    outcomes: Outcomes | None,
) -> tuple[Lines, list[Lines]]:
    """The lines of the body, and of the functions that it needs beside it."""
    lines = Lines()
    symbol = writer.scope.names.symbol(qualified)
    bodies = Bodies(Expressions(writer), lines, symbol, outcomes)
    match definition:
        case CalcDef():
            bodies.calc(definition)
        case TableDef():
            bodies.table(definition)
        case RuleDef():
            bodies.rule(definition)
        case ExternDef():
            _extern(definition, writer, lines)
    return lines, bodies.helpers


def _extern(definition: ExternDef, writer: Writer, lines: Lines) -> None:
    """The call of the user's function, and a check of what it gave."""
    kind = writer.kinds.bare(definition.returns)
    result = "result_" if "result" in writer.locals.values() else "result"
    args = [Atom(writer.locals[param.name]) for param in definition.params]
    called = call(
        writer.runtime("evaluation", "call_extern"), Atom(quote(definition.target)), *args
    )
    lines.statement(1, f"{result} = ", called, origin=definition.line)
    test = shapes.shape(writer, Atom(result), kind)
    accepted = call(writer.runtime("evaluation", "accepted"), Atom(result), test)
    if isinstance(kind, Dec):
        fit = writer.runtime("arithmetic", "fit")
        digits = (Atom(str(kind.precision)), Atom(str(kind.scale)))
        lines.statement(1, "return ", call(fit, accepted, *digits), origin=definition.line)
        return
    typed = "value" if "value" not in writer.locals.values() else "value_"
    annotation = writer.python_type(definition.returns)
    lines.statement(1, f"{typed}: {annotation} = ", accepted, origin=definition.line)
    lines.plain(1, f"return {typed}", definition.line)
