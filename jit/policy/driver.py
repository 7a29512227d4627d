"""What the machine of ``machine.py`` lacks: a lock, a clock, compiles on a thread of their own, and somebody to tell."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from hyper.base.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.base.events import Listener
    from hyper.jit.policy.machine import Action, Decision, Policy

    Compile: TypeAlias = Callable[[], Any]
    """Makes the code of a tier. Raises ``CannotCompile``, with the reason, where the function has no such form."""

_KEPT: Final = 16


class CannotCompile(Exception):  # noqa: N818  # an outcome, kept as the reason for staying below
    """A function has no form at a tier."""


class Deoptimisation(msgspec.Struct, frozen=True):
    """Why a call ran at a lower tier after all: the guard or the loss, its place (line 0 for none), the value that failed."""

    tier: int
    reason: str
    file: str = ""
    line: int = 0
    value: str = ""


class Driver:
    """Runs the policy of one function for any number of threads.

    ``clock`` gives seconds, ``work`` those that the thread has worked: that is what a compile costs, not what it waits.
    ``compiles`` make the code of the tiers above tier 0 of the ladder. ``listener`` hears ``jit:tier:upgrade`` and
    ``jit:deoptimization``, on the thread whose call it is; its exceptions reach that call. ``start`` runs a compile, by
    default on a thread that does not keep the process alive. ``first`` is the number of tier 0 of the ladder in events and reasons.
    """

    def __init__(
        self,
        name: str,
        policy: Policy,
        compiles: Sequence[Compile],
        *,
        listener: Listener | None = None,
        clock: Callable[[], float] = time.perf_counter,
        work: Callable[[], float] = time.thread_time,
        start: Callable[[Callable[[], None]], object] | None = None,
        first: int = 0,
    ) -> None:
        self.name = name
        self.clock = clock
        self._work = work
        self.deoptimisations: deque[Deoptimisation] = deque(maxlen=_KEPT)
        """The latest reasons."""
        self.refusals: dict[int, str] = {}
        """By tier, why the function has no such form."""
        self.guard_failures = 0
        self.code: dict[int, Any] = {}
        """What was compiled, by tier."""
        self.promotions = 0
        self.compile_seconds: dict[int, float] = {}
        """What the latest compile of each tier took."""
        self._policy = policy
        self._compiles = compiles
        self._listener = listener
        self._start = start or self._on_a_thread
        self._first = first
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def before(self, size: int = 1, times: float = 1) -> Decision:
        """Where to run the next ``times`` calls of this size; a compile that pays is begun."""
        with self._lock:
            decision = self._policy.before(size, times)
            if decision.compile is not None:
                self._policy.compile_began(decision.compile)
        tier = decision.compile
        if tier is not None:
            try:
                self._start(lambda: self._compile(tier))
            except RuntimeError as error:  # the process is ending, or has as many threads as it may
                self._ended(tier, f"it cannot be compiled: {error}", None, 0.0)
        if decision.action == "switch":
            self.promotions += 1
            self._tell(
                Event("jit:tier:upgrade", function=self.name, tier=decision.tier + self._first)
            )
        return decision

    def ran(self, tier: int, size: int, began: float, ended: float, times: float = 1) -> Action:
        """A call took from ``began`` to ``ended``, and stands for ``times`` of them."""
        with self._lock:
            used = self._policy.tier(size)  # what was run may have been a probe
            action = self._policy.ran(tier, size, began, ended, times)
        if action == "switch":
            self._left(Deoptimisation(used, "slower than a tier below"))
        return action

    def guard_failed(
        self, why: Deoptimisation, size: int, began: float, failed: float, ended: float
    ) -> Action:
        """A guard did not hold; until ``failed`` the time was lost, until ``ended`` tier 0 of the ladder ran."""
        with self._lock:
            action = self._policy.guard_failed(why.tier, size, began, failed, ended)
            self.guard_failures += 1
            if action != "switch":
                self._keep(why)
        if action == "switch":
            self._left(why)
        return action

    def note(self, why: Deoptimisation, times: int = 1) -> None:
        """Parts of a call were left to a lower tier, which its time has told already; why the first of them was."""
        with self._lock:
            self.guard_failures += times
            self._keep(why)

    def expect(self, tier: int, seconds: float) -> None:
        """The next compile of a tier will take this long."""
        with self._lock:
            self._policy.expect(tier, seconds)

    def supply(self, tier: int) -> None:
        """Compile a tier now, on this thread and at no cost to the policy; a function without such a form stays below."""
        self.wait()
        with self._lock:
            if tier in self.code or tier in self.refusals:
                return
            self._policy.compile_began(tier)
        self._compile(tier, wished=True)

    def withdraw(self, tier: int) -> None:
        """Drop the code of a tier and of those above: it no longer fits."""
        with self._lock:
            self._policy.withdraw(tier)
            for above in [each for each in self.code if each >= tier]:
                del self.code[above]

    def tier(self, size: int = 1) -> int:
        """The tier that calls of this size run at."""
        with self._lock:
            return self._policy.tier(size)

    def tiers(self) -> tuple[int, ...]:
        """The tiers that calls run at, from the lowest; each size has its own."""
        with self._lock:
            return self._policy.tiers()

    def wait(self) -> None:
        """Wait for a compile that is running."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def in_background(self, work: Callable[[], None]) -> None:
        """Run what may take long, and may be left undone: where no thread is to be had, it is."""
        with contextlib.suppress(RuntimeError):
            self._start(work)

    def _left(self, why: Deoptimisation) -> None:
        with self._lock:
            self._keep(why)
        self._tell(
            Event(
                "jit:deoptimization",
                function=self.name,
                tier=why.tier + self._first,
                reason=f"{why.reason}: {why.value}" if why.value else why.reason,
                path=why.file,
                line=why.line,
            )
        )

    def _keep(self, why: Deoptimisation) -> None:
        self.deoptimisations.append(msgspec.structs.replace(why, tier=why.tier + self._first))

    def _tell(self, event: Event) -> None:
        if self._listener is not None:
            self._listener(event)

    def _on_a_thread(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="hyper-jit", daemon=True)
        thread.start()
        self._thread = thread

    def _compile(self, tier: int, *, wished: bool = False) -> None:
        failure = ""
        code = None
        began = self._work()
        try:
            code = self._compiles[tier - 1]()
        except CannotCompile as reason:
            failure = str(reason)
        except Exception as error:  # noqa: BLE001  # a compiler that fails costs the tier, never the call
            failure = f"{type(error).__name__}: {error}"
        self._ended(tier, failure, code, self._work() - began, wished=wished)

    def _ended(
        self, tier: int, failure: str, code: Any, taken: float, *, wished: bool = False
    ) -> None:
        """A compile is through; ``failure`` is why there is no code, or empty."""
        with self._lock:
            if failure:
                self.refusals[tier] = failure
            else:
                self.code[tier] = code
                self.compile_seconds[tier] = taken
            if wished and not failure:
                self._policy.supply(tier)
            else:
                self._policy.compile_ended(tier, taken, failed=bool(failure))
