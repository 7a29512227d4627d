"""The builtin functions over strings."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from hyper.ir.interpreter.values import EvaluationError, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.interpreter.machine import Machine

WIDEST_PAD = 10_000


@functools.cache
def searcher(pattern: str) -> Callable[[str], bool]:
    """Whether the pattern is found anywhere in a text, in the dialect of Rust's ``regex``."""
    from pydantic_core import (
        SchemaValidator,
        ValidationError,
        core_schema,
    )

    validate: Callable[[Any], Any] = SchemaValidator(
        core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
    ).validate_python

    def search(text: str) -> bool:
        try:
            validate(text)
        except ValidationError:
            return False
        return True

    return search


def _matches(text: str, pattern: str) -> bool:
    return searcher(pattern)(text)


def _replace(machine: Machine, text: str, old: str, new: str) -> str:
    if not old:
        raise EvaluationError("domain", "the text to replace is empty")
    machine.allocate(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _split(machine: Machine, text: str, separator: str) -> list[str]:
    if not separator:
        raise EvaluationError("domain", "the separator is empty")
    machine.allocate(len(text) + 8 * text.count(separator))
    return text.split(separator)


def join(machine: Machine, parts: list[str], separator: str) -> str:
    """The parts with the separator between them."""
    machine.allocate(sum(map(len, parts)) + len(parts) * len(separator))
    return separator.join(parts)


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= start <= stop <= len(text):
        raise EvaluationError(
            "out_of_bounds", f"{start} to {stop} is no part of {len(text)} code points"
        )
    return text[start:stop]


def _index_of(text: str, part: str) -> int | None:
    at = text.find(part)
    return None if at < 0 else at


def _pad(text: str, width: int, fill: str, *, left: bool) -> str:
    if len(fill) != 1 or width > WIDEST_PAD:
        raise EvaluationError(
            "domain", "padding takes one code point and a width of at most 10,000"
        )
    missing = max(width - len(text), 0)
    return fill * missing + text if left else text + fill * missing


TEXTS: dict[str, Callable[..., Value]] = {
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "starts_with": lambda text, prefix: text.startswith(prefix),
    "ends_with": lambda text, suffix: text.endswith(suffix),
    "contains": lambda text, part: part in text,
    "matches": _matches,
    "substring": _substring,
    "index_of": _index_of,
    "pad_left": functools.partial(_pad, left=True),
    "pad_right": functools.partial(_pad, left=False),
    "replace": _replace,
    "split": _split,
}


def choose(name: str, machine: Machine) -> Callable[..., Value]:
    """The function of that name, paying for what it reads and makes."""
    function = TEXTS[name]
    if name in {"replace", "split"}:
        function = functools.partial(function, machine)

    def run(text: str, *rest: Value) -> Value:
        machine.step(1 + len(text) // 64)
        result = function(text, *rest)
        if isinstance(result, str):
            machine.allocate(len(result))
        return result

    return run
