"""A trace of a compile in the Trace Event Format, which Perfetto and the browsers' tracing pages open.

Each thread and each worker has a lane. Times are microseconds from the start of the compile; the format is described in the
document "Trace Event Format" of the Chromium project.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from hyper.base.events import Event

_PROCESS: Final = 1
_OPENS: Final = frozenset({"compilation:start", "phase:start"})
_CLOSES: Final = frozenset({"compilation:end", "phase:end"})


class Trace:
    """Hears the events of a compiler (``compiler.on("*", trace.hear)``) and writes them down."""

    def __init__(self) -> None:
        self._began = time.perf_counter_ns()
        self._lanes: dict[str, int] = {}
        self._entries: list[dict[str, Any]] = []

    def hear(self, event: Event) -> None:
        """Take in one event."""
        if event.name == "compilation:progress":
            return
        if event.name == "worker:batch":
            self._add_batch(event)
            return
        name = event.phase if event.name.startswith("phase:") else event.name.partition(":")[0]
        if event.name in _OPENS:
            self._add("B", name)
        elif event.name in _CLOSES:
            self._add("E", name)
        else:
            self._add("i", event.name, s="t", args=_details(event))

    def encode(self) -> bytes:
        """The trace as JSON."""
        names = [
            {"ph": "M", "pid": _PROCESS, "tid": lane, "name": "thread_name", "args": {"name": name}}
            for name, lane in self._lanes.items()
        ]
        process = {"ph": "M", "pid": _PROCESS, "name": "process_name", "args": {"name": "hyper"}}
        whole = {"displayTimeUnit": "ms", "traceEvents": [process, *names, *self._entries]}
        return msgspec.json.encode(whole) + b"\n"

    def _add_batch(self, event: Event) -> None:
        """What a worker did, as a whole: it was told afterwards."""
        self._entries.append(
            {
                "ph": "X",
                "pid": _PROCESS,
                "tid": self._lane(event.worker),
                "ts": event.began * 1e6 - self._began / 1000,
                "dur": event.seconds * 1e6,
                "name": event.phase.rpartition(":")[2].lower(),
                "cat": "build",
                "args": {"items": event.total},
            }
        )

    def _lane(self, name: str) -> int:
        return self._lanes.setdefault(name, len(self._lanes) + 1)

    def _add(self, kind: str, name: str, **more: Any) -> None:
        lane = self._lane(threading.current_thread().name)
        at = (time.perf_counter_ns() - self._began) / 1000
        self._entries.append(
            {"ph": kind, "pid": _PROCESS, "tid": lane, "ts": at, "name": name, "cat": "build"}
            | more
        )


def _details(event: Event) -> dict[str, Any]:
    details: dict[str, Any] = {"path": event.path, "phase": event.phase, "reason": event.reason}
    details |= {"backend": event.worker, "bytes": event.total} if event.worker else {}
    if event.diagnostic is not None:
        details["code"] = event.diagnostic.code
    return {key: value for key, value in details.items() if value}
