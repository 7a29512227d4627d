"""What is looked at while something is made, so that it is made again when that has changed, and only then.

A *key* names what was looked at: a prefix that says how much of it, and a name. A *part* is what is made: what it read is noted
while it is. A read that goes through a *derived* value is noted as one of that value, which has reads of its own: where they
changed and the value did not, nothing that only saw the value is made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hyper.ir.program import Def

T = TypeVar("T")

EVERYTHING: Final = "*"
"""All modules, one after another."""
SERVICE: Final = "service"
"""Which definition is the service."""
HEAD: Final = "head "
"""Of a module: its path, its documentation, its markers, and which definitions it has, in their order."""
WHOLE: Final = "whole "
"""Of a definition: everything."""
TEXT: Final = "text "
"""Of a definition: everything but where its lines are."""
DATA: Final = "data "
"""Of a definition: everything but lines and documentation."""
TYPE: Final = "type "
"""Of an alias, the type and whether it is ``@write``; of a union, its variants; of others, what kind they are."""
CLOCK: Final = "clock "
"""Of a function: whether it reads the clock."""

FACETS: Final = (WHOLE, TEXT, DATA, TYPE, CLOCK)
"""What can be looked at of a definition."""


class Reads:
    """Notes what is looked at; nothing where it is not ``kept``."""

    __slots__ = ("_now", "_shared", "derived", "note")

    def __init__(self, *, kept: bool = True) -> None:
        self.note: Callable[[str], object] = self._noted if kept else _unnoted
        """Note that something is looked at."""
        self.derived: dict[str, tuple[str, ...]] = {}
        """What each derived value was made from."""
        self._shared: dict[str, tuple[Any, tuple[str, ...]]] = {}
        self._now: dict[str, None] = {}

    def _noted(self, key: str) -> None:
        self._now[key] = None

    def part(self, make: Callable[[], T]) -> tuple[T, tuple[str, ...]]:
        """What is made, and the keys of what was looked at, in that order, each once."""
        outer = self._now
        self._now = own = dict[str, None]()
        try:
            return make(), tuple(own)
        finally:
            self._now = outer

    def derive(self, key: str, known: dict[str, T], make: Callable[[], T]) -> T:
        """A derived value: ``known``, or made and known from now on."""
        self.note(key)
        if key not in known:
            known[key], self.derived[key] = self.part(make)
        return known[key]

    def shared(self, key: str, make: Callable[[], T]) -> T:
        """What several parts are made from: made once, and what it read is noted for each."""
        found = self._shared.get(key)
        if found is None:
            found = self._shared[key] = self.part(make)
        for read in found[1]:
            self.note(read)
        value: T = found[0]
        return value


def _unnoted(_key: str) -> None:
    """Nobody asks what was looked at."""


class NotedDefinitions(Mapping[str, "Def"]):
    """Definitions, of which it is noted which are looked at."""

    __slots__ = ("_definitions", "_note")

    def __init__(self, definitions: Mapping[str, Def], reads: Reads) -> None:
        self._definitions = definitions
        self._note = reads.note

    def __getitem__(self, name: str) -> Def:
        self._note(DATA + name)
        return self._definitions[name]

    def __contains__(self, name: object) -> bool:
        self._note(f"{DATA}{name}")
        return name in self._definitions

    def __iter__(self) -> Iterator[str]:
        self._note(EVERYTHING)
        return iter(self._definitions)

    def __len__(self) -> int:
        self._note(EVERYTHING)
        return len(self._definitions)
