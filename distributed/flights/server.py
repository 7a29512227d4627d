"""The flights of a fleet on a Redis server, of version 6.2 or newer, or Valkey."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from hyper.distributed.flights import lua
from hyper.distributed.flights.contract import (
    KEY,
    Answer,
    Claim,
    JobTrail,
    Rules,
    SingleFlight,
    Struck,
)
from hyper.distributed.flights.forms import (
    BadRecordError,
    Seal,
    events_of,
    readable,
    text_of,
    written,
)
from hyper.distributed.flights.scripts import Call, Script, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from hyper.cache.trust import Keyring
    from hyper.distributed.flights.contract import (
        Ending,
        EndState,
        Event,
        EventKind,
        Kind,
        PublishState,
        Result,
    )
    from hyper.distributed.names import Names

_JOB_EVENTS: Final = 2000
_BUSY_AGAIN: Final = 1000
_MOST_SAID: Final = 16
_LONGEST_SAID: Final = 400
"""Reasons of strikes, and characters of each: somebody else may have written them."""


class Flights(SingleFlight):
    """See ``SingleFlight``. ``counters`` tell what was found on the server and not believed."""

    CLOCK: ClassVar[str] = lua.CLOCK

    def __init__(
        self,
        client: Redis,
        names: Names,
        keyring: Keyring | None = None,
        *,
        demands: bool | None = None,
        rules: Rules | None = None,
    ) -> None:
        """``demands``: a result that no key of the keyring signed is refused; so it is by default where there is a keyring."""
        self._client = client
        self._names = names
        self._seal = Seal(
            names.prefix, keyring, demands=keyring is not None if demands is None else demands
        )
        self.rules = rules or Rules()
        self._scripts: dict[str, Script] = {}
        self.counters = dict.fromkeys(("damaged", "unsigned", "forged", "differs"), 0)

    async def _ask(
        self, build: str, keys: list[str], span: int, *, local: bool
    ) -> dict[str, Answer]:
        nonce = secrets.token_hex(4) if local else ""
        asked = dict.fromkeys(keys, (build, span, nonce))
        found: dict[str, Answer] = {}
        for key, answer in (await self._believed(lua.ASK, asked)).items():
            state, rest = answer[0], answer[1:]
            match state:
                case "done":
                    found[key] = Answer("done", self._seal.read(key, *rest))
                case "flying":
                    found[key] = Answer("flying", left=int(rest[0]), holder=rest[1])
                case "deadly":
                    found[key] = Answer("deadly", reasons=_readable(rest))
                case _:
                    found[key] = Answer("open", token=int(rest[0]) if rest else 0)
        return found

    async def _claim(
        self, who: str, said: dict[str, str], span: int, *, kind: Kind, fresh: bool
    ) -> dict[str, Claim]:
        letter = "w" if kind == "worker" else "b"
        head = (letter, who, secrets.token_hex(4), span, int(fresh))
        asked = {key: (*head, written(text)) for key, text in said.items()}
        found: dict[str, Claim] = {}
        for key, answer in (await self._believed(lua.CLAIM, asked)).items():
            state, rest = answer[0], answer[1:]
            match state:
                case "claimed":
                    found[key] = Claim("claimed", token=int(rest[0]))
                case "done":
                    found[key] = Claim("done", result=self._seal.read(key, *rest))
                case "deadly" | "suspect":
                    found[key] = Claim(state, reasons=_readable(rest))
                case _:
                    left, holder = (int(rest[0]), rest[1]) if rest else (_BUSY_AGAIN, "")
                    found[key] = Claim("busy", left=left, holder=holder)
        return found

    async def _renew(self, held: list[tuple[str, int]], span: int) -> set[str]:
        answers = await self._each(lua.RENEW, [(key, (token, span)) for key, token in held])
        return {key for key, answer in answers if answer[0] == "lost"}

    async def _publish(
        self, who: str, made: list[tuple[str, int, Result]]
    ) -> dict[str, PublishState]:
        asked = {key: (who, token, *self._seal.write(key, each)) for key, token, each in made}
        answers = await self._believed(lua.PUBLISH, asked)
        states = {key: cast("PublishState", answer[0]) for key, answer in answers.items()}
        self.counters["differs"] += sum(state == "differs" for state in states.values())
        return states

    async def _end(self, kind: EventKind, who: str, ends: list[Ending]) -> dict[str, EndState]:
        letter = lua.EVENTS[kind]
        asked = [(key, (letter, who, token, written(text))) for key, token, text in ends]
        answers = await self._each(lua.END, asked)
        return {key: cast("EndState", answer[0]) for key, answer in answers}

    async def _strike(self, who: str, strikes: list[Ending]) -> dict[str, Struck]:
        asked = [(key, (who, token, written(reason))) for key, token, reason in strikes]
        answers = await self._each(lua.STRIKE, asked)
        return {
            key: Struck(cast("Any", answer[0]), _readable(answer[1:])) for key, answer in answers
        }

    async def _withdraw(self, build: str, keys: list[str]) -> set[str]:
        answers = await self._each(lua.WITHDRAW, [(key, (build,)) for key in keys])
        return {key for key, answer in answers if answer[0] == "withdrawn"}

    async def _forget(self, who: str, gone: list[tuple[str, Result]]) -> set[str]:
        letter = lua.EVENTS["lost"]
        asked = [(key, (letter, who, result.blob, "", "")) for key, result in gone]
        answers = await self._each(lua.FORGET, asked)
        return {key for key, answer in answers if answer[0] == "forgotten"}

    async def _queued(self, build: str, job: str, keys: list[str]) -> None:
        letter = lua.EVENTS["queued"]
        await asyncio.gather(
            self._note_job(job, letter, build, "", keys),
            self._each(lua.NOTE, [(key, (letter, build, job)) for key in keys]),
        )

    async def _replied(self, who: str, job: str, text: str) -> None:
        await self._note_job(job, lua.EVENTS["replied"], who, written(text), [])

    async def _trail(self, key: str) -> list[Event]:
        return self._events(await self._entries(self._names.trail(key), self.rules.events))

    async def _job_trail(self, job: str) -> JobTrail | None:
        entries = await self._entries(self._names.job_trail(job), _JOB_EVENTS)
        keys = tuple(dict.fromkeys(entry for entry in entries if KEY.fullmatch(entry)))
        events = self._events([entry for entry in entries if not KEY.fullmatch(entry)])
        return JobTrail(keys, tuple(events)) if entries else None

    async def _resolve(self, prefix: str, most: int) -> list[str]:
        """Looks at the names of all that is on the server, unless it is a whole key."""
        if len(prefix) == 64:
            names = (self._names.flight(prefix), self._names.trail(prefix))
            return [prefix] if await self._client.exists(*names) else []
        found: set[str] = set()
        for name_of in (self._names.flight, self._names.trail):
            pattern = name_of(f"{prefix}*")
            start = name_of("").index("{") + 1
            async for name in self._client.scan_iter(match=pattern, count=1000):
                key = text_of(name)[start:-1]
                if KEY.fullmatch(key):
                    found.add(key)
        return sorted(found)[:most]

    async def _believed(
        self, body: str, asked: Mapping[str, tuple[str | int, ...]]
    ) -> dict[str, list[str]]:
        """The answers by key. A result that cannot be believed is removed, and asked for again; one that comes back at once, as if
        somebody wrote it all the time, leaves the answer empty."""
        found: dict[str, list[str]] = {}
        left = dict(asked)
        for _ in range(3):
            refused: list[tuple[str, tuple[str | int, ...]]] = []
            for key, answer in await self._each(body, list(left.items())):
                found[key] = answer
                if len(answer) == 4 and answer[0] in {"done", "published", "same", "differs"}:
                    try:
                        self._seal.read(key, *answer[1:])
                    except BadRecordError as error:
                        self.counters[error.fault] += 1
                        refused.append((key, (lua.EVENTS["refused"], "", *answer[1:])))
            if not refused:
                return found
            await self._each(lua.FORGET, refused)
            left = {key: asked[key] for key, _ in refused}
        found.update((key, ["stale"]) for key in left)
        return found

    async def _each(
        self, body: str, asked: Sequence[tuple[str, tuple[str | int, ...]]]
    ) -> list[tuple[str, list[str]]]:
        if not asked:
            return []
        calls = [
            Call((self._names.flight(key), self._names.trail(key)), arguments)
            for key, arguments in asked
        ]
        answers = await run(self._client, self._script(body, lua.LIBRARY), calls)
        self.counters["damaged"] += sum(answer[0] for answer in answers)
        return [
            (key, [text_of(each) for each in answer[1:]])
            for (key, _), answer in zip(asked, answers, strict=True)
        ]

    async def _note_job(
        self, job: str, letter: str, who: str, text: str, keys: Sequence[str]
    ) -> None:
        call = Call((self._names.job_trail(job),), (letter, who, text, *keys))
        await run(self._client, self._script(lua.JOB), [call])

    async def _entries(self, name: str, most: int) -> list[str]:
        answer = (await run(self._client, self._script(lua.TRAIL), [Call((name,), (most,))]))[0]
        self.counters["damaged"] += answer[0]
        return [text_of(each) for each in answer[1:]]

    def _events(self, entries: Sequence[str]) -> list[Event]:
        events, dropped = events_of(entries)
        self.counters["damaged"] += dropped
        return events

    def _script(self, body: str, library: str = "") -> Script:
        script = self._scripts.get(body)
        if script is None:
            script = self._scripts[body] = Script.of(self.CLOCK, self._constants(), library, body)
        return script

    def _constants(self) -> str:
        rules = self.rules
        spans = (rules.result, rules.unfinished, rules.deadly, rules.trail)
        values = (rules.strikes, rules.events, _JOB_EVENTS, *(round(each * 1000) for each in spans))
        names = "LIMIT, EVENTS, JOB_EVENTS, KEEP_RESULT, KEEP_UNFINISHED, KEEP_DEADLY, KEEP_TRAIL"
        return f"local {names} = {', '.join(str(value) for value in values)}"


def _readable(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(readable(text)[:_LONGEST_SAID] for text in texts[:_MOST_SAID])
