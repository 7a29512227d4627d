"""What a daemon says, one event a line: as words for people, or as JSON objects for machines. Never a password or a key."""

from __future__ import annotations

import json
import os
import select
import stat
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Level: TypeAlias = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")
_MINUTE: Final = timedelta(minutes=1)
_A_MINUTE: Final = 60
_PAGE: Final = 4096
_LONGEST: Final = 300
"""Characters of a fact: some of them come from who writes to the server."""


def _now() -> datetime:
    return datetime.now(UTC)


class Log:
    """Writes events of a level or above to a stream. May be used from any thread."""

    def __init__(
        self,
        form: Literal["text", "json"] = "text",
        level: Level = "info",
        stream: TextIO | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._form = form
        self._least = LEVELS.index(level)
        self._stream = stream if stream is not None else _standard()
        self._now = now
        self._lock = threading.Lock()
        self._pipe = _pipe_of(self._stream)
        self._lost = 0
        """Lines that nobody took."""
        self._once: set[str] = set()
        self._counts: dict[str, tuple[datetime, int]] = {}
        """Since when, and how often, each event came that is written seldom."""

    def event(self, level: Level, event: str, **facts: Any) -> None:
        """Write an event: a few words, and facts by name."""
        if LEVELS.index(level) < self._least:
            return
        time = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        lost, self._lost = self._lost, 0
        if lost:
            facts["lines_lost"] = lost
        facts = {
            name: value[:_LONGEST] if isinstance(value, str) else value
            for name, value in facts.items()
            if value is not None
        }
        if self._form == "json":
            line = json.dumps({"time": time, "level": level, "event": event} | facts, default=str)
        else:
            told = "".join(f" {name}={_shown(value)}" for name, value in facts.items())
            line = f"{time} {level:<7} {event}{told}"
        with self._lock:
            if not self._is_heard(len(line)):
                self._lost = lost + 1
                return
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (BrokenPipeError, ValueError):
                # Nobody reads it any more; the work goes on.
                self._least = len(LEVELS)
            except OSError:
                # A full disk is another one later.
                pass

    def _is_heard(self, size: int) -> bool:
        """Whether a line can be written at once. Who reads a pipe may stand still, and the event loop shall not wait for that; of a
        pipe that takes anything, a page is free."""
        if self._pipe is None:
            return True
        return size < _PAGE and bool(self._pipe.poll(0))

    def seldom(self, level: Level, event: str, **facts: Any) -> None:
        """Write an event that others may cause at will: so many times a minute, and then how many were left out."""
        with self._lock:
            now = self._now()
            began, count = self._counts.get(event, (now, 0))
            left_out = None
            if not timedelta(0) <= now - began < _MINUTE:
                left_out = max(count - _A_MINUTE, 0) or None
                began, count = now, 0
            self._counts[event] = began, count + 1
        if count < _A_MINUTE:
            self.event(level, event, **facts, left_out=left_out)

    def once(self, level: Level, event: str, **facts: Any) -> None:
        """Write an event that has not been written since it was last ``over``."""
        with self._lock:
            known = event in self._once
            self._once.add(event)
        if not known:
            self.event(level, event, **facts)

    def over(self, event: str) -> bool:
        """What was said once is over. Returns whether it had been said."""
        with self._lock:
            known = event in self._once
            self._once.discard(event)
        return known


def _standard() -> TextIO:
    """The stream for what is told beside results; one that leads nowhere where the process was started without it."""
    stream: TextIO | None = sys.stderr
    if stream is not None:
        return stream
    return open(os.devnull, "w", encoding="utf-8")  # as long as the process


def _pipe_of(stream: TextIO) -> select.poll | None:
    """What tells whether a pipe or a terminal takes a line; ``None`` where a stream is none, or the system cannot tell."""
    try:
        number = stream.fileno()
        kind = os.fstat(number).st_mode
    except (OSError, ValueError):
        return None
    if not hasattr(select, "poll") or stat.S_ISREG(kind):
        return None
    pipe = select.poll()
    pipe.register(number, select.POLLOUT)
    return pipe


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    plain = text.isprintable() and text and not any(letter in ' "=' for letter in text)
    return text if plain else json.dumps(text)
