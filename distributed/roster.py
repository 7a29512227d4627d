"""Who is there: workers and builds say so under names of their own that expire, and in a set by which they are found.

What they say is not signed: who lies here makes builds slower, and can do no more. What is read is bounded in size and number.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, TypeVar

import msgspec

from hyper.distributed.messages import Digest, Word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from hyper.distributed.names import Names

Kind: TypeAlias = Literal["workers", "builds"]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]

WORKER_SECONDS: Final = 15
"""A worker that was not heard of for so long is gone; it says that it is there three times as often."""
BUILD_SECONDS: Final = 30
"""The same of a build."""
_SET_SECONDS: Final = 24 * 3600
MOST_READ: Final = 1000
_MOST_BYTES: Final = 4096


class Worker(msgspec.Struct, frozen=True):
    """What a worker says of itself.

    ``slots`` are the items that it does at a time, of which ``busy`` are taken. Each of its queues has ``shards`` parts, all of
    which it serves. ``grades`` are those of its registry. A later version may say more: what is not known here is passed over.
    """

    name: Word
    identity: Digest
    grades: Annotated[tuple[Word, ...], msgspec.Meta(max_length=20)]
    slots: Count
    busy: Count = 0
    shards: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    cores: Count = 0
    version: Text = ""
    platform: Text = ""
    processor: Text = ""
    host: Text = ""
    draining: bool = False
    """Whether it takes nothing more, and ends when it has done what it took."""
    done: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Items that it has done since it began."""
    since: float = 0.0
    """When it began, in seconds of its own clock since 1970: for people only."""


class Build(msgspec.Struct, frozen=True):
    """What a build says of itself. ``waits`` tells whether a person waits for it, and not an automaton."""

    name: Word
    identity: Digest
    waits: bool = True
    version: Text = ""
    host: Text = ""
    since: float = 0.0


M = TypeVar("M", Worker, Build)


async def announce(client: Redis, names: Names, member: Worker | Build) -> None:
    """Say that somebody is there, for as long as ``WORKER_SECONDS`` or ``BUILD_SECONDS``. Raises ``redis.RedisError``."""
    from redis.exceptions import ResponseError

    try:
        await _announce(client, names, member)
    except ResponseError as error:
        if "WRONGTYPE" not in str(error):
            raise
        # Somebody put something else in the place of the set. All that are there say so again, and soon.
        removal: Any = client.delete(names.members(_place(names, member)[0]))
        await removal
        await _announce(client, names, member)


async def _announce(client: Redis, names: Names, member: Worker | Build) -> None:
    kind, key, seconds = _place(names, member)
    pipeline = client.pipeline(transaction=False)
    pipeline.set(key, msgspec.json.encode(member), ex=seconds)
    pipeline.sadd(names.members(kind), member.name)
    pipeline.pexpire(names.members(kind), _SET_SECONDS * 1000)
    await pipeline.execute()


async def leave(client: Redis, names: Names, member: Worker | Build) -> None:
    """Say that somebody is gone. Raises ``redis.RedisError``."""
    kind, key, _ = _place(names, member)
    pipeline = client.pipeline(transaction=False)
    pipeline.delete(key)
    pipeline.srem(names.members(kind), member.name)
    await pipeline.execute()


async def read_workers(client: Redis, names: Names, *, tidy: bool = True) -> list[Worker]:
    """The workers that are there, by name. With ``tidy`` the names of those that are gone are removed, which a user that only reads
    may not. Raises ``redis.RedisError``."""
    return await _read(client, names, "workers", Worker, tidy=tidy)


async def count_workers(client: Redis, names: Names) -> int:
    """How many workers said that they are there, one at least; some may be gone since. Raises ``redis.RedisError``."""
    answer: Any = client.scard(names.members("workers"))
    return max(int(await answer), 1)


async def read_builds(client: Redis, names: Names, *, tidy: bool = True) -> list[Build]:
    """The builds that are there, by name; ``tidy`` as above. Raises ``redis.RedisError``."""
    return await _read(client, names, "builds", Build, tidy=tidy)


def fitting(workers: Iterable[Worker], identity: str, grade: str) -> list[Worker]:
    """Those that work for a compiler at a grade, and take more."""
    return [
        each
        for each in workers
        if each.identity == identity
        and grade in each.grades
        and each.slots > 0
        and not each.draining
    ]


async def _read(client: Redis, names: Names, kind: Kind, shape: type[M], *, tidy: bool) -> list[M]:
    place = names.worker if kind == "workers" else names.build
    answer: Any = client.srandmember(names.members(kind), MOST_READ)
    # Somebody may have written there what is no name.
    written = {
        each if isinstance(each, str) else each.decode(errors="replace"): each
        for each in await answer or ()
    }
    said = sorted(written)
    if not said:
        return []
    pipeline = client.pipeline(transaction=False)
    for name in said:
        pipeline.getrange(place(name), 0, _MOST_BYTES - 1)
    found = [_text_of(each) for each in await pipeline.execute(raise_on_error=False)]
    gone = [written[name] for name, data in zip(said, found, strict=True) if not data]
    if gone and tidy:
        removal: Any = client.srem(names.members(kind), *gone)
        await removal
    there = []
    for name, data in zip(said, found, strict=True):
        with contextlib.suppress(msgspec.MsgspecError):
            member = msgspec.json.decode(data, type=shape) if data else None
            if member is not None and member.name == name:
                there.append(member)
    return there


def _text_of(answer: Any) -> Any:
    """What somebody said of itself; nothing where something else than a text was put in its place. Raises what else went wrong."""
    if isinstance(answer, Exception):
        if "WRONGTYPE" not in str(answer):
            raise answer
        return b""
    return answer


def _place(names: Names, member: Worker | Build) -> tuple[Kind, str, int]:
    if isinstance(member, Worker):
        return "workers", names.worker(member.name), WORKER_SECONDS
    return "builds", names.build(member.name), BUILD_SECONDS
