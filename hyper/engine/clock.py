"""Phases of a compile: how long each took, and who is told."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, TypeVar

from hyper.base.events import Emitter, Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")


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

    def each(self, name: str, items: Sequence[T]) -> Iterator[T]:
        """Go through the items of a phase, telling how far it is after each."""
        with self.phase(name, len(items)):
            tells = self.emitter.listens("compilation:progress")
            for number, item in enumerate(items, 1):
                yield item
                if tells:
                    event = Event("compilation:progress", phase=name, done=number, total=len(items))
                    self.emitter.emit(event)
