"""Functions that can be called by name, for as long as a session holds them."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.engine.calls.tiers import BOUND_SECONDS, NATIVE_SECONDS, Forms, python_seconds
from hyper.engine.evaluation import is_function, parameters
from hyper.engine.references import find
from hyper.ir.decisions import function_digest
from hyper.ir.program import CalcDef, RuleDef, TableDef
from hyper.jit.policy.driver import Deoptimisation, Driver
from hyper.jit.policy.machine import Policy, Settings, Step
from hyper.jit.policy.sampling import Sampler
from hyper.jit.profile_records import add
from hyper.jit.profiles import (
    LONGEST_CONSTANT,
    LONGEST_PATH,
    Counters,
    FunctionProfile,
    Left,
    Profile,
    as_body,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hyper.base.events import Listener
    from hyper.emit.native.weights import Weights
    from hyper.engine.evaluation import Outcome
    from hyper.ir.program import Program


SETTINGS: Final = Settings(share=0.25)
"""A session's process stays longer than a script's: a compile has to be paid by four times as much."""


class CallError(Exception):
    """A call without a value. ``code`` is an evaluation error's, ``refused``, ``extern`` or ``input``; ``line`` is from 1, or 0."""

    def __init__(self, code: str, message: str, file: str = "", line: int = 0) -> None:
        place = f" ({file}:{line})" if line else ""
        super().__init__(f"{code}: {message}{place}")
        self.code = code
        self.message = message
        self.file = file
        self.line = line


class CallStatus(msgspec.Struct, frozen=True):
    """Where a function runs: its ``tier`` from 0; ``refusals`` by tier, why it has no such form; the latest seconds of a call by
    tier; the latest ``deoptimisations`` with their places; and how many there were of them and of promotions."""

    tier: int
    promotions: int
    guard_failures: int
    deoptimisations: tuple[Deoptimisation, ...]
    refusals: dict[int, str]
    seconds: dict[int, float]


