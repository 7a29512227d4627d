"""The builtin functions over values, chosen by name and by the types of the arguments.

``docs/language-builtins.md`` is what they do. What one makes is paid for before it is made where it can grow: see ``Machine``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from hyper.ir.interpreter import calendar, numbers, texts
from hyper.ir.interpreter.aggregates import AGGREGATES
from hyper.ir.interpreter.arithmetic import int64
from hyper.ir.interpreter.comparison import contains, equal
from hyper.ir.interpreter.values import EvaluationError, Value
from hyper.lang.types import INT, ListOf, MapOf, Prim, Type, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.interpreter.machine import Machine


def _index_of(items: list[Value], item: Value) -> int | None:
    for index, each in enumerate(items):
        if equal(each, item):
            return index
    return None


def _distinct(items: list[Value]) -> list[Value]:
    result: list[Value] = []
    for item in items:
        if not contains(result, item):
            result.append(item)
    return result


def _part(items: list[Value], start: int, end: int | None = None) -> list[Value]:
    stop = len(items) if end is None else end
    if not 0 <= start <= stop <= len(items):
        raise EvaluationError(
            "out_of_bounds", f"{start} to {stop} is no part of {len(items)} items"
        )
    return items[start:stop]


def _flatten(items: list[list[Value]]) -> list[Value]:
    return [item for inner in items for item in inner]


def _last(items: list[Value]) -> Value:
    return items[-1] if items else None


_COLLECTIONS: dict[str, Callable[..., Value]] = {
    "contains": contains,
    "index_of": _index_of,
    "last": _last,
    "reversed": lambda items: items[::-1],
    "distinct": _distinct,
    "flatten": _flatten,
    "slice": _part,
    "keys": list,
    "values": lambda entries: list(entries.values()),
    "has": lambda entries, key: key in entries,
    "get": lambda entries, key: entries.get(key),
    "merge": lambda first, second: {**first, **second},
}
"""Builtins over lists and maps; ``length`` is ``len`` for all."""


def _is_text(kind: Type) -> bool:
    return isinstance(kind, Prim) and kind.name in {"string", "url", "email"}


def _quadratic(
    function: Callable[[list[Value]], Value], machine: Machine
) -> Callable[[list[Value]], Value]:
    def run(items: list[Value]) -> Value:
        machine.step(len(items) * len(items) // 8)
        return function(items)

    return run


def _per_item(function: Callable[..., Value], machine: Machine) -> Callable[..., Value]:
    def run(items: list[Value], *rest: Value) -> Value:
        machine.step(len(items))
        machine.allocate(8 * len(items))
        return function(items, *rest)

    return run


def _flat(machine: Machine) -> Callable[[list[list[Value]]], list[Value]]:
    def run(items: list[list[Value]]) -> list[Value]:
        size = sum(map(len, items))
        machine.step(size)
        machine.allocate(8 * size)
        return _flatten(items)

    return run


def _aggregate(name: str, kind: Type, machine: Machine) -> Callable[..., Value]:
    fold = AGGREGATES[name](kind)

    def run(items: list[Value]) -> Value:
        machine.step(len(items))
        return fold(iter(items))

    return run


def _merge(machine: Machine) -> Callable[..., Value]:
    def run(first: dict[str, Value], second: dict[str, Value]) -> dict[str, Value]:
        machine.step(len(first) + len(second))
        machine.allocate(16 * (len(first) + len(second)))
        return {**first, **second}

    return run


def _collection(name: str, machine: Machine) -> Callable[..., Value]:
    match name:
        case "distinct":
            return _quadratic(_distinct, machine)
        case "flatten":
            return _flat(machine)
        case "merge":
            return _merge(machine)
        case "last" | "has" | "get":
            return _COLLECTIONS[name]
        case _:
            return _per_item(_COLLECTIONS[name], machine)


def _numeric(name: str, kinds: list[Type], returns: Type) -> Callable[..., Value]:
    function = numbers.choose(name, kinds)
    if returns != INT or name in {"sign", "pow"}:
        return function
    return lambda *args: int64(function(*args))


def _several(name: str, kind: Type) -> Callable[..., Value]:
    fold = AGGREGATES[name](kind)
    return lambda *args: fold(iter(args))


def builtin(name: str, kinds: list[Type], returns: Type, machine: Machine) -> Callable[..., Value]:
    """The function of a builtin for arguments of these types."""
    kinds = [plain(kind) for kind in kinds]
    first = kinds[0] if kinds else returns
    if name == "length":
        return len
    if name in AGGREGATES and len(kinds) == 1:
        item = first.item if isinstance(first, ListOf) else first
        return _aggregate(name, plain(item), machine)
    if name in {"min", "max"}:
        return _several(name, first)
    if isinstance(first, ListOf | MapOf) and name in _COLLECTIONS:
        return _collection(name, machine)
    if name == "join":
        return functools.partial(texts.join, machine)
    if _is_text(first) and name in texts.TEXTS:
        return texts.choose(name, machine)
    if name in numbers.NUMBERS:
        return _numeric(name, kinds, plain(returns))
    return calendar.CALENDAR[name]
