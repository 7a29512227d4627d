"""Features and their scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tokens as t
from hyper.lang.parser.cursor import Fault
from hyper.lang.parser.expressions import expression
from hyper.lang.parser.habits import ROW_ENDS
from hyper.lang.parser.heads import leading_doc, open_block
from hyper.lang.parser.literals import string
from hyper.lang.parser.types import type_expr, type_name
from hyper.lang.tree import (
    Examples,
    Expr,
    FeatureDecl,
    Given,
    Scenario,
    Then,
    TypeExpr,
    WhenStep,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.lang.parser.cursor import Cursor


_STEPS: Final = ("given", "when", "then", "examples")


def _block(p: Cursor, what: str) -> bool:
    """Go into the block beneath a head; whether one is there."""
    depth = p.depth
    try:
        found = open_block(p, what)
    except Fault as fault:
        p.recover_head(fault, depth)
        found = p.kinds[p.i] == t.INDENT
    if found:
        p.i += 1
    return found


def feature(p: Cursor) -> FeatureDecl:
    """``feature "title":`` with its scenarios."""
    start = p.starts[p.i]
    p.i += 1
    result = FeatureDecl(start, 0, string(p), None, None, [])
    if _block(p, "scenarios"):
        result.doc = leading_doc(p, sole=True)
        p.lines(lambda: _feature_line(p, result))
    result.end = p.last_end()
    return result


def _feature_line(p: Cursor, result: FeatureDecl) -> None:
    if p.leading_word(("actor", "scenario"), "`scenario` or `actor`") == "actor":
        if result.actor is not None:
            raise p.fault("a feature has one `actor` line", "E0204")
        p.i += 1
        result.actor = type_name(p)
        p.end_line()
    else:
        result.scenarios.append(_scenario(p))


def _scenario(p: Cursor) -> Scenario:
    start = p.starts[p.i]
    p.i += 1
    result = Scenario(start, 0, string(p), None, [], None)
    if _block(p, "the steps of the scenario"):
        result.doc = leading_doc(p, sole=True)
        p.lines(lambda: _step(p, result))
    result.end = p.last_end()
    return result


def _step(p: Cursor, result: Scenario) -> None:
    word = p.leading_word(_STEPS, "`given`, `when`, `then` or `examples:`")
    if word == "examples":
        if result.examples is not None:
            raise p.fault("a scenario has one `examples:` table", "E0204")
        result.examples = _examples(p)
        return
    if word == "then":
        result.steps.append(_then(p))
        while p.accept(t.COMMA):
            result.steps.append(_condition(p, p.starts[p.i]))
    elif word == "given":
        _bindings(p, lambda *parts: result.steps.append(Given(*parts)))
    else:
        _bindings(p, lambda *parts: result.steps.append(WhenStep(*parts)))
    p.end_line()


def _bindings(p: Cursor, add: Callable[..., None]) -> None:
    """Take ``name: T = value``, more than one with commas between them."""
    start = p.starts[p.i]
    p.i += 1
    while True:
        name = p.ident()
        kind: TypeExpr | None = type_expr(p) if p.accept(t.COLON) else None
        p.expect(t.ASSIGN)
        value = expression(p)
        add(start, value.end, name, kind, value)
        if not p.accept(t.COMMA):
            return
        start = p.starts[p.i]


def _then(p: Cursor) -> Then:
    start = p.starts[p.i]
    p.i += 1
    failure = None
    if p.word() in {"error", "refused"} and p.kinds[p.i + 1] == t.STRING:
        failure = p.word()
        p.i += 1
    elif p.word() in {"error", "refused"} and p.kinds[p.i + 1 : p.i + 3] == [t.NAME, t.NEWLINE]:
        p.i += 1
        raise p.expected("a string")
    if failure is None:
        return _condition(p, start)
    value = expression(p)
    return Then(start, value.end, failure, value)


def _condition(p: Cursor, start: int) -> Then:
    value = expression(p)
    return Then(start, value.end, None, value)


def _examples(p: Cursor) -> Examples:
    result = Examples(p.starts[p.i], 0, [], [])
    p.i += 1
    if _block(p, "a row of names, then rows of values"):
        p.lines(lambda: _example_line(p, result))
    result.end = p.last_end()
    return result


def _another(p: Cursor) -> bool:
    """Take ``|`` before a cell; one at the end of the row is reported."""
    if not p.accept(t.PIPE):
        return False
    if p.kinds[p.i] != t.NEWLINE:
        return True
    p.report_once(ROW_ENDS)
    return False


def _example_line(p: Cursor, result: Examples) -> None:
    if p.kinds[p.i] == t.PIPE:
        p.report_once(ROW_ENDS)
        p.i += 1
    if not result.names:
        result.names.append(p.ident("the name of a column"))
        while _another(p):
            result.names.append(p.ident("the name of a column"))
    else:
        row: list[Expr] = [expression(p)]
        while _another(p):
            row.append(expression(p))
        result.rows.append(row)
    p.end_line()