class Loaded:
    """The functions of a program. ``level`` is the highest tier that runs: 0 the interpreter, 1 generated Python, from 2 on machine
    code. ``listener`` hears of tiers; ``earlier`` are the seconds that each function took in recorded runs, by qualified name, and
    ``weights`` what a profile tells of them. For any number of threads; ``clock`` and ``start`` are those of the driver."""

    def __init__(
        self,
        program: Program,
        *,
        level: int,
        listener: Listener | None = None,
        earlier: Mapping[str, float] = MappingProxyType({}),
        weights: Weights | None = None,
        clock: Callable[[], float] = time.perf_counter,
        start: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self.program = program
        self._earlier = earlier
        self.names = tuple(name for name in program.definitions if is_function(program, name))
        self._level = level
        self._listener = listener
        self._clock = clock
        self._start = start
        self._forms = Forms(program, self.names, SETTINGS.share, weights)
        self._forms.ready = self._expect
        self._called: dict[str, Called] = {}
        self._lock = threading.Lock()

    def call(
        self,
        name: str,
        arguments: Mapping[str, Any] | Sequence[Any] = (),
        *,
        now: datetime | None = None,
    ) -> Any:
        """The value of a function as JSON. ``arguments`` are JSON values by parameter, or in the order of the parameters; of a
        rule the entity is ``self``. Raises ``CallError``, and ``LookupError`` for a name that no function has."""
        called = self._called.get(name) or self.function(name)
        given = called.named(arguments)
        moment = datetime.now(UTC) if now is None else now
        for _ in called.ticks:
            outcome = called.fast(given, moment)
            break
        else:
            outcome = called.sampler.measured(given, moment)
        failure = outcome.failure
        if failure is not None:
            raise CallError(failure.code, failure.message, failure.file, failure.line)
        return outcome.value

    def function(self, name: str) -> Called:
        """A function with its tiers, by its qualified name, or bare where one alone has it. Raises ``LookupError``."""
        full = find(self.program, name)
        if not is_function(self.program, full):
            raise LookupError(f'"{name}" is no calc, table or rule')
        with self._lock:
            if full not in self._called:
                self._called[full] = Called(
                    self._forms,
                    full,
                    self._level,
                    listener=self._listener,
                    earlier=self._earlier.get(full, 0.0),
                    clock=self._clock,
                    start=self._start,
                )
            self._called[name] = self._called[full]
        return self._called[name]

    def _expect(self) -> None:
        """The package is there for all functions."""
        for called in list(self._called.values()):
            called.driver.expect(1, BOUND_SECONDS)

    def status(self, name: str) -> CallStatus:
        """Where a function runs. Raises ``LookupError``."""
        return self.function(name).status()

    def profile(self) -> Profile:
        """What was counted of the calls so far, by tier. Times of calls that were not measured are estimated."""
        functions: dict[str, FunctionProfile] = {}
        for called in set(self._called.values()):
            definition = self.program.definitions[called.name]
            tiers = called.counters()
            if tiers and isinstance(definition, CalcDef | TableDef | RuleDef):
                digest = function_digest(called.name, definition)
                functions[digest] = FunctionProfile(called.name, tiers=tiers, left=called.left())
        return Profile(functions)

    def record(self, path: str) -> str:
        """Add ``profile()`` to a file. Gives what is to say of a profile there that could not be read. Raises ``OSError``, and
        ``ValueError`` for a file that never was a profile."""
        return add(path, as_body(self.profile()))

    def wait(self) -> None:
        """Wait for compiles that are running."""
        for called in list(self._called.values()):
            called.driver.wait()


class Called:
    """One function: ``fast`` runs while ``ticks`` lasts, then a call is measured."""

    def __init__(
        self,
        forms: Forms,
        name: str,
        level: int,
        *,
        listener: Listener | None = None,
        earlier: float = 0.0,
        clock: Callable[[], float] = time.perf_counter,
        start: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self.name = name
        self._forms = forms
        self._parameters = parameters(forms.program, name)
        self._here = threading.local()
        self._level = level
        self._told = 0.0
        """The seconds at tier 0 that the forms know of."""
        base = forms.interpreted(name)
        native = python_seconds(forms.program) + NATIVE_SECONDS
        steps = (Step(forms.python_seconds()), Step(native, 1.5))[: min(level, 2)]
        self.driver = Driver(
            name,
            Policy(steps, SETTINGS, earlier),
            [lambda: forms.generated(name), self._native][: len(steps)],
            listener=listener,
            clock=clock,
            start=start,
        )
        self.fast: Callable[..., Outcome] = base
        self.ticks: Iterator[None] = iter(())
        self.sampler = Sampler(self.driver, base, self._settle)
        if level and earlier and forms.pays(earlier):
            self.driver.in_background(forms.prepare_early)

    def named(self, arguments: Mapping[str, Any] | Sequence[Any]) -> Mapping[str, Any]:
        """Arguments by parameter. Raises ``CallError`` for what fits none."""
        if isinstance(arguments, dict):
            return arguments
        if not isinstance(arguments, list | tuple):
            raise CallError("input", "arguments are a dict by parameter, or a list")
        if len(arguments) > len(self._parameters):
            many = f"takes {len(self._parameters)} arguments, not {len(arguments)}"
            raise CallError("input", f"{self.name} {many}")
        return dict(zip(self._parameters, arguments, strict=False))

    def status(self) -> CallStatus:
        """Where it runs."""
        driver = self.driver
        return CallStatus(
            driver.tier(),
            driver.promotions,
            driver.guard_failures,
            tuple(driver.deoptimisations),
            dict(sorted(driver.refusals.items())),
            dict(sorted(self.sampler.unit_seconds.items())),
        )

    def counters(self) -> dict[str, Counters]:
        """What was counted, by tier. Calls that machine code left to Python count at both tiers, their time at its own."""
        left = self.driver.guard_failures
        known = self.sampler.counts()
        if left:
            calls, seconds = known.get(1, (0, 0.0))
            known[1] = calls + left, seconds
        return {
            str(tier): Counters(calls, calls, left if tier == 2 else 0, round(seconds * 1e9))
            for tier, (calls, seconds) in sorted(known.items())
        }

    def left(self) -> tuple[Left, ...]:
        """Why calls were left to a lower tier, each place once, as far as it is remembered."""
        found = {}
        for why in list(self.driver.deoptimisations):
            if why.line and len(why.file) <= LONGEST_PATH:
                at = (why.tier, why.file, why.line, why.reason[:LONGEST_CONSTANT])
                found[at] = Left(*at, why.value)
        return tuple(found[at] for at in sorted(found))

    def _settle(self, fast: Callable[..., Outcome], ticks: Iterator[None]) -> None:
        self.fast, self.ticks = fast, ticks
        spent = self.sampler.counts().get(0, (0, 0.0))[1]
        if self._level and self._forms.pays(spent - self._told):
            self.driver.in_background(self._forms.prepare_early)
        self._told = spent

    def _native(self) -> Callable[[Mapping[str, Any], datetime], Outcome]:
        """Machine code that tells of calls which it leaves to Python."""
        clock, here = self.driver.clock, self._here

        def left(args: tuple[Any, ...]) -> None:
            here.left = (clock(), args)

        native = self._forms.native(self.name, left)

        def run(arguments: Mapping[str, Any], now: datetime) -> Outcome:
            here.left = None
            outcome = native(arguments, now)
            if here.left is not None:
                failed, args = here.left
                self._failed(failed, args, outcome)
            return outcome

        return run

    def _failed(self, failed: float, args: tuple[Any, ...], outcome: Outcome) -> None:
        program = self._forms.program
        file, line = program.home[self.name].path, program.definitions[self.name].line
        reason = "arguments or a result that machine code does not take"
        if outcome.failure is not None:
            file, line = outcome.failure.file or file, outcome.failure.line or line
            reason = f"it ends in the error {outcome.failure.code}"
        shown = f"{self.name.rpartition('.')[2]}({', '.join(map(repr, args))})"
        why = Deoptimisation(2, reason, file, line, shown[:120])
        # How long the machine code tried is not known; it is less than a microsecond.
        self.sampler.guard_failed(why, (failed, failed, self.driver.clock()), spoilt=False)
