"""A day's work: recorded edits to a generated tree, each followed by a build of every contestant, in turns.

The plain pipeline is a whole process without any cache, on the tier that does least. Against it stand the tiers with what they
keep, each as whole processes and, where asked for, as a session that stays. In a second leg machines share a cache, and every tenth
build is on one that starts empty: of an edit that nobody has built. In the end all outputs are compared byte for byte.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from hyper.bench.edits import Edits, apply, write_tree
from hyper.bench.machine import facts
from hyper.bench.processes import BARE, PYTHON, Run, figures, once
from hyper.bench.report import Report, Subject
from hyper.bench.session import Session
from hyper.bench.shared import Machines, Shared, shared_cache
from hyper.bench.subject import Place, tree_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyper.bench.report import Figure

PLAIN: Final = "plain pipeline"
GOALS: Final[Mapping[str, float]] = {
    "conservative": 5,
    "balanced": 20,
    "aggressive": 40,
    "insane, shared": 100,
}
"""How many times faster a day goes than with the plain pipeline, by tier, and by tier with a shared cache."""
SHARED_TIERS: Final = ("balanced", "insane")
EVERY: Final = 10
"""How often a build of the second leg is on an empty machine."""


class _Leg:
    """One way of building, with where it builds and how; ``stays`` where it is no process that starts anew.

    ``against`` is the plain pipeline of the same leg of the day, ``machines`` who builds in the second one.
    """

    def __init__(
        self,
        name: str,
        place: Place,
        turn: Callable[[int], Run],
        *,
        stays: bool = False,
        against: str = PLAIN,
        machines: Machines | None = None,
    ) -> None:
        self.name = name
        self.stays = stays
        self.place = place
        self.turn = turn
        self.against = against
        self.machines = machines
        self.runs: list[Run] = []


def day(
    *,
    units: int,
    edits: int,
    seed: int,
    tiers: Sequence[str],
    sessions: bool = False,
    shared: bool = False,
    every: int = EVERY,
) -> Report:
    """Replay so many edits over so many units. Raises ``BenchError`` where a build fails."""
    report = Report(benchmark="day", workload="day", rounds=edits, machine=facts())
    work = Edits(units, seed)
    files = dict(work.files())
    size = sum(len(text.encode()) for text in files.values())
    subject = f"generated, {units:,} units, seed {seed}"
    report.subjects.append(Subject(subject, len(files), size))
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder, ExitStack() as stack:
        tree = os.path.join(folder, "tree")
        write_tree(tree, iter(files.items()))
        legs = _legs(folder, tree, tiers, stack if sessions else None)
        if shared:
            cache = stack.enter_context(shared_cache(report, "the leg with a shared cache"))
            legs += _shared_legs(folder, tree, tiers, cache, every) if cache is not None else []
        # Nothing of the first builds counts, and the second trust what they see.
        for leg in legs * 2:
            leg.turn(0)
        kinds, wrong = _replay(tree, work, edits, legs)
        bases = [once(PYTHON) for _ in range(5)]
        wrong |= _differing(legs, {leg.name: leg.place for leg in legs})
    report.figures = _figures(legs, bases)
    report.edits = dict(sorted(kinds.items()))
    _judge(report, legs)
    report.success = not wrong
    report.remarks.append(
        f"different bytes than the plain pipeline's: {', '.join(sorted(wrong))}"
        if wrong
        else "all outputs are the same, byte for byte"
    )
    return report


def _legs(folder: str, tree: str, tiers: Sequence[str], stack: ExitStack | None) -> list[_Leg]:
    plain = _place(folder, "plain")
    command = plain.command(tree, "--no-cache", "--tier", "conservative")
    legs = [_Leg(PLAIN, plain, _process(command, {}))]
    for tier in tiers:
        place = _place(folder, tier)
        command = place.command(tree, "--tier", tier)
        legs.append(_Leg(tier, place, _process(command, place.settings)))
        if stack is not None:
            place = _place(folder, f"{tier}-session")
            options = {"out": place.out, "cache": place.cache, "tier": tier}
            session = stack.enter_context(Session(tree, options))
            turn = _session_turn(session)
            legs.append(_Leg(f"{tier}, session", place, turn, stays=True))
    return legs


def _shared_legs(
    folder: str, tree: str, tiers: Sequence[str], cache: Shared, every: int
) -> list[_Leg]:
    """The plain pipeline and the tiers on a developer's machine and on empty ones."""
    words: dict[str, tuple[str, ...]] = {PLAIN: ("--no-cache", "--tier", "conservative")}
    words |= {tier: ("--tier", tier) for tier in tiers if tier in SHARED_TIERS}
    legs = []
    for name, each in words.items():
        settings = {} if name == PLAIN else cache.settings(name)

        def command(
            place: Place, each: tuple[str, ...] = each, settings: Mapping[str, str] = settings
        ) -> tuple[tuple[str, ...], Mapping[str, str]]:
            return place.command(tree, *each), {**place.settings, **settings}

        mine, other = (_place(folder, f"{name}-{which}") for which in ("mine", "empty"))
        machines = Machines(mine, other, command, every)
        full = _shared_name(name)
        legs.append(_Leg(full, mine, machines.turn, against=_shared_name(PLAIN), machines=machines))
    return legs


