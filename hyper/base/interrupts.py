"""Interrupts (Ctrl-C, ``SIGINT``; ``SIGTERM`` where it is taken as one) and what they must not cut in two."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Let an interrupt wait until the context ends: there it goes to whom it would have gone to.

    For short work. Only the main thread hears interrupts: elsewhere, and where nobody in the process hears them, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    each = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = {number: handler for number, handler in each.items() if callable(handler)}
    waiting: list[tuple[int, FrameType | None]] = []
    for number in before:
        signal.signal(number, lambda *heard: waiting.append(heard))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for heard, frame in waiting[:1]:
            before[signal.Signals(heard)](heard, frame)


def comes_of_an_interrupt(error: BaseException) -> bool:
    """Whether an interrupt is behind an error: Python makes others of it, where it prepares the attributes of a class."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__ or cause.__context__
    return cause is not None
