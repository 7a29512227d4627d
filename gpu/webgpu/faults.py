"""What goes wrong with devices, in words; and wgpu's log, kept quiet while a device works."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from hyper.gpu.backend import BackendError

if TYPE_CHECKING:
    from collections.abc import Iterator


class TooSmallError(BackendError):
    """The device is well, but its bindings or the memory that it may take are too small for what was asked."""


_KINDS: Final = (
    ("device is lost", "the device is lost"),
    ("GPUOutOfMemoryError", "the device is out of memory"),
    ("GPUValidationError", "the device refused a command"),
    ("GPUPipelineError", "the device refused a kernel"),
    ("MemoryError", "there is too little memory"),
)


def told(kind: str, text: str) -> str:
    """An error of wgpu in one line, from the name of its class and what it says."""
    line = " ".join(text.split())
    for mark, words in _KINDS:
        if mark in f"{kind} {line}":
            return f"{words}: {line}" if line else words
    return "the device failed: " + ": ".join(filter(None, (kind, line)))


class _Watch(logging.Filter):
    """Takes the log of wgpu while a device works: errors that no call could raise are only there."""

    def __init__(self) -> None:
        super().__init__()
        self.watching: list[list[str]] = []

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep a record for whoever watches."""
        for errors in self.watching:
            if record.levelno >= logging.ERROR:
                errors.append(" ".join(record.getMessage().split()))
        return not self.watching


_WATCH: Final = _Watch()


def take_log() -> None:
    """Let wgpu's log be watched, once wgpu is imported: its logger is of a class of its own, and it does not load where another
    has made one of that name."""
    if "wgpu" in logging.root.manager.loggerDict:
        logging.getLogger("wgpu").addFilter(_WATCH)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Keep wgpu's log quiet, and give the errors in it."""
    errors: list[str] = []
    _WATCH.watching.append(errors)
    try:
        yield errors
    finally:
        # By identity: lists of errors are equal where both are empty.
        _WATCH.watching = [each for each in _WATCH.watching if each is not errors]
