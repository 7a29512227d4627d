"""The circuit breaker: who fails again and again is left alone for a while (M. Nygard: "Release It!", 2007)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Breaker:
    """On until ``failures`` calls failed one after the other, then off for ``seconds``; then one call is tried.

    If that fails too, it is off for twice as long, up to ``longest`` seconds. ``clock`` gives seconds.
    """

    __slots__ = ("_clock", "_failed", "_failures", "_longest", "_next", "_seconds", "_until")

    def __init__(
        self, failures: int, seconds: float, longest: float, clock: Callable[[], float]
    ) -> None:
        self._failures = failures
        self._seconds = self._next = seconds
        self._longest = longest
        self._clock = clock
        self._failed = 0
        self._until = 0.0

    @property
    def on(self) -> bool:
        """Whether a call may be made now."""
        return self._failed < self._failures or self._clock() >= self._until

    def succeeded(self) -> None:
        """A call was answered."""
        self._failed = 0
        self._next = self._seconds

    def failed(self, *, surely: bool = False) -> bool:
        """A call failed, ``surely`` if the next one would as well. Whether the breaker turned off by it."""
        self._failed = max(self._failed + 1, self._failures if surely else 0)
        if self._failed < self._failures:
            return False
        self._until = self._clock() + self._next
        self._next = min(2 * self._next, self._longest)
        return True
