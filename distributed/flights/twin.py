"""The flights of a fleet in memory, with the same meaning as on a server, and a clock of one's own: for tests and simulations."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from hyper.distributed.flights.contract import (
    Answer,
    Claim,
    Event,
    JobTrail,
    Rules,
    SingleFlight,
    Struck,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.distributed.flights.contract import (
        AskState,
        Ending,
        EndState,
        EventKind,
        Kind,
        PublishState,
        Result,
    )


class _Record:
    """What is known of an action; see ``lua.py``."""

    __slots__ = ("asked", "asker", "ends", "holder", "kind", "made", "result", "strikes", "token")

    def __init__(self) -> None:
        self.token = 0
        self.holder = ""
        self.kind: Kind = "worker"
        self.ends = 0
        self.asker = ""
        self.asked = 0
        self.strikes: dict[int, str] = {}
        self.result: Result | None = None
        self.made = 0

    def take(self, kind: Kind, who: str, now: int, span: int) -> int:
        self.token = max(self.token + 1, now)
        self.kind, self.holder, self.ends = kind, who, now + span
        self.asker, self.asked = "", 0
        return self.token

    def drop(self) -> None:
        self.holder, self.ends = "", 0

    def reasons(self) -> tuple[str, ...]:
        return tuple(self.strikes[token] for token in sorted(self.strikes))


class Twin(SingleFlight):
    """See ``SingleFlight``. What is kept for a time on a server is kept as long as this lives; ``expire`` forgets it."""

    def __init__(self, clock: Callable[[], int], rules: Rules | None = None) -> None:
        """``clock`` gives milliseconds."""
        self._clock = clock
        self.rules = rules or Rules()
        self.records: dict[str, _Record] = {}
        self._trails: dict[str, list[Event]] = {}
        self._jobs: dict[str, tuple[dict[str, None], list[Event]]] = {}

    def expire(self, key: str) -> None:
        """Forget an action, as a server does when its time is over."""
        self.records.pop(key, None)
        self._trails.pop(key, None)

    async def _ask(
        self, build: str, keys: list[str], span: int, *, local: bool
    ) -> dict[str, Answer]:
        return {key: self._ask_one(build, key, span, local=local) for key in keys}

    def _ask_one(self, build: str, key: str, span: int, *, local: bool) -> Answer:
        record, now = self._settled(key), self._clock()
        state: AskState = "open"
        if record.result is not None:
            return Answer("done", record.result)
        if record.ends > now:
            return Answer("flying", left=record.ends - now, holder=record.holder)
        if len(record.strikes) >= self.rules.strikes:
            return Answer("deadly", reasons=record.reasons())
        asked = record.asked > now
        if asked and record.asker != build:
            return Answer("flying", left=record.asked - now, holder=record.asker)
        if local:
            token = record.take("local", build, now, span)
            self._log(key, "local", build, token)
            return Answer(state, token=token)
        if not asked:
            self._log(key, "asked", build)
        record.asker, record.asked = build, now + span
        return Answer(state)

    async def _claim(
        self, who: str, said: dict[str, str], span: int, *, kind: Kind, fresh: bool
    ) -> dict[str, Claim]:
        return {
            key: self._claim_one(who, key, span, text, kind, fresh=fresh)
            for key, text in said.items()
        }

    def _claim_one(
        self, who: str, key: str, span: int, said: str, kind: Kind, *, fresh: bool
    ) -> Claim:
        record, now = self._settled(key), self._clock()
        if record.result is not None:
            return Claim("done", result=record.result)
        if record.ends > now:
            return Claim("busy", left=record.ends - now, holder=record.holder)
        if len(record.strikes) >= self.rules.strikes:
            return Claim("deadly", reasons=record.reasons())
        if fresh and record.strikes:
            return Claim("suspect", reasons=record.reasons())
        if kind == "local" and record.asked > now and record.asker != who:
            return Claim("busy", left=record.asked - now, holder=record.asker)
        token = record.take(kind, who, now, span)
        if kind == "worker":
            record.strikes[token] = who
        self._log(key, "claimed" if kind == "worker" else "local", who, token, said)
        return Claim("claimed", token=token)

    async def _renew(self, held: list[tuple[str, int]], span: int) -> set[str]:
        lost = set()
        for key, token in held:
            record = self._record(key)
            if record.result is None and record.holder and record.token == token:
                record.ends = self._clock() + span
            else:
                lost.add(key)
        return lost

    async def _publish(
        self, who: str, made: list[tuple[str, int, Result]]
    ) -> dict[str, PublishState]:
        return {key: self._publish_one(who, key, token, result) for key, token, result in made}

    def _publish_one(self, who: str, key: str, token: int, result: Result) -> PublishState:
        record = self._record(key)
        if record.result is not None:
            if record.result.blob != result.blob:
                self._log(key, "differs", who, token, result.blob)
                return "differs"
            return "published" if 0 < token == record.made else "same"
        if token > record.token:
            self._log(key, "stale", who, token)
            return "stale"
        record.result, record.made = result, token
        record.drop()
        record.asker, record.asked, record.strikes = "", 0, {}
        self._log(key, "published", who, token)
        return "published"

    async def _end(self, kind: EventKind, who: str, ends: list[Ending]) -> dict[str, EndState]:
        return {key: self._end_one(kind, who, key, token, text) for key, token, text in ends}

    def _end_one(self, kind: EventKind, who: str, key: str, token: int, reason: str) -> EndState:
        record = self._record(key)
        if record.result is not None:
            return "done"
        # A strike that was told has a reason behind the name, and stands.
        had = " " not in record.strikes.get(token, " ")
        if had:
            del record.strikes[token]
        stands = bool(record.holder) and record.token == token
        if stands:
            record.drop()
        if had or stands:
            self._log(key, kind, who, token, reason)
        return "ended" if stands else "late"

    async def _strike(self, who: str, strikes: list[Ending]) -> dict[str, Struck]:
        return {key: self._strike_one(who, key, token, reason) for key, token, reason in strikes}

    def _strike_one(self, who: str, key: str, token: int, reason: str) -> Struck:
        record = self._record(key)
        if record.result is not None:
            return Struck("done")
        if token not in record.strikes:
            return Struck("late")
        record.strikes[token] = f"{who} {reason}"
        self._log(key, "struck", who, token, reason)
        if record.token == token:
            record.drop()
        ends = len(record.strikes) >= self.rules.strikes and record.ends <= self._clock()
        if ends:
            self._log(key, "deadly")
        return Struck("deadly" if ends else "struck", record.reasons())

    async def _withdraw(self, build: str, keys: list[str]) -> set[str]:
        gone = set()
        for key in keys:
            record = self._record(key)
            own = record.kind == "local" and record.holder == build
            if record.result is not None or not (own or record.asker == build):
                continue
            if own:
                record.drop()
            if record.asker == build:
                record.asker, record.asked = "", 0
            self._log(key, "withdrawn", build)
            gone.add(key)
        return gone

    async def _forget(self, who: str, gone: list[tuple[str, Result]]) -> set[str]:
        had = set()
        for key, result in gone:
            record = self._record(key)
            if record.result is not None and record.result.blob == result.blob:
                record.result, record.made = None, 0
                self._log(key, "lost", who)
                had.add(key)
        return had

    async def _queued(self, build: str, job: str, keys: list[str]) -> None:
        known, events = self._jobs.setdefault(job, ({}, []))
        known.update(dict.fromkeys(keys))
        events.append(Event(self._clock(), "queued", build))
        for key in keys:
            self._log(key, "queued", build, 0, job)

    async def _replied(self, who: str, job: str, text: str) -> None:
        _, events = self._jobs.setdefault(job, ({}, []))
        events.append(Event(self._clock(), "replied", who, 0, text))

    async def _trail(self, key: str) -> list[Event]:
        return list(self._trails.get(key, ()))

    async def _job_trail(self, job: str) -> JobTrail | None:
        found = self._jobs.get(job)
        return JobTrail(tuple(found[0]), tuple(found[1])) if found else None

    async def _resolve(self, prefix: str, most: int) -> list[str]:
        known = (key for key in sorted(self._trails) if key.startswith(prefix))
        return list(itertools.islice(known, most))

    def _record(self, key: str) -> _Record:
        return self.records.setdefault(key, _Record())

    def _settled(self, key: str) -> _Record:
        """The record, without a claim that ran out."""
        record = self._record(key)
        if record.result is None and record.holder and record.ends <= self._clock():
            self._log(key, "lapsed", record.holder, record.token)
            record.drop()
            if len(record.strikes) >= self.rules.strikes:
                self._log(key, "deadly")
        return record

    def _log(
        self, key: str, kind: EventKind, who: str = "", token: int = 0, text: str = ""
    ) -> None:
        trail = self._trails.setdefault(key, [])
        trail.append(Event(self._clock(), kind, who, token, text))
        del trail[: -self.rules.events]
