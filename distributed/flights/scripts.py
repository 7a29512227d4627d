"""Runs scripts on the server: many of them in one round trip, by their digests where the server knows them."""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING, Any

import msgspec
from redis import exceptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis


class Script(msgspec.Struct, frozen=True):
    """A text of Lua and its digest, by which the server calls it."""

    text: str
    digest: str

    @classmethod
    def of(cls, *parts: str) -> Script:
        """The script of these parts, one after the other."""
        text = "\n".join(parts)
        return cls(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


class Call(msgspec.Struct, frozen=True):
    """One run of a script: the names that it touches, and its arguments."""

    names: tuple[str, ...]
    arguments: tuple[str | int, ...]


async def run(client: Redis, script: Script, calls: Sequence[Call]) -> list[Any]:
    """The answers to the calls, in order, from one round trip; from one more where the server does not know the script yet.

    Raises what redis-py raises where the server cannot be reached, or refuses.
    """
    answers: list[Any] = [None] * len(calls)
    left = list(range(len(calls)))
    # A server that was asked by digest only says which calls it did not know, and has not run them. With the text before the
    # others it knows all; behind a cluster there are several servers, which are all told.
    for told in (0, 1, len(calls)):
        pipeline = client.pipeline(transaction=False)
        for at, number in enumerate(left):
            call = calls[number]
            head = ("EVAL", script.text) if at < told else ("EVALSHA", script.digest)
            pipeline.execute_command(*head, len(call.names), *call.names, *call.arguments)
        given = await pipeline.execute(raise_on_error=False)
        for number, answer in zip(left, given, strict=True):
            answers[number] = answer
        left = [number for number in left if isinstance(answers[number], exceptions.NoScriptError)]
        if not left:
            break
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
