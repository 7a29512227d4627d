"""Scenarios run by tier 0: the examples that prove a program.

``given`` and ``when`` steps name values; a failure of a ``when`` step is what ``then error`` and
``then refused`` expect. All steps of
a scenario share one budget, and read the one instant that ``given now`` sets.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from hyper.base.diagnostics import Diagnostic, Related, diagnostic
from hyper.base.source import Location
from hyper.ir.interpreter import (
    ClockNotSet,
    EvaluationError,
    ExternFailure,
    Interpreter,
    Record,
    Refused,
    Value,
)
from hyper.ir.interpreter.comparison import equal
from hyper.ir.program import FeatureDef

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from hyper.ir.program import Module, Program, ScenarioDef, StepDef

    Loader: TypeAlias = Callable[[str], Callable[..., object]]

_LONGEST = 200


class ScenarioResult(msgspec.Struct, frozen=True):
    """What became of one scenario. ``diagnostics`` say why it failed."""

    module: str
    feature: str
    scenario: str
    file: str
    line: int
    outcome: Literal["passed", "failed", "skipped"]
    diagnostics: tuple[Diagnostic, ...] = ()


def load_extern(target: str) -> Callable[..., object]:
    """The user's function that ``package.module:function`` names."""
    module, _, name = target.partition(":")
    function: Callable[..., object] = getattr(importlib.import_module(module), name)
    return function


def _where_to_look(failure: ExternFailure) -> str:
    """Where the module of an extern is looked for, if that it was not found is why the extern failed."""
    cause = failure.__cause__
    module = failure.target.partition(":")[0]
    if not isinstance(cause, ModuleNotFoundError) or not f"{module}.".startswith(f"{cause.name}."):
        return ""
    return " (looked for in the folder where the command runs, then along PYTHONPATH)"


def run_scenarios(program: Program, externs: bool | Loader = False) -> list[Diagnostic]:
    """Run all scenarios of a program and give what is wrong with them.

    Those that reach an extern run only where ``externs`` is true, or a loader of the user's functions.
    """
    return [found for result in scenario_results(program, externs) for found in result.diagnostics]


def scenario_results(
    program: Program, externs: bool | Loader = False, only: Collection[str] | None = None
) -> list[ScenarioResult]:
    """Run all scenarios of a program, or those of some modules, in the order of modules and lines."""
    loader = load_extern if externs is True else (externs or None)
    interpreter = Interpreter.for_compiler(program, externs=loader)
    modules = program.modules if only is None else [program.module(name) for name in sorted(only)]
    return [
        result
        for module in modules
        for result in module_results(module, interpreter, externs=loader is not None)
    ]


def module_results(
    module: Module, interpreter: Interpreter, *, externs: bool
) -> list[ScenarioResult]:
    """Run the scenarios of a module, in the order of their lines; those that reach an extern only where ``externs`` is true."""
    return [
        _result(interpreter, module, feature, scenario, externs)
        for feature in module.definitions
        if isinstance(feature, FeatureDef)
        for scenario in feature.scenarios
    ]


def _result(
    interpreter: Interpreter,
    module: Module,
    feature: FeatureDef,
    scenario: ScenarioDef,
    runs_externs: bool,
) -> ScenarioResult:
    found: list[Diagnostic] = []
    skipped = scenario.reaches_extern and not runs_externs
    if not skipped:
        found = _Run(interpreter, module).scenario(scenario)
    return ScenarioResult(
        module.name,
        feature.title,
        scenario.title,
        module.path,
        scenario.line,
        "skipped" if skipped else ("failed" if found else "passed"),
        tuple(found),
    )


def show(value: Value) -> str:
    """A value as a reader of a report wants it."""
    if isinstance(value, Record):
        inside = ", ".join(f"{name}: {show(item)}" for name, item in value.fields.items())
        text = f"{value.entity.rpartition('.')[2]}({inside})"
    elif isinstance(value, list):
        text = f"[{', '.join(map(show, value))}]"
    elif isinstance(value, dict):
        inside = ", ".join(f"{show(key)}: {show(item)}" for key, item in value.items())
        text = f"{{{inside}}}"
    elif isinstance(value, str | bool) or value is None:
        text = "none" if value is None else msgspec.json.encode(value).decode()
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


class _Failed(Exception):  # noqa: N818  # it ends a scenario
    """The scenario cannot go on."""


