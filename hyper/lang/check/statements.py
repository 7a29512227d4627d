"""Bodies: statements, and blocks that end in a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang import tree
from hyper.lang.check.containers import source_item
from hyper.lang.check.matching import check_match
from hyper.lang.check.names import declare
from hyper.lang.check.narrow import facts_of
from hyper.lang.check.relations import knows_items
from hyper.lang.types import ANY_DECIMAL, BOOL, UNKNOWN, Dec, Opt, Type, Unknown

if TYPE_CHECKING:
    from hyper.lang.check.checker import Checker, Facts


def check_body(checker: Checker, body: list[tree.Stmt], expected: Type) -> None:
    """Check a block whose value is what is expected."""
    if not body:
        return  # the parser asked for a statement there
    for statement in body[:-1]:
        if isinstance(statement, tree.ExprStmt):
            _unused(checker, statement)
        else:
            check_statement(checker, statement)
    _check_last(checker, body[-1], expected)


def _unused(checker: Checker, statement: tree.ExprStmt) -> None:
    if isinstance(checker.value(statement.value), Unknown):
        return  # it has an error of its own
    checker.report(
        "E0409",
        "this value is not used: name it with `let`, or make it the last line of its block",
        statement,
    )


def _check_last(checker: Checker, last: tree.Stmt, expected: Type) -> None:
    match last:
        case tree.ExprStmt():
            checker.check(last.value, expected)
        case tree.If():
            _check_if(checker, last, expected)
        case tree.Match():
            check_match(checker, last, expected, _arm)
        case tree.Assign() if expected == BOOL and _is_kept(checker, last.name.name):
            checker.value(last.value)
            checker.report("E0413", "one `=` sets a `var`: write `==` to compare", last)
        case _:
            check_statement(checker, last)
            checker.report("E0409", _no_value(last), _head(last))


def _is_kept(checker: Checker, name: str) -> bool:
    """Whether a name has a value that no assignment changes."""
    local = checker.locals.get(name)
    return local is not None and local.kind != "var"


def _no_value(last: tree.Stmt) -> str:
    word = {tree.Let: "`let`", tree.Var: "`var`", tree.Assign: "an assignment", tree.For: "`for`"}
    return f"the block must end in a value, not in {word.get(type(last), 'this')}: add the expression that it gives"


def _head(statement: tree.Stmt) -> tree.Node:
    """The part of a statement to underline: not its whole block."""
    return statement.target if isinstance(statement, tree.For) else statement


def _arm(checker: Checker, body: list[tree.Stmt], expected: Type | None) -> None:
    if expected is None:
        check_block(checker, body)
    else:
        check_body(checker, body, expected)


def check_block(checker: Checker, body: list[tree.Stmt]) -> None:
    """Check a block that gives no value."""
    for statement in body:
        check_statement(checker, statement)


def check_statement(checker: Checker, statement: tree.Stmt) -> None:
    """Check a statement that is not the value of its block."""
    match statement:
        case tree.Let() | tree.Var():
            _check_binding(checker, statement)
        case tree.Assign():
            _check_assign(checker, statement)
        case tree.For():
            _check_for(checker, statement)
        case tree.If():
            _check_if(checker, statement, None)
        case tree.Match():
            check_match(checker, statement, None, _arm)
        case tree.ExprStmt():
            if isinstance(checker.value(statement.value), Unknown):
                return  # it has an error of its own
            checker.report(
                "E0409",
                "this value is not used: name it with `let`, or make it the last line of the body",
                statement,
            )


# ---------------------------------------------------------------- names


def _check_binding(checker: Checker, node: tree.Let | tree.Var) -> None:
    is_var = isinstance(node, tree.Var)
    if node.type is not None:
        kind = checker.resolve(node.type)
        checker.check(node.value, kind)
    else:
        kind = checker.value(node.value)
        if not knows_items(kind):
            checker.report(
                "E0410",
                f"the type of `{node.name.name}` cannot be told from this value: write it, as in"
                f" `{'var' if is_var else 'let'} {node.name.name}: list[int] = …`",
                node.value,
            )
            kind = UNKNOWN
        elif is_var:
            kind = _of_variable(kind)
    declare(checker, node.name, kind, "var" if is_var else "let")
    checker.typing.declared[node] = kind
    if is_var:
        _narrow_assigned(checker, node.name.name, kind, node.value)


def _of_variable(kind: Type) -> Type:
    """A variable without a written type holds decimals as they are computed."""
    if isinstance(kind, Dec):
        return ANY_DECIMAL
    if isinstance(kind, Opt) and isinstance(kind.inner, Dec):
        return Opt(ANY_DECIMAL)
    return kind


def _narrow_assigned(checker: Checker, name: str, declared: Type, value: tree.Expr) -> None:
    """A variable that may be none is not where it was just given a value."""
    _forget(checker, name)
    given = checker.typing.types.get(value, UNKNOWN)
    if isinstance(declared, Opt) and _is_there(given):
        checker.facts = {**checker.facts, (name,): declared.inner}


def _is_there(kind: Type) -> bool:
    return not isinstance(kind, Opt | Unknown) and getattr(kind, "name", "") not in ("none", "any")


def _forget(checker: Checker, name: str) -> None:
    if any(path[0] == name for path in checker.facts):
        checker.facts = {path: kind for path, kind in checker.facts.items() if path[0] != name}


def _check_assign(checker: Checker, node: tree.Assign) -> None:
    name = node.name.name
    local = checker.locals.get(name)
    if local is None or local.kind != "var":
        checker.value(node.value)
        if local is None:
            from hyper.lang.resolve.lookup import nearest

            variables = [item.node for item in checker.locals.values() if item.kind == "var"]
            names = [item.name for item in variables if isinstance(item, tree.Ident)]
            checker.report(
                "E0413",
                f"there is no variable `{name}` here: declare it with `var {name} = …`",
                node.name,
                suggestion=nearest(name, names),
            )
            if not names:
                checker.value(node.value)
                declare(checker, node.name, UNKNOWN, "var")
        else:
            how = "`let`" if local.kind == "let" else "a parameter or a loop"
            checker.report(
                "E0413",
                f"`{name}` is set by {how} and keeps its value: only a `var` can be assigned",
                node.name,
            )
        return
    checker.check(node.value, local.type)
    checker.typing.names[node.name] = local.name
    checker.typing.declared[node] = local.type
    _narrow_assigned(checker, name, local.type, node.value)


# ---------------------------------------------------------------- loops and branches


def _assigned(body: list[tree.Stmt], found: set[str]) -> set[str]:
    """Names that a block assigns, in its inner blocks too."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        match node:
            case tree.Assign():
                found.add(node.name.name)
            case tree.For():
                waiting.extend(node.body)
            case tree.If():
                for branch in node.branches:
                    waiting.extend(branch.body)
                waiting.extend(node.orelse or [])
            case tree.Match():
                for arm in node.arms:
                    waiting.extend(arm.body)
    return found


