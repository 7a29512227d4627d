"""The Redis layer: entries that machines share, each signed and verified on every read.

Reading is ``GETRANGE`` of the first bytes of every entry in one round trip, which is the whole of most; how long the
others are is said there, so that a value without bound is never fetched. Nothing here raises while a build runs.
"""

from __future__ import annotations

import time
from hashlib import sha256
from importlib.util import find_spec
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from hyper.cache.protocol import fresh_counters, is_good
from hyper.cache.remote.breaker import Breaker
from hyper.cache.remote.envelope import MOST_OVERHEAD, BadEntryError, Sealer, length
from hyper.cache.remote.published import PublishedFilter
from hyper.cache.remote.settings import TLS, Address, Limits, checked_project, entry_name
from hyper.cache.remote.wire import OutageError, Refusal, Wire
from hyper.cache.trust import MAIN, checked_scope, message, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hyper.cache.census import Census
    from hyper.cache.protocol import Kind
    from hyper.cache.remote.wire import Asking, Command, Reason
    from hyper.cache.trust import Keyring

Mode: TypeAlias = Literal["read-only", "read-write"]

DAY: Final = 24 * 3600
HEAD_BYTES: Final = 1 << 16
KEYS_AT_ONCE: Final = 256

FURTHER_COUNTERS: Final = (
    "round_trips",
    "connects",
    "outages",
    "off",
    "refused",
    "oversize",
    "damaged",
    "unsigned",
    "forged",
    "filtered",
    "spared",
)


class _Part(NamedTuple):
    """An entry of which the head was read; ``total`` and ``raw`` are bytes of the envelope and of its value."""

    key: bytes
    scope: str
    head: bytes
    total: int
    raw: int


