"""``tiered``: an ordinary numeric function that becomes faster where that pays, with the answers that it has."""

from __future__ import annotations

import functools
from types import FunctionType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, cast, overload

import msgspec

from hyper.jit.numeric import machine_code
from hyper.jit.numeric.calls import Calls
from hyper.jit.numeric.columns import Columns
from hyper.jit.numeric.source import NotNumericError, is_tiered, mark_tiered, parameters_of
from hyper.jit.policy.driver import Deoptimisation, Driver
from hyper.jit.policy.machine import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.base.events import Listener

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")

MISSING = "numba is not installed; `pip install hypercompiler[jit]` has it"


class Status(msgspec.Struct, frozen=True):
    """Where a function runs, and why not higher.

    ``tier`` is 1 for the function itself, 2 for compiled code, 3 for compiled code with constant arguments. ``seconds`` are the
    latest of a call by tier, ``compile_seconds`` those of compiles. ``refusals`` tell by tier why there is no such code.
    ``deoptimisations`` are the latest reasons, each with its tier, place and call; ``guard_failures`` counts all. ``over`` is the
    same of columns, by their kinds; there tier 3 is compiled code on several cores.
    """

    tier: int
    promotions: int = 0
    guard_failures: int = 0
    deoptimisations: tuple[Deoptimisation, ...] = ()
    refusals: dict[int, str] = {}
    seconds: dict[int, float] = {}
    compile_seconds: dict[int, float] = {}
    over: dict[str, Status] = {}


class Tiered(Protocol, Generic[P, R_co]):
    """A function that ``tiered`` has made: it is called as before."""

    __name__: str
    __wrapped__: Callable[..., Any]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call it, at the tier that it has."""

    def status(self) -> Status:
        """Where it runs."""

    def explain(self) -> str:
        """The same as text for people."""

    def warm(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Compile now for arguments like these, rather than when it has paid; the function does not run."""

    def over(self, *columns: Any) -> Any:
        """Its results for all rows of columns of NumPy, as a column: see ``hyper.jit.numeric.columns.Columns.over``."""

    def wait(self) -> None:
        """Wait for a compile that is running."""


@overload
def tiered(function: Callable[P, R], /) -> Tiered[P, R]: ...
@overload
def tiered(
    *, share: float = ..., listener: Listener | None = ...
) -> Callable[[Callable[P, R]], Tiered[P, R]]: ...
def tiered(function: Any = None, /, *, share: float = 0.1, listener: Listener | None = None) -> Any:
    """Let an ordinary function of bools, ints and floats run in tiers.

    It has to depend on its arguments only, as it may be run again. ``share`` is the part of the time spent in the function that
    compiles and other attempts may cost. ``listener`` hears ``jit:tier:upgrade`` and ``jit:deoptimization``, on the thread whose
    call it is; its exceptions reach that call. Where numba is not installed, or the function has no compiled form, it stays as it
    is, and ``explain()`` tells why. Raises ``ValueError`` for a share that is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share is above 0 and at most 1, not {share!r}")
    if function is None:
        return lambda made: _tiered(made, Settings(share=share), listener)
    return _tiered(function, Settings(share=share), listener)


def _tiered(function: Any, settings: Settings, listener: Listener | None) -> Any:
    if is_tiered(function):
        return function
    try:
        parameters = parameters_of(function)
    except NotNumericError as error:
        return _plain(function, error.reason)
    if not machine_code.is_installed():
        return _plain(function, MISSING)
    calls = Calls(function, parameters, settings, listener=listener)
    columns = Columns(function, settings, listener)
    made = cast("Any", functools.wraps(function)(calls.call))
    mark_tiered(made, function)
    made.status = functools.partial(_status, calls, columns)
    made.over = columns.over
    made.explain = functools.partial(_explain, function, made.status)
    made.warm = functools.partial(_warm, calls)
    made.wait = functools.partial(_wait, calls, columns)
    return made


def _plain(function: Any, reason: str) -> Any:
    """The function with its answers about itself; calling it costs nothing more."""

    def status() -> Status:
        return Status(1, refusals={2: reason})

    @functools.wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        return function(*args, **named)

    is_own = isinstance(function, FunctionType)
    made: Any = function if is_own else call
    mark_tiered(made, _copy(function) if is_own else function)
    made.status = status
    made.explain = functools.partial(_explain, function, status)
    made.over = Columns(function, Settings(), compiles=False).over
    made.warm = made.wait = lambda *_args, **_named: None
    return made


def _copy(function: FunctionType) -> FunctionType:
    """The same function once more: one that wrapped itself would have no end."""
    made = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__,
        function.__closure__,
    )  # fmt: skip
    made.__kwdefaults__ = function.__kwdefaults__
    functools.update_wrapper(made, function)
    around: Any = made
    del around.__wrapped__
    around.__dict__.update(function.__dict__)
    return made


def _status(calls: Calls, columns: Columns) -> Status:
    over = {
        str(signature): _status_of(driver, driver.tiers()[-1:] or (0,))
        for signature, driver in list(columns.ladders.items())
    }
    found = _status_of(calls.driver, (calls.driver.tier(),))
    seconds = {tier + 1: each for tier, each in sorted(calls.sampler.unit_seconds.items())}
    return msgspec.structs.replace(found, seconds=seconds, over=over)


def _status_of(driver: Driver, tiers: tuple[int, ...]) -> Status:
    return Status(
        tier=tiers[0] + 1,
        promotions=driver.promotions,
        guard_failures=driver.guard_failures,
        deoptimisations=tuple(driver.deoptimisations),
        refusals={tier + 1: reason for tier, reason in sorted(driver.refusals.items())},
        compile_seconds={
            tier + 1: seconds for tier, seconds in sorted(driver.compile_seconds.items())
        },
    )


def _wait(calls: Calls, columns: Columns) -> None:
    for driver in (calls.driver, *columns.ladders.values()):
        driver.wait()


def _warm(calls: Calls, *args: Any, **named: Any) -> None:
    import inspect

    bound = inspect.signature(calls.function).bind(*args, **named)
    bound.apply_defaults()
    calls.supply(tuple(bound.arguments.values()))


def _explain(function: Any, status: Callable[[], Status]) -> str:
    found = status()
    name = getattr(function, "__qualname__", str(function))
    lines = _told(name, found)
    for signature, each in found.over.items():
        lines += _told(f"{name} over {signature}", each)
    return "\n".join(lines)


def _told(name: str, found: Status) -> list[str]:
    lines = [f"{name}: tier {found.tier}"]
    for tier in (1, 2, 3):
        parts = []
        if tier in found.seconds:
            parts.append(f"{found.seconds[tier] * 1e6:,.2f} µs a call")
        if tier in found.compile_seconds:
            parts.append(f"compiled in {found.compile_seconds[tier]:.2f} s")
        if tier in found.refusals:
            parts.append(f"not taken: {found.refusals[tier]}")
        if parts:
            lines.append(f"  tier {tier}: {', '.join(parts)}")
    if found.guard_failures:
        lines.append(f"  {found.guard_failures:,} calls were left to tier 1, the last of them:")
    for why in list(found.deoptimisations)[-3:]:
        place = f"{why.file}:{why.line}: " if why.line else ""
        lines.append(f"    {place}{why.reason}{f', {why.value}' if why.value else ''}")
    return lines


__all__ = ["Status", "Tiered", "tiered"]
