"""Sources and results on the server: contents by their digests, in the scope of the fleet of the content store."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

from hyper.base import digest
from hyper.cache.remote.layer import RedisLayer
from hyper.cache.remote.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hyper.distributed.settings import FleetSettings

LARGEST: Final = 32 << 20
_ENTRY: Final = 320
"""Bytes that something held takes beside its own: its name and its place. Many contents are only names themselves."""


class Blobs:
    """Contents of a fleet. Not for two threads at once; calls of an event loop take turns.

    ``held`` are the bytes of contents that are kept at hand, the last used ones.
    """

    def __init__(self, settings: FleetSettings, *, held: int = 0) -> None:
        self._layer = RedisLayer(
            settings.url,
            settings.project,
            scope=settings.fleet,
            reads=(settings.fleet,),
            ttl=settings.rules.ttl,
            keyring=settings.keyring,
            demands=settings.demands,
            tls=settings.tls,
            key_filter=False,
            name="fleet",
            # Who asks deals with outages, and need not be kept from asking.
            limits=Limits(off=0.0, off_longest=0.0),
        )
        self._lock = asyncio.Lock()
        self._thread = Lock()
        """Whoever stops waiting for a call leaves its thread at it, and the next call to another."""
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._room = held
        self._size = 0

    @property
    def counters(self) -> dict[str, int]:
        """Those of the layer: see ``RedisLayer``."""
        return self._layer.counters

    @property
    def unanswered(self) -> int:
        """How many questions had no answer, or were refused. What was not found then may be there."""
        counters = self._layer.counters
        return counters["errors"] + counters["off"]

    async def get(self, digests: Iterable[str]) -> dict[str, bytes]:
        """The contents that are there and are what they are called, by digest."""
        wanted = list(dict.fromkeys(digests))
        found = {name: self._held[name] for name in wanted if name in self._held}
        for name in found:
            self._held.move_to_end(name)
        missing = [name for name in wanted if name not in found]
        if missing:
            async with self._lock:
                fetched = await asyncio.to_thread(self._get, missing)
            found |= fetched
            self._hold(fetched)
        return found

    async def put(self, contents: Mapping[str, bytes]) -> bool:
        """Put contents there, by digest; whether all are there now."""
        if not contents:
            return True
        async with self._lock:
            return await asyncio.to_thread(self._put, contents)

    def close(self) -> None:
        """Let go of the connection."""
        self._layer.close()

    def _get(self, names: list[str]) -> dict[str, bytes]:
        keys = {bytes.fromhex(name): name for name in names}
        with self._thread:
            found = self._layer.get_many("blob", list(keys))
            # What waiting costs is bounded for each call, and not for the life of a worker.
            self._layer.flush()
        return {keys[key]: data for key, data in found.items()}

    def _put(self, contents: Mapping[str, bytes]) -> bool:
        entries = {bytes.fromhex(name): data for name, data in contents.items()}
        with self._thread:
            before = self._layer.counters["puts"]
            self._layer.put_many("blob", entries)
            self._layer.flush()
            return self._layer.counters["puts"] == before + len(contents)

    def _hold(self, fetched: Mapping[str, bytes]) -> None:
        for name, data in fetched.items():
            if len(data) > self._room // 4 or name in self._held:
                continue
            self._held[name] = data
            self._size += len(data) + _ENTRY
        while self._size > self._room:
            _, data = self._held.popitem(last=False)
            self._size -= len(data) + _ENTRY


def named(contents: Iterable[bytes]) -> dict[str, bytes]:
    """Contents by their digests."""
    return {digest.of_bytes(data): data for data in contents}
