"""The flights of a fleet on a Redis server, of version 6.2 or newer, or Valkey."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from hyper.distributed.flights import lua
from hyper.distributed.flights.contract import (
    JOB,
    KEY,
    WORD,
    Answer,
    Claim,
    Event,
    JobTrail,
    Result,
    Rules,
    Struck,
    checked,
    checked_keys,
    checked_prefix,
    milliseconds,
)
from hyper.distributed.flights.forms import (
    BadRecordError,
    Seal,
    events_of,
    readable,
    text_of,
    written,
    written_label,
)
from hyper.distributed.flights.scripts import Call, Script, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from redis.asyncio import Redis

    from hyper.cache.trust import Keyring
    from hyper.distributed.flights.contract import EndState, Kind, PublishState
    from hyper.distributed.names import Names

_JOB_EVENTS: Final = 2000
_BUSY_AGAIN: Final = 1000
_MOST_SAID: Final = 16
_LONGEST_SAID: Final = 400
"""Reasons of strikes, and characters of each: somebody else may have written them."""


class Flights:
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

    async def ask(
        self, build: str, keys: Iterable[str], seconds: float, *, local: bool = False
    ) -> dict[str, Answer]:
        """See ``SingleFlight``."""
        nonce = secrets.token_hex(4) if local else ""
        arguments = (checked(WORD, build), milliseconds(seconds), nonce)
        asked = dict.fromkeys(checked_keys(keys), arguments)
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

    async def claim(
        self,
        who: str,
        job: str,
        keys: Iterable[str],
        lease: float,
        labels: Mapping[str, str] | None = None,
        *,
        kind: Kind = "worker",
        fresh: bool = False,
    ) -> dict[str, Claim]:
        """See ``SingleFlight``."""
        if job:
            checked(JOB, job)
        letter = "w" if kind == "worker" else "b"
        head = (letter, checked(WORD, who), secrets.token_hex(4), milliseconds(lease), int(fresh))
        labels = labels or {}
        asked = {
            key: (*head, f"{job} {written_label(labels.get(key, ''))}".rstrip())
            for key in checked_keys(keys)
        }
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

    async def renew(self, claims: Iterable[tuple[str, int]], lease: float) -> set[str]:
        """See ``SingleFlight``."""
        span = milliseconds(lease)
        answers = await self._each(
            lua.RENEW, [(checked(KEY, key), (token, span)) for key, token in claims]
        )
        return {key for key, answer in answers if answer[0] == "lost"}

    async def publish(
        self, who: str, results: Iterable[tuple[str, int, Result]]
    ) -> dict[str, PublishState]:
        """See ``SingleFlight``."""
        checked(WORD, who)
        asked = {
            key: (who, token, *self._seal.write(checked(KEY, key), result))
            for key, token, result in results
        }
        answers = await self._believed(lua.PUBLISH, asked)
        states = {key: cast("PublishState", answer[0]) for key, answer in answers.items()}
        self.counters["differs"] += sum(state == "differs" for state in states.values())
        return states

    async def fail(self, who: str, failures: Iterable[tuple[str, int, str]]) -> dict[str, EndState]:
        """See ``SingleFlight``."""
        return await self._end("failed", who, failures)

    async def release(self, who: str, claims: Iterable[tuple[str, int]]) -> dict[str, EndState]:
        """See ``SingleFlight``."""
        return await self._end("released", who, ((key, token, "") for key, token in claims))

    async def strike(self, who: str, strikes: Iterable[tuple[str, int, str]]) -> dict[str, Struck]:
        """See ``SingleFlight``."""
        checked(WORD, who)
        answers = await self._each(
            lua.STRIKE,
            [(checked(KEY, key), (who, token, written(reason))) for key, token, reason in strikes],
        )
        return {
            key: Struck(cast("Any", answer[0]), _readable(answer[1:])) for key, answer in answers
        }

    async def withdraw(self, build: str, keys: Iterable[str]) -> set[str]:
        """See ``SingleFlight``."""
        checked(WORD, build)
        answers = await self._each(lua.WITHDRAW, [(key, (build,)) for key in checked_keys(keys)])
        return {key for key, answer in answers if answer[0] == "withdrawn"}

    async def forget(self, who: str, results: Iterable[tuple[str, Result]]) -> set[str]:
        """See ``SingleFlight``."""
        letter = lua.EVENTS["lost"]
        checked(WORD, who)
        answers = await self._each(
            lua.FORGET,
            [(checked(KEY, key), (letter, who, result.blob, "", "")) for key, result in results],
        )
        return {key for key, answer in answers if answer[0] == "forgotten"}

    async def queued(self, build: str, job: str, keys: Iterable[str]) -> None:
        """See ``SingleFlight``."""
        letter, checked_all = lua.EVENTS["queued"], checked_keys(keys)
        note = (letter, checked(WORD, build), checked(JOB, job))
        await asyncio.gather(
            self._note_job(job, letter, build, "", checked_all),
            self._each(lua.NOTE, [(key, note) for key in checked_all]),
        )

    async def replied(self, who: str, job: str, text: str) -> None:
        """See ``SingleFlight``."""
        letter = lua.EVENTS["replied"]
        await self._note_job(checked(JOB, job), letter, checked(WORD, who), written(text), [])

    async def trail(self, key: str) -> list[Event]:
        """See ``SingleFlight``."""
        entries = await self._entries(self._names.trail(checked(KEY, key)), self.rules.events)
        return self._events(entries)

    async def job_trail(self, job: str) -> JobTrail | None:
        """See ``SingleFlight``."""
        entries = await self._entries(self._names.job_trail(checked(JOB, job)), _JOB_EVENTS)
        keys = tuple(dict.fromkeys(entry for entry in entries if KEY.fullmatch(entry)))
        events = self._events([entry for entry in entries if not KEY.fullmatch(entry)])
        return JobTrail(keys, tuple(events)) if entries else None

    async def resolve(self, prefix: str, most: int = 10) -> list[str]:
        """See ``SingleFlight``. Looks at the names of all that is on the server, unless it is a whole key."""
        checked_prefix(prefix)
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

    async def _end(
        self, kind: str, who: str, ends: Iterable[tuple[str, int, str]]
    ) -> dict[str, EndState]:
        checked(WORD, who)
        letter = lua.EVENTS[kind]
        answers = await self._each(
            lua.END,
            [(checked(KEY, key), (letter, who, token, written(text))) for key, token, text in ends],
        )
        return {key: cast("EndState", answer[0]) for key, answer in answers}

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
