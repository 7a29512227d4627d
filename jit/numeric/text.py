"""The two small functions around a numeric function, made for its parameters: nothing but what a call needs is in them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FunctionType

    from hyper.jit.numeric.machine_code import Code
    from hyper.jit.numeric.source import Number


def like(function: FunctionType, body: str, space: dict[str, Any]) -> FunctionType:
    """A function with the parameters of another. ``PASSED`` in the lines of ``body`` stands for the arguments as they came."""
    params = inspect.signature(function).parameters.values()
    declared, passed = [], []
    for place, param in enumerate(params):
        if param.kind is param.KEYWORD_ONLY and "*" not in declared:
            declared.append("*")
        declared.append(param.name)
        keyword = param.kind is param.KEYWORD_ONLY
        passed.append(f"{param.name}={param.name}" if keyword else param.name)
        following = list(params)[place + 1 : place + 2]
        ends = not following or following[0].kind is not param.POSITIONAL_ONLY
        if param.kind is param.POSITIONAL_ONLY and ends:
            declared.append("/")
    lines = body.replace("PASSED", ", ".join(passed)).splitlines()
    text = "\n    ".join([f"def call({', '.join(declared)}):", *lines])
    exec(compile(text, "<tiers>", "exec"), space)  # noqa: S102  # our text around names
    made: FunctionType = space["call"]
    made.__defaults__ = function.__defaults__
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def counted(function: FunctionType, measured: Callable[..., Any]) -> FunctionType:
    """What callers have: while ``ticks`` lasts, calls go to ``fast``; the next one is measured. Both are its globals.

    A loop over an iterator is the cheapest counter that Python has.
    """
    body = "for _ in ticks:\n    return fast(PASSED)\nreturn measured(PASSED)"
    return like(function, body, {"ticks": iter(()), "fast": function, "measured": measured})


def guarded(
    function: FunctionType, names: Sequence[str], code: Code, failed: Callable[..., Any]
) -> FunctionType:
    """Compiled code behind the guard at its entry; ``failed`` is called with the arguments where it does not hold."""
    space: dict[str, Any] = {"entry": code.call, "failed": failed, "type_of": type}
    space |= {f"k_{kind}": each for kind, each in (("bool", bool), ("int", int), ("float", float))}
    tests = [
        f"type_of({name}) is k_{kind}"
        for name, kind in zip(names, code.unit.main.kinds, strict=True)
    ]
    for place, held in enumerate(code.unit.held):
        space |= {f"o_{place}": held.owner, f"h_{place}": held.value}
        tests.append(f"{held.reading(f'o_{place}')} is h_{place}")
    body = (
        "try:\n"
        f"    if {' and '.join(tests) or 'True'}:\n"
        f"        return entry({', '.join(names)})\n"
        "except Exception:\n"
        "    pass\n"
        "return failed(PASSED)"
    )
    return like(function, body, space)


def same_number(one: Number, other: object) -> bool:
    """Whether two values are the same bits; NaN is never."""
    return type(one) is type(other) and repr(one) == repr(other) and one == other


def shown_call(name: str, arguments: Sequence[object]) -> str:
    """A call as people write it, cut where it is long."""
    text = f"{name}({', '.join(map(repr, arguments))})"
    return text if len(text) <= 120 else f"{text[:117]}..."
