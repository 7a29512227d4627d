"""The text engine of a session: the one place that says which back ends it has, and what it knows of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.engine.options import Options
    from hyper.gpu.compiled.loops import Loops
    from hyper.gpu.engine import Fallback, TextEngine
    from hyper.gpu.sources import Settings


def settings_of(options: Options, *, forks: bool = False) -> Settings:
    """What options say of graphics processors.

    A process with a device open has threads, so that no worker can be forked from it: where workers are (``forks``), it is not
    opened unless it is asked for.
    """
    from hyper.gpu.sources import Settings

    if forks and options.gpu_use == "auto" and options.process_count > 1 and hasattr(os, "fork"):
        return Settings("off", options.gpu_memory, options.gpu_workgroup)
    return Settings(options.gpu_use, options.gpu_memory, options.gpu_workgroup)


def text_engine(
    settings: Settings,
    loops: Loops | None = None,
    tell: Callable[[Fallback], None] | None = None,
) -> TextEngine:
    """An engine with settings (``settings_of``), which chooses by what was measured on this machine.

    ``loops`` are those of the native library, for who has opened it; ``tell`` hears of each back end that failed.
    """
    from hyper.gpu.engine import TextEngine

    measured = None
    # Where no device is weighed against the library's loops, nothing is faster than these, whatever was measured.
    if settings.gpu == "auto" or loops is None:
        from hyper.engine.lexing.measured import read_measurements

        measured = read_measurements()
    return TextEngine(settings, loops=loops, measured=measured, tell=tell)
