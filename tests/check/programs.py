"""Checked programs from text, for the tests of the checker and of lowering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.base.source import Source
from hyper.ir.interpreter import EvaluationError, Interpreter
from hyper.ir.lower import lower
from hyper.ir.scenarios import run_scenarios
from hyper.ir.verify import verify
from hyper.lang.check import check
from hyper.lang.parser import parse
from hyper.lang.resolve import resolve
from hyper.lang.symbols import Unit

if TYPE_CHECKING:
    from hyper.base.diagnostics import Diagnostic
    from hyper.ir.program import Program
    from hyper.lang.check import Checked
    from hyper.lang.symbols import World


def examined(*texts: str) -> tuple[World, Checked, list[Diagnostic]]:
    """Parse, resolve and check files that have no mistakes but those of the checker."""
    units: list[Unit] = []
    for number, text in enumerate(texts):
        source = Source(f"m{number}.intent", text)
        parsed = parse(source)
        assert not list(parsed.diagnostics), parsed.diagnostics
        units.append(Unit(source.path, "", source, parsed.module))
    world, found = resolve(units)
    assert not found, found
    checked = check(world)
    return world, checked, checked.diagnostics


def codes(*texts: str) -> list[tuple[str, int]]:
    """The code and the line of each mistake."""
    return [(item.code, item.line) for item in examined(*texts)[2]]


def messages(*texts: str) -> str:
    """The messages of all mistakes, a line each."""
    return "\n".join(item.message for item in examined(*texts)[2])


def program(*texts: str) -> Program:
    """A program without mistakes, verified."""
    world, checked, found = examined(*texts)
    assert not found, found
    made = lower(world, checked)
    assert not checked.failures, checked.failures
    assert verify(made) == []
    return made


def run(text: str, name: str = "f", **args: Any) -> Any:
    """What a function of ``m0`` gives in tier 0, JSON to JSON; the code of the error where it fails."""
    try:
        return Interpreter(program(text)).run_json(f"m0.{name}", args)
    except EvaluationError as error:
        return error.code


def failing_scenarios(text: str) -> list[tuple[str, int]]:
    """The scenarios of a program that do not hold."""
    return [(item.code, item.line) for item in run_scenarios(program(text))]
