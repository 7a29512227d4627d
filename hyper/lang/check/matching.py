"""``match`` over the variants of a union, the members of an enum or the two bools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.base.diagnostics import related
from hyper.lang import tree
from hyper.lang.check.names import declare, path_of
from hyper.lang.check.relations import describe, variants_of
from hyper.lang.resolve.lookup import nearest
from hyper.lang.symbols import EnumSymbol
from hyper.lang.types import UNKNOWN, Enum, Lit, Opt, Type, Union, Unknown, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.lang.check.checker import Checker

    Run = Callable[[Checker, list[tree.Stmt], Type | None], None]


def check_match(checker: Checker, node: tree.Match, expected: Type | None, run: Run) -> None:
    """Check the arms; together they cover every case, or there is an ``else``."""
    subject = checker.value(node.subject)
    if isinstance(subject, Opt):
        checker.report_none(node.subject, subject)
        subject = UNKNOWN
    cases = _cases(checker, subject)
    if cases is None and not isinstance(subject, Unknown):
        checker.report(
            "E0408",
            f"`match` tells the variants of a union or the members of an enum apart, not {describe(subject)}:"
            " use `if`",
            node.subject,
        )
        subject = UNKNOWN
    left = dict(cases or {})
    taken: dict[str, tree.Node] = {}
    before = len(checker.reporter.items)
    start = checker.facts
    ends = []
    found: list[Type] = [
        _arm(checker, arm, subject, cases, left=left, taken=taken) for arm in node.arms
    ]
    sound = len(checker.reporter.items) == before
    for arm, narrowed in zip(node.arms, found, strict=True):
        checker.facts = start
        with checker.block():
            _bind(checker, node, arm, narrowed)
            run(checker, arm.body, expected)
        ends.append(checker.facts)
    has_else = any(arm.variant is None for arm in node.arms)
    if sound:
        _report_cover(checker, node, subject, left, has_else=has_else)
    if left:
        ends.append(start)
    checker.facts = {
        path: kind for path, kind in start.items() if all(end.get(path) == kind for end in ends)
    }


def _cases(checker: Checker, subject: Type) -> dict[str, Type | str] | None:
    """What the arms can name, by how it is shown."""
    if isinstance(subject, Union):
        return {show(variant): variant for variant in variants_of(subject, checker.world)}
    if isinstance(subject, Enum):
        symbol = checker.world.symbols.get(subject.name)
        if isinstance(symbol, EnumSymbol):
            return {name: name for name in symbol.members}
    return None


def _arm(
    checker: Checker,
    arm: tree.MatchArm,
    subject: Type,
    cases: dict[str, Type | str] | None,
    *,
    left: dict[str, Type | str],
    taken: dict[str, tree.Node],
) -> Type:
    """Find what an arm is about; give the type that its value has in it."""
    if arm.variant is None:
        rest = next(iter(left.values())) if len(left) == 1 else subject
        return subject if isinstance(rest, str) else rest
    if cases is None:
        return UNKNOWN
    case = _case(checker, arm.variant, subject, cases)
    if case is None:
        return UNKNOWN
    if case in taken:
        earlier = checker.unit.source.locate(taken[case].start, taken[case].end)
        checker.report(
            "E0408",
            f"`{case}` has an arm already",
            arm.variant,
            related=[related(earlier, "the earlier arm")],
        )
        return UNKNOWN
    taken[case] = arm.variant
    left.pop(case, None)
    meaning = cases[case]
    checker.typing.arms[arm] = meaning
    return subject if isinstance(meaning, str) else meaning


def _case(
    checker: Checker, variant: tree.TypeExpr, subject: Type, cases: dict[str, Type | str]
) -> str | None:
    if isinstance(variant, tree.BadType):
        return None
    if isinstance(subject, Enum):
        name = _member_name(checker, variant, subject)
    else:
        kind = (
            Lit(variant.value.value)
            if isinstance(variant, tree.TypeLit)
            else checker.resolve(variant)
        )
        if isinstance(kind, Unknown):
            return None
        name = next((case for case, meaning in cases.items() if meaning == kind), show(kind))
    if name in cases:
        return name
    what = "member" if isinstance(subject, Enum) else "variant"
    checker.report(
        "E0408",
        f"`{name}` is no {what} of `{describe(subject)}`",
        variant,
        suggestion=nearest(name, cases),
    )
    return None


def _member_name(checker: Checker, variant: tree.TypeExpr, subject: Enum) -> str:
    if not isinstance(variant, tree.TypeName):
        return checker.unit.source.text[variant.start : variant.end]
    parts = [part.name for part in variant.parts]
    if len(parts) > 1 and parts[-2] == subject.name.rpartition(".")[2]:
        from hyper.lang.resolve.lookup import find

        find(parts[:-1], checker.scope, checker.world)  # the enum's import is used
        return parts[-1]
    return ".".join(parts)


def _bind(checker: Checker, node: tree.Match, arm: tree.MatchArm, narrowed: Type) -> None:
    """Name the value of an arm, and narrow the subject where it is a plain path."""
    if arm.binding is not None:
        declare(checker, arm.binding, narrowed, "let")
        checker.typing.declared[arm] = narrowed
    path = path_of(checker, node.subject)
    if path is not None and not isinstance(narrowed, Unknown):
        checker.facts = {**checker.facts, path: narrowed}


def _report_cover(
    checker: Checker,
    node: tree.Match,
    subject: Type,
    left: dict[str, Type | str],
    *,
    has_else: bool,
) -> None:
    if isinstance(subject, Unknown):
        return
    if has_else:
        if not left:
            last = next(arm for arm in node.arms if arm.variant is None)
            checker.report(
                "E0408",
                "this `else` is never reached: every case has an arm",
                tree.BadExpr(last.start, last.body[0].start if last.body else last.end),
            )
        return
    if left:
        names = ", ".join(f"`{name}`" for name in list(left)[:5])
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        checker.report(
            "E0408",
            f"this `match` does not cover {names}{more}: add an arm for each, or an `else`",
            tree.BadExpr(node.start, node.subject.end),
        )
