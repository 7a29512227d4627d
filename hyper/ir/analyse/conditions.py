"""Conditions that can never hold: W0613.

The paths of a condition that are compared with constants are cut into regions, within what their types and markers
allow; a condition that is false on every combination of witnesses, whatever its opaque parts are, never holds.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final

from hyper.base.diagnostics import diagnostic
from hyper.ir import nodes as n
from hyper.ir.analyse.comparisons import Atom, atoms, decide, key
from hyper.ir.analyse.regions import regions
from hyper.ir.program import CalcDef, DeriveDef, EntityDef, RequireDef, RuleDef
from hyper.lang import types as t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.base.diagnostics import Diagnostic
    from hyper.ir.program import Program
    from hyper.lang.markers import Markers
    from hyper.lang.symbols import Symbol

MOST_COMBINATIONS: Final = 4096


def analyse_conditions(
    definition: CalcDef | RuleDef, symbol: Symbol, program: Program
) -> list[Diagnostic]:
    """Findings of a calc's ``if``s and a rule's clauses."""
    found: list[Diagnostic] = []
    for condition, line in _conditions(definition):
        if never(condition, program):
            source = symbol.unit.source
            start = source.line_starts[line - 1]
            text = source.line_text(line)
            indent = len(text) - len(text.lstrip(" "))
            found.append(
                diagnostic(
                    "W0613",
                    "this condition can never hold: no value of its operands makes it true",
                    source.locate(start + indent, start + len(text.rstrip())),
                )
            )
    return found


def _conditions(definition: CalcDef | RuleDef) -> Iterator[tuple[n.Expr, int]]:
    if isinstance(definition, RuleDef):
        for clause in definition.clauses:
            if isinstance(clause, RequireDef | DeriveDef):
                yield clause.condition, clause.line
        return
    pending: list[n.Stmt] = list(definition.body)
    while pending:
        statement = pending.pop(0)
        match statement:
            case n.If(branches, orelse):
                for branch in branches:
                    if not _is_match(branch.condition):
                        yield branch.condition, branch.line
                    pending += branch.body
                pending += orelse
            case n.For(_, _, body):
                pending += body
            case n.Let(_, _, value) | n.Assign(_, _, value):
                if isinstance(value, n.Choose):
                    yield value.condition, statement.line
            case n.Return(value):
                if isinstance(value, n.Choose):
                    yield value.condition, statement.line


def _is_match(condition: n.Expr) -> bool:
    return isinstance(condition, n.IsVariant)


def _field_markers(subject: n.Expr, program: Program) -> tuple[Markers, ...]:
    if not isinstance(subject, n.Field):
        return ()
    base = t.plain(subject.base.type)
    entity = program.definitions.get(base.name) if isinstance(base, t.Entity) else None
    if not isinstance(entity, EntityDef):
        return ()
    return tuple(field.markers for field in entity.fields if field.name == subject.name)


def never(condition: n.Expr, program: Program) -> bool:
    """Whether a condition is false for all values; false where that cannot be shown."""
    subjects: dict[str, n.Expr] = {}
    constants: dict[str, list[Any]] = {}
    opaque: list[n.Expr] = []
    for item in atoms(condition):
        if isinstance(item, Atom):
            name = key(item.subject)
            subjects[name] = item.subject
            constants.setdefault(name, []).append(item.value)
        elif item not in opaque:
            opaque.append(item)
    if not subjects:
        return isinstance(condition, n.Const) and condition.text == "false"
    domains = [
        regions(subject.type, constants[name], program, _field_markers(subject, program))
        for name, subject in subjects.items()
    ]
    combinations = 2 ** len(opaque)
    for domain in domains:
        combinations *= len(domain)
    if not 0 < combinations <= MOST_COMBINATIONS:
        return False
    for truths in product((True, False), repeat=len(opaque)):
        known = dict(zip(opaque, truths, strict=True))
        for values in product(*domains):
            if decide(condition, dict(zip(subjects, values, strict=True)), known):
                return False
    return True