def _check_for(checker: Checker, node: tree.For) -> None:
    item = source_item(checker, node.source)
    for name in sorted(_assigned(node.body, set())):
        _forget(checker, name)
    before = checker.facts
    with checker.block():
        declare(checker, node.target, item, "loop")
        checker.loop_sources[node.target.name] = node.source
        checker.typing.declared[node] = item
        check_block(checker, node.body)
    checker.facts = _surviving(before, checker.facts)


def _surviving(before: Facts, after: Facts) -> Facts:
    return {path: kind for path, kind in before.items() if after.get(path) == kind}


def _check_if(checker: Checker, node: tree.If, expected: Type | None) -> None:
    """``if … elif … else``; with ``expected``, every branch ends in a value."""
    start = checker.facts
    ends: list[Facts] = []
    known = start
    for branch in node.branches:
        checker.facts = known
        checker.condition(branch.condition)
        holds, fails = facts_of(checker, branch.condition)
        ends.append(_run_branch(checker, branch.body, {**known, **holds}, expected))
        known = {**known, **fails}
    if node.orelse is not None:
        ends.append(_run_branch(checker, node.orelse, known, expected))
    else:
        ends.append(known)
        if expected is not None:
            checker.report(
                "E0409",
                "this `if` gives no value where no condition holds: add an `else`",
                tree.BadExpr(node.start, node.branches[0].condition.end),
            )
    checker.facts = _meeting(ends, checker)


def _run_branch(
    checker: Checker,
    body: list[tree.Stmt],
    facts: Facts,
    expected: Type | None,
) -> Facts:
    checker.facts = facts
    with checker.block():
        if expected is None:
            check_block(checker, body)
        else:
            check_body(checker, body, expected)
    return checker.facts


def _meeting(ends: list[Facts], checker: Checker) -> Facts:
    """Facts that hold at the end of every branch, about names that are still there."""
    first, *others = ends
    return {
        path: kind
        for path, kind in first.items()
        if (path[0] in checker.locals or path[0] == "self")
        and all(other.get(path) == kind for other in others)
    }
