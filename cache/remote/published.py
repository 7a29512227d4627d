"""The Bloom filter of a scope's keys as writers publish it, so that a reader need not ask for what is surely not there.

A filter is an entry of its own under ``hyper:{project}:{scope}:filter``. Its epoch is the second in which it was made from the
names on the server. A writer adds what it put at the end of its build, in a transaction, so that no other writer's keys
are lost; a missing, harmed or full filter is made anew by the writer that meets it. It ends with its time to live, and
the keys of entries that are gone with it. Without a filter every key is asked for.
"""

from __future__ import annotations

import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from hyper.cache.remote.envelope import BadEntryError, Sealer
from hyper.cache.remote.settings import filter_name, parse_entry_name
from hyper.cache.remote.wire import OutageError, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.cache.protocol import Kind
    from hyper.cache.remote.wire import Asking, Command
    from hyper.cache.sketches.bloom import KeyFilter

MOST_BYTES: Final = 2 << 20
FRESH_SECONDS: Final = 60.0
MOST_KEYS: Final = 1_500_000
_LEAST_KEYS: Final = 4096
_KEY: Final = sha256(b"the filter of a scope's keys").digest()
_SCAN: Final = b"2000"
_MOST_SCANS: Final = 2000
_ATTEMPTS: Final = 4


class PublishedFilter:
    """The filter of one scope: fetched once, asked, and added to by writers."""

    def __init__(self, project: str, scope: str, sealer: Sealer, ttl: int) -> None:
        """``ttl``: seconds that a filter lives."""
        self._project = project
        self._scope = scope
        self._sealer = sealer
        self._ttl = ttl
        self._name = filter_name(project, scope)
        self._filter: KeyFilter | None = None
        self._put: dict[bytes, None] = {}
        self.fetched = False
        self._taken = 0.0

    def fetch_command(self) -> Command:
        """What to ask the server for the filter."""
        return (b"GETRANGE", self._name, b"0", b"%d" % MOST_BYTES)

    def take(self, answer: Any, now: float) -> bool:
        """Use the answer to ``fetch_command``, got at ``now``. Whether it was none or a good one."""
        self.fetched = True
        self._taken = now
        self._filter = None
        if not isinstance(answer, bytes) or not answer:
            return not isinstance(answer, Refusal)
        self._filter = self._opened(answer)
        if self._filter is not None:
            self._filter.update(self._put)
        return self._filter is not None

    def forget_old(self, now: float) -> None:
        """Let go of a filter that does not know what others put in the last minute, and fetch it again when it is next wanted."""
        if self._filter is None or now - self._taken > FRESH_SECONDS:
            self.fetched = False
            self._filter = None

    def surely_absent(self, kind: Kind, key: bytes) -> bool:
        """Whether the scope had no such entry when the filter was fetched, and this writer put none."""
        return self._filter is not None and self._filter.surely_absent(_member(kind, key))

    def add(self, kind: Kind, keys: Iterable[bytes]) -> None:
        """Keys of entries that were put."""
        members = [_member(kind, key) for key in keys]
        self._put.update(dict.fromkeys(members))
        if self._filter is not None:
            self._filter.update(members)

    def publish(self, wire: Asking) -> bool:
        """Add what was put to the filter on the server. Whether that was done (or nothing was put).

        Raises ``OutageError`` where the server cannot be asked.
        """
        if not self._put:
            return True
        for _ in range(_ATTEMPTS):
            watched, present = wire.ask([(b"WATCH", self._name), self.fetch_command()])
            if isinstance(watched, Refusal) or not isinstance(present, bytes):
                return False
            try:
                done = self._published(wire, present)
            except OutageError as error:
                if error.reason != "connection":
                    raise
                continue  # The watch ended with the connection: another writer's keys could be lost unseen.
            if done is not None:
                return done
        return False

    def _published(self, wire: Asking, present: bytes) -> bool | None:
        """Write the filter where it still is what was ``present``: whether it could be, ``None`` where it is not.

        To add what was put twice is to add it once, so that a transaction whose answer was lost may be made again.
        """
        current = self._opened(present) if present else None
        if current is not None and current.capacity == 1:
            wire.go_on([(b"UNWATCH",)])
            self._put.clear()
            return True
        commands = self._added(current) if current is not None else None
        if commands is None:
            commands = self._made_anew(wire)
        if commands is None:
            wire.go_on([(b"UNWATCH",)])
            return False
        done = wire.go_on([(b"MULTI",), *commands, (b"EXEC",)])[-1]
        if done is None:
            return None
        if not isinstance(done, Refusal):
            self._put.clear()
        return not isinstance(done, Refusal)

    def _added(self, current: KeyFilter) -> list[Command] | None:
        """The filter with what was put; ``None`` if it has no room for that."""
        if len(current) + len(self._put) > current.capacity:
            return None
        current.update(self._put)
        return [(b"SET", self._name, self._sealed(current), b"KEEPTTL")]

    def _made_anew(self, wire: Asking) -> list[Command] | None:
        """A filter of all entries on the server; ``None`` if they may not be listed.

        If they are too many, it is one in which every key seems to be, so that not every writer counts them again.
        """
        from hyper.cache.sketches.bloom import KeyFilter

        members = dict(self._put)
        cursor = b"0"
        pattern = f"hyper:{self._project}:{self._scope}:*".encode()
        for _ in range(_MOST_SCANS):
            (answer,) = wire.go_on([(b"SCAN", cursor, b"MATCH", pattern, b"COUNT", _SCAN)])
            if not isinstance(answer, list) or len(answer) != 2 or not isinstance(answer[1], list):
                return None
            cursor, names = answer
            for name in filter(_is_name, names):
                entry = parse_entry_name(self._project, self._scope, name)
                if entry is not None:
                    members[_member(*entry)] = None
            if cursor == b"0" or len(members) > MOST_KEYS:
                break
        too_many = cursor != b"0" or len(members) > MOST_KEYS
        capacity = 1 if too_many else min(max(_LEAST_KEYS, 2 * len(members)), MOST_KEYS)
        made = KeyFilter(int(time.time()), capacity)
        # A filter with more keys than it has room for has every key.
        made.update((*members, b"too", b"many") if too_many else members)
        return [(b"SET", self._name, self._sealed(made), b"EX", b"%d" % self._ttl)]

    def _opened(self, envelope: bytes) -> KeyFilter | None:
        from hyper.cache.sketches.bloom import KeyFilter
        from hyper.cache.sketches.sealed import SketchError

        try:
            value = self._sealer.open(self._scope, "action", _KEY, envelope, MOST_BYTES)
            return KeyFilter.from_bytes(value)
        except (BadEntryError, SketchError):
            return None

    def _sealed(self, made: KeyFilter) -> bytes:
        return self._sealer.seal(
            self._scope, "action", _KEY, made.to_bytes(), created=time.time(), cost=0.0
        )


def _is_name(name: Any) -> bool:
    return isinstance(name, bytes)


def _member(kind: Kind, key: bytes) -> bytes:
    return (b"a" if kind == "action" else b"b") + key
