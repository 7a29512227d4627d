"""Trees of intent files of any size, made up from a seed: what each unit holds, and the draws that decide it.

A tree is one service, one unit of shared types, and units by business domain. Each has an entity, an enum, a table, calcs, rules
and scenarios that hold; most have actions, some a union or lines. Units refer to others by popularity (Zipf: the
earlier, the more used), so that a few are used everywhere and most hardly anywhere. Calcs only call earlier units;
now and then a type refers to a later one, which makes imports a ring. Texts are made in ``hyper.bench.source``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hyper.bench.draws import Draws
from hyper.bench.vocabulary import AMOUNTS, DOMAINS, FIELDS, QUALIFIERS, QUANTITIES, STATES

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE: Final = 0
SHARED: Final = 1
FIRST: Final = 2
"""The number of the first unit of a domain, and so of the most popular one."""
SMALLEST: Final = 3
"""The fewest units that a tree has."""
_ROUNDS: Final = max(len(nouns) for nouns in DOMAINS.values())
_NOUNS: Final = tuple(
    (domain, nouns[turn])
    for turn in range(_ROUNDS)
    for domain, nouns in DOMAINS.items()
    if turn < len(nouns)
)


@dataclass(slots=True)
class Unit:
    """What one file is made of. Other units are named by their numbers, which never change."""

    number: int
    domain: str
    name: str
    amount: str
    quantity: str
    states: tuple[str, ...]
    rate: int
    """Of the unit's own share of an amount, in ten-thousandths."""
    threshold: int
    limit: int
    fields: list[tuple[str, str, str]]
    needs: int | None = None
    """The unit whose entity is a field that must be there."""
    knows: tuple[int, ...] = ()
    """Units whose entities are fields that may be absent."""
    calls: int | None = None
    """The unit whose share is added to our own."""
    lines: bool = False
    union: int = 0
    """0 for none, 1 for plain variants, 2 for tagged ones."""
    unique: bool = False
    """Whether the table's policy is ``unique``, else ``first``."""
    actions: int = 0
    wide: bool = False
    """Whether shares are given with more digits."""
    revision: int = 0
    """Counts the edits of the documentation."""
    remarks: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The name of the entity."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def words(self) -> str:
        """The name as people say it."""
        return self.name.replace("_", " ")

    @property
    def one(self) -> str:
        """One of it: with its article."""
        return f"{'an' if self.name[0] in 'aeio' else 'a'} {self.words}"

    @property
    def module(self) -> str:
        """The name of the module."""
        return f"{self.domain}.{self.name}"

    @property
    def path(self) -> str:
        """The path of the file from the source root."""
        return f"{self.domain}/{self.name}.intent"

    def imports(self) -> set[int]:
        """The numbers of the units of domains that this one imports."""
        return {*self.knows, *(each for each in (self.needs, self.calls) if each is not None)}

    def reads(self, number: int) -> bool:
        """Whether fields of another unit's entity are named here."""
        return number == self.needs or number in self.knows


class Tree:
    """The units of domains by number. ``size`` counts the files: the service and the shared types too."""

    def __init__(self, size: int, seed: int) -> None:
        """Make a tree of so many files. Raises ``ValueError`` for less than ``SMALLEST``."""
        if size < SMALLEST:
            raise ValueError(f"a tree has at least {SMALLEST} units")
        self.seed = seed
        self.units: dict[int, Unit] = {}
        draws = Draws(f"tree {seed}")
        for number in range(FIRST, size):
            self.units[number] = self._unit(number, draws, later=size)
        self.next = size

    @property
    def size(self) -> int:
        """The number of files."""
        return len(self.units) + FIRST

    def add(self, draws: Draws) -> Unit:
        """Put a new unit in, the least popular one."""
        unit = self._unit(self.next, draws, later=0)
        self.units[unit.number] = unit
        self.next += 1
        return unit

    def importers(self, number: int) -> Iterator[Unit]:
        """The units that import another."""
        return (unit for unit in self.units.values() if number in unit.imports())

    def _unit(self, number: int, draws: Draws, *, later: int) -> Unit:
        domain, name = _named(number - FIRST)
        return Unit(
            number=number,
            domain=domain,
            name=name,
            amount=draws.one(AMOUNTS),
            quantity=draws.one(QUANTITIES),
            states=draws.one(STATES),
            rate=1 + draws.below(2000),
            threshold=100 * (1 + draws.below(9)),
            limit=1000 * (2 + draws.below(90)),
            fields=draws.some(FIELDS, 3 + draws.below(8)),
            needs=self._needed(number, draws),
            knows=self._known(number, draws, later),
            calls=self._popular(number, draws) if draws.chance(0.5) else None,
            lines=draws.chance(0.4),
            union=draws.below(3) if draws.chance(0.4) else 0,
            unique=draws.chance(0.3),
            actions=draws.below(4),
        )

    def _needed(self, number: int, draws: Draws) -> int | None:
        """An earlier unit that needs none itself, so that an example of ours stays short."""
        other = self._popular(number, draws)
        if other is None or not draws.chance(0.3):
            return None
        return other if self.units[other].needs is None else None

    def _known(self, number: int, draws: Draws, later: int) -> tuple[int, ...]:
        found = [self._popular(number, draws) for _ in range(draws.below(5))]
        if number + 1 < later and draws.chance(0.05):
            found.append(number + 1 + draws.below(later - number - 1))
        return tuple(sorted({each for each in found if each is not None}))

    def _popular(self, number: int, draws: Draws) -> int | None:
        """An earlier unit that is still there, popular ones more often."""
        if number == FIRST:
            return None
        other = FIRST + draws.popular(number - FIRST)
        return other if other in self.units else None


def _named(rank: int) -> tuple[str, str]:
    """Domain and name of a unit, unlike those of all others."""
    turn, at = divmod(rank, len(_NOUNS))
    domain, noun = _NOUNS[at]
    if turn == 0:
        return domain, noun
    lap, word = divmod(turn - 1, len(QUALIFIERS))
    return domain, f"{QUALIFIERS[word]}_{noun}" + (f"_{lap + 1}" if lap else "")
