"""Some calls of a function are measured, the policy decides where the others run.

Now and then a few calls one after another are measured; their median stands for all calls until the next time, so that a pause of
the machine counts for little. Between measurements a call costs one step of an iterator.
"""

from __future__ import annotations

import itertools
import operator
import statistics
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hyper.jit.policy.driver import Deoptimisation, Driver

_READINGS: Final = 5
_LONG: Final = 1e-4
"""Seconds from which on a call is measured alone."""
_PAUSE: Final = 100.0
"""How much longer than ``_LONG`` the first call of all has to take to be measured alone."""
_COVERED: Final = 2e-3
"""Seconds of work that one measurement stands for: a hundred times what it takes."""
_MOST_CALLS: Final = 1 << 14


class Ticks:
    """Calls until the next measurement."""

    __slots__ = ("_length", "iterator")

    def __init__(self, length: int | None) -> None:
        self._length = length
        self.iterator: Iterator[None] = (
            itertools.repeat(None) if length is None else itertools.repeat(None, length)
        )

    def passed(self) -> int:
        """How many calls there were."""
        if self._length is None:
            return 0
        return self._length - operator.length_hint(self.iterator)


class Sampler:
    """Measures calls for a driver. ``base`` runs at tier 0 of the ladder, the driver's code above it.

    ``settle`` is given what calls run from now on, and an iterator: when it has ended, the next call goes to ``measured``.
    ``look`` sees the arguments of measured calls.
    """

    def __init__(
        self,
        driver: Driver,
        base: Callable[..., Any],
        settle: Callable[[Callable[..., Any], Iterator[None]], None],
        look: Callable[[tuple[Any, ...]], None] = lambda _args: None,
    ) -> None:
        self.unit_seconds: dict[int, float] = {}
        """The latest seconds of a call, by tier of the ladder."""
        self._calls: dict[int, int] = {}
        self._seconds: dict[int, float] = {}
        self._at = 0
        """Where unmeasured calls run."""
        self._driver = driver
        self._base = base
        self._settled = settle
        self._look = look
        self._lock = threading.RLock()  # a listener may call the function
        self._readings: list[float] = []
        self._interval = 0
        self._since = 0
        """Calls since the measurement before, which this one stands for."""
        self._tier: int | None = None
        """Where calls are measured now; ``None`` between measurements."""
        self._ticks = Ticks(0)

    def measured(self, *args: Any, **named: Any) -> Any:
        """Run a call, and take its time."""
        driver = self._driver
        with self._lock:
            if self._tier is None:
                decision = driver.before(1, self._interval + 1)
                self._tier, self._readings = decision.tier, []
                self._since = self._ticks.passed() if decision.action == "stay" else 0
            tier = self._tier
            run = self._run(tier)
            failures = driver.guard_failures
            self._look((*args, *named.values()))
        began = driver.clock()
        try:
            return run(*args, **named)
        finally:
            ended = driver.clock()
            with self._lock:
                self._count(tier, 1, ended - began)
                # A thread may be late, and what a failed guard cost has been told.
                if self._tier == tier and driver.guard_failures == failures:
                    self._note(tier, ended - began)

    def guard_failed(
        self, why: Deoptimisation, times: tuple[float, float, float], *, spoilt: bool
    ) -> None:
        """A guard did not hold: ``times`` are when the call began, failed, and ended below. ``spoilt`` code no longer fits."""
        driver = self._driver
        with self._lock:
            passed = self._ticks.passed()
            unit = self.unit_seconds.get(why.tier)
            if passed and unit is not None and driver.tier() == why.tier:
                driver.ran(why.tier, 1, 0.0, unit, passed)
            left = driver.guard_failed(why, 1, *times) == "switch"
            if left and spoilt:
                driver.withdraw(why.tier)
            if left:
                self._tier = None
            if left or passed:
                self._settle()

    def _note(self, tier: int, seconds: float) -> None:
        """A reading; the last of them ends the measurement."""
        self._readings.append(seconds)
        # One long reading is a long call only where that is what its calls are like: the machine pauses now and then.
        known = self.unit_seconds.get(tier, seconds / _PAUSE)
        if len(self._readings) < _READINGS and not (seconds >= _LONG <= known):
            return
        unit = statistics.median(self._readings)
        self.unit_seconds[tier] = unit
        self._driver.ran(tier, 1, 0.0, unit, len(self._readings) + self._since)
        self._tier = None
        limit = min(_MOST_CALLS, int(_COVERED / max(unit, 1e-9)))
        self._interval = min(2 * self._interval + 1, limit)
        self._settle()

    def _settle(self) -> None:
        """Go on unmeasured, at the tier of the policy."""
        passed = self._ticks.passed()
        self._count(self._at, passed, passed * self.unit_seconds.get(self._at, 0.0))
        self._at = self._driver.tier()
        # A function that no tier takes is never measured again.
        self._ticks = Ticks(None if 1 in self._driver.refusals else self._interval)
        self._settled(self._run(self._at), self._ticks.iterator)

    def _count(self, tier: int, calls: int, seconds: float) -> None:
        self._calls[tier] = self._calls.get(tier, 0) + calls
        self._seconds[tier] = self._seconds.get(tier, 0.0) + seconds

    def counts(self) -> dict[int, tuple[int, float]]:
        """Calls and their seconds, by tier of the ladder; the seconds of those that were not measured are estimated."""
        with self._lock:
            passed = self._ticks.passed()
            known = {tier: (calls, self._seconds[tier]) for tier, calls in self._calls.items()}
            calls, seconds = known.get(self._at, (0, 0.0))
            more = passed * self.unit_seconds.get(self._at, 0.0)
            known[self._at] = calls + passed, seconds + more
        return {tier: each for tier, each in sorted(known.items()) if each[0]}

    def _run(self, tier: int) -> Callable[..., Any]:
        """The function at a tier of the ladder, or at the highest below it that there is."""
        code = self._driver.code
        found = next((at for at in range(tier, 0, -1) if at in code), 0)
        made: Callable[..., Any] = code[found] if found else self._base
        return made
