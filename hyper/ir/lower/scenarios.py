"""Features: a scenario for each run, its examples' values first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from hyper.ir.lower.comparisons import sides
from hyper.ir.program import FeatureDef, ScenarioDef, StepDef
from hyper.lang import tree
from hyper.lang.types import DATETIME

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.base.source import Location, Source
    from hyper.ir import nodes
    from hyper.ir.lower.expressions import Expressions
    from hyper.lang.check.typed import Checked, RunFacts, StepFacts, Typing
    from hyper.lang.symbols import Unit

    Lowering = Callable[[Typing], Expressions]


def lower_features(
    unit: Unit, checked: Checked, lowering: Lowering
) -> dict[tree.FeatureDecl, FeatureDef]:
    """Lower the features of a unit."""
    made: dict[tree.FeatureDecl, FeatureDef] = {}
    for facts in checked.features.get(unit.name, ()):
        made[facts.decl] = FeatureDef(
            facts.decl.title.value,
            tuple(_run(run, checked, lowering, unit.source) for run in facts.runs),
            unit.source.line_of(facts.decl.start),
        )
    return made


def _run(run: RunFacts, checked: Checked, lowering: Lowering, source: Source) -> ScenarioDef:
    """One run. The steps of an example have the place of its row, which is what a reader looks for."""
    title = run.scenario.title.value
    row = source.locate(run.start, run.end)
    if run.row:
        title = f"{title} (example {run.row})"
    steps: list[StepDef] = []
    for step in run.steps:
        place = row if run.row else _place(step.step, source)
        steps += [
            msgspec.structs.replace(
                made, column=place.column, end_line=place.end_line, end_column=place.end_column
            )
            for made in _step(run, step, lowering, place.line)
        ]
    reaches = any(name in checked.externs for name in run.uses.callees)
    return ScenarioDef(title, tuple(steps), reaches, row.line)


def _place(step: tree.Step, source: Source) -> Location:
    """What is underlined: the condition of a ``then``, the name and the value of another step.

    The line is that of the step, also where its value begins on a later one.
    """
    start = step.value.start if isinstance(step, tree.Then) else step.name.start
    if source.line_of(start) != source.line_of(step.start):
        start = step.start
    return source.locate(start, step.value.end)


def _step(run: RunFacts, facts: StepFacts, lowering: Lowering, line: int) -> list[StepDef]:
    step = facts.step
    if isinstance(step, tree.Then):
        return [_then(step, lowering(facts.typing), line)]
    kind: Literal["given", "when"] = "given" if isinstance(step, tree.Given) else "when"
    if facts.type is not None:
        value = lowering(facts.typing).lower(step.value)
        typed = DATETIME if facts.name == "now" and kind == "given" else facts.type
        return [StepDef(kind, facts.name, typed, value, None, None, None, line)]
    return [
        StepDef(
            kind, use.local, use.type, lowering(use.typing).lower(use.node), None, None, None, line
        )
        for use in run.givens
        if use.name == facts.name
    ]


def _then(step: tree.Then, lowering: Expressions, line: int) -> StepDef:
    if step.failure is not None:
        expected = step.value.value if isinstance(step.value, tree.StrLit) else ""
        return StepDef("then", None, None, None, step.failure, expected, None, line)
    value = lowering.lower(step.value)
    return StepDef("then", None, None, value, None, None, _sides(step.value, lowering), line)


def _sides(node: tree.Expr, lowering: Expressions) -> tuple[nodes.Expr, nodes.Expr] | None:
    """The two sides of a comparison, for the report of one that does not hold."""
    while isinstance(node, tree.Paren):
        node = node.inner
    if not isinstance(node, tree.Compare) or len(node.ops) != 1 or node.ops[0] in ("is", "is not"):
        return None
    return sides(lowering, node, 0, lowering.lower(node.first), lowering.lower(node.rest[0]))
