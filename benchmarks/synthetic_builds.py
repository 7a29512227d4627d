"""Synthetic traces of build caches: made by a seeded simulation of people and machines, recorded from nobody.

Units import one another, popular ones more often (Zipf). Developers edit what they edited lately or what is popular, build, undo,
switch branches, pull and push; a machine of continuous integration starts empty and builds the whole tree. A build asks for
what an engine with interface digests asks for: three stages for each unit whose inputs changed, each an action and a blob,
and the interfaces of what those units import. The edits and sizes are guesses, so figures made of these traces compare
policies; they do not foretell hit ratios.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hyper.cache.policies.trace import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of a stage: its name, the median size of its blob as a share of the source, and microseconds for each byte of the source.
STAGES: Final = (("parse", 1.5, 2.0), ("check", 0.4, 3.0), ("emit", 4.0, 2.5))
BRANCHES: Final = 3
RECENT: Final = 6


@dataclass(frozen=True, slots=True)
class Tree:
    """Units in an order in which each imports only earlier ones."""

    imports: tuple[tuple[int, ...], ...]
    sources: tuple[int, ...]
    """Sizes of the units in bytes."""
    popularity: tuple[int, ...]
    """The units, from the most edited to the least."""


@dataclass(slots=True)
class State:
    """A version of the tree: for each unit a number of its content and one of its interface."""

    contents: list[int]
    interfaces: list[int]

    def copy(self) -> State:
        """A version that starts as this one."""
        return State(self.contents.copy(), self.interfaces.copy())


@dataclass(slots=True)
class Branch:
    """A version that somebody works on, with what was edited there."""

    state: State
    edited: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Developer:
    """Somebody with a machine, branches, and a memory of edits."""

    branches: list[Branch]
    at: int = 0
    recent: list[int] = field(default_factory=list)
    undo: list[tuple[int, int, int]] = field(default_factory=list)
    built: State | None = None

    @property
    def branch(self) -> Branch:
        """The branch that is checked out."""
        return self.branches[self.at]


class Builds:
    """The simulation. The same seed gives the same events."""

    def __init__(self, seed: int, units: int, developers: int) -> None:
        # Nothing secret is made here.
        self._random = random.Random(seed)  # noqa: S311
        self._seed = seed
        self._tree = _tree(self._random, units)
        self._main = State([0] * units, [0] * units)
        self._version = 0
        self._people = [Developer([Branch(self._main.copy())]) for _ in range(developers)]

    def developer(self, steps: int) -> Iterator[Event]:
        """What the store on the first developer's machine is asked for, while the others work too."""
        for _ in range(steps):
            for person in self._people:
                self._step(person)
            yield from self._build(self._people[0])

    def integration(self, pushes: int) -> Iterator[Event]:
        """What a store is asked for that only machines of continuous integration use, each starting empty."""
        for _ in range(pushes):
            yield from self._requests(self._push(), None)

    def team(self, pushes: int) -> Iterator[Event]:
        """What a store is asked for that all share: by developers only what their own machine never had."""
        had: list[set[bytes]] = [set() for _ in self._people]
        for _ in range(pushes):
            for person, own in zip(self._people, had, strict=True):
                for event in self._build(person):
                    if event.key not in own:
                        own.add(event.key)
                        yield event
            yield from self._requests(self._push(), None)

    def _push(self) -> State:
        """Some edits by everybody; then somebody pushes, and now and then that reaches the main branch."""
        for person in self._people:
            for _ in range(self._random.randint(1, 8)):
                self._step(person)
        branch = self._random.choice(self._people).branch
        if self._random.random() < 0.4:
            for unit in branch.edited:
                self._main.contents[unit] = branch.state.contents[unit]
                self._main.interfaces[unit] = branch.state.interfaces[unit]
            branch.edited.clear()
            return self._main.copy()
        return branch.state.copy()

    def _step(self, person: Developer) -> None:
        draw = self._random.random()
        if draw < 0.80:
            self._edit(person)
        elif draw < 0.87 and person.undo:
            unit, content, interface = person.undo.pop()
            person.branch.state.contents[unit] = content
            person.branch.state.interfaces[unit] = interface
        elif draw < 0.93:
            self._switch(person)
        elif draw < 0.99:
            self._pull(person.branch)
        else:
            person.built = None  # somebody cleaned the outputs

    def _edit(self, person: Developer) -> None:
        units = self._tree.popularity
        if person.recent and self._random.random() < 0.7:
            unit = self._random.choice(person.recent)
        else:
            unit = units[_zipf(self._random, len(units))]
        if unit not in person.recent:
            person.recent = [*person.recent[-RECENT + 1 :], unit]
        branch = person.branch
        person.undo.append((unit, branch.state.contents[unit], branch.state.interfaces[unit]))
        self._version += 1
        branch.state.contents[unit] = self._version
        if self._random.random() < 0.15:
            branch.state.interfaces[unit] = self._version
        branch.edited.add(unit)

    def _switch(self, person: Developer) -> None:
        person.undo.clear()
        if len(person.branches) < BRANCHES:
            person.branches.append(Branch(self._main.copy()))
            person.at = len(person.branches) - 1
        elif self._random.random() < 0.3:
            person.branches[person.at] = Branch(self._main.copy())
        else:
            person.at = self._random.randrange(BRANCHES)

    def _pull(self, branch: Branch) -> None:
        for unit in range(len(self._tree.imports)):
            if unit not in branch.edited:
                branch.state.contents[unit] = self._main.contents[unit]
                branch.state.interfaces[unit] = self._main.interfaces[unit]

    def _build(self, person: Developer) -> Iterator[Event]:
        state = person.branch.state.copy()
        yield from self._requests(state, person.built)
        person.built = state

    def _requests(self, state: State, built: State | None) -> Iterator[Event]:
        """What a build of a version wants on a machine whose last build was of another."""
        for unit, imports in enumerate(self._tree.imports):
            edited = built is None or state.contents[unit] != built.contents[unit]
            told = built is None or any(
                state.interfaces[other] != built.interfaces[other] for other in imports
            )
            if edited or told:
                seen = [state.interfaces[other] for other in imports]
                for other in imports:
                    made_of = (state.interfaces[other],)
                    yield self._event("interface", other, made_of, share=0.2, cost=2.0)
                for stage, share, cost in STAGES if edited else STAGES[1:]:
                    made_of = (state.contents[unit], *(() if stage == "parse" else seen))
                    yield self._event(f"{stage} action", unit, made_of, share=0.0, cost=cost)
                    yield self._event(f"{stage} blob", unit, made_of, share=share)

    def _event(
        self, name: str, unit: int, made_of: tuple[int, ...], *, share: float, cost: float = 0.0
    ) -> Event:
        """A wish for a value; one without a cost is wanted with the one before it."""
        key = hashlib.sha256(f"{self._seed} {name} {unit} {made_of}".encode()).digest()
        source = self._tree.sources[unit]
        # The key decides what varies between versions, so that a value has one size wherever it is made.
        vary = 0.9 + key[0] / 1280
        size = int(300 + share * source * vary)
        if not cost:
            return Event("and", key, size, 0)
        return Event("get", key, size, int(1000 + cost * source * vary))


def _tree(numbers: random.Random, units: int) -> Tree:
    imports = tuple(
        tuple(sorted({_zipf(numbers, unit) for _ in range(numbers.randint(1, 6))})) if unit else ()
        for unit in range(units)
    )
    sources = tuple(int(numbers.lognormvariate(8.0, 0.9)) for _ in range(units))
    popularity = list(range(units))
    numbers.shuffle(popularity)
    return Tree(imports, sources, tuple(popularity))


def _zipf(numbers: random.Random, many: int) -> int:
    """A number below ``many``, with a density that falls as one over the rank."""
    return int((many + 1) ** numbers.random()) - 1