def _shared_name(name: str) -> str:
    return f"{name}, shared"


def _place(folder: str, name: str) -> Place:
    return Place(os.path.join(folder, name, "out"), os.path.join(folder, name, "cache"))


def _process(command: tuple[str, ...], settings: Mapping[str, str]) -> Callable[[int], Run]:
    return lambda _number: once(command, settings)


def _session_turn(session: Session) -> Callable[[int], Run]:
    return lambda _number: session.build()


def _replay(
    tree: str, work: Edits, count: int, legs: Sequence[_Leg]
) -> tuple[Counter[str], set[str]]:
    """Gives the edits by kind, and the legs whose builds on empty machines made other bytes."""
    kinds: Counter[str] = Counter()
    wrong: set[str] = set()
    for number in range(count):
        edit = work.next()
        kinds[edit.kind] += 1
        apply(tree, edit)
        first = number % len(legs)
        for leg in (*legs[first:], *legs[:first]):
            leg.runs.append(leg.turn(number))
        empty = {
            leg.name: leg.machines.other
            for leg in legs
            if leg.machines is not None and leg.machines.is_empty(number)
        }
        wrong |= _differing([leg for leg in legs if leg.name in empty], empty)
    return kinds, wrong


def _differing(legs: Sequence[_Leg], places: Mapping[str, Place]) -> set[str]:
    """The legs whose output is not the one of the plain pipeline of their leg of the day."""
    made = {leg.name: tree_digest(places[leg.name].out) for leg in legs}
    return {leg.name for leg in legs if made[leg.name] != made[leg.against]}


def _figures(legs: Sequence[_Leg], bases: Sequence[Run]) -> list[Figure]:
    whole = {leg.name: leg.runs for leg in legs if not leg.stays}
    for leg in legs:
        if leg.machines is not None and leg.machines.empty:
            whole[f"{leg.name}, empty machine"] = leg.machines.empty
    stay = {leg.name: leg.runs for leg in legs if leg.stays}
    return [*figures({BARE: bases, **whole}), *figures(stay)]


def _judge(report: Report, legs: Sequence[_Leg]) -> None:
    days = {leg.name: sum(run.wall for run in leg.runs) for leg in legs}
    for leg in legs:
        if leg.name == leg.against:
            continue
        report.compare(leg.against, leg.name)
        bound = GOALS.get(leg.name)
        if bound is not None:
            times = days[leg.against] / days[leg.name]
            report.aim_high("day", f"the whole day, plain over {leg.name}", times, bound)
        if leg.machines is not None and not leg.machines.empty:
            report.remarks.append(f"{leg.name}: no build was on an empty machine, so few edits")
    if "insane, shared" not in days:
        report.remarks.append(_ELSEWHERE)


_ELSEWHERE: Final = (
    "the goal of insane is for a day with machines that start empty and share a cache: --shared"
)
