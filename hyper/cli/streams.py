"""The two streams of a command. A reader that goes away is no error; a stdout that cannot be written is one, said in a line."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class UnwritableError(Exception):
    """Stdout takes nothing: its disk is full, say. The text is the system's reason."""


def put(text: str) -> None:
    """Write to stdout, where there is one. Raises ``UnwritableError``."""
    if sys.stdout is not None:
        _try(sys.stdout.write, text)


def flush() -> None:
    """Send what waits in stdout. Raises ``UnwritableError``."""
    if sys.stdout is not None:
        _try(sys.stdout.flush)


def _try(act: Callable[..., object], *words: str) -> None:
    try:
        act(*words)
    except BrokenPipeError:
        # Whoever read our output has seen enough; the command goes on to its own exit code.
        forsake()
    except OSError as error:
        raise UnwritableError(error.strerror or str(error)) from error


def forsake() -> None:
    """Let nothing more come to stdout: Python would complain of it when it flushes at exit."""
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nothing, sys.stdout.fileno())
        finally:
            os.close(nothing)


def tell(text: str) -> None:
    """Write to stderr. Where that cannot be, the exit code is all that can still be said."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()
