"""Trials end by themselves: what hangs is a failure that says what was going on."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class HangError(Exception):
    """Something was not over within its bound."""


@contextlib.contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Raise ``HangError`` in the body when it is not over in time. Bounds may be nested; the main thread of POSIX has them."""
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def over(_number: int, _frame: object) -> None:
        raise HangError(f"not over within {seconds:g} s: {what}")

    before = signal.signal(signal.SIGALRM, over)
    began = time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            # An outer bound that has passed meanwhile still fires.
            signal.setitimer(signal.ITIMER_REAL, max(0.001, left - (time.monotonic() - began)))