class RedisLayer:
    """Entries on a Redis server (6 or newer), under ``hyper:{project}:{scope}:{kind}:{hex}``.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``, or ``redis+cluster://`` and the like (``Address.parse``).
        project: Part of every name; projects share nothing.
        scope: Where this build writes. It reads ``main`` and its own scope; that of ``main`` reads ``main`` only.
        reads: Fewer scopes to read, where the server's access list asks for it.
        mode: ``read-only`` puts nothing.
        ttl: Seconds that an entry lives after it was put.
        keyring: The first key signs what is put.
        demands: Whether unsigned entries are refused; without it, they are if there is a keyring.
        key_filter: Whether the filter of the server's keys is fetched (with the second question) and published; never that of a
            cluster.
        on_outage: Called once, when the layer turns off for the first time, with the reason.

    Counters beside those of every layer: ``round_trips`` and ``connects``; ``outages`` (times it turned off), ``off``
    (questions not asked since it was off), ``refused`` (entries not put); ``damaged``, ``oversize``, ``unsigned`` and
    ``forged`` (why entries were dropped); ``filtered`` (keys surely absent) and ``spared`` (round trips saved by that).

    """

    def __init__(
        self,
        url: str,
        project: str,
        *,
        scope: str = MAIN,
        reads: Sequence[str] | None = None,
        mode: Mode = "read-write",
        ttl: int = 14 * DAY,
        keyring: Keyring | None = None,
        demands: bool | None = None,
        tls: TLS | None = None,
        limits: Limits | None = None,
        key_filter: bool = True,
        on_outage: Callable[[Reason], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        name: str = "redis",
    ) -> None:
        """Nothing is asked yet.

        Raises:
            ValueError: The URL, the project, the scope or the mode is none, or signatures are demanded without keys.
            ImportError: redis-py is not installed (extra ``cache``).

        """
        if find_spec("redis") is None:
            raise ImportError("the shared cache needs the extra `cache` (redis)")
        if mode not in {"read-only", "read-write"} or ttl < 1:
            raise ValueError(
                "the mode is read-only or read-write, and an entry lives a second or longer"
            )
        if reads is not None and not {*reads} <= {*readable(scope)}:
            raise ValueError("a build reads main and its own scope, and no other")
        if demands and keyring is None:
            raise ValueError("signatures are demanded, and there is no key to verify them with")
        self.name = name
        self._project = checked_project(project)
        self._scope = checked_scope(scope)
        self._scopes = tuple(each for each in readable(scope) if reads is None or each in reads)
        self._writes = mode == "read-write"
        self._ttl = ttl
        self._limits = limits = limits or Limits()
        self._address = Address.parse(url)
        self._wire = _wire_to(self._address, tls or TLS(), limits)
        self._sealer = Sealer(
            project, keyring, demands=keyring is not None if demands is None else demands
        )
        self._breakers = {
            side: Breaker(limits.failures, limits.off, limits.off_longest, clock)
            for side in ("read", "write")
        }
        filters = (
            {each: PublishedFilter(project, each, self._sealer, ttl) for each in readable(scope)}
            # Making it anew lists all names, of which each node of a cluster knows its own.
            if key_filter and not self._address.cluster and find_spec("pybloom_live") is not None
            else {}
        )
        self._filters = [filters[each] for each in self._scopes if filters]
        self._own_filter = filters.get(scope)
        self._questions = 0
        self._on_outage = on_outage
        self._clock = clock
        self._counters = fresh_counters(FURTHER_COUNTERS)
        self._lock = RLock()
        self._closed = False

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that are read, the most trusted first."""
        return self._scopes

    @property
    def scope(self) -> str:
        """The scope that is written."""
        return self._scope

    @property
    def writes(self) -> bool:
        """Whether anything is put."""
        return self._writes

    @property
    def place(self) -> str:
        """A text that is another one for another server, project or scope to write, and that tells none of them."""
        address = self._address
        where = (address.host, str(address.port), address.path, str(address.database))
        return sha256(message(*where, self._project, self._scope)).hexdigest()

    @property
    def counters(self) -> dict[str, int]:
        """Counts since the layer was made."""
        wire = self._wire
        return {**self._counters, "round_trips": wire.round_trips, "connects": wire.connects}

    def get_many(self, kind: Kind, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """See ``Layer``."""
        wanted = list(dict.fromkeys(keys))
        with self._lock:
            found = {} if self._closed or not wanted else self._found(kind, wanted)
            self._counters["hits"] += len(found)
            self._counters["misses"] += len(wanted) - len(found)
            self._counters["bytes_out"] += sum(map(len, found.values()))
        return {key: found[key] for key in wanted if key in found}

    def put_many(self, kind: Kind, entries: Mapping[bytes, bytes], cost: float = 0.0) -> None:
        """See ``Layer``."""
        with self._lock:
            if self._closed:
                return
            if not self._writes:
                self._counters["refused"] += len(entries)
                return
            for batch in self._batches(kind, entries, cost):
                self._put(kind, entries, batch)

    def census(self) -> Census | None:
        """What all writers of the scopes that are read here have seen; ``None`` where nobody told, or there is no answer."""
        from hyper.cache.remote.census import SharedCensus

        with self._lock:
            if self._closed:
                return None
            each = [
                SharedCensus(self._project, scope, self._sealer, self._ttl)
                for scope in self._scopes
            ]
            answers = self._ask("read", [one.fetch_command() for one in each])
        found = [one.opened(answer) for one, answer in zip(each, answers or (), strict=False)]
        merged: Census | None = None
        for census in found:
            if merged is None:
                merged = census
            elif census is not None:
                merged.merge(census)
        return merged

    def share_census(self, seen: Census) -> Census | None:
        """Add what was seen here to the census of the scope, and give all of it; ``None`` where that cannot be."""
        if not self._writes or self._closed or not self._breakers["write"].on:
            return None
        from hyper.cache.remote.census import SharedCensus

        with self._lock:
            shared = SharedCensus(self._project, self._scope, self._sealer, self._ttl)
            try:
                return shared.merge(self._wire, seen)
            except OutageError as error:
                self._lost(error.reason)
                return None

    def flush(self) -> None:
        """The end of a build: the filter is published, and the next build has its own budget."""
        with self._lock:
            if self._closed:
                return
            self._publish()
            for published in self._filters:
                published.forget_old(self._clock())
            self._questions = 0
            self._wire.spent = 0.0

    def close(self) -> None:
        """See ``Layer``."""
        with self._lock:
            if not self._closed:
                self.flush()
                self._closed = True
                self._wire.close()

    def _ask(self, side: str, commands: Sequence[Command]) -> list[Any] | None:
        """The answers; ``None`` if the layer is off for this side or there is no answer."""
        breaker = self._breakers[side]
        if not breaker.on:
            self._counters["off"] += 1
            return None
        try:
            answers = self._wire.ask(commands)
        except OutageError as error:
            self._lost(error.reason)
            return None
        refused = {answer.code for answer in answers if isinstance(answer, Refusal)} - {"WRONGTYPE"}
        if refused:
            reason: Reason = "cluster" if "MOVED" in refused else "server"
            self._failed(reason, [breaker], surely="NOPERM" in refused)
        else:
            breaker.succeeded()
        return answers

    def _lost(self, reason: Reason) -> None:
        """There was no answer, which concerns both sides. A spent budget is the build's, and no failure of the server's."""
        if reason == "budget":
            self._counters["off"] += 1
            self._announce(reason)
            return
        both = list(self._breakers.values())
        self._failed(reason, both, surely=reason == "authentication")

    def _failed(self, reason: Reason, breakers: Sequence[Breaker], *, surely: bool) -> None:
        self._counters["errors"] += 1
        turned_off = [breaker.failed(surely=surely) for breaker in breakers]
        if any(turned_off):
            self._counters["outages"] += 1
            self._announce(reason)

    def _announce(self, reason: Reason) -> None:
        told, self._on_outage = self._on_outage, None
        if told is not None:
            told(reason)

    def _found(self, kind: Kind, wanted: list[bytes]) -> dict[bytes, bytes]:
        self._questions += 1
        asked = [(key, scope) for key in wanted for scope in self._scopes_of(kind, key)]
        self._counters["filtered"] += len(wanted) - len({key for key, _ in asked})
        if not asked and self._filters:
            self._counters["spared"] += 1
        found: dict[bytes, bytes] = {}
        scope_of: dict[bytes, str] = {}
        left = self._limits.answer
        for at in range(0, len(asked), KEYS_AT_ONCE):
            parts = self._heads(kind, asked[at : at + KEYS_AT_ONCE])
            if parts is None:
                break
            for part, envelope in self._wholes(kind, parts):
                # Long entries come later: one of a more trusted scope takes the place of what is there.
                if scope_of.get(part.key) in self._before(part.scope) or part.raw > left:
                    continue
                value = self._opened(kind, part, envelope)
                if value is not None:
                    found[part.key], scope_of[part.key] = value, part.scope
                    left -= len(value)
        return found

    def _before(self, scope: str) -> tuple[str, ...]:
        """The scopes that are more trusted."""
        return self._scopes[: self._scopes.index(scope)]

    def _scopes_of(self, kind: Kind, key: bytes) -> list[str]:
        """Where the entry may be."""
        if not self._filters:
            return list(self._scopes)
        each = zip(self._scopes, self._filters, strict=True)
        return [scope for scope, published in each if not published.surely_absent(kind, key)]

    def _heads(self, kind: Kind, asked: Sequence[tuple[bytes, str]]) -> list[_Part] | None:
        """What is there, of good shape and size. ``None`` if there is no answer.

        The filters are fetched along with the second question: a build that asks once has no use for them.
        """
        due = [each for each in self._filters if self._questions > 1 and not each.fetched]
        end = b"%d" % (HEAD_BYTES - 1)
        answers = self._ask(
            "read",
            [
                *((b"GETRANGE", self._name(scope, kind, key), b"0", end) for key, scope in asked),
                *(published.fetch_command() for published in due),
            ],
        )
        if answers is None:
            return None
        for published, answer in zip(due, answers[len(asked) :], strict=True):
            if not published.take(answer, self._clock()):
                self._drop("damaged")
        parts = []
        for (key, scope), head in zip(asked, answers, strict=False):
            part = self._part(kind, key, scope, head)
            if part is not None:
                parts.append(part)
        return parts

    def _part(self, kind: Kind, key: bytes, scope: str, head: Any) -> _Part | None:
        if isinstance(head, Refusal):
            if head.code == "WRONGTYPE":
                self._drop("damaged")
            return None
        if not isinstance(head, bytes) or not head:
            return None
        size = length(head)
        if size is None:
            self._drop("damaged")
            return None
        total, raw = size
        # What is stored is never longer than the value: one that says so says it to be fetched.
        if raw > self._limits.largest(kind) or total > raw + MOST_OVERHEAD:
            self._drop("oversize")
            return None
        return _Part(key, scope, head, total, raw)

    def _wholes(self, kind: Kind, parts: list[_Part]) -> Iterator[tuple[_Part, bytes]]:
        """The whole envelopes: short ones as they are, then long ones, read in batches of bounded size."""
        long: list[_Part] = []
        size = 0
        for part in parts:
            if part.total <= HEAD_BYTES:
                yield part, part.head
                continue
            long.append(part)
            size += part.total
            if size >= self._limits.batch:
                yield from self._tails(kind, long)
                long, size = [], 0
        yield from self._tails(kind, long)

    def _tails(self, kind: Kind, parts: list[_Part]) -> Iterator[tuple[_Part, bytes]]:
        if not parts:
            return
        start = b"%d" % HEAD_BYTES
        answers = self._ask(
            "read",
            [
                # One byte more than there should be, so that one that goes on is found out.
                (b"GETRANGE", self._name(part.scope, kind, part.key), start, b"%d" % part.total)
                for part in parts
            ],
        )
        for part, tail in zip(parts, answers or (), strict=False):
            if isinstance(tail, bytes):
                yield part, part.head + tail

    def _opened(self, kind: Kind, part: _Part, envelope: bytes) -> bytes | None:
        try:
            largest = self._limits.largest(kind)
            return self._sealer.open(part.scope, kind, part.key, envelope, largest)
        except BadEntryError as error:
            self._drop(error.fault)
            return None

    def _drop(self, fault: str) -> None:
        self._counters["dropped"] += 1
        self._counters[fault] += 1

    def _batches(
        self, kind: Kind, entries: Mapping[bytes, bytes], cost: float
    ) -> Iterator[dict[bytes, bytes]]:
        """Envelopes by key, of bounded size together."""
        batch: dict[bytes, bytes] = {}
        size = 0
        for key, value in entries.items():
            if not is_good(kind, key, value):
                self._drop("damaged")
            elif len(value) > self._limits.largest(kind):
                self._counters["oversize"] += 1
                self._counters["refused"] += 1
            else:
                batch[key] = self._sealer.seal(
                    self._scope, kind, key, value, created=time.time(), cost=cost
                )
                size += len(batch[key])
                if size >= self._limits.batch:
                    yield batch
                    batch, size = {}, 0
        if batch:
            yield batch

    def _put(self, kind: Kind, entries: Mapping[bytes, bytes], batch: dict[bytes, bytes]) -> None:
        answers = self._ask(
            "write",
            [
                (b"SET", self._name(self._scope, kind, key), envelope, b"EX", b"%d" % self._ttl)
                for key, envelope in batch.items()
            ],
        )
        put = [key for key, answer in zip(batch, answers or (), strict=False) if answer == b"OK"]
        self._counters["refused"] += len(batch) - len(put)
        self._counters["puts"] += len(put)
        self._counters["bytes_in"] += sum(len(entries[key]) for key in put)
        if self._own_filter is not None:
            self._own_filter.add(kind, put)

    def _publish(self) -> None:
        if self._own_filter is None or not self._breakers["write"].on:
            return
        try:
            if not self._own_filter.publish(self._wire):
                self._counters["errors"] += 1
        except OutageError as error:
            self._lost(error.reason)

    def _name(self, scope: str, kind: Kind, key: bytes) -> bytes:
        return entry_name(self._project, scope, kind, key)


def _wire_to(address: Address, tls: TLS, limits: Limits) -> Asking:
    if address.cluster:
        from hyper.cache.remote.cluster import ClusterWire

        return ClusterWire(address, tls, limits)
    return Wire(address, tls, limits)
