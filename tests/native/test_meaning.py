"""Random programs, and the storefront: what is bound answers as tier 0, and what it leaves to Python is little."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pytest

from hyper.emit.python.names import Names
from hyper.engine.compiler import Compiler
from hyper.ir.interpreter.values import EnumValue, Record
from hyper.ir.kinds import Kinds
from hyper.ir.program import CalcDef, EntityDef, EnumDef, RuleDef, TableDef
from hyper.ir.types import Dec, Entity, Enum, ListOf, Lit, MapOf, Opt, Prim, Type, Union
from tests.checkout import STOREFRONT, copy_of
from tests.meaning.back_ends import BACK_ENDS
from tests.meaning.compiled import CompiledTiers
from tests.meaning.groups import NOW, tried
from tests.native.packages import RUNS_HERE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hyper.ir.program import Program

pytest.importorskip("llvmlite")
pytestmark = pytest.mark.skipif(
    not RUNS_HERE, reason="machine code of packages is for x86-64 Linux"
)


COMPILED: Final = "compiled-package"


@pytest.mark.parametrize("block", range(2))
def test_random_programs(block: int) -> None:
    back_ends = [each for each in BACK_ENDS if each.name == COMPILED]
    found = tried(range(block * 8, block * 8 + 8), back_ends)
    assert found.differences == []
    assert found.counts[f"same in {COMPILED}"] > 50


class Values:
    """Random values of the types of a program, as tier 0 has them."""

    def __init__(self, program: Program, seed: int) -> None:
        self._program = program
        self._kinds = Kinds(program)
        self.random = random.Random(seed)
        self._depth = 0

    def of(self, kind: Type) -> Any:
        """One of them."""
        draw = self.random
        kind = self._kinds.bare(kind)
        match kind:
            case Opt(inner):
                return None if draw.random() < 0.3 or self._depth > 4 else self.of(inner)
            case ListOf(item):
                most = 0 if self._depth > 4 else draw.choice((0, 1, 1, 2, 5))
                return [self.of(item) for _ in range(most)]
            case MapOf(item):
                return {key: self.of(item) for key in draw.sample(("de", "fr", "x"), 2)}
            case Dec(precision, scale):
                digits = draw.choice((1, 3, min(6, precision or 6), precision or 9))
                return Decimal(draw.randrange(-(10**digits) + 1, 10**digits)).scaleb(-scale)
            case Enum(name):
                definition = self._program.definitions[name]
                assert isinstance(definition, EnumDef)
                member = draw.choice(definition.members)
                return EnumValue(name, member.name, member.wire)
            case Entity(name):
                return self._record(name)
            case Union(name):
                return self.of(draw.choice(self._program.variants(name) or ()))
            case Lit(value):
                return value
            case Prim(name):
                return self._plain(name)
        raise AssertionError(kind)

    def _record(self, name: str) -> Record:
        definition = self._program.definitions[name]
        assert isinstance(definition, EntityDef)
        self._depth += 1
        fields = {
            field.name: self.of(field.type)
            for field in definition.fields
            if not field.optional or (self.random.random() < 0.7 and self._depth < 5)
        }
        self._depth -= 1
        return Record(name, fields)

    def _plain(self, name: str) -> Any:
        draw = self.random
        match name:
            case "bool":
                return draw.random() < 0.5
            case "int" | "bigint":
                # Some are how often a loop runs.
                return draw.choice((0, 1, -1, draw.randrange(-40, 400)))
            case "float":
                return draw.choice((0.0, -0.0, draw.uniform(-50, 50), float("inf"), float("nan")))
            case "date":
                return date(2026, 11, 21) + timedelta(draw.randrange(-900, 900))
            case "datetime":
                return datetime(2026, 11, 21, 3, tzinfo=UTC) + timedelta(draw.randrange(-90, 90))
            case "time":
                return time(draw.randrange(24), tzinfo=UTC)
            case "duration":
                return timedelta(draw.randrange(999))
            case "uuid":
                return UUID(int=draw.getrandbits(128))
            case "bytes":
                return b"0123456789abcdef"
        return draw.choice(("", "Books", "de", "too small", "a@mailinator.com"))


def _given(program: Program, name: str) -> Sequence[Type]:
    definition = program.definitions[name]
    if isinstance(definition, RuleDef):
        return [Entity(definition.entity)]
    assert isinstance(definition, CalcDef | TableDef)
    return [param.type for param in definition.params]


class StorefrontTiers(CompiledTiers):
    """Entities that need not be what their markers ask for."""

    def python(self, value: Any) -> Any:
        """A value of tier 0 as the package has it."""
        if not isinstance(value, Record):
            return super().python(value)
        home, symbol = self.names.place(value.entity)
        fields = self.interpreter.shapes.entity(value.entity).fields
        made = {field.name: self.python(value.fields.get(field.name)) for field in fields}
        named = {self.names.field(value.entity, name): item for name, item in made.items()}
        return getattr(self.module(".".join(home)), symbol).model_construct(**named)

    @property
    def names(self) -> Names:
        """The names of the package."""
        return Names(self.program, self.package)


def test_the_storefront(tmp_path: Path) -> None:
    compiler = Compiler(incremental=False)
    result = compiler.analyse(copy_of(STOREFRONT, tmp_path / "storefront"))
    assert result.compilation is not None
    whole = result.compilation.program
    assert whole is not None
    tiers = StorefrontTiers(whole, tmp_path)
    values = Values(whole, 11)
    calls = 0
    try:
        for name in sorted(tiers.bound):
            for _ in range(40):
                row = [values.of(kind) for kind in _given(whole, name)]
                expected = tiers.zero(name, row, NOW)
                calls += expected[0] not in {"error", "refused"}
                got = tiers.one(name, row, NOW)
                # A rule that does not refuse gives what it was given.
                same = got[0] == "record" if expected[0] == "record" else got == expected
                assert same, (name, row, got, expected)
    finally:
        tiers.forget()
    assert len(tiers.bound) > 40
    assert calls > 20 * len(tiers.bound)
