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
    from hyper.engine.lexing.measured import read_measurements
    from hyper.gpu.engine import TextEngine

    return TextEngine(settings, loops=loops, measured=read_measurements(), tell=tell)


def whole_engine(options: Options, tell: Callable[[Fallback], None] | None = None) -> TextEngine:
    """The same with the native library, where that was made, for work that is no build's."""
    from hyper.engine.lexing.library import open_library

    library = None if options.text_level == "python" else open_library()
    return text_engine(settings_of(options), library.loops if library is not None else None, tell)
