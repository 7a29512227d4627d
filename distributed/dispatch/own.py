"""What a build does itself: claimed, so that no other does it too, and published for those that wait for it or come later."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base import digest
from hyper.distributed.blobs import LARGEST
from hyper.distributed.dispatch.protocol import Made
from hyper.distributed.flights import Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.distributed.blobs import Blobs
    from hyper.distributed.flights.contract import SingleFlight

_TOGETHER: Final = 8 << 20
"""Bytes of results that are put on the server in one go."""


class _Result(msgspec.Struct, frozen=True):
    """A result that is not yet published."""

    key: str
    token: int
    made: Made


class Own:
    """The claims of one build, by the run and the index of an item."""

    def __init__(self, build: str, flights: SingleFlight, blobs: Blobs) -> None:
        self._build = build
        self._flights = flights
        self._blobs = blobs
        self._claims: dict[tuple[int, int], tuple[str, int]] = {}
        self._made: list[_Result] = []
        self._left: list[tuple[str, int]] = []

    def claimed(self, run: int, index: int, key: str, token: int) -> None:
        """An item is the build's own to do."""
        self._claims[run, index] = key, token

    def made(self, made: Made) -> bool:
        """The build did it; whether there is something to publish."""
        claim = self._claims.pop((made.run, made.index), None)
        if claim is None:
            return False
        if len(made.data) > LARGEST:
            self._left.append(claim)
        else:
            self._made.append(_Result(*claim, made))
        return True

    def leave(self, run: int, indexes: Iterable[int] | None = None) -> bool:
        """The build does not do these, or nothing more of a run; whether there is something to hand back."""
        if indexes is None:
            gone = [place for place in self._claims if place[0] == run]
        else:
            gone = [(run, index) for index in indexes if (run, index) in self._claims]
        self._left += [self._claims.pop(place) for place in gone]
        return bool(gone)

    def forget(self) -> list[str]:
        """The server is gone. Gives the keys of what was claimed there, which lapses, or is withdrawn once it is back."""
        held = [*self._claims.values(), *self._left, *((each.key, 0) for each in self._made)]
        self._claims.clear()
        self._made.clear()
        self._left.clear()
        return [key for key, _ in held]

    async def settle(self, seconds: float) -> None:
        """Publish what was made, and hand back what was left. Raises ``redis.RedisError``, and ``TimeoutError`` where the server
        takes longer than ``seconds`` for a step; putting contents there takes as long as its line is wide.

        What this is broken off at is done by the next call.
        """
        while self._made:
            count, size = 1, len(self._made[0].made.data)
            for each in self._made[1:]:
                size += len(each.made.data)
                if size > _TOGETHER:
                    break
                count += 1
            await self._publish(self._made[:count], seconds)
            del self._made[:count]
        count = len(self._left)
        if count:
            async with asyncio.timeout(seconds):
                await self._flights.release(self._build, self._left[:count])
            del self._left[:count]

    async def _publish(self, several: list[_Result], seconds: float) -> None:
        contents: dict[str, bytes] = {}
        results: list[tuple[str, int, Result]] = []
        for each in several:
            data = each.made.data
            name = digest.of_bytes(data)
            contents[name] = data
            result = Result(name, len(data), each.made.seconds, each.made.cpu)
            results.append((each.key, each.token, result))
        if await self._blobs.put(contents):
            async with asyncio.timeout(seconds):
                await self._flights.publish(self._build, results)
        else:
            # A result may only be said to be there when it is.
            self._left += [(key, token) for key, token, _ in results]
