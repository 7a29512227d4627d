"""Room for long chains of calls."""

from __future__ import annotations

import sys
import threading
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["deeply", "with_room"]

P = ParamSpec("P")
R = TypeVar("R")

_STACK = 256 * 1024 * 1024
_here = threading.local()


def deeply(frames: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Run a function that calls so deep that it needs ``frames`` in a thread with room for them."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            if getattr(_here, "has_room", False):
                return function(*args, **kwargs)
            return with_room(lambda: function(*args, **kwargs), frames)

        return run

    return decorate


def with_room(action: Callable[[], R], frames: int) -> R:
    """Run ``action`` in a thread that has room for so many frames."""
    from concurrent.futures import ThreadPoolExecutor

    def target() -> R:
        _here.has_room = True
        return action()

    limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK)
    sys.setrecursionlimit(max(limit, frames + 1_000))
    try:
        with ThreadPoolExecutor(max_workers=1) as room:
            return room.submit(target).result()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