class _Run:
    """One scenario that is running."""

    def __init__(self, interpreter: Interpreter, module: Module) -> None:
        self._interpreter = interpreter
        self._module = module
        self._local: dict[str, Value] = {}
        self._now: datetime | None = None
        self._failure: EvaluationError | Refused | None = None
        self._failed: StepDef | None = None
        self._found: list[Diagnostic] = []

    def scenario(self, scenario: ScenarioDef) -> list[Diagnostic]:
        """What is wrong with it."""
        expects_failure = any(step.failure is not None for step in scenario.steps)
        try:
            with self._interpreter.one_budget():
                for step in scenario.steps:
                    self._step(step, expects_failure)
        except _Failed:
            pass
        return self._found

    def _report(
        self, code: str, message: str, step: StepDef, related: tuple[Related, ...] = ()
    ) -> None:
        place = Location(
            self._module.path,
            step.line,
            step.column,
            step.end_line or step.line,
            step.end_column,
        )
        self._found.append(diagnostic(code, message, place, related=related))

    def _evaluate(self, step: StepDef) -> Value:
        """The value of a step; a failure that nobody expects is reported."""
        if step.value is None:
            return None
        try:
            return self._interpreter.evaluate(
                step.value,
                path=self._module.path,
                line=step.line,
                local=self._local,
                now=self._now,
            )
        except ClockNotSet:
            self._report("E0803", "this reads the clock: set it with `given now = …` before", step)
            raise _Failed from None
        except ExternFailure as error:
            self._report("E0804", f"{error}{_where_to_look(error)}", step)
            raise _Failed from None

    def _step(self, step: StepDef, expects_failure: bool) -> None:
        if step.kind == "then":
            self._then(step)
        elif self._failure is None:
            try:
                value = self._evaluate(step)
            except (EvaluationError, Refused) as failure:
                self._failure, self._failed = failure, step
                if not expects_failure or step.kind == "given":
                    self._unexpected(step)
                return
            if step.kind == "given" and step.name == "now":
                self._now = value
            elif step.name is not None:
                self._local[step.name] = value

    def _unexpected(self, step: StepDef) -> None:
        """Report the failure of a step that should have had a value."""
        failure = self._failure
        if failure is None:
            return
        message = (
            f"refused: {failure.message}"
            if isinstance(failure, Refused)
            else f"{failure.code}: {failure.message}"
        )
        related: tuple[Related, ...] = ()
        if (failure.file, failure.line) != (self._module.path, step.line) and failure.line:
            related = (Related("it happens here", failure.file, failure.line, 1, failure.line, 1),)
        self._report("E0802", message, step, related)
        raise _Failed

    def _then(self, step: StepDef) -> None:
        if step.failure is not None:
            self._expected_failure(step)
            return
        if self._failed is not None:
            self._unexpected(self._failed)
        try:
            holds = self._evaluate(step)
        except (EvaluationError, Refused) as failure:
            self._failure = failure
            self._unexpected(step)
            return
        if not holds:
            self._report("E0801", f"this does not hold{self._sides(step)}", step)

    def _sides(self, step: StepDef) -> str:
        """The values on each side of a comparison that does not hold."""
        if step.sides is None:
            return ""
        values = []
        for side in step.sides:
            try:
                value = self._evaluate(msgspec.structs.replace(step, value=side))
            except (EvaluationError, Refused):
                return ""
            values.append(value)
        left, right = map(show, values)
        if left == right and not equal(*values):
            left, right = (
                f"{text} ({type(value).__name__})"
                for text, value in zip((left, right), values, strict=True)
            )
        return f": the left side is {left}, the right side is {right}"

    def _expected_failure(self, step: StepDef) -> None:
        failure = self._failure
        kind, expected = step.failure, step.expected
        wanted = f"the error {expected}" if kind == "error" else f"refused {expected!r}"
        if failure is None:
            self._report("E0801", f"expected {wanted}, but nothing failed", step)
        elif isinstance(failure, EvaluationError):
            if kind != "error" or failure.code != expected:
                self._report(
                    "E0801",
                    f"expected {wanted}, but it is the error {failure.code}: {failure.message}",
                    step,
                )
        elif kind != "refused" or failure.message != expected:
            self._report(
                "E0801",
                f"expected {wanted}, but it is refused {failure.message!r}",
                step,
            )
