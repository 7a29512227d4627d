"""Promotion on payback, and the way back, as a machine that is told what happened and says what to do.

It never reads a clock: readings are handed in. What it holds, over any trace of calls:

    time with the policy <= (1 + share) * time at tier 0 of the ladder + (changes + 1) * sizes * risk

``risk`` is the most that one attempt can cost: one compile, and for each tier below ``window`` seconds and the calls between two
probes at the upper tier.
``sizes`` counts the classes of size (powers of two) that the trace has, ``changes`` how often the relative speed of the
tiers changes under way. A compile counts in full, as if it ran on the caller's core.

The means: an attempt (a compile, or going up again after a loss) is only made when ``share`` of the time spent so far covers its
price, and what it really costs is charged. Losses are measured against the best tier below; those below are probed in turn
while the upper one runs, which costs no more than staying there would have. After each loss the price of the next attempt
doubles, up to a bound. The rule of payback is that of ski rental: the future is taken to be as long as the past.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import msgspec

Action: TypeAlias = Literal["stay", "switch", "probe"]
State: TypeAlias = Literal["none", "compiling", "ready", "failed"]

_SMOOTH: Final = 0.125
_SMOOTH_PROBE: Final = 0.25
_IN_A_ROW: Final = 4
_RECENT: Final = 64
_MOST_FAILURES: Final = 8


class Settings(msgspec.Struct, frozen=True):
    """``share`` is the part of the time spent below that attempts may cost. ``window`` is the loss in seconds after which the
    upper tier is left; with ``probe`` calls it is also the distance between probes. ``doublings`` bounds the back-off."""

    share: float = 0.1
    window: float = 0.01
    probe: int = 64
    doublings: int = 10


class Step(msgspec.Struct, frozen=True):
    """A tier above the one before: the seconds that its compile is expected to take, and how many times faster it should be."""

    compile_seconds: float
    gain: float = 2.0


class Decision(msgspec.Struct, frozen=True):
    """Run this call at ``tier``; where ``compile`` is a tier, begin to compile it in the background."""

    tier: int
    action: Action = "stay"
    compile: int | None = None


@dataclass(slots=True)
class _Rung:
    """What is known of a tier as a whole."""

    state: State
    estimate: float
    gain: float


@dataclass(slots=True)
class _Size:
    """What is known of calls of one class of size."""

    tier: int = 0
    costs: dict[int, float] = field(default_factory=dict)
    """Seconds a unit of size, by tier."""
    loss: float = 0.0
    """What the tier in use lost against the one below, less what it won back."""
    won: float = 0.0
    probes: int = 0
    calls: int = 0
    units: float = 0.0
    seconds: float = 0.0
    """Calls, size and time at the tier in use since the last probe."""
    failures: int = 0
    in_a_row: int = 0
    doublings: int = 0
    price: float = 0.0
    left_at: float = 0.0
    """The time below when the upper tier was last left: the next attempt waits until ``share`` of what came since is ``price``."""

    def best_below(self, otherwise: float) -> float:
        """Seconds a unit of the fastest tier below the one in use."""
        return min((self.costs[at] for at in self.costs if at < self.tier), default=otherwise)


class Policy:
    """Decides for one function. ``steps`` are the tiers above tier 0 of the ladder, in order. Not for two threads at once.

    ``earlier`` are seconds that tier 0 took in runs before this one: they count as spent, so that what paid then is done at once.
    Where the future is shorter, ``share`` of them is lost beyond the bound above.
    """

    def __init__(
        self, steps: tuple[Step, ...], settings: Settings | None = None, earlier: float = 0.0
    ) -> None:
        self.settings = settings or Settings()
        self._rungs = [_Rung("ready", 0.0, 1.0)]
        self._rungs += [_Rung("none", step.compile_seconds, step.gain) for step in steps]
        self._sizes: dict[int, _Size] = {}
        self._below = earlier
        """Seconds that tier 0 of the ladder would surely have taken so far."""
        self._spent = 0.0
        """What attempts cost and did not win back."""

    def before(self, size: int, times: float = 1) -> Decision:
        """Where to run the next ``times`` calls of this size (rows of a batch; 1 for a scalar call)."""
        known = self._sizes.setdefault(size.bit_length(), _Size())
        compile_ = self._to_compile(known, size * times)
        if known.tier not in known.costs and known.tier:
            return Decision(known.tier, compile=compile_)
        if self._probe_is_due(known):
            return Decision(known.probes % known.tier, "probe", compile_)
        above = known.tier + 1
        if above < len(self._rungs) and self._rungs[above].state == "ready" and self._proven(known):
            waited = self.settings.share * (self._below - known.left_at) >= known.price
            if waited and self._fund() >= 0:
                self._enter(known, above)
                return Decision(above, "switch", compile_)
        return Decision(known.tier, compile=compile_)

    def ran(self, tier: int, size: int, began: float, ended: float, times: float = 1) -> Action:
        """A call took from ``began`` to ``ended``, and stands for ``times`` of them. ``switch``: its tier has been left."""
        known = self._sizes.setdefault(size.bit_length(), _Size())
        unit = max(0.0, ended - began) / max(1, size)
        units = float(max(1, size) * times)
        if tier < known.tier:
            return self._probed(known, tier, unit, units)
        if tier > known.tier:  # it began before another thread left the tier
            return "stay"
        known.costs[tier] = _smooth(known.costs.get(tier), unit, _SMOOTH)
        if tier == 0:
            self._below += unit * units
            return "stay"
        return self._ran_above(known, unit, units, max(1, round(times)))

    def guard_failed(
        self, tier: int, size: int, began: float, failed: float, ended: float
    ) -> Action:
        """A guard did not hold: until ``failed`` the time was lost, until ``ended`` tier 0 ran. ``switch``: the tier is left."""
        known = self._sizes.setdefault(size.bit_length(), _Size())
        lost, run = max(0.0, failed - began), max(0.0, ended - failed)
        self._below += run
        if tier != known.tier or not tier:
            self._spent += lost
            return "stay"
        known.costs[0] = _smooth(known.costs.get(0), run / max(1, size), _SMOOTH)
        known.loss += lost
        known.failures += 1
        known.in_a_row += 1
        if known.in_a_row >= _IN_A_ROW or known.failures >= _MOST_FAILURES:
            return self._leave(known)
        return self._leave(known) if known.loss > self.settings.window else "stay"

    def compile_began(self, tier: int) -> None:
        """The compile of a tier has begun."""
        self._rungs[tier].state = "compiling"

    def compile_ended(self, tier: int, seconds: float, *, failed: bool = False) -> None:
        """The compile of a tier is through, and took so long; one that failed is not tried again."""
        rung = self._rungs[tier]
        rung.state = "failed" if failed else "ready"
        rung.estimate = max(rung.estimate, seconds)
        self._spent += max(0.0, seconds)

    def expect(self, tier: int, seconds: float) -> None:
        """The next compile of a tier will take this long."""
        self._rungs[tier].estimate = seconds

    def supply(self, tier: int) -> None:
        """The code of a tier is there, made at somebody's wish and at their cost."""
        self._rungs[tier].state = "ready"

    def withdraw(self, tier: int) -> None:
        """The code of a tier no longer fits: it has to be compiled again, at its measured price."""
        for known in self._sizes.values():
            if known.tier >= tier:
                self._leave(known)
                known.tier = min(known.tier, tier - 1)
            known.costs.pop(tier, None)
        for rung in self._rungs[tier:]:
            if rung.state == "ready":
                rung.state = "none"

    def tier(self, size: int) -> int:
        """The tier that calls of this size run at."""
        known = self._sizes.get(size.bit_length())
        return known.tier if known is not None else 0

    def tiers(self) -> tuple[int, ...]:
        """The tiers that calls of any size run at, from the lowest."""
        return tuple(sorted({known.tier for known in self._sizes.values()}))

    def _fund(self) -> float:
        return self.settings.share * self._below - self._spent

    def _to_compile(self, known: _Size, units: float) -> int | None:
        """The next tier, where its compile is covered and pays back when the future is as long as the past."""
        place = next((at for at, rung in enumerate(self._rungs) if rung.state != "ready"), None)
        if place is None or self._rungs[place].state != "none" or known.tier < place - 1:
            return None
        rung = self._rungs[place]
        unit = known.costs.get(known.tier)
        if unit is None:
            return None
        past = self._below + unit * units
        covered = self.settings.share * past - self._spent >= rung.estimate
        return place if covered and past * (1 - 1 / rung.gain) > rung.estimate else None

    def _probe_is_due(self, known: _Size) -> bool:
        settings = self.settings
        return known.tier > 0 and known.calls >= settings.probe and known.seconds >= settings.window

    def _proven(self, known: _Size) -> bool:
        """Whether the tier in use has been measured, and none below is faster: else there is no reason to climb on."""
        unit = known.costs.get(known.tier)
        return unit is not None and unit <= known.best_below(unit)

    def _ran_above(self, known: _Size, unit: float, units: float, times: int) -> Action:
        below = known.best_below(unit)
        lost = (unit - below) * units
        recent = known.calls // _RECENT
        known.calls += times
        known.units += units
        known.seconds += unit * units
        known.in_a_row = 0
        if known.calls // _RECENT != recent:
            known.failures = 0
        self._below += min(unit, below) * units
        known.loss = max(0.0, known.loss + lost)
        if lost < 0:
            self._spent = max(0.0, self._spent + lost)
            known.won -= lost
            if known.won > known.price:
                known.doublings = 0
        return self._leave(known) if known.loss > self.settings.window else "stay"

    def _probed(self, known: _Size, tier: int, unit: float, units: float) -> Action:
        """The tier below was run once: what it costs now may show that the time since the last probe was lost."""
        earlier = known.costs.get(tier)
        cheaper = earlier is None or unit < earlier
        known.costs[tier] = unit if cheaper else _smooth(earlier, unit, _SMOOTH_PROBE)
        if tier == 0:
            self._below += unit * units
        lost = known.seconds - known.units * known.costs[tier] if cheaper else 0.0
        known.probes += 1
        known.calls, known.units, known.seconds = 0, 0.0, 0.0
        if lost > 0:
            known.loss += lost
            return self._leave(known)
        return "stay"

    def _enter(self, known: _Size, tier: int) -> None:
        known.tier = tier
        known.loss = known.won = known.units = known.seconds = 0.0
        known.calls = known.failures = known.in_a_row = 0
        known.costs.pop(tier, None)

    def _leave(self, known: _Size) -> Action:
        settings = self.settings
        self._spent += known.loss
        known.price = max(known.loss, settings.window) * 2**known.doublings
        known.doublings = min(known.doublings + 1, settings.doublings)
        known.left_at = self._below
        known.tier = min(range(known.tier), key=lambda tier: known.costs.get(tier, math.inf))
        known.loss = known.won = known.units = known.seconds = 0.0
        known.calls = known.failures = known.in_a_row = 0
        return "switch"


def _smooth(earlier: float | None, found: float, weight: float) -> float:
    return found if earlier is None else earlier + weight * (found - earlier)
