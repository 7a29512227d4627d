"""Calls of builtin functions and written conversions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.lang import tree
from hyper.lang.check.builtins import AGGREGATES, CLOCK, CONVERSIONS, FUNCTIONS
from hyper.lang.check.exact import ExactEvaluator, NotExact
from hyper.lang.check.overloads import choose, hints, match, shown, takes
from hyper.lang.check.relations import fits, is_flexible, natural, waits, without_none
from hyper.lang.check.settle import adopted
from hyper.lang.check.typed import BuiltinRef
from hyper.lang.resolve.lookup import nearest
from hyper.lang.resolve.patterns import is_supported, mistake
from hyper.lang.types import NONE, UNKNOWN, Opt, Type, Unknown

if TYPE_CHECKING:
    from hyper.lang.check.builtins import Signature
    from hyper.lang.check.checker import Checker
    from hyper.lang.check.overloads import Match

# Functions whose result may differ in the last place between C libraries: never folded into output.
_UNSTABLE = frozenset({"exp", "log", "log10"})


def infer_builtin(checker: Checker, node: tree.Call, name: str, hint: Type | None) -> Type:
    """A call of a builtin."""
    if name == "range":
        checker.report("E0414", "`range(…)` stands only after `in` of a `for`", node)
        return UNKNOWN
    group = [*CONVERSIONS.get(name, ()), *FUNCTIONS.get(name, ())]
    arguments = _arguments(checker, node, name, group)
    if arguments is None:
        return UNKNOWN
    if name in CLOCK:
        return _clock(checker, node, group[0])
    literal = _converted_literal(checker, node, group, arguments)
    if literal is not None:
        return literal
    hint = without_none(hint) if hint is not None else None
    return _overloaded(checker, node, name, arguments, hint)


def _overloaded(
    checker: Checker, node: tree.Call, name: str, arguments: list[tree.Expr], hint: Type | None
) -> Type:
    group = [
        signature
        for signature in (*CONVERSIONS.get(name, ()), *FUNCTIONS.get(name, ()))
        if takes(signature, len(arguments))
    ]
    kinds = _kinds(checker, group, arguments, hint)
    if any(isinstance(kind, Unknown) for kind in kinds):
        _settle_rest(checker, arguments, kinds)
        return _agreed_result(group)
    found = choose(group, kinds, hint, checker.world)
    if found is None:
        _report_no_overload(checker, node, arguments, kinds, group)
        return UNKNOWN
    if waits(found.returns):
        target = adopted(found.returns, hint, checker.world)
        if hint is None:
            return found.returns
        if not waits(target):
            wanted = [hints([found.signature], place, target) for place in range(len(arguments))]
            kinds = [
                checker.infer(argument, guess)
                for argument, guess in zip(arguments, wanted, strict=True)
            ]
            found = match(found.signature, kinds, checker.world) or found
    return _settled(checker, node, arguments, kinds, found)


def _kinds(
    checker: Checker, group: list[Signature], arguments: list[tree.Expr], hint: Type | None
) -> list[Type]:
    """Type the arguments, each with what the overloads and the arguments before it suggest."""
    from hyper.lang.check.names import looks_like_member

    kinds: list[Type] = []
    for place, argument in enumerate(arguments):
        guess = hints(group, place, hint)
        if guess is None and place and looks_like_member(checker, argument):
            before = kinds[0]
            guess = getattr(before, "item", before)
        kinds.append(checker.infer(argument, guess))
    return kinds


def _settle_rest(checker: Checker, arguments: list[tree.Expr], kinds: list[Type]) -> None:
    for argument, kind in zip(arguments, kinds, strict=True):
        if is_flexible(kind):
            checker.settle(argument, kind, None)


def _agreed_result(group: list[Signature]) -> Type:
    """The result of a call whose arguments have an error already, where every overload gives the same."""
    results = {signature.returns for signature in group}
    result: Any = results.pop() if len(results) == 1 else UNKNOWN
    return result if type(result).__name__ in ("Prim", "Dec") else UNKNOWN


def _settled(
    checker: Checker, node: tree.Call, arguments: list[tree.Expr], kinds: list[Type], found: Match
) -> Type:
    signature = found.signature
    params = tuple(natural(param) for param in found.params)
    for argument, kind, param in zip(arguments, kinds, params, strict=True):
        if getattr(param, "name", None) == "":
            continue  # any enum
        checker.bring(argument, kind, param)
    conversion = signature in CONVERSIONS.get(signature.name, ())
    form: Any = "conversion" if conversion else "function"
    if _is_generator(arguments):
        form = "fold"
    checker.typing.refs[node] = BuiltinRef(signature.name, signature, params, form)
    checker.typing.args[node] = arguments
    if signature.name == "matches":
        _check_pattern(checker, arguments[1])
    if checker.place == "const" and _is_unstable(signature):
        checker.report(
            "E0412",
            f"`{signature.name}` may differ in its last digit between machines: no const is made of it",
            node,
        )
    return natural(found.returns)


def _is_unstable(signature: Signature) -> bool:
    return signature.name in _UNSTABLE or signature.text.startswith("pow(base: float")


def _is_generator(arguments: list[tree.Expr]) -> bool:
    return (
        len(arguments) == 1
        and isinstance(arguments[0], tree.Comprehension)
        and not arguments[0].bracketed
    )


# ---------------------------------------------------------------- arguments


def _arguments(
    checker: Checker, node: tree.Call, name: str, group: list[Signature]
) -> list[tree.Expr] | None:
    """The arguments in the order of the parameters; ``None`` after a mistake."""
    if any(arg.name is not None for arg in node.args):
        return _named_arguments(checker, node, name, group)
    values = [arg.value for arg in node.args]
    generators = [
        value for value in values if isinstance(value, tree.Comprehension) and not value.bracketed
    ]
    if generators and (name not in AGGREGATES or len(values) > 1):
        checker.report(
            "E0406",
            f"`{name}` takes no generator: put it in brackets, as in `[… for … in …]`",
            generators[0],
        )
        return None
    if not any(takes(signature, len(values)) for signature in group):
        _report_count(checker, node, name, group)
        _settle_all(checker, values)
        return None
    return values


def _settle_all(checker: Checker, values: list[tree.Expr]) -> None:
    for value in values:
        checker.value(value)


def _named_arguments(
    checker: Checker, node: tree.Call, name: str, group: list[Signature]
) -> list[tree.Expr] | None:
    for signature in group:
        bound: dict[str, tree.Expr] = {}
        names = [param for param, _ in signature.params]
        for place, arg in enumerate(node.args):
            target = arg.name.name if arg.name is not None else names[place : place + 1]
            key = target if isinstance(target, str) else (target[0] if target else "")
            if key not in names or key in bound:
                break
            bound[key] = arg.value
        else:
            if len(bound) == len(names):
                return [bound[param] for param in names]
    known = [param for signature in group for param, _ in signature.params]
    wrong = next(arg.name for arg in node.args if arg.name is not None)
    checker.report(
        "E0406",
        f"these are not the parameters of `{name}`: {_forms(group)}",
        node,
        suggestion=nearest(wrong.name, known) if wrong.name not in known else None,
    )
    _settle_all(checker, [arg.value for arg in node.args])
    return None


def _forms(group: list[Signature]) -> str:
    texts = [f"`{signature.text}`" for signature in group[:3]]
    return " or ".join(texts) + (" …" if len(group) > 3 else "")


def _report_count(checker: Checker, node: tree.Call, name: str, group: list[Signature]) -> None:
    checker.report(
        "E0406",
        f"`{name}` does not take {len(node.args)} argument{'' if len(node.args) == 1 else 's'}: {_forms(group)}",
        node,
    )


def _report_no_overload(
    checker: Checker,
    node: tree.Call,
    arguments: list[tree.Expr],
    kinds: list[Type],
    group: list[Signature],
) -> None:
    _settle_rest(checker, arguments, kinds)
    for argument, kind in zip(arguments, kinds, strict=True):
        if isinstance(kind, Opt) or kind == NONE:
            checker.report_none(argument, kind)
            return
    if len(group) == 1:
        params = group[0].params
        for argument, kind, (_, wanted) in zip(arguments, kinds, params, strict=False):
            if not _fits_alone(checker, kind, wanted):
                checker.mismatch(argument, natural(kind), wanted)
                return
    name = group[0].name
    checker.report("E0406", f"`{name}` does not take {shown(kinds)}: {_forms(group)}", node)


def _fits_alone(checker: Checker, kind: Type, wanted: Any) -> bool:
    if type(wanted).__name__ != "Prim":
        return True
    return fits(natural(kind), wanted, checker.world)


# ---------------------------------------------------------------- special ones


def _clock(checker: Checker, node: tree.Call, signature: Signature) -> Type:
    if checker.place == "const":
        checker.report(
            "E0412", f"`{signature.name}()` reads the clock: a const is the same at all times", node
        )
        return signature.returns
    if checker.uses.clock is None:
        checker.uses.clock = node
    checker.typing.refs[node] = BuiltinRef(signature.name, signature, (), "clock")
    return signature.returns


def _converted_literal(
    checker: Checker, node: tree.Call, group: list[Signature], arguments: list[tree.Expr]
) -> Type | None:
    """``decimal(0.1)`` and ``date("2024-01-31")``: the literal takes the type at once."""
    if len(arguments) != 1 or group[0].name not in CONVERSIONS:
        return None
    target = CONVERSIONS[group[0].name][0].returns
    kind = checker.infer(arguments[0])
    if not waits(kind) or adopted(kind, target, checker.world) != target:
        return None
    checker.infer(arguments[0], target)
    signature = CONVERSIONS[group[0].name][0]
    checker.typing.refs[node] = BuiltinRef(signature.name, signature, (target,), "conversion")
    checker.typing.args[node] = arguments
    return target


def _check_pattern(checker: Checker, node: tree.Expr) -> None:
    try:
        pattern = ExactEvaluator(checker.typing, checker.consts).value(node)
    except NotExact:
        pattern = None
    if not isinstance(pattern, str):
        checker.report("E0415", "the pattern is a string literal or a const", node)
    elif (cause := mistake(pattern)) is not None:
        checker.report("E0415", f"this pattern is no regular expression: {cause}", node)
    elif not is_supported(pattern):
        checker.report(
            "E0415",
            "this pattern is not a regular expression in the dialect of Rust's `regex`",
            node,
        )
