"""Phases of a compile: how long each took, and who is told."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from hyper.base.events import Emitter, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Phases:
    """Times phases by name and emits ``phase:start``, ``phase:end`` and ``compilation:progress``."""

    __slots__ = ("emitter", "seconds")

    def __init__(self, emitter: Emitter | None = None) -> None:
        self.emitter = emitter or Emitter()
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, name: str, total: int = 0) -> Iterator[None]:
        """Time a phase. Several of one name add up."""
        self.emitter.emit(Event("phase:start", phase=name, total=total))
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            self.seconds[name] = self.seconds.get(name, 0.0) + spent
            self.emitter.emit(Event("phase:end", phase=name, seconds=spent))

    @contextlib.contextmanager
    def counted(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """Time a phase of so many items; call what it gives with how many are done."""
        tells = self.emitter.listens("compilation:progress")

        def tell(done: int) -> None:
            if tells:
                event = Event("compilation:progress", phase=name, done=done, total=total)
                self.emitter.emit(event)

        with self.phase(name, total):
            yield tell
