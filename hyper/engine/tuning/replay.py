"""Asks a package what is in a file, in a process of its own: for its answers, or for how long they take.

``python -m hyper.engine.tuning.replay FOLDER CALLS`` asks each function a fixed number of times, so that two packages can be
compared by any tool that measures processes. ``--answers`` and ``--times`` print JSON.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from datetime import datetime
from inspect import signature
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.engine.generated import ANSWER, ARGUMENTS, ask
from hyper.engine.tuning.inputs import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    Asked = tuple[tuple[Any, ...], dict[str, Any]]

SCHEDULE: Final = 1000
"""Calls of a function in one round: each input as often as it weighs."""
_ROUNDS: Final = 300


class Function(msgspec.Struct, frozen=True):
    """A function: its qualified name, its Python module and name, the module with its arguments, and what to ask."""

    name: str
    home: str
    symbol: str
    asking: str
    inputs: list[Input]


class Calls(msgspec.Struct, frozen=True):
    """What to ask of a package, at which time."""

    package: str
    now: datetime
    functions: list[Function]


def main(words: Sequence[str] | None = None) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="replay", description="Asks a package what is in a file.")
    parser.add_argument("folder")
    parser.add_argument("calls")
    parser.add_argument("--answers", action="store_true")
    parser.add_argument("--times", action="store_true")
    given = parser.parse_args(words)
    with open(given.calls, "rb") as stream:
        calls = msgspec.json.decode(stream.read(), type=Calls)
    sys.path.insert(0, os.path.abspath(given.folder))
    errors = importlib.import_module(f"{calls.package}._runtime.errors")
    if given.answers:
        sys.stdout.write(json.dumps(answers(calls, errors)))
        return 0
    if given.times:
        sys.stdout.write(json.dumps(times(calls, errors)))
        return 0
    for function in calls.functions:
        plain, schedule = _scheduled(function, calls, errors)
        for _ in range(_ROUNDS):
            _run(plain, schedule)
    return 0


def answers(calls: Calls, errors: ModuleType) -> dict[str, list[Any]]:
    """What each function gives for each of its inputs."""
    found: dict[str, list[Any]] = {}
    moments = importlib.import_module(f"{calls.package}._runtime.moments")
    with moments.clock_at(calls.now):
        for function in calls.functions:
            plain, models = _loaded(function)
            found[function.name] = [
                msgspec.to_builtins(ask(plain, models, each.arguments, calls.now, errors))
                for each in function.inputs
            ]
    return found


def times(calls: Calls, errors: ModuleType) -> dict[str, float]:
    """Nanoseconds that a call of each function takes, at best; those that nothing is to be asked of often are left out."""
    found: dict[str, float] = {}
    for function in calls.functions:
        plain, schedule = _scheduled(function, calls, errors)
        if schedule:
            found[function.name] = min(_timed(plain, schedule) for _ in range(7)) / len(schedule)
    return found


def _timed(function: Callable[..., Any], schedule: list[Asked]) -> int:
    began = perf_counter_ns()
    _run(function, schedule)
    return perf_counter_ns() - began


def _run(function: Callable[..., Any], schedule: list[Asked]) -> None:
    for args, named in schedule:
        function(*args, **named)


def _loaded(function: Function) -> tuple[Callable[..., Any], tuple[Any, Any]]:
    plain: Callable[..., Any] = getattr(importlib.import_module(function.home), function.symbol)
    asking = importlib.import_module(function.asking)
    return plain, (getattr(asking, ARGUMENTS), getattr(asking, ANSWER))


def _scheduled(
    function: Function, calls: Calls, errors: ModuleType
) -> tuple[Callable[..., Any], list[Asked]]:
    """A function, and calls of it that give a value, each as often as it weighs and evenly mixed."""
    plain, models = _loaded(function)
    weighed = [each for each in function.inputs if each.weight]
    whole = sum(each.weight for each in weighed)
    known: list[tuple[float, int, Asked]] = []
    clock = {"now": calls.now} if "now" in signature(plain).parameters else {}
    for place, each in enumerate(weighed):
        if ask(plain, models, each.arguments, calls.now, errors).failure is not None:
            continue
        read = models[0].model_validate_json(json.dumps(each.arguments))
        args = tuple(getattr(read, name) for name in type(read).model_fields)
        share = max(1, round(SCHEDULE * each.weight / whole))
        known += [((at + 0.5) / share, place, (args, clock)) for at in range(share)]
    known.sort(key=lambda each: each[:2])
    return plain, [asked for _, _, asked in known]


if __name__ == "__main__":
    raise SystemExit(main())
