"""How a worker goes through a job, step by step: effects come out, answers go in, and nothing here talks to anybody.

The order is what makes a crash harmless at any place: a claim stands before the work, contents are on the server before a result
says so, a result is published before the job is answered. Whoever is given the job again finds what is published and does the
rest.

What has a strike is claimed and worked on alone, after the others: if it ends the worker, nothing else has a strike for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

import msgspec

from hyper.distributed.flights.contract import Claim, PublishState, Result, Struck
from hyper.distributed.messages import Done, State

if TYPE_CHECKING:
    from hyper.distributed.flights.contract import SingleFlight

ATTEMPTS: Final = 3
"""So often is an action tried in one job, where its strikes are not kept for lack of memory on the server."""
_LONGEST_REASON: Final = 1000

R = TypeVar("R")


class Order(msgspec.Struct, frozen=True):
    """An item of a job with the key of its action, which the worker worked out itself."""

    key: str
    own: str
    label: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What became of the work on an action: its result; or it raised; or it ended its process or went over a limit; or it was
    ``stopped``, because the worker ends, and is to be handed back."""

    key: str
    state: Literal["done", "failed", "died", "time", "memory", "stopped"]
    result: Result | None = None
    reason: str = ""


class Alive(msgspec.Struct, frozen=True):
    """Is the build still there? A ``bool``."""

    build: str


class Take(msgspec.Struct, frozen=True):
    """Claim actions: a dictionary of ``Claim`` by key."""

    job: str
    labels: dict[str, str]
    fresh: bool


class Fetch(msgspec.Struct, frozen=True):
    """Get contents: the set of the digests of those that are here now."""

    digests: tuple[str, ...]


class Begin(msgspec.Struct, frozen=True):
    """Begin to work on actions, in this order: nothing is answered."""

    orders: tuple[Order, ...]


class Next(msgspec.Struct, frozen=True):
    """Wait until something came of what was begun: a list of ``Outcome``, of those that were not told yet, at least one."""


class Put(msgspec.Struct, frozen=True):
    """Put contents of results on the server: the set of the digests of those that are there now."""

    digests: tuple[str, ...]


class Publish(msgspec.Struct, frozen=True):
    """See ``SingleFlight.publish``."""

    results: tuple[tuple[str, int, Result], ...]


class Fail(msgspec.Struct, frozen=True):
    """See ``SingleFlight.fail``."""

    failures: tuple[tuple[str, int, str], ...]


class Strike(msgspec.Struct, frozen=True):
    """See ``SingleFlight.strike``."""

    strikes: tuple[tuple[str, int, str], ...]


class Release(msgspec.Struct, frozen=True):
    """See ``SingleFlight.release``."""

    claims: tuple[tuple[str, int], ...]


Effect: TypeAlias = Alive | Take | Fetch | Begin | Next | Put | Publish | Fail | Strike | Release
Steps: TypeAlias = Generator[Effect, Any, R]


