"""Counts what the functions of this package do while it runs: for builds that know it, and for whoever watches it.

It is loaded only where ``HYPER_PROFILE_OUT`` or ``HYPER_PROFILE_JSON`` names a file. Modules with functions are then changed
as they are imported: each outcome of a decision counts itself, and each function its calls and their time, with that of the
functions that it calls. Counts of threads that run at the same instant may be lost.
"""

from __future__ import annotations

import ast
import atexit
import json
import os
import sys
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import wraps
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.resources import files
from inspect import signature
from threading import Lock
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from hyper.jit import profile_records as records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import CodeType, ModuleType

__all__ = ["known", "save", "start"]

P = ParamSpec("P")
R = TypeVar("R")

_EVERY = 30_000_000_000
"""Nanoseconds after which what was counted is written while the package runs."""
_LONGEST = 200
_MOST_WATCHED = 64
"""Arguments and fields of them that are looked at in each call."""
_TIER = "1"
_NATIVE = "2"
_ATTRIBUTE = "_hyper_profile"


class Counts:
    """What is counted of one function. ``outcomes`` has those of all decisions one after another."""

    def __init__(self, name: str, digest: str, decisions: Sequence[int]) -> None:
        self.name = name
        self.digest = digest
        self.sizes = decisions
        self.outcomes = [0] * sum(decisions)
        self.tiers: dict[str, list[int]] = {}
        self.constants: dict[str, str | None] = {}
        self.missed: dict[str, int] = {}
        self.before = 0

    def add(self, tier: str, rows: int, nanoseconds: int, guards: int = 0) -> None:
        """A call, of one input or of many rows, at a tier."""
        counts = self.tiers.get(tier)
        if counts is None:
            counts = self.tiers[tier] = [0, 0, 0, 0]
        counts[0] += 1
        counts[1] += rows
        counts[2] += guards
        counts[3] += nanoseconds

    def calls(self, tier: str) -> int:
        """The calls at a tier since they were last written."""
        found = self.tiers.get(tier)
        return found[0] if found is not None else 0

    def see(self, name: str, value: Any) -> None:
        """What a parameter was."""
        text = _text(value)
        if self.constants.setdefault(name, text) != text:
            missed = self.missed[name] = self.missed.get(name, 0) + 1
            if not records.is_constant(missed - records.SPARED, self.before + self.calls(_TIER)):
                self.constants[name] = None

    def take(self) -> dict[str, Any]:
        """What was counted since this was last asked."""
        found, self.outcomes[:] = list(self.outcomes), [0] * len(self.outcomes)
        self.before += self.calls(_TIER)
        tiers, self.tiers = self.tiers, {}
        places = iter(found)
        decisions = [[next(places) for _ in range(size)] for size in self.sizes]
        constants = {
            name: text if records.is_constant(self.missed.get(name, 0), self.before) else None
            for name, text in list(self.constants.items())
        }
        entry = {"name": self.name, "decisions": decisions}
        return entry | {"constants": constants, "tiers": tiers}


_functions: dict[str, Counts] = {}
"""By qualified name."""


class _Writer:
    """When what was counted is written next, by one thread at a time, and what was said of it."""

    def __init__(self) -> None:
        self.deadline = 0
        self.lock = Lock()
        self.told: set[str] = set()
        self.paths: dict[str, str] = {}


_writing = _Writer()


def start(package: str) -> None:
    """Count what the modules of the package do that are imported from now on."""
    place = files(f"{package}._runtime").joinpath("counted.json")
    if not place.is_file():
        return
    known = json.loads(place.read_text(encoding="utf-8"))
    for functions in known.values():
        for name, digest, decisions, _ in functions.values():
            _functions[name] = Counts(name, digest, decisions)
    sys.meta_path.insert(0, _Finder({f"{package}.{name}": each for name, each in known.items()}))
    for variable in ("HYPER_PROFILE_OUT", "HYPER_PROFILE_JSON"):
        if path := os.environ.get(variable):
            # Where the process stands by then is another matter.
            _writing.paths[variable] = os.path.abspath(path)
    _writing.deadline = perf_counter_ns() + _EVERY
    atexit.register(save)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forget)


def known() -> dict[str, Counts]:
    """What is counted of each function, by its qualified name."""
    return _functions


def save() -> None:
    """Add what was counted to the files that the variables name."""
    if not _writing.lock.acquire(blocking=False):
        return
    try:
        _writing.deadline = perf_counter_ns() + _EVERY
        _save()
    finally:
        _writing.lock.release()


def _save() -> None:
    body = {each.digest: each.take() for each in list(_functions.values()) if each.tiers}
    if not body:
        return
    for variable, put in (
        ("HYPER_PROFILE_OUT", records.add),
        ("HYPER_PROFILE_JSON", records.add_counters),
    ):
        path = _writing.paths.get(variable)
        if path is None:
            continue
        try:
            remark = put(path, body)
        except (OSError, ValueError) as error:
            remark = str(error)
        if remark and remark not in _writing.told:
            _writing.told.add(remark)
            sys.stderr.write(f"{variable}: {path}: {remark}\n")


def _forget() -> None:
    """A process that was forked counts for itself: what its parent counted is the parent's to write."""
    _writing.lock = Lock()
    for each in _functions.values():
        each.take()


