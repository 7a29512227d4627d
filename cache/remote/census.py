"""The census of a scope on the server: what all its writers have seen, merged by each that has something to add.

It is an entry of its own, ``hyper:{project}:{scope}:census``, signed like the others and never longer than a census is. A
harmed or forged one counts as none, and is replaced. It ends with its time to live, counted from the last change.
"""

from __future__ import annotations

import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from hyper.cache.census import BYTES, Census
from hyper.cache.remote.envelope import MOST_OVERHEAD, BadEntryError, Sealer
from hyper.cache.remote.settings import census_name
from hyper.cache.remote.wire import OutageError, Refusal
from hyper.cache.sketches.sealed import SketchError

if TYPE_CHECKING:
    from hyper.cache.remote.wire import Asking, Command

_KEY: Final = sha256(b"the census of a scope").digest()
_MOST_BYTES: Final = BYTES + MOST_OVERHEAD
_ATTEMPTS: Final = 4


class SharedCensus:
    """The census of one scope."""

    def __init__(self, project: str, scope: str, sealer: Sealer, ttl: int) -> None:
        """``ttl``: seconds that it lives after its last change."""
        self._scope = scope
        self._sealer = sealer
        self._ttl = b"%d" % ttl
        self._name = census_name(project, scope)

    def fetch_command(self) -> Command:
        """What to ask the server for the census."""
        return (b"GETRANGE", self._name, b"0", b"%d" % _MOST_BYTES)

    def opened(self, answer: Any) -> Census | None:
        """The census in an answer to ``fetch_command``; ``None`` where there is none, or none that can be believed."""
        if not isinstance(answer, bytes) or not answer:
            return None
        try:
            return Census.from_bytes(self._sealer.open(self._scope, "action", _KEY, answer, BYTES))
        except (BadEntryError, SketchError):
            return None

    def merge(self, wire: Asking, seen: Census) -> Census | None:
        """Add to what is on the server, and give all of it; ``None`` where that was refused, or others were always faster.

        Raises ``OutageError`` where the server cannot be asked.
        """
        for _ in range(_ATTEMPTS):
            watched, answer = wire.ask([(b"WATCH", self._name), self.fetch_command()])
            if isinstance(watched, Refusal) or isinstance(answer, Refusal):
                return None
            merged = self.opened(answer) or Census()
            merged.merge(seen)
            value = self._sealer.seal(
                self._scope, "action", _KEY, merged.to_bytes(), created=time.time(), cost=0.0
            )
            put = (b"SET", self._name, value, b"EX", self._ttl)
            try:
                done = wire.go_on([(b"MULTI",), put, (b"EXEC",)])[-1]
            except OutageError as error:
                if error.reason != "connection":
                    raise
                continue  # The watch ended with the connection. To merge twice is to merge once.
            if isinstance(done, Refusal):
                return None
            if done is not None:  # Nobody else changed it since it was read.
                return merged
        return None
