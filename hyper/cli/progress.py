"""The progress bar. It appears only when a build takes long enough to wonder."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from hyper.base.events import Event

_PATIENCE: Final = 0.3
_PAUSE: Final = 0.05


class Progress:
    """Draws how far something is to stderr; it may hear the events of a compile."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._phase = ""
        self._fleet = ""
        """What the workers of a fleet do, or other builds, where there are any."""
        self._drawn = 0.0

    def hear(self, event: Event) -> None:
        """Take in one event."""
        if event.name == "phase:start":
            self.show(event.phase, event.total or None, 0)
        elif event.name == "compilation:progress":
            self.show(self._phase, event.total, event.done)
        elif event.name == "fleet:progress":
            who = f"{event.workers} far" if event.workers else "other builds"
            self._fleet = f"{who}: {event.total} out, {event.done} done"
        elif event.name == "compilation:end":
            self.close()

    def show(self, phase: str, total: int | None, done: int) -> None:
        """Draw that so much of a phase is done."""
        self._phase = phase
        now = time.perf_counter()
        if self._bar is None:
            if now - self._began < _PATIENCE:
                return
            self._bar = _make_bar()
            self._bar.start()
            self._task = self._bar.add_task(phase, total=total, fleet=self._fleet)
        assert self._task is not None
        self._bar.update(
            self._task, description=phase, total=total, completed=done, fleet=self._fleet
        )
        if not done or now - self._drawn >= _PAUSE:
            self._bar.refresh()
            self._drawn = now

    def hide(self) -> None:
        """Make room for a line; the bar comes back when it is drawn again."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _make_bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    # Without a thread that draws it again and again: beside one, a build could not use other processes.
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[fleet]}", markup=False),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,
    )
