"""One check of a world: the reporters of its units, the facts about its consts, and new checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.base.diagnostics import Reporter
from hyper.lang.broken import sure
from hyper.lang.check.checker import Checker
from hyper.lang.check.infer import RULES
from hyper.lang.check.typed import Checked

if TYPE_CHECKING:
    from hyper.base.diagnostics import Diagnostic
    from hyper.lang.check.typed import ConstFacts
    from hyper.lang.symbols import Unit, World


class OnceReporter(Reporter):
    """A reporter that says the same of the same place once, however often its tree is typed."""

    __slots__ = ("_said",)

    def __init__(self, source: Any) -> None:
        super().__init__(source)
        self._said: set[tuple[str, int, int]] = set()

    def report(self, code: str, message: str, start: int, end: int, **more: Any) -> None:
        """Report a finding, unless one of its code is there already."""
        key = (code, start, end)
        if key not in self._said:
            self._said.add(key)
            super().report(code, message, start, end, **more)


class Session:
    """The state of one check."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reporters: dict[str, OnceReporter] = {}
        self.checked = Checked([], {}, {}, {}, {}, {}, {}, [], set(), set())

    def reporter(self, unit: Unit) -> OnceReporter:
        """The reporter of a unit."""
        found = self.reporters.get(unit.name)
        if found is None:
            found = self.reporters[unit.name] = OnceReporter(unit.source)
        return found

    def const(self, name: str) -> ConstFacts | None:
        """What is known of a const."""
        return self.checked.consts.get(name)

    def checker(self, unit: Unit, place: str) -> Checker:
        """A new checker for a body in a unit."""
        checker = Checker(self.world, unit, self.reporter(unit), self.const, RULES)
        checker.place = place
        return checker

    def diagnostics(self) -> list[Diagnostic]:
        """Everything that was reported."""
        units = self.world.units
        return [
            item
            for name, reporter in self.reporters.items()
            for item in sure(reporter, units[name])
        ]
