"""One numeric function in its tiers: some calls are measured, the policy decides where the others run.

A call costs the plain function's time and one step of a counter. Now and then a few calls one after another are measured; their
median stands for all calls until the next time, so that a pause of the machine counts for little.
"""

from __future__ import annotations

import statistics
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from hyper.jit.numeric import machine_code
from hyper.jit.numeric.source import LEAST_INT, MOST_INT, NotNumericError, kind_of
from hyper.jit.numeric.text import Ticks, counted, guarded, same_number, shown_call
from hyper.jit.numeric.unit import Unit
from hyper.jit.policy.driver import CannotCompile, Deoptimisation, Driver
from hyper.jit.policy.machine import Policy, Settings, Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType

    from hyper.base.events import Listener
    from hyper.jit.numeric.machine_code import Code
    from hyper.jit.numeric.source import Kind, Number

PLAIN: Final = 1
"""The place of compiled code in the ladder; it is tier 2."""
FIXED: Final = 2
"""That of code with arguments that were always the same as constants; it is tier 3."""
_READINGS: Final = 5
_LONG: Final = 1e-4
"""Seconds from which on a call is measured alone."""
_COVERED: Final = 2e-3
"""Seconds of work that one measurement stands for: a hundred times what it takes."""
_MOST_CALLS: Final = 1 << 14
_LOOKS: Final = 8
"""Calls that must have been seen before an argument counts as constant."""


class _Argument:
    """What was seen of one parameter."""

    def __init__(self) -> None:
        self.value: object = None
        self.constant = True


