"""The flights of a fleet in memory, with the same meaning as on a server, and a clock of one's own: for tests and simulations."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from hyper.distributed.flights.contract import (
    JOB,
    KEY,
    LONGEST_LABEL,
    LONGEST_REASON,
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hyper.distributed.flights.contract import (
        AskState,
        EndState,
        EventKind,
        Kind,
        PublishState,
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


class Twin:
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

    async def ask(
        self, build: str, keys: Iterable[str], seconds: float, *, local: bool = False
    ) -> dict[str, Answer]:
        """See ``SingleFlight``."""
        checked(WORD, build)
        span = milliseconds(seconds)
        return {key: self._ask(build, key, span, local=local) for key in checked_keys(keys)}

    def _ask(self, build: str, key: str, span: int, *, local: bool) -> Answer:
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
        checked(WORD, who)
        if job:
            checked(JOB, job)
        span, found = milliseconds(lease), {}
        for key in checked_keys(keys):
            said = f"{job} {(labels or {}).get(key, '')[:LONGEST_LABEL]}".rstrip()
            found[key] = self._claim(who, key, span, said, kind, fresh=fresh)
        return found

    def _claim(self, who: str, key: str, span: int, said: str, kind: Kind, *, fresh: bool) -> Claim:
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

    async def renew(self, claims: Iterable[tuple[str, int]], lease: float) -> set[str]:
        """See ``SingleFlight``."""
        span, lost = milliseconds(lease), set()
        for key, token in claims:
            record = self._record(checked(KEY, key))
            if record.result is None and record.holder and record.token == token:
                record.ends = self._clock() + span
            else:
                lost.add(key)
        return lost

    async def publish(
        self, who: str, results: Iterable[tuple[str, int, Result]]
    ) -> dict[str, PublishState]:
        """See ``SingleFlight``."""
        checked(WORD, who)
        return {
            key: self._publish(who, checked(KEY, key), token, result)
            for key, token, result in results
        }

    def _publish(self, who: str, key: str, token: int, result: Result) -> PublishState:
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

    async def fail(self, who: str, failures: Iterable[tuple[str, int, str]]) -> dict[str, EndState]:
        """See ``SingleFlight``."""
        checked(WORD, who)
        return {
            key: self._end("failed", who, checked(KEY, key), token, reason)
            for key, token, reason in failures
        }

    async def release(self, who: str, claims: Iterable[tuple[str, int]]) -> dict[str, EndState]:
        """See ``SingleFlight``."""
        checked(WORD, who)
        return {
            key: self._end("released", who, checked(KEY, key), token, "") for key, token in claims
        }

    def _end(self, kind: EventKind, who: str, key: str, token: int, reason: str) -> EndState:
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
            self._log(key, kind, who, token, reason[:LONGEST_REASON])
        return "ended" if stands else "late"

    async def strike(self, who: str, strikes: Iterable[tuple[str, int, str]]) -> dict[str, Struck]:
        """See ``SingleFlight``."""
        checked(WORD, who)
        return {
            key: self._strike(who, checked(KEY, key), token, reason[:LONGEST_REASON])
            for key, token, reason in strikes
        }

    def _strike(self, who: str, key: str, token: int, reason: str) -> Struck:
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

    async def withdraw(self, build: str, keys: Iterable[str]) -> set[str]:
        """See ``SingleFlight``."""
        checked(WORD, build)
        gone = set()
        for key in checked_keys(keys):
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

    async def forget(self, who: str, results: Iterable[tuple[str, Result]]) -> set[str]:
        """See ``SingleFlight``."""
        checked(WORD, who)
        gone = set()
        for key, result in results:
            record = self._record(checked(KEY, key))
            if record.result is not None and record.result.blob == result.blob:
                record.result, record.made = None, 0
                self._log(key, "lost", who)
                gone.add(key)
        return gone

    async def queued(self, build: str, job: str, keys: Iterable[str]) -> None:
        """See ``SingleFlight``."""
        checked(WORD, build)
        each = checked_keys(keys)
        known, events = self._jobs.setdefault(checked(JOB, job), ({}, []))
        known.update(dict.fromkeys(each))
        events.append(Event(self._clock(), "queued", build))
        for key in each:
            self._log(key, "queued", build, 0, job)

    async def replied(self, who: str, job: str, text: str) -> None:
        """See ``SingleFlight``."""
        _, events = self._jobs.setdefault(checked(JOB, job), ({}, []))
        events.append(Event(self._clock(), "replied", checked(WORD, who), 0, text[:LONGEST_REASON]))

    async def trail(self, key: str) -> list[Event]:
        """See ``SingleFlight``."""
        return list(self._trails.get(checked(KEY, key), ()))

    async def job_trail(self, job: str) -> JobTrail | None:
        """See ``SingleFlight``."""
        found = self._jobs.get(checked(JOB, job))
        return JobTrail(tuple(found[0]), tuple(found[1])) if found else None

    async def resolve(self, prefix: str, most: int = 10) -> list[str]:
        """See ``SingleFlight``."""
        checked_prefix(prefix)
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
