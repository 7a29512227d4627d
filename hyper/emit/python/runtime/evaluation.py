"""The arithmetic of generated functions: one decimal context, and Python's errors as those of the language."""

from __future__ import annotations

import decimal
from decimal import Context, getcontext, localcontext, setcontext
from functools import cache, wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from pydantic import ValidationError

from .errors import ExternError, IntentError, is_generated

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["CONTEXT", "accepted", "call_extern", "evaluated"]

P = ParamSpec("P")
R = TypeVar("R")

CONTEXT = Context(
    prec=28,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-999999,
    Emax=999999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
"""The arithmetic of decimals, whatever the context of the caller is."""


def evaluated(function: Callable[P, R]) -> Callable[P, R]:
    """Compute decimals in ``CONTEXT``, and raise ``IntentError`` for what Python has its own errors for."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        outer = getcontext()
        if outer is CONTEXT:
            return function(*args, **kwargs)
        setcontext(CONTEXT)
        try:
            return function(*args, **kwargs)
        except (ArithmeticError, LookupError, ValidationError) as error:
            meant = _meaning(error)
            if meant is None:
                raise
            raise meant.with_traceback(error.__traceback__) from None
        finally:
            setcontext(outer)

    return run


def _raised_here(traceback: TracebackType | None) -> bool:
    """Whether the innermost frame is a generated one, so that an operator of it raised."""
    module = ""
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        traceback = traceback.tb_next
    return is_generated(module)


def _meaning(error: Exception) -> IntentError | None:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        return IntentError("domain", f"{where}: {first['msg']}" if where else first["msg"])
    if not _raised_here(error.__traceback__):
        return None
    if isinstance(error, ZeroDivisionError) or _is_undefined(error):
        return IntentError("division_by_zero", "division by zero")
    if isinstance(error, LookupError):
        return IntentError("out_of_bounds", f"nothing at {error}")
    return IntentError("overflow", "the result does not fit its type")


def _is_undefined(error: Exception) -> bool:
    """Whether zero was divided by zero, which is no ``ZeroDivisionError`` for decimals."""
    signals: Any = error.args[0] if error.args else ()
    return isinstance(signals, list) and decimal.DivisionUndefined in signals


@cache
def _load(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def call_extern(target: str, *args: Any) -> Any:
    """What the user's function ``package.module:function`` gives; it is imported at the first call."""
    try:
        with localcontext():
            return _load(target)(*args)
    except Exception as error:
        raise ExternError(f"{target} raised {type(error).__name__}: {error}") from error


def accepted(value: Any, fits: bool) -> Any:
    """What an extern gave, where it is of the type that it promised."""
    if not fits:
        raise IntentError("conversion", f"an extern gave {type(value).__name__}")
    return value