class Calls:
    """The tiers of one function. ``call`` is what callers have. ``start`` runs a compile, by default on a thread."""

    def __init__(
        self,
        function: FunctionType,
        parameters: tuple[str, ...],
        settings: Settings,
        *,
        listener: Listener | None = None,
        clock: Callable[[], float] = time.perf_counter,
        start: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        seconds = machine_code.expected_seconds()
        policy = Policy((Step(seconds, 4.0), Step(seconds / 2, 1.25)), settings)
        self.function = function
        self.driver = Driver(
            function.__qualname__,
            policy,
            [self._compile_plain, self._compile_fixed],
            listener=listener,
            clock=clock,
            start=start,
            first=1,
        )
        self.call = counted(function, self.measured)
        self.unit_seconds: dict[int, float] = {}
        """The latest seconds of a call, by tier from 1."""
        self.looked = 0
        """How many calls were measured."""
        self._parameters = parameters
        self._arguments = [_Argument() for _ in parameters]
        self._kinds: tuple[Kind | None, ...] = ()
        self._runs: dict[int, Callable[..., Any]] = {0: function}
        self._lock = threading.RLock()  # a listener may call the function
        self._readings: list[float] = []
        self._interval = 0
        self._tier: int | None = None
        """Where calls are measured now; ``None`` between measurements."""
        self._since = 0
        """Calls since the measurement before, which this one stands for."""
        self._ticks = Ticks(0)

    def measured(self, *args: Any, **named: Any) -> Any:
        """Run a call, and take its time."""
        clock = self.driver.clock
        with self._lock:
            if self._tier is None:
                decision = self.driver.before(1, self._interval + 1)
                self._tier, self._readings = decision.tier, []
                self._since = self._ticks.passed() if decision.action == "stay" else 0
            tier = self._tier
            run = self._run(tier)
            failures = self.driver.guard_failures
            self._look(args + tuple(named.values()))
        began = clock()
        try:
            return run(*args, **named)
        finally:
            ended = clock()
            with self._lock:
                # A thread may be late, and what a failed guard cost has been told.
                if self._tier == tier and self.driver.guard_failures == failures:
                    self._note(tier, ended - began)

    def supply(self, args: tuple[Any, ...]) -> None:
        """Compile now for arguments like these."""
        with self._lock:
            self._look(args)
        self.driver.supply(PLAIN)

    def _look(self, args: tuple[Any, ...]) -> None:
        self._kinds = tuple(map(kind_of, args))
        self.looked += 1
        for seen, value in zip(self._arguments, args, strict=True):
            if self.looked == 1:
                seen.value = value
            elif seen.constant and not same_number(value, seen.value):
                seen.constant = False

    def _note(self, tier: int, seconds: float) -> None:
        """A reading; the last of them ends the measurement."""
        self._readings.append(seconds)
        if len(self._readings) < _READINGS and seconds < _LONG:
            return
        unit = statistics.median(self._readings)
        self.unit_seconds[tier + 1] = unit
        self.driver.ran(tier, 1, 0.0, unit, len(self._readings) + self._since)
        self._tier = None
        limit = min(_MOST_CALLS, int(_COVERED / max(unit, 1e-9)))
        self._interval = min(2 * self._interval + 1, limit)
        self._settle()

    def _settle(self) -> None:
        """Go on unmeasured, at the tier of the policy."""
        tier = self.driver.tier()
        # A function that no tier takes is never measured again.
        self._ticks = Ticks(None if PLAIN in self.driver.refusals else self._interval)
        space = self.call.__globals__
        space["fast"], space["ticks"] = self._run(tier), self._ticks.iterator

    def _run(self, tier: int) -> Callable[..., Any]:
        """The function at a tier of the ladder, or at the highest below it that there is."""
        if tier == 0 or tier not in self.driver.code:
            return self.function if tier <= PLAIN else self._run(tier - 1)
        made: Callable[..., Any] = self.driver.code[tier]
        return made

    def _failed(self, tier: int, code: Code, *args: Any, **named: Any) -> Any:
        """A guard did not hold: the plain function gives the answer, and why is kept."""
        clock = self.driver.clock
        began = clock()
        why = self._why(tier, code, args + tuple(named.values()))
        failed = clock()
        try:
            return self.function(*args, **named)
        finally:
            ended = clock()
            with self._lock:
                self._note_failure(tier, why, (began, failed, ended))

    def _note_failure(
        self, tier: int, why: tuple[Deoptimisation, bool], times: tuple[float, float, float]
    ) -> None:
        reason, spoilt = why
        passed = self._ticks.passed()
        unit = self.unit_seconds.get(tier + 1)
        if passed and unit is not None and self.driver.tier() == tier:
            self.driver.ran(tier, 1, 0.0, unit, passed)
        left = self.driver.guard_failed(reason, 1, *times) == "switch"
        if left and spoilt:
            self.driver.withdraw(tier)
        if left:
            self._tier = None
        if left or passed:
            self._settle()

    def _why(self, tier: int, code: Code, args: tuple[Any, ...]) -> tuple[Deoptimisation, bool]:
        """The reason, and whether it means that the code no longer fits."""
        place = self.function.__code__
        call = shown_call(self.function.__name__, args)

        def reason(text: str) -> Deoptimisation:
            return Deoptimisation(tier, text, place.co_filename, place.co_firstlineno, call)

        for name, kind, value in zip(self._parameters, code.unit.main.kinds, args, strict=True):
            if type(value) is int and not LEAST_INT <= value <= MOST_INT:
                return reason(f"`{name}` has more than 64 bits"), False
            if kind_of(value) != kind:
                return reason(f"`{name}` is of the type {type(value).__name__}, not {kind}"), True
        for held in code.unit.held:
            if not held.stands():
                return reason(f"`{held.name}` is no longer what it was"), True
        try:
            code.call(*args)
        except machine_code.CheckFailedError as error:
            site = code.unit.sites[error.args[0] - 1]
            found = Deoptimisation(tier, site.reason, site.file, site.line, call)
            return found, tier == FIXED and self._is_spoilt(code, args)
        return reason("another thread changed what the code depends on"), False

    def _is_spoilt(self, code: Code, args: tuple[Any, ...]) -> bool:
        """Whether an argument that was always the same is so no longer; it never counts as constant again."""
        spoilt = False
        for place, value in code.fixed.items():
            if not same_number(value, args[place]):
                self._arguments[place].constant = False
                spoilt = True
        return spoilt

    def _compile_plain(self) -> FunctionType:
        return self._compiled(PLAIN, {})

    def _compile_fixed(self) -> FunctionType:
        fixed: dict[int, Number] = {}
        if self.looked >= _LOOKS:
            for place, seen in enumerate(self._arguments):
                if seen.constant and isinstance(seen.value, bool | int | float):
                    fixed[place] = seen.value
        if not fixed:
            many = f"all {self.looked:,} calls that were looked at"
            raise CannotCompile(f"no argument had the same value in {many}")
        return self._compiled(FIXED, fixed)

    def _compiled(self, tier: int, fixed: dict[int, Number]) -> FunctionType:
        kinds = self._kinds
        for name, kind in zip(self._parameters, kinds, strict=True):
            if kind is None:
                raise CannotCompile(f"`{name}` is no bool, int of 64 bits or float")
        known = tuple(kind for kind in kinds if kind is not None)
        try:
            code = machine_code.scalar_code(Unit(self.function, known, fixed))
        except NotNumericError as error:
            place = f"{self.function.__code__.co_filename}:{error.line}: " if error.line else ""
            raise CannotCompile(f"{place}{error.reason}") from None

        def failed(*args: Any, **named: Any) -> Any:
            return self._failed(tier, code, *args, **named)

        return guarded(self.function, self._parameters, code, failed)
