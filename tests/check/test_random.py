"""Random source: what is well typed is accepted, verified and runs; what is not is refused, never with a traceback."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from hyper.ir.interpreter import EvaluationError, Interpreter
from hyper.ir.lower import lower
from hyper.ir.verify import verify
from tests.check.expressions import ARGUMENTS, KINDS, PARAMS, WORLD, WRITTEN, typed, untyped
from tests.check.programs import examined

if TYPE_CHECKING:
    from random import Random

_NOW = datetime(2024, 5, 1, tzinfo=UTC)


@settings(max_examples=80)
@given(st.randoms(use_true_random=False), st.sampled_from(KINDS), st.integers(1, 4))
def test_well_typed_source_is_accepted_and_runs(random: Random, kind: str, depth: int) -> None:
    body = typed(random, kind, depth)
    text = f"{WORLD}\ncalc f({PARAMS}) -> {WRITTEN.get(kind, kind)}:\n    {body}\n"
    world, checked, found = examined(text)
    assert not [item.message for item in found if item.is_error], body
    program = lower(world, checked)
    assert verify(program) == []
    try:
        Interpreter(program).run_json("m0.f", ARGUMENTS, now=_NOW)
    except EvaluationError:
        return


@settings(max_examples=80)
@given(st.randoms(use_true_random=False), st.sampled_from(KINDS), st.integers(1, 4))
def test_any_source_gives_diagnostics_or_runs(random: Random, kind: str, depth: int) -> None:
    body = untyped(random, depth)
    text = f"{WORLD}\ncalc f({PARAMS}) -> {WRITTEN.get(kind, kind)}:\n    {body}\n"
    world, checked, found = examined(text)
    if any(item.is_error for item in found):
        return
    program = lower(world, checked)
    assert verify(program) == []
    try:
        Interpreter(program).run_json("m0.f", ARGUMENTS, now=_NOW)
    except EvaluationError:
        return