def _text(value: Any) -> str | None:
    """A value as JSON, where it is short and has no parts."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Decimal | date):
        value = str(value)
    if value is not None and not isinstance(value, bool | int | float | str):
        return None
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return None
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else None


def _timed(counts: Counts) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        watched = tuple(_Watched(*each) for each in enumerate(signature(function).parameters))

        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            nonlocal watched
            for each in watched:
                place = each.place
                given: Any = args[place] if place < len(args) else kwargs.get(each.param)
                for field in each.fields:
                    given = getattr(given, field, None)
                if given is not each.last:
                    parts = each.parts(given)
                    if each.varies(given, counts):
                        watched = tuple(other for other in watched if other is not each)
                    if len(watched) + len(parts) <= _MOST_WATCHED:
                        watched += parts
            began = perf_counter_ns()
            try:
                return function(*args, **kwargs)
            finally:
                ended = perf_counter_ns()
                counts.add(_TIER, 1, ended - began)
                if ended > _writing.deadline:
                    save()

        return run

    return decorate


class _Watched:
    """A parameter, or a field of one, that was nearly always the same so far; ``last`` is what it was."""

    __slots__ = ("fields", "last", "name", "param", "place")

    def __init__(self, place: int, param: str, fields: tuple[str, ...] = ()) -> None:
        self.place = place
        self.param = param
        self.fields = fields
        self.name = ".".join((param, *fields))
        self.last: Any = _watching

    def parts(self, given: Any) -> tuple[_Watched, ...]:
        """The fields of a model, which vary for themselves."""
        known = getattr(type(given), "model_fields", ())
        return tuple(_Watched(self.place, self.param, (*self.fields, field)) for field in known)

    def varies(self, given: Any, counts: Counts) -> bool:
        """Whether it is no longer worth looking at."""
        counts.see(self.name, given)
        self.last = given
        return counts.constants[self.name] is None


_watching = object()
"""Nothing that is ever given."""


def _native(counts: Counts, function: Any) -> Any:
    """A function in machine code, which leaves some calls to the one in Python: these are counted as guards that did not hold."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        before = counts.calls(_TIER)
        began = perf_counter_ns()
        try:
            return function(*args, **kwargs)
        finally:
            ended = perf_counter_ns()
            counts.add(_NATIVE, 1, ended - began, int(counts.calls(_TIER) > before))
            if ended > _writing.deadline:
                save()

    return run


class _Finder:
    """Finds the modules whose functions are counted."""

    def __init__(self, modules: dict[str, dict[str, Any]]) -> None:
        """``modules`` have of each function, by Python name, its name, its digest, how many outcomes each decision has, and marks:
        the line, the decision, the outcome, and whether it is that of no condition of the ``if`` on the line."""
        self._modules = modules
        self.save = save
        """For who imports a package only for a while."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As every finder does."""
        functions = self._modules.get(fullname)
        if functions is None:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        spec.loader = _Loader(fullname, spec.loader.path, functions)
        return spec


class _Loader(SourceFileLoader):
    """Loads a module with its functions changed, and keeps no code of it."""

    def __init__(self, fullname: str, path: str, functions: dict[str, Any]) -> None:
        super().__init__(fullname, path)
        self._known = functions
        self._counts = {symbol: _functions[name] for symbol, (name, *_) in functions.items()}

    def get_code(self, _fullname: str) -> CodeType:
        """The code of the module."""
        tree = ast.parse(self.get_data(self.path), self.path)
        _count(tree, self._known)
        code: CodeType = compile(tree, self.path, "exec", dont_inherit=True)
        return code

    def exec_module(self, module: ModuleType) -> None:
        """Run it."""
        counts = self._counts
        outcomes = {symbol: each.outcomes for symbol, each in counts.items()}
        timed = {symbol: _timed(each) for symbol, each in counts.items()}
        setattr(module, _ATTRIBUTE, (outcomes, timed))
        super().exec_module(module)
        for symbol, each in counts.items():
            bound = getattr(module, symbol, None)
            if not hasattr(bound, "__wrapped__"):
                # Machine code has taken its place.
                setattr(module, symbol, _native(each, bound))


def _count(tree: ast.Module, known: dict[str, Any]) -> None:
    """Let outcomes count themselves, and functions their calls."""
    before: dict[int, list[ast.stmt]] = {}
    past: dict[int, list[ast.stmt]] = {}
    for symbol, (_, _, sizes, marks) in known.items():
        firsts = [sum(sizes[:place]) for place in range(len(sizes))]
        for line, decision, outcome, is_past in marks:
            text = f"{_ATTRIBUTE}[0][{symbol!r}][{firsts[decision] + outcome}] += 1"
            (past if is_past else before).setdefault(line, []).extend(ast.parse(text).body)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and node.lineno in past:
            last = node
            while len(last.orelse) == 1 and isinstance(last.orelse[0], ast.If):
                last = last.orelse[0]
            last.orelse += past.pop(node.lineno)
    for block in list(_blocks(tree)):
        for place in reversed(range(len(block))):
            if block[place].lineno in before:
                block[place:place] = before.pop(block[place].lineno)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in known:
            text = f"{_ATTRIBUTE}[1][{node.name!r}]"
            node.decorator_list.insert(0, ast.parse(text, mode="eval").body)
    ast.fix_missing_locations(tree)


def _blocks(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list) and not isinstance(node, ast.Module):
                yield block
