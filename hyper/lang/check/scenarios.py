"""Features: givens, whens and thens. Each row of examples is a run, typed by itself.

An input without a written type is typed where it is used, as the constants of the language are: ``given tier = gold`` is
a ``Tier`` where a function asks for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tree
from hyper.lang.check.builtins import ERROR_CODES
from hyper.lang.check.names import declare
from hyper.lang.check.relations import is_flexible, knows_items
from hyper.lang.check.settle import adopted
from hyper.lang.check.typed import FeatureFacts, GivenUse, RunFacts, StepFacts, Typing, Uses
from hyper.lang.resolve.lookup import nearest
from hyper.lang.resolve.types import resolve_type
from hyper.lang.types import DATETIME, STRING, UNKNOWN, Type, Unknown

if TYPE_CHECKING:
    from hyper.lang.check.checker import Checker, Local
    from hyper.lang.check.session import Session
    from hyper.lang.symbols import Unit

_OPEN: Final = "given"


def check_feature(session: Session, unit: Unit, decl: tree.FeatureDecl) -> FeatureFacts:
    """Check a feature."""
    reporter = session.reporter(unit)
    if decl.actor is not None:
        resolve_type(decl.actor, session.world.scopes[unit.name], session.world, reporter)
    runs: list[RunFacts] = []
    for scenario in decl.scenarios:
        examples = scenario.examples
        if examples is None:
            runs.append(_Run(session, unit, scenario).check(0, []))
            continue
        _check_examples(session, unit, scenario, examples)
        for place, row in enumerate(examples.rows):
            if len(row) == len(examples.names):
                given = list(zip(examples.names, row, strict=True))
                runs.append(_Run(session, unit, scenario).check(place + 1, given))
    return FeatureFacts(decl, runs)


def _check_examples(
    session: Session, unit: Unit, scenario: tree.Scenario, examples: tree.Examples
) -> None:
    reporter = session.reporter(unit)
    if not examples.rows:
        reporter.report(
            "E0811", "the examples have no row, so nothing runs", scenario.start, scenario.title.end
        )
    wanted = len(examples.names)
    for row in examples.rows:
        if row and len(row) != wanted:
            reporter.report(
                "E0811",
                f"the row has {len(row)} value{'' if len(row) == 1 else 's'}, the head {wanted}",
                row[0].start,
                row[-1].end,
            )


class _Run:
    """One run of a scenario."""

    def __init__(self, session: Session, unit: Unit, scenario: tree.Scenario) -> None:
        self.scenario = scenario
        self.checker = session.checker(unit, "scenario")
        self.checker.given = self._given
        self.givens: list[GivenUse] = []
        self._uses: dict[str, list[GivenUse]] = {}
        self._typed: dict[tuple[str, Type | None], tuple[str, Type]] = {}
        self.steps: list[StepFacts] = []
        self.uses: Uses = self.checker.uses
        self._scopes: dict[str, dict[str, Local]] = {}
        self._taken: set[str] = set()

    def check(self, row: int, examples: list[tuple[tree.Ident, tree.Expr]]) -> RunFacts:
        """Check the steps, with the values of a row of examples as the first inputs."""
        checker = self.checker
        for ident, value in examples:
            given = tree.Given(ident.start, value.end, ident, None, value)
            if self._is_clock(ident):
                self._set_clock(given)
            else:
                self._declare_open(given)
        has_clock = self._has_clock(examples)
        for step in self.scenario.steps:
            match step:
                case tree.Given():
                    self._check_given(step)
                case tree.WhenStep():
                    self._check_when(step)
                case tree.Then():
                    self._check_then(step)
        self._settle_unused()
        if not any(isinstance(step, tree.Then) for step in self.scenario.steps):
            checker.report(
                "E0811",
                "the scenario states nothing: add a `then`",
                tree.BadExpr(self.scenario.start, self.scenario.title.end),
            )
        start = examples[0][1].start if examples else self.scenario.start
        end = examples[-1][1].end if examples else self.scenario.title.end
        return RunFacts(
            self.scenario, row, start, end, self.givens, self.steps, self.uses, has_clock
        )

    # ------------------------------------------------------------ givens

    def _is_clock(self, ident: tree.Ident) -> bool:
        return ident.name == "now" and not ident.quoted

    def _has_clock(self, examples: list[tuple[tree.Ident, tree.Expr]]) -> bool:
        return any(self._is_clock(ident) for ident, _ in examples) or any(
            isinstance(step, tree.Given) and self._is_clock(step.name)
            for step in self.scenario.steps
        )

    def _check_given(self, step: tree.Given) -> None:
        if self._is_clock(step.name):
            self._set_clock(step)
        elif step.type is not None:
            kind = self.checker.resolve(step.type)
            self.checker.check(step.value, kind)
            self._name(step, step.name, kind)
        else:
            self._declare_open(step)

    def _set_clock(self, step: tree.Given) -> None:
        self.checker.check(step.value, DATETIME)
        self.steps.append(StepFacts(step, self.checker.typing, "now", DATETIME))

    def _name(self, step: tree.Step, ident: tree.Ident, kind: Type) -> None:
        local = declare(self.checker, ident, kind, "let")
        self.steps.append(StepFacts(step, self.checker.typing, local.name, kind))

    def _declare_open(self, step: tree.Given) -> None:
        """Add an input whose uses decide its type. It sees what was named before it."""
        before = dict(self.checker.locals)
        local = declare(self.checker, step.name, UNKNOWN, _OPEN)
        local.open = step.value
        self._scopes[local.name] = before
        self.steps.append(StepFacts(step, Typing(), local.name, None))

    def _given(self, checker: Checker, local: Local, hint: Type | None) -> tuple[str, Type]:
        """Type an input for one use; give its local for that type and the type."""
        assert local.open is not None
        known = self._typed.get((local.name, hint))
        if known is None:
            known = self._typed[local.name, hint] = self._infer(checker, local, local.open, hint)
        return known

    def _infer(
        self, checker: Checker, local: Local, value: tree.Expr, hint: Type | None
    ) -> tuple[str, Type]:
        """Type an input for all its uses of which one type is expected."""
        outer, facts = checker.typing, checker.facts
        scope = checker.locals
        checker.typing, checker.facts = Typing(), {}
        checker.locals = self._scopes[local.name]
        try:
            kind = checker.infer(value, hint)
            wanted = adopted(kind, hint, checker.world)
            if hint is not None and wanted != kind:
                kind = checker.infer(value, wanted)
            typing = checker.typing
        finally:
            checker.typing, checker.facts, checker.locals = outer, facts, scope
        if is_flexible(kind) and not knows_items(kind):
            return local.name, kind
        return self._use(local, kind, typing), kind

    def _use(self, local: Local, kind: Type, typing: Typing) -> str:
        uses = self._uses.setdefault(local.name, [])
        for use in uses:
            if use.type == kind:
                return use.local
        name = f"{local.name}_as_{len(uses) + 1}" if uses else local.name
        if not is_flexible(kind) and local.open is not None:
            uses.append(GivenUse(local.name, name, kind, local.open, typing))
            self.givens.append(uses[-1])
        return name

    def _settle_unused(self) -> None:
        """Type the inputs that nothing uses, for the mistakes in them."""
        used = {use.name for use in self.givens}
        for local in list(self.checker.locals.values()):
            if local.open is not None and local.name not in used:
                node = tree.Name(local.node.start, local.node.end, _name_of(local))
                self.checker.value(node)

    # ------------------------------------------------------------ whens and thens

    def _check_when(self, step: tree.WhenStep) -> None:
        checker = self.checker
        if step.type is not None:
            kind = checker.resolve(step.type)
            checker.check(step.value, kind)
        else:
            kind = checker.value(step.value)
            if not knows_items(kind) and not isinstance(kind, Unknown):
                checker.report(
                    "E0410",
                    f"the type of `{step.name.name}` cannot be told from this value: write it, as in"
                    f" `when {step.name.name}: list[int] = …`",
                    step.value,
                )
                kind = UNKNOWN
        self._name(step, step.name, kind)

    def _check_then(self, step: tree.Then) -> None:
        checker = self.checker
        self.steps.append(StepFacts(step, checker.typing))
        if step.failure is None:
            checker.condition(step.value)
            return
        if not isinstance(step.value, tree.StrLit):
            checker.report("E0811", f"`then {step.failure}` takes a string", step.value)
            return
        checker.check(step.value, STRING)
        code = step.value.value
        if step.failure == "error" and code not in ERROR_CODES:
            checker.report(
                "E0811",
                f"there is no error code `{code}`: the codes are {', '.join(ERROR_CODES)}",
                step.value,
                suggestion=nearest(code, ERROR_CODES),
            )


def _name_of(local: Local) -> str:
    return local.node.name if isinstance(local.node, tree.Ident) else local.name
