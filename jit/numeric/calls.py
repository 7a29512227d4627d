"""One numeric function in its tiers: its arguments looked at, its code made for them, and why a call is left to Python."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from hyper.jit.numeric import machine_code
from hyper.jit.numeric.source import LEAST_INT, MOST_INT, NotNumericError, kind_of
from hyper.jit.numeric.text import counted, guarded, same_number, shown_call
from hyper.jit.numeric.unit import Unit
from hyper.jit.policy.driver import CannotCompile, Deoptimisation, Driver
from hyper.jit.policy.machine import Policy, Settings, Step
from hyper.jit.policy.sampling import Sampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FunctionType

    from hyper.base.events import Listener
    from hyper.jit.numeric.machine_code import Code
    from hyper.jit.numeric.source import Kind, Number

PLAIN: Final = 1
"""The place of compiled code in the ladder; it is tier 2."""
FIXED: Final = 2
"""That of code with arguments that were always the same as constants; it is tier 3."""
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
        self.sampler = Sampler(self.driver, function, self._settle, self._look)
        self.call = counted(function, self.sampler.measured)
        self.looked = 0
        """How many calls were looked at."""
        self._parameters = parameters
        self._arguments = [_Argument() for _ in parameters]
        self._kinds: tuple[Kind | None, ...] = ()

    def supply(self, args: tuple[Any, ...]) -> None:
        """Compile now for arguments like these."""
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

    def _settle(self, fast: Callable[..., Any], ticks: Iterator[None]) -> None:
        space = self.call.__globals__
        space["fast"], space["ticks"] = fast, ticks

    def _failed(self, tier: int, code: Code, *args: Any, **named: Any) -> Any:
        """A guard did not hold: the plain function gives the answer, and why is kept."""
        clock = self.driver.clock
        began = clock()
        why, spoilt = self._why(tier, code, args + tuple(named.values()))
        failed = clock()
        try:
            return self.function(*args, **named)
        finally:
            self.sampler.guard_failed(why, (began, failed, clock()), spoilt=spoilt)

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
