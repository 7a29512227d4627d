"""Random values of the types of a program, as a table has them: most fit, some are at limits, some are nothing or wrong."""

from __future__ import annotations

import random
import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from hyper.engine.batch.layout import marker_sets
from hyper.ir.program import EntityDef, EnumDef, UnionDef
from hyper.ir.types import Dec, Entity, Enum, ListOf, Lit, MapOf, Opt, Prim, Union

if TYPE_CHECKING:
    from hyper.ir.kinds import Kinds
    from hyper.ir.markers import Markers
    from hyper.ir.program import Program
    from hyper.ir.types import Type

_TEXTS: Final[dict[str, list[str]]] = {
    "string": ["", "a", "MUG-0001", "3000", "A01", "Ünï 🦀", "x" * 50],
    "uuid": ["6f1c2a3e-0000-4000-8000-000000000001", "6f1c2a3e-0000-4000-8000-000000000002"],
    "email": ["ada@example.com", "grace@example.com"],
    "url": ["https://example.com/a", "https://example.com/b"],
    "datetime": ["2026-01-01T00:00:00Z", "2025-06-30T23:59:59.5+02:00"],
    "time": ["00:00:00", "23:59:59"],
    "duration": ["PT1H", "P3D"],
    "bytes": ["AAAAAAAAAAAAAAAAAAAAAA==", ""],
}
_WHOLE: Final = (0, 1, 2, 3, 12, 100, -1, 10_000)
"""Some are counts of turns, which all have to be made."""
_REAL: Final = (0.0, -0.0, 1.0, 0.5, 1e308, 1e-300, 2.5)
_WRONG: Final = 0.005
_TRIES: Final = 12
_NOTHING: Final = 0.25


class MadeUp:
    """Random values, the same for the same seed."""

    def __init__(self, program: Program, kinds: Kinds, seed: int) -> None:
        self._program = program
        self._kinds = kinds
        self._random = random.Random(seed)

    def rows(self, params: tuple[tuple[str, Type], ...], count: int) -> list[dict[str, Any]]:
        """Rows with a value for each parameter."""
        return [{name: self.value(kind) for name, kind in params} for _ in range(count)]

    def value(self, kind: Type, depth: int = 0, own: Markers | None = None) -> Any:
        """A value of a type, which mostly fits the markers of the type and of its field."""
        if self._random.random() < _WRONG:
            return self._random.choice([None, "nonsense", -7, [], {}])
        made = None
        for _ in range(_TRIES):
            made = self._any(kind, depth, own)
            if not isinstance(made, int | float | Decimal | str) or all(
                self._fits(made, each) for each in marker_sets(self._program, kind, own)
            ):
                break
        return made

    @staticmethod
    def _fits(value: Any, markers: Markers) -> bool:
        if isinstance(value, str):
            long = (markers.min_length or 0) <= len(value) <= (markers.max_length or 1000)
            return long and all(re.search(each, value) for each in markers.patterns)
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            low, high = markers.minimum, markers.maximum
            return (low is None or value > low) and (high is None or value < high)
        return True

    def _any(self, kind: Type, depth: int, own: Markers | None) -> Any:
        least = max(
            [each.min_size or 0 for each in marker_sets(self._program, kind, own)], default=0
        )
        kind = self._kinds.bare(kind)
        if isinstance(kind, Opt):
            gone = depth > 3 or self._random.random() < _NOTHING
            return None if gone else self.value(kind.inner, depth)
        match kind:
            case ListOf(item):
                count = least + (0 if depth > 2 else self._random.choice([0, 1, 1, 2]))
                return [self.value(item, depth + 1) for _ in range(count)]
            case MapOf():
                return {}
            case Entity(name):
                return self._record(name, depth)
            case Lit(value):
                return value
            case Union(name):
                union = self._program.definitions[name]
                assert isinstance(union, UnionDef)
                return {}
            case _:
                return self._scalar(kind)

    def _record(self, name: str, depth: int) -> dict[str, Any]:
        entity = self._program.definitions[name]
        assert isinstance(entity, EntityDef)
        found = {}
        for field in entity.fields:
            may_lack = field.optional or field.default is not None
            if may_lack and (depth > 3 or self._random.random() < _NOTHING):
                continue
            found[field.name] = self.value(field.type, depth + 1, field.markers)
        return found

    def _scalar(self, kind: Type) -> Any:
        choose = self._random.choice
        match kind:
            case Enum(name):
                definition = self._program.definitions[name]
                assert isinstance(definition, EnumDef)
                return choose(definition.members).wire
            case Dec(precision, scale):
                most = 10 ** min(precision, 28) - 1
                units = choose([0, 1, -1, 50, 999, most, self._random.randint(0, 10**6)])
                return Decimal(min(units, most)).scaleb(-(scale or 0))
            case Prim("int" | "bigint"):
                return (
                    choose(_WHOLE) if self._random.random() < 0.3 else self._random.randint(0, 40)
                )
            case Prim("float"):
                return choose(_REAL) if self._random.random() < 0.3 else self._random.random() * 100
            case Prim("bool"):
                return self._random.random() < 0.5
            case Prim("date"):
                day = choose([1, 3_652_059, self._random.randint(710_000, 745_000)])
                return date.fromordinal(day)
            case Prim(name):
                return choose(_TEXTS.get(name, ["a"]))
            case _:
                return "a"
