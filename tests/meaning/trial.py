"""Random programs in all tiers, as many as are asked for: ``python -m tests.meaning.trial --count 100000``.

The programs are tried in groups, each in one build; a worker tries a row of groups and is then replaced, so that what it has
loaded is let go. A program comes of its seed alone, so that one that differs in a group can be tried by itself; each failure says
with which command.
"""

from __future__ import annotations

import argparse
import collections
import gc
import json
import select
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

GROUP: Final = 200
_GROUPS: Final = 10
"""Of one worker."""
_SECONDS: Final = 900
"""In which a worker has to be done with a group."""
_REPORT: Final = 5
"""Groups between two lines of progress."""
ENDED: Final = "the process ended or hung"
_SHOWN: Final = 3000
"""Characters of a failure."""


class Part(NamedTuple):
    """What is tried: ``number`` programs from the seed ``start`` on, ``group`` in a build, in all back ends or some in turn."""

    start: int
    number: int
    group: int
    all: bool

    def command(self, *flags: str) -> list[str]:
        """The arguments that say so."""
        numbers = ("--start", self.start, "--count", self.number, "--group", self.group)
        return [
            sys.executable, "-m", "tests.meaning.trial", *map(str, numbers),
            *(["--all"] if self.all else []), *flags,
        ]  # fmt: skip

    def groups(self) -> Iterator[tuple[int, list[int]]]:
        """The seeds of each group, with its number."""
        for start in range(self.start, self.start + self.number, self.group):
            seeds = range(start, min(start + self.group, self.start + self.number))
            yield start // self.group, list(seeds)


class State(NamedTuple):
    """How far a trial is."""

    next: int
    """The seed of the next program."""
    counts: collections.Counter[str]
    seconds: float
    failures: list[list[Any]]
    """Seeds of programs with what is wrong with them."""


def read(path: str | None, start: int) -> State:
    """What a trial that was stopped has done; of a new one nothing."""
    if path is None or not Path(path).exists():
        return State(start, collections.Counter(), 0.0, [])
    held = json.loads(Path(path).read_text(encoding="utf-8"))
    return State(
        held["next"], collections.Counter(held["counts"]), held["seconds"], held["failures"]
    )


def write(path: str | None, state: State) -> None:
    """Keep it."""
    if path is not None:
        Path(path).write_text(json.dumps(state._asdict()), encoding="utf-8")


def work(part: Part) -> None:
    """Try the groups here; each gives a line of JSON."""
    from tests.meaning.groups import asked, tried

    # What is made lives as long as its group: looking for garbage meanwhile takes a quarter of the time.
    gc.disable()
    gc.freeze()
    for number, seeds in part.groups():
        try:
            made = tried(seeds, None if part.all else asked(number))
            answer = {"counts": made.counts, "differences": made.differences}
        except Exception:  # noqa: BLE001  # a build that fails is a finding
            answer = {"broken": traceback.format_exc()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        gc.collect()


def answers(part: Part) -> Generator[dict[str, Any]]:
    """What a worker says of each group, until it ends or hangs."""
    command = part.command("--work")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as worker:
        assert worker.stdout is not None
        try:
            while select.select([worker.stdout], [], [], _SECONDS)[0]:
                line = worker.stdout.readline()
                if not line:
                    return
                yield json.loads(line)
        finally:
            worker.kill()


def alone(seeds: Sequence[int], said: str) -> dict[str, Any]:
    """A group that could not be tried, program by program: which of them fail by themselves, with what they say."""
    found: list[list[Any]] = []
    counts: collections.Counter[str] = collections.Counter()
    left = list(seeds)
    while left:
        for answer in answers(Part(left[0], len(left), 1, all=True)):
            seed = left.pop(0)
            if "broken" in answer:
                found.append([seed, answer["broken"]])
            counts.update(answer.get("counts", {"programs": 1}))
            found += answer.get("differences", [])[:1]
        if left:
            found.append([left.pop(0), ENDED])
            counts["programs"] += 1
    if not found:
        found = [[seeds[0], f"only in the group of {len(seeds)} programs from here on: {said}"]]
    return {"counts": counts, "differences": found}


def tell(text: str) -> None:
    """To whoever watches."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def failed(state: State, failure: Sequence[Any]) -> None:
    """Keep a failure, and say how to see it again."""
    seed, text = failure
    if seed in {known for known, _ in state.failures}:
        return
    state.failures.append([seed, text])
    again = " ".join(["python", *Part(seed, 1, 1, all=True).command()[1:]])
    tell(f"FAILED, seed {seed}; again, alone (smaller: --shrink): {again}\n{text[:_SHOWN]}\n")


def progress(state: State, part: Part, began: float) -> State:
    """Say how far it is."""
    now = state._replace(seconds=state.seconds + time.monotonic() - began)
    done, counts = now.counts["programs"], now.counts
    rate = done / now.seconds if now.seconds else 0.0
    left = (part.start + part.number - now.next) / rate / 60 if rate else 0.0
    tell(
        f"{done} programs, {counts['functions']} functions, {counts['same']} evaluations the same,"
        f" {counts['guarded']} left to a lower tier, {len(now.failures)} failed;"
        f" {rate * 60:.0f} a minute, {left:.0f} minutes to go (next seed: {now.next})"
    )
    return now


def run(part: Part, path: str | None, most: int) -> State:
    """Try it all, from where a trial that was stopped is; at most so many failures."""
    state = read(path, part.start)
    began = time.monotonic()
    reported = 0
    while (left := part.start + part.number - state.next) > 0 and len(state.failures) < most:
        some = part._replace(start=state.next, number=min(left, _GROUPS * part.group))
        said = answers(some)
        for _, seeds in some.groups():
            answer = next(said, {"broken": ENDED})
            ended = answer.get("broken") == ENDED
            if "broken" in answer:
                tell(f"the group of {len(seeds)} programs from {seeds[0]} on: {answer['broken']}")
                answer = alone(seeds, answer["broken"])
            state.counts.update(answer["counts"])
            for each in answer["differences"]:
                failed(state, each)
            state = state._replace(next=seeds[-1] + 1)
            spent = time.monotonic() - began
            write(path, state._replace(seconds=state.seconds + spent))
            reported += 1
            if reported % _REPORT == 0:
                progress(state, part, began)
            if ended or len(state.failures) >= most:
                break
        said.close()
    return progress(state, part, began)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.meaning.trial", description=__doc__)
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    parser.add_argument("--group", type=int, default=GROUP, help="how many in a build")
    parser.add_argument("--all", action="store_true", help="each in all back ends")
    parser.add_argument(
        "--state", help="a file that says how far it is; what it has is not done again"
    )
    parser.add_argument("--most", type=int, default=20, help="failures after which it stops")
    parser.add_argument(
        "--shrink", action="store_true", help="make the first program smaller, as long as it fails"
    )
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    part = Part(given.start, given.count, given.group, given.all)
    if given.shrink:
        from tests.meaning.groups import reduced

        found = reduced(given.start)
        sys.stdout.write(f"{found or 'it does not fail'}\n")
        return 1 if found else 0
    if given.work:
        work(part)
        return 0
    state = run(part, given.state, given.most)
    for name, count in sorted(state.counts.items()):
        sys.stdout.write(f"{count:>12,} {name}\n")
    return 1 if state.failures else 0


if __name__ == "__main__":
    sys.exit(main())
