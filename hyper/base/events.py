"""Typed events: what a compiler tells those who listen while it works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import msgspec

from hyper.base.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable

EventName: TypeAlias = Literal[
    "compilation:start",
    "compilation:progress",
    "compilation:end",
    "phase:start",
    "phase:end",
    "file:parsed",
    "file:cached",
    "file:written",
    "cache:miss",
    "cache:outage",
    "fleet:joined",
    "fleet:others",
    "fleet:progress",
    "fleet:outage",
    "worker:batch",
    "jit:tier:upgrade",
    "jit:deoptimization",
    "text:cut",
    "text:fallback",
    "diagnostic",
]
EVENT_NAMES: Final[tuple[str, ...]] = get_args(EventName)


class Event(msgspec.Struct, frozen=True):
    """One event. The fields that an event does not use have their defaults.

    ``phase`` is the phase it belongs to; ``done`` of ``total`` counts what the phase works on;
    ``path`` is the file of ``file:…`` events, and the server's address of
    ``cache:outage``; ``seconds`` is set on ``phase:end`` and ``compilation:end``;
    ``success`` on ``compilation:end``; ``diagnostic`` on ``diagnostic``; ``reason`` on ``cache:…`` and ``text:fallback``.
    ``worker:batch`` tells, when the stages are through, which ``worker`` did ``total`` items of the stage ``phase``, when it
    ``began`` on the clock of ``time.perf_counter`` and how many ``seconds`` it took.
    ``fleet:joined`` tells how many ``workers`` of a fleet are there, with ``total`` slots, ``fleet:others`` that ``total`` workers
    there are of another version, ``fleet:progress`` that ``total`` items are out with them and ``done`` came back,
    ``fleet:outage`` the ``reason`` why a build goes on without; ``path`` is the server's address.
    ``text:cut`` tells that the back end ``worker`` of the text engine cut ``total`` bytes, ``text:fallback`` that one failed at the
    operation ``phase``, and why.
    ``jit:…`` have the ``function`` and its ``tier``: the new one, or the one that is left, with ``reason``, ``path`` and ``line``.
    """

    name: EventName
    phase: str = ""
    done: int = 0
    total: int = 0
    path: str = ""
    seconds: float = 0.0
    success: bool | None = None
    diagnostic: Diagnostic | None = None
    reason: str = ""
    worker: str = ""
    began: float = 0.0
    function: str = ""
    tier: int = 0
    line: int = 0
    workers: int = 0


Listener: TypeAlias = "Callable[[Event], Any]"


class Emitter:
    """Passes events to listeners, in the order in which they were added, on the emitting thread.

    A listener's exception reaches the caller of ``emit``: a listener that fails is a defect of its owner.
    """

    __slots__ = ("_listeners", "failure")

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}
        self.failure: Exception | None = None
        """The last exception of a listener, by which whoever catches many can tell that it is none of ours."""

    def on(self, name: str, listener: Listener) -> Callable[[], None]:
        """Add a listener for one event, or for all with ``"*"``. Returns what removes it again.

        Raises ``ValueError`` for a name that is no event's.
        """
        if name != "*" and name not in EVENT_NAMES:
            from difflib import get_close_matches  # for a mistake alone

            near = get_close_matches(name, EVENT_NAMES, 1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise ValueError(f'there is no event "{name}"{hint}')
        listeners = self._listeners.setdefault(name, [])
        listeners.append(listener)

        def remove() -> None:
            if listener in listeners:
                listeners.remove(listener)

        return remove

    def listens(self, name: EventName) -> bool:
        """Whether anybody would hear this event."""
        return bool(self._listeners.get(name) or self._listeners.get("*"))

    def emit(self, event: Event) -> None:
        """Tell the listeners of the event, then those of all events."""
        for key in (event.name, "*"):
            for listener in tuple(self._listeners.get(key, ())):
                try:
                    listener(event)
                except Exception as error:
                    self.failure = error
                    raise

    def clear(self) -> None:
        """Forget all listeners."""
        self._listeners.clear()
