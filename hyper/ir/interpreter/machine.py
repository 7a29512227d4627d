"""What one evaluation may spend, and the one instant that it may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir.interpreter.values import ClockNotSet, EvaluationError

if TYPE_CHECKING:
    from datetime import datetime

COMPILER_STEPS = 10_000_000
COMPILER_BYTES = 64 * 1024 * 1024


class Machine:
    """The state of a running evaluation.

    A step is one node of a statement, row, clause or loop element that is about to run, or one element
    that a builtin looks at. Bytes are those of all texts, lists, maps, records and wide integers made, whether
    still held or not. Both are counted, never measured, so that an evaluation ends at the same place
    on every machine.
    """

    __slots__ = ("bytes_left", "now", "steps_left")

    def __init__(self) -> None:
        self.steps_left: float = float("inf")
        self.bytes_left: float = float("inf")
        self.now: datetime | None = None

    def start(self, steps: float, size: float, now: datetime | None) -> None:
        """Begin an evaluation with a fresh budget."""
        self.steps_left = steps
        self.bytes_left = size
        self.now = now

    def step(self, count: int) -> None:
        """Pay for ``count`` steps."""
        self.steps_left -= count
        if self.steps_left < 0:
            raise EvaluationError("too_expensive", "the evaluation took more steps than it may")

    def allocate(self, size: int) -> None:
        """Pay for ``size`` bytes, before they are made."""
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise EvaluationError("too_expensive", "the evaluation took more memory than it may")

    def instant(self) -> datetime:
        """The one instant of this evaluation."""
        if self.now is None:
            raise ClockNotSet
        return self.now
