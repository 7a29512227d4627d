"""What can be asked of the flights of a fleet, and the answers: the same for the server and for its twin in memory.

An *action* has at most one result. Whoever wants it *asks*, whoever does it *claims*, and a claim has a *token*: a number that no
claim before it had. Times are those of the server, in milliseconds; a span that a caller gives is in seconds.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEY: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", re.ASCII)
JOB: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,159}", re.ASCII)
MOST_SIZE: Final = 1 << 40
LONGEST_REASON: Final = 300
LONGEST_LABEL: Final = 100
LONGEST_LEASE: Final = 24 * 3600.0

AskState: TypeAlias = Literal["done", "flying", "open", "deadly"]
ClaimState: TypeAlias = Literal["claimed", "done", "busy", "deadly", "suspect"]
PublishState: TypeAlias = Literal["published", "same", "differs", "stale"]
EndState: TypeAlias = Literal["ended", "late", "done"]
"""What came of telling that a claim ended without a result: it ended; it was not the claim that stands, though its strike is taken
back; somebody published meanwhile."""
StrikeState: TypeAlias = Literal["struck", "deadly", "late", "done"]
EventKind: TypeAlias = Literal[
    "asked", "queued", "claimed", "local", "published", "differs", "stale", "failed", "released",
    "struck", "lapsed", "deadly", "withdrawn", "lost", "refused", "replied",
]  # fmt: skip
Ending: TypeAlias = tuple[str, int, str]
"""A claim that ended without a result: its key, its token, and the reason."""
Kind: TypeAlias = Literal["worker", "local"]
"""Who claims: a worker of the fleet, or a build that does the action itself. The second never leaves a strike."""


class Result(msgspec.Struct, frozen=True):
    """What an action gave: the digest and the bytes of its blob, and the seconds of the clock and of the processor it took."""

    blob: str
    size: int
    seconds: float = 0.0
    cpu: float = 0.0


class Answer(msgspec.Struct, frozen=True):
    """The answer to a build that asked.

    ``done`` has a ``result``; ``flying`` has ``left``, the milliseconds until the claim or the question of somebody else ends, and
    ``holder``; ``open`` is now the asker's, with a ``token`` where it asked to do it itself; ``deadly`` has ``reasons``.
    """

    state: AskState
    result: Result | None = None
    left: int = 0
    holder: str = ""
    token: int = 0
    reasons: tuple[str, ...] = ()


class Claim(msgspec.Struct, frozen=True):
    """The answer to a claim.

    ``claimed`` has a ``token``; ``done`` a ``result``; ``busy`` the milliseconds ``left`` and the ``holder``; ``deadly`` has
    ``reasons``; ``suspect`` too: some claim of it ended without an outcome, and the caller asked for others only.
    """

    state: ClaimState
    token: int = 0
    result: Result | None = None
    left: int = 0
    holder: str = ""
    reasons: tuple[str, ...] = ()


class Struck(msgspec.Struct, frozen=True):
    """The answer to a strike, with the reasons of all that stand."""

    state: StrikeState
    reasons: tuple[str, ...] = ()


class Event(msgspec.Struct, frozen=True):
    """What happened to an action or a job at a time of the server, in milliseconds since 1970."""

    at: int
    kind: EventKind
    who: str = ""
    token: int = 0
    text: str = ""


class JobTrail(msgspec.Struct, frozen=True):
    """The actions of a job, and what happened to it."""

    keys: tuple[str, ...]
    events: tuple[Event, ...]


class Rules(msgspec.Struct, frozen=True):
    """How many strikes set an action aside, and the seconds for which things are kept.

    ``result`` counts from publishing, ``unfinished`` from the end of the last claim or question, ``deadly`` from the last strike,
    ``trail`` from the last event; of those the last ``events`` are kept.
    """

    strikes: int = 3
    result: float = 24 * 3600.0
    unfinished: float = 3600.0
    deadly: float = 6 * 3600.0
    trail: float = 24 * 3600.0
    events: int = 64


class SingleFlight(ABC):
    """The operations. Each takes many actions, and those of the server make one round trip for all of them.

    All raise ``ValueError`` for names, keys and spans that are none, and those of the server what redis-py raises where it cannot
    be reached or refuses; nothing that lies on the server makes them raise. What is asked is checked here: the methods that are to
    be written are given names and keys that are such, spans in milliseconds, and texts that are no longer than they may be.
    """

    async def ask(
        self, build: str, keys: Iterable[str], seconds: float, *, local: bool = False
    ) -> dict[str, Answer]:
        """A build wants these. What is open is its own for ``seconds``: other builds see it flying.

        With ``local`` the build says that it does them itself: what is open is claimed for it in the same step.
        """
        return await self._ask(
            checked(WORD, build), checked_keys(keys), milliseconds(seconds), local=local
        )

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
        """Take these to work on them, for ``lease`` seconds. ``labels`` say what people call them, for their trails.

        The claim of a worker counts a strike, which its outcome takes back. With ``fresh``, what has a strike already is not
        claimed but ``suspect``: claim it alone, so that nothing else has a strike if it ends the worker.
        """
        head = f"{checked(JOB, job)} " if job else ""
        labels = labels or {}
        said = {
            key: f"{head}{labels.get(key, '')[:LONGEST_LABEL]}".rstrip()
            for key in checked_keys(keys)
        }
        span = milliseconds(lease)
        return await self._claim(checked(WORD, who), said, span, kind=kind, fresh=fresh)

    async def renew(self, claims: Iterable[tuple[str, int]], lease: float) -> set[str]:
        """Prolong claims by key and token, to ``lease`` seconds from now. Gives the keys of those that are lost: somebody else
        looked after the lease ran out, or there is a result."""
        held = [(checked(KEY, key), token) for key, token in claims]
        return await self._renew(held, milliseconds(lease))

    async def publish(
        self, who: str, results: Iterable[tuple[str, int, Result]]
    ) -> dict[str, PublishState]:
        """Say what came of actions, by key and token. The blob has to be on the server before.

        The first that publishes wins, whatever became of its lease: the same action gives the same bytes. A later one is compared
        (``same`` or ``differs``, which says that a stage is not pure). Token 0 is for a result that was made without a claim. A
        token that was never given, or whose action is forgotten, is ``stale``.
        """
        made = [(checked(KEY, key), token, result) for key, token, result in results]
        return await self._publish(checked(WORD, who), made)

    async def fail(self, who: str, failures: Iterable[Ending]) -> dict[str, EndState]:
        """The work raised, by key, token and reason: no result and no strike (unless one was told), and the action is open."""
        return await self._end("failed", checked(WORD, who), checked_ends(failures))

    async def release(self, who: str, claims: Iterable[tuple[str, int]]) -> dict[str, EndState]:
        """The claims are handed back without having been worked on: no strike, and the actions are open."""
        ends = checked_ends((key, token, "") for key, token in claims)
        return await self._end("released", checked(WORD, who), ends)

    async def strike(self, who: str, strikes: Iterable[Ending]) -> dict[str, Struck]:
        """The work ended its process, by key, token and reason: the strike of the claim stays. The action is open, or deadly."""
        return await self._strike(checked(WORD, who), checked_ends(strikes))

    async def withdraw(self, build: str, keys: Iterable[str]) -> set[str]:
        """A build lets go of what it asked for or claimed for itself. Gives the keys of those that were still its own."""
        return await self._withdraw(checked(WORD, build), checked_keys(keys))

    async def forget(self, who: str, results: Iterable[tuple[str, Result]]) -> set[str]:
        """The blobs of these results are gone from the server: the actions are open. Gives the keys of those that had it."""
        gone = [(checked(KEY, key), result) for key, result in results]
        return await self._forget(checked(WORD, who), gone)

    async def queued(self, build: str, job: str, keys: Iterable[str]) -> None:
        """Note that a build put these into a job, for the trails of both."""
        await self._queued(checked(WORD, build), checked(JOB, job), checked_keys(keys))

    async def replied(self, who: str, job: str, text: str) -> None:
        """Note what was answered to a job, for its trail."""
        await self._replied(checked(WORD, who), checked(JOB, job), text[:LONGEST_REASON])

    async def trail(self, key: str) -> list[Event]:
        """What happened to an action, in order."""
        return await self._trail(checked(KEY, key))

    async def job_trail(self, job: str) -> JobTrail | None:
        """What is known of a job; ``None`` where nothing is."""
        return await self._job_trail(checked(JOB, job))

    async def resolve(self, prefix: str, most: int = 10) -> list[str]:
        """The keys of actions that begin with 12 or more digits, ``most`` of them at most, sorted."""
        return await self._resolve(checked_prefix(prefix), most)

    @abstractmethod
    async def _ask(
        self, build: str, keys: list[str], span: int, *, local: bool
    ) -> dict[str, Answer]: ...

    @abstractmethod
    async def _claim(
        self, who: str, said: dict[str, str], span: int, *, kind: Kind, fresh: bool
    ) -> dict[str, Claim]:
        """``said`` is by key what the trail tells of the claim."""

    @abstractmethod
    async def _renew(self, held: list[tuple[str, int]], span: int) -> set[str]: ...

    @abstractmethod
    async def _publish(
        self, who: str, made: list[tuple[str, int, Result]]
    ) -> dict[str, PublishState]: ...

    @abstractmethod
    async def _end(self, kind: EventKind, who: str, ends: list[Ending]) -> dict[str, EndState]: ...

    @abstractmethod
    async def _strike(self, who: str, strikes: list[Ending]) -> dict[str, Struck]: ...

    @abstractmethod
    async def _withdraw(self, build: str, keys: list[str]) -> set[str]: ...

    @abstractmethod
    async def _forget(self, who: str, gone: list[tuple[str, Result]]) -> set[str]: ...

    @abstractmethod
    async def _queued(self, build: str, job: str, keys: list[str]) -> None: ...

    @abstractmethod
    async def _replied(self, who: str, job: str, text: str) -> None: ...

    @abstractmethod
    async def _trail(self, key: str) -> list[Event]: ...

    @abstractmethod
    async def _job_trail(self, job: str) -> JobTrail | None: ...

    @abstractmethod
    async def _resolve(self, prefix: str, most: int) -> list[str]: ...


def checked(pattern: re.Pattern[str], text: str) -> str:
    """The text, if it is of that pattern. Raises ``ValueError``."""
    if not pattern.fullmatch(text):
        raise ValueError("a name of a build, a worker, a job or an action is not written as such")
    return text


def checked_keys(keys: Iterable[str]) -> list[str]:
    """The keys, each once. Raises ``ValueError``."""
    return [checked(KEY, key) for key in dict.fromkeys(keys)]


def checked_ends(ends: Iterable[Ending]) -> list[Ending]:
    """The ends of claims, with reasons that are not too long. Raises ``ValueError``."""
    return [(checked(KEY, key), token, reason[:LONGEST_REASON]) for key, token, reason in ends]


def milliseconds(seconds: float) -> int:
    """A span as the server counts. Raises ``ValueError`` for none, or one of more than a day."""
    if not 0.0 < seconds <= LONGEST_LEASE:
        raise ValueError("a lease is longer than nothing and no longer than a day")
    return max(1, round(seconds * 1000))


def checked_prefix(prefix: str) -> str:
    """The beginning of a key. Raises ``ValueError``."""
    if not re.fullmatch(r"[0-9a-f]{12,64}", prefix, re.ASCII):
        raise ValueError("an action is named by 12 or more of its digits")
    return prefix
