"""Features: a scenario for each run, its examples' values first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hyper.ir.lower.comparisons import sides
from hyper.ir.program import FeatureDef, ScenarioDef, StepDef
from hyper.lang import tree
from hyper.lang.types import DATETIME

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir import nodes
    from hyper.ir.lower.expressions import Expressions
    from hyper.lang.check.typed import Checked, RunFacts, StepFacts, Typing
    from hyper.lang.symbols import Unit

    Lowering = Callable[[Typing], Expressions]


def lower_features(
    unit: Unit, checked: Checked, lowering: Lowering
) -> dict[tree.FeatureDecl, FeatureDef]:
    """Lower the features of a unit."""
    line_of = unit.source.line_of
    made: dict[tree.FeatureDecl, FeatureDef] = {}
    for facts in checked.features.get(unit.name, ()):
        made[facts.decl] = FeatureDef(
            facts.decl.title.value,
            tuple(_run(run, checked, lowering, line_of) for run in facts.runs),
            line_of(facts.decl.start),
        )
    return made


def _run(
    run: RunFacts, checked: Checked, lowering: Lowering, line_of: Callable[[int], int]
) -> ScenarioDef:
    """One run. The steps of an example have the line of its row, which is what a reader looks for."""
    title = run.scenario.title.value
    line = line_of(run.start)
    if run.row:
        title = f"{title} (example {run.row})"
    steps: list[StepDef] = []
    for step in run.steps:
        at = line if run.row else line_of(step.step.start)
        steps.extend(_step(run, step, lowering, at))
    reaches = any(name in checked.externs for name in run.uses.callees)
    return ScenarioDef(title, tuple(steps), reaches, line)


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
