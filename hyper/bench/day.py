"""A day's work: recorded edits to a generated tree, each followed by a build of every contestant, in turns.

The plain pipeline is a whole process without any cache, on the tier that does least. Against it stand the tiers with what they
keep, each as whole processes and, where asked for, as a session that stays. In the end all outputs are compared byte for byte.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from hyper.base import digest
from hyper.bench.edits import Edits, apply, write_tree
from hyper.bench.machine import facts
from hyper.bench.processes import BARE, PYTHON, Run, figures, once
from hyper.bench.report import Report, Subject
from hyper.bench.session import Session
from hyper.bench.subject import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PLAIN: Final = "plain pipeline"
GOALS: Final[Mapping[str, float]] = {"conservative": 5, "balanced": 20, "aggressive": 40}
"""How many times faster a day goes than with the plain pipeline, by tier."""
_ELSEWHERE: Final = (
    "the goal of insane is for a day with machines that start empty and share a cache"
)


class _Leg:
    """One way of building, with where it builds and how; ``stays`` where it is no process that starts anew."""

    def __init__(
        self, name: str, place: Place, build: Callable[[], Run], *, stays: bool = False
    ) -> None:
        self.name = name
        self.stays = stays
        self.place = place
        self.build = build
        self.runs: list[Run] = []


def day(
    *, units: int, edits: int, seed: int, tiers: Sequence[str], sessions: bool = False
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
        # Nothing of the first builds counts, and the second trust what they see.
        for leg in legs * 2:
            leg.build()
        kinds = _replay(tree, work, edits, legs)
        bases = [once(PYTHON) for _ in range(5)]
        made = {leg.name: tree_digest(leg.place.out) for leg in legs}
    whole = {leg.name: leg.runs for leg in legs if not leg.stays}
    report.figures = figures({BARE: bases, **whole})
    report.figures += figures({leg.name: leg.runs for leg in legs if leg.stays})
    report.edits = dict(sorted(kinds.items()))
    _judge(report, legs, tiers)
    wrong = [name for name, content in made.items() if content != made[PLAIN]]
    report.success = not wrong
    report.remarks.append(
        f"different bytes than the plain pipeline's: {', '.join(wrong)}"
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
            legs.append(_Leg(f"{tier}, session", place, session.build, stays=True))
    return legs


def _place(folder: str, name: str) -> Place:
    return Place(os.path.join(folder, name, "out"), os.path.join(folder, name, "cache"))


def _process(command: tuple[str, ...], settings: Mapping[str, str]) -> Callable[[], Run]:
    return lambda: once(command, settings)


def _replay(tree: str, work: Edits, count: int, legs: Sequence[_Leg]) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for number in range(count):
        edit = work.next()
        kinds[edit.kind] += 1
        apply(tree, edit)
        first = number % len(legs)
        for leg in (*legs[first:], *legs[:first]):
            leg.runs.append(leg.build())
    return kinds


def _judge(report: Report, legs: Sequence[_Leg], tiers: Sequence[str]) -> None:
    for leg in legs[1:]:
        report.compare(PLAIN, leg.name)
    plain = sum(run.wall for run in legs[0].runs)
    for leg in legs[1:]:
        whole = plain / sum(run.wall for run in leg.runs)
        bound = GOALS.get(leg.name)
        if bound is not None:
            report.aim_high("day", f"the whole day, plain over {leg.name}", whole, bound)
    if "insane" in tiers:
        report.remarks.append(_ELSEWHERE)


def tree_digest(folder: str) -> str:
    """A digest of the names and bytes of all files beneath a folder."""
    parts: list[bytes] = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)
            with open(path, "rb") as stream:
                parts += (os.path.relpath(path, folder).encode(), stream.read())
    return digest.of_parts(parts)
