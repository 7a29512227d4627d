"""Passes change no meaning: neither a value nor an error nor its line."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from hyper.ir import nodes
from hyper.ir.interpreter import EvaluationError, Interpreter, Refused
from hyper.ir.passes import optimise
from hyper.ir.program import CalcDef, Module, ParamDef, Program, RowDef, RuleDef, TableDef
from hyper.ir.text import dump_node
from hyper.ir.verify import verify
from hyper.lang.markers import NO_MARKERS
from hyper.lang.types import BOOL, FLOAT, INT, Type
from tests.check.programs import program as checked
from tests.meaning.programs import program
from tests.meaning.tiers import form
from tests.meaning.values import value

NOW = datetime(2024, 5, 6, tzinfo=UTC)
A = nodes.Local(INT, "a")
TRUE, FALSE = nodes.Const(BOOL, "true"), nodes.Const(BOOL, "false")


def number(value: int) -> nodes.Expr:
    return nodes.Const(INT, str(value))


def optimised(*body: nodes.Stmt) -> tuple[nodes.Stmt, ...]:
    params = (ParamDef("a", INT),)
    calc = CalcDef("f", params, body_type(body), body, False, False, NO_MARKERS, "", 1)
    made = optimise(Program([Module("m", "m.intent", "", (), (calc,))]))
    assert verify(made) == []
    definition = made.definitions["m.f"]
    assert isinstance(definition, CalcDef)
    return definition.body


def body_type(body: tuple[nodes.Stmt, ...]) -> Type:
    last = body[-1]
    return last.value.type if isinstance(last, nodes.Return) else INT


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_mean_the_same(seed: int) -> None:
    source = random.Random(seed)
    before = program(source)
    after = optimise(before)
    assert verify(after) == []
    tiers = Interpreter(before, steps=1e6), Interpreter(after, steps=1e6)
    for definition in before.modules[1].definitions:
        assert isinstance(definition, CalcDef | TableDef | RuleDef)
        name = f"main.{definition.name}"
        kinds = [kind for _, kind in tiers[0].params(name)]
        for _ in range(5):
            args = [value(source, kind) for kind in kinds]
            first, second = (outcome(tier, name, args) for tier in tiers)
            if "too_expensive" not in (first[1], second[1]):
                assert first == second, dump_node(definition)


def outcome(tier: Interpreter, name: str, args: list[object]) -> tuple[object, ...]:
    try:
        return ("value", form(tier.run(name, args, now=NOW)))
    except EvaluationError as error:
        return ("error", error.code, error.file, error.line)
    except Refused as refused:
        return ("refused", refused.message, refused.line)


def test_comparisons_of_members_are_folded() -> None:
    """A type checker of Python refuses the comparison of two different members."""
    made = optimise(
        checked(
            "enum Tier: silver, gold\n\nconst BEST = Tier.gold\n\n"
            "calc same() -> bool: Tier.gold == Tier.silver\n\n"
            "calc best() -> bool: BEST != Tier.silver\n"
        )
    )
    values = []
    for name in ("m0.same", "m0.best"):
        definition = made.definitions[name]
        assert isinstance(definition, CalcDef)
        (last,) = definition.body
        assert isinstance(last, nodes.Return)
        values.append(last.value)
    assert values == [FALSE, TRUE]


def test_constants_are_folded() -> None:
    total = nodes.Binary(INT, "mul", nodes.Binary(INT, "add", number(1), number(2)), number(5))
    assert optimised(nodes.Return(total, 2)) == (nodes.Return(number(15), 2),)


def test_what_fails_stays() -> None:
    failing = nodes.Return(nodes.Binary(INT, "floordiv", number(1), number(0)), 2)
    assert optimised(failing) == (failing,)


def test_inexact_functions_stay() -> None:
    inexact = nodes.Return(nodes.Builtin(FLOAT, "exp", (nodes.Const(FLOAT, (2.0).hex()),)), 2)
    assert optimised(inexact) == (inexact,)


def test_dead_branches_go() -> None:
    dead = nodes.Branch(FALSE, (nodes.Return(A, 3),), 2)
    live = nodes.Branch(TRUE, (nodes.Return(number(4), 5),), 4)
    body = nodes.If((dead, live), (nodes.Return(A, 7),), 2)
    assert optimised(body) == (nodes.Return(number(4), 5),)


def test_a_condition_that_may_fail_stays() -> None:
    risky = nodes.Binary(BOOL, "lt", nodes.Binary(INT, "floordiv", A, A), A)
    both = nodes.Return(nodes.And(BOOL, risky, FALSE), 2)
    assert optimised(both) == (both,)


def test_rows_behind_one_that_always_fits_go() -> None:
    rows = (
        RowDef((FALSE,), number(1), 3),
        RowDef((TRUE,), number(2), 4),
        RowDef((), number(3), 5),
    )
    table = TableDef("t", (), INT, INT, "first", rows, False, False, NO_MARKERS, "", 2)
    made = optimise(Program([Module("m", "m.intent", "", (), (table,))])).definitions["m.t"]
    assert isinstance(made, TableDef)
    assert made.rows == (RowDef((), number(2), 4),)
