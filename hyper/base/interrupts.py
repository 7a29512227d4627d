"""Interrupts (Ctrl-C, ``SIGINT``) and what they must not cut in two."""

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

    For short work. Only the main thread hears interrupts: elsewhere, and where the process ignores them, this does nothing.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    waiting: list[FrameType | None] = []
    signal.signal(signal.SIGINT, lambda _number, frame: waiting.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if waiting:
            before(signal.SIGINT, waiting[0])


def comes_of_an_interrupt(error: BaseException) -> bool:
    """Whether an interrupt is behind an error: Python makes others of it, where it prepares the attributes of a class."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__ or cause.__context__
    return cause is not None