class JobSteps:
    """One job. ``held`` are its claims by key, with their tokens: to be renewed by the worker, beside the steps."""

    def __init__(
        self, job: str, build: str, context: Sequence[str], orders: Sequence[Order]
    ) -> None:
        self.held: dict[str, int] = {}
        self._job = job
        self._build = build
        self._context = tuple(context)
        self._orders = tuple(orders)
        self._by_key = {order.key: order for order in orders}
        self._done: dict[str, Done] = {}
        self._alone: list[str] = []
        self._attempts: dict[str, int] = {}
        self._stopped = False

    def steps(self) -> Steps[list[Done] | None]:
        """The effects of the job. Gives what is answered, item by item; ``None`` where the job goes back to its queue."""
        yield from self._round(list(self._by_key), fresh=True)
        while self._alone and not self._stopped:
            yield from self._round([self._alone.pop(0)], fresh=False)
        if self._stopped:
            return None
        return [self._done[order.key] for order in self._orders]

    def so_far(self) -> list[Done]:
        """What became of the items of a job that was stopped; what is not done goes back to the build."""
        returned = (Done(order.key, "returned", reason="the worker ends") for order in self._orders)
        return [self._done.get(each.key, each) for each in returned]

    def _round(self, keys: list[str], *, fresh: bool) -> Steps[None]:
        if not (yield Alive(self._build)):
            self._settle("withdrawn", keys, "the build is gone")
            return
        labels = {key: self._by_key[key].label for key in keys}
        claims: dict[str, Claim] = yield Take(self._job, labels, fresh)
        for key, claim in claims.items():
            self._claimed(key, claim)
        ready = yield from self._fetched([key for key in keys if key in self.held])
        if not ready:
            return
        yield Begin(tuple(self._by_key[key] for key in ready))
        left = set(ready)
        while left:
            outcomes: list[Outcome] = yield Next()
            told = [outcome for outcome in outcomes if outcome.key in left]
            left -= {outcome.key for outcome in told}
            yield from self._finish(told)

    def _claimed(self, key: str, claim: Claim) -> None:
        reason = "; ".join(claim.reasons)
        match claim.state:
            case "claimed":
                self.held[key] = claim.token
            case "done" if claim.result is not None:
                self._succeed(key, claim.result)
            case "suspect":
                self._alone.append(key)
            case "deadly":
                self._settle("deadly", [key], reason)
            case _:
                self._settle("busy", [key], f"{claim.holder or 'somebody'} is at it")

    def _fetched(self, keys: list[str]) -> Steps[list[str]]:
        """Those of the claimed actions for which all contents are here; the others are handed back."""
        if not keys:
            return []
        wanted = dict.fromkeys([*self._context, *(self._by_key[key].own for key in keys)])
        here: set[str] = yield Fetch(tuple(wanted))
        whole = here.issuperset(self._context)
        ready = [key for key in keys if whole and self._by_key[key].own in here]
        missing = [key for key in keys if key not in ready]
        yield from self._release(missing)
        self._settle("missing", missing, "what it is made from is not on the server")
        return ready

    def _finish(self, outcomes: list[Outcome]) -> Steps[None]:
        made: dict[str, Result] = {}
        failed: dict[str, str] = {}
        died: dict[str, str] = {}
        stopped: list[str] = []
        for outcome in outcomes:
            if outcome.state == "done" and outcome.result is not None:
                made[outcome.key] = outcome.result
            elif outcome.state == "failed":
                failed[outcome.key] = outcome.reason
            elif outcome.state == "stopped":
                stopped.append(outcome.key)
            else:
                died[outcome.key] = outcome.reason or outcome.state
        if made:
            yield from self._publish(made)
        if failed:
            yield Fail(tuple((key, self.held.pop(key), said) for key, said in failed.items()))
            for key, said in failed.items():
                self._settle("failed", [key], said)
        if died:
            yield from self._strike(died)
        if stopped:
            self._stopped = True
            yield from self._release(stopped)

    def _publish(self, made: dict[str, Result]) -> Steps[None]:
        there: set[str] = yield Put(tuple(dict.fromkeys(each.blob for each in made.values())))
        lost = [key for key, result in made.items() if result.blob not in there]
        yield from self._release(lost)
        self._settle("missing", lost, "the result could not be put on the server")
        sent = tuple(
            (key, self.held[key], result) for key, result in made.items() if key not in lost
        )
        if not sent:
            return
        states: dict[str, PublishState] = yield Publish(sent)
        for key, _, result in sent:
            del self.held[key]
            if states[key] == "differs":
                # What was published first is the result: a claim tells it.
                self._again(key, "it gives other bytes each time")
            else:
                self._succeed(key, result)

    def _strike(self, died: dict[str, str]) -> Steps[None]:
        sent = tuple((key, self.held[key], reason) for key, reason in died.items())
        answers: dict[str, Struck] = yield Strike(sent)
        for key, answer in answers.items():
            del self.held[key]
            if answer.state == "deadly":
                self._settle("deadly", [key], "; ".join(answer.reasons))
            else:
                self._again(key, died[key])

    def _again(self, key: str, reason: str) -> None:
        self._attempts[key] = self._attempts.get(key, 0) + 1
        if self._attempts[key] >= ATTEMPTS:
            self._settle("deadly", [key], reason)
        else:
            self._alone.append(key)

    def _release(self, keys: list[str]) -> Steps[None]:
        if keys:
            yield Release(tuple((key, self.held.pop(key)) for key in keys))

    def _settle(self, state: State, keys: list[str], reason: str) -> None:
        for key in keys:
            self._done[key] = Done(key, state, reason=reason[:_LONGEST_REASON])

    def _succeed(self, key: str, result: Result) -> None:
        self._done[key] = Done(key, "done", result.blob, result.size, result.seconds, result.cpu)


async def follow(steps: Steps[R], act: Callable[[Effect], Awaitable[Any]]) -> R:
    """Carry out the steps. What ``act`` raises ends them: claims that are held then lapse, unless somebody hands them back."""
    answer: Any = None
    try:
        while True:
            try:
                effect = steps.send(answer)
            except StopIteration as end:
                value: R = end.value
                return value
            answer = await act(effect)
    finally:
        steps.close()


async def ask_flights(flights: SingleFlight, worker: str, lease: float, effect: Effect) -> Any:
    """The answers to those effects that concern flights. Raises ``TypeError`` for others."""
    match effect:
        case Take(job, labels, fresh):
            return await flights.claim(worker, job, labels, lease, labels, fresh=fresh)
        case Publish(results):
            return await flights.publish(worker, results)
        case Fail(failures):
            return await flights.fail(worker, failures)
        case Strike(strikes):
            return await flights.strike(worker, strikes)
        case Release(claims):
            return await flights.release(worker, claims)
        case _:
            raise TypeError(f"{type(effect).__name__} does not concern flights")
