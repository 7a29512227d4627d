"""Variables that hold a value of the language: what branches and loops leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hyper.emit.native.places import scalar
from hyper.emit.native.values import (
    Decimal,
    Made,
    Maybe,
    Nothing,
    NotNative,
    Ratio,
    Record,
    Scalar,
    Value,
)
from hyper.ir.program import EntityDef
from hyper.ir.types import (
    BOOL,
    DATE,
    DURATION,
    FLOAT,
    INT,
    STRING,
    Dec,
    Entity,
    Enum,
    Opt,
    Type,
    show,
)
from hyper.jit.kernel.builder import FALSE, TRUE

if TYPE_CHECKING:
    from hyper.emit.native.decimals import Decimals
    from hyper.emit.native.values import ScalarKind
    from hyper.ir.kinds import Kinds
    from hyper.ir.program import Program
    from hyper.jit.kernel.builder import Builder
    from hyper.jit.kernel.ir import Kind

_KINDS: dict[ScalarKind, Kind] = {
    "bool": "bool",
    "int": "int",
    "float": "float",
    "date": "int",
    "duration": "wide",
    "enum": "int",
    "text": "int",
}
_TYPES: dict[ScalarKind, Type] = {
    "bool": BOOL,
    "int": INT,
    "float": FLOAT,
    "date": DATE,
    "duration": DURATION,
    "text": STRING,
}


@dataclass(frozen=True, slots=True)
class One:
    """A variable. ``kind`` is bare and not optional."""

    var: int
    kind: Type
    machine: Kind


@dataclass(frozen=True, slots=True)
class Option:
    """A variable that tells whether the other is there."""

    present: int
    slot: Slot


@dataclass(frozen=True, slots=True)
class Fields:
    """A variable for each field of an entity."""

    entity: str
    slots: dict[str, Slot]


@dataclass(frozen=True, slots=True)
class Fraction:
    """Variables for the parts of a quotient that is not rounded."""

    dividend: Slot
    divisor: Slot
    peak: Slot | None
    steps: int


Slot = One | Option | Fields | Fraction


class Slots:
    """Makes, fills and reads the variables of one kernel."""

    def __init__(
        self, program: Program, kinds: Kinds, builder: Builder, decimals: Decimals
    ) -> None:
        self._program = program
        self._kinds = kinds
        self._builder = builder
        self._decimals = decimals

    def of_type(self, kind: Type, *, optional: bool = False) -> Slot:
        """Variables for a value of a type."""
        kind = self._kinds.bare(kind)
        if isinstance(kind, Opt) and optional:
            raise NotNative("a field that may be null and may be absent, in an entity that is made")
        if isinstance(kind, Opt) or optional:
            return Option(self._builder.variable("bool"), self.of_type(self._kinds.present(kind)))
        if isinstance(kind, Entity):
            entity = self._program.definitions[kind.name]
            assert isinstance(entity, EntityDef)
            return Fields(
                kind.name,
                {
                    field.name: self.of_type(
                        field.type, optional=field.optional and field.default is None
                    )
                    for field in entity.fields
                },
            )
        if isinstance(kind, Dec):
            if not kind.precision:
                raise NotNative("a decimal whose digits are not bounded by its type")
            machine: Kind = "int" if 10**kind.precision <= 1 << 63 else "wide"
            return One(self._builder.variable(machine), kind, machine)
        for name, own in _TYPES.items():
            if kind == own:
                return One(self._builder.variable(_KINDS[name]), kind, _KINDS[name])
        if isinstance(kind, Enum):
            return One(self._builder.variable("int"), kind, "int")
        raise NotNative(f"{show(kind)} has no native form")

    def of_digits(self, scale: int) -> Slot:
        """A variable for decimals of at most 28 digits, ``scale`` of them after the point."""
        return One(self._builder.variable("wide"), Dec(28, scale), "wide")

    def for_both(self, one: Value, other: Value) -> Slot:
        """Variables for either of two values."""
        if isinstance(one, Nothing | Maybe) or isinstance(other, Nothing | Maybe):
            inner = [
                value.value if isinstance(value, Maybe) else value
                for value in (one, other)
                if not isinstance(value, Nothing)
            ]
            if not inner:
                raise NotNative("none has no type here")
            slot = self.for_both(inner[0], inner[-1])
            return Option(self._builder.variable("bool"), slot)
        if isinstance(one, Decimal) and isinstance(other, Decimal):
            return self._for_decimals(one, other)
        if isinstance(one, Decimal | Ratio) and isinstance(other, Decimal | Ratio):
            return self._for_fractions(self._fraction(one), self._fraction(other))
        if isinstance(one, Scalar) and isinstance(other, Scalar):
            kind = Enum(one.of) if one.kind == "enum" else _TYPES[one.kind]
            machine = _KINDS[one.kind]
            return One(self._builder.variable(machine), kind, machine)
        if (
            isinstance(one, Made)
            and isinstance(other, Made)
            and set(one.fields) == set(other.fields)
        ):
            slots = {
                name: self.for_both(value, other.fields[name]) for name, value in one.fields.items()
            }
            return Fields(one.entity, slots)
        if isinstance(one, Record) and isinstance(other, Record):
            return self.of_type(Entity(one.entity))
        raise NotNative("a choice between maps, or between lists in a body")

    def for_one(self, value: Value) -> Slot:
        """Variables for values like this one."""
        return self.for_both(value, value)

    def for_two(self, one: Slot, other: Slot) -> Slot:
        """Variables for what either of two holds, both numbers."""
        return self.for_both(self.read(one), self.read(other))

    def _fraction(self, value: Decimal | Ratio) -> Ratio:
        return value if isinstance(value, Ratio) else Ratio(value, self._decimals.constant(1, 0))

    def _peak(self, value: Ratio) -> Decimal:
        return value.peak or self._decimals.absolute(value.dividend)

    def _for_fractions(self, one: Ratio, other: Ratio) -> Slot:
        peak: Slot | None = None
        if one.peak is not None or other.peak is not None:
            # Nothing is computed here: what the two are made of may be known in their branches alone.
            peak = self._for_decimals(one.peak or one.dividend, other.peak or other.dividend)
        return Fraction(
            self._for_decimals(one.dividend, other.dividend),
            self._for_decimals(one.divisor, other.divisor),
            peak,
            max(one.steps, other.steps),
        )

    def _for_decimals(self, one: Decimal, other: Decimal) -> Slot:
        scale = max(one.scale, other.scale)
        bound = max(value.bound * 10 ** (scale - value.scale) for value in (one, other))
        digits = len(str(bound))
        if digits > 37:
            raise NotNative("a decimal with more digits than two words hold")
        machine: Kind = "int" if 10**digits <= 1 << 63 else "wide"
        return One(self._builder.variable(machine), Dec(digits, scale), machine)

    def store(self, slot: Slot, value: Value) -> None:
        """Let the variables hold a value."""
        if isinstance(slot, Option):
            self._store_option(slot, value)
            return
        if isinstance(value, Maybe):
            value = value.value
        if isinstance(slot, Fraction):
            assert isinstance(value, Decimal | Ratio)
            self._store_fraction(slot, self._fraction(value))
            return
        if isinstance(slot, Fields):
            if not isinstance(value, Record):
                raise NotNative("a record that is none")
            for name, inner in slot.slots.items():
                self.store(inner, value.field(name))
            return
        if isinstance(value, Decimal) and isinstance(slot.kind, Dec):
            value = self._decimals.scaled_up(value, slot.kind.scale)
            operand = value.operand
            if value.scale != slot.kind.scale or value.bound >= 10**slot.kind.precision:
                raise NotNative("a decimal that is not rounded to its type")
            if self._builder.kind(operand) != slot.machine:
                name = "widen" if slot.machine == "wide" else "narrow"
                operand = self._builder.op(name, slot.machine, operand)
            self._builder.set(slot.var, operand)
        elif isinstance(value, Scalar):
            self._builder.set(slot.var, value.operand)
        else:
            raise NotNative("a list, a map or a union, kept")

    def _store_fraction(self, slot: Fraction, value: Ratio) -> None:
        self.store(slot.dividend, value.dividend)
        self.store(slot.divisor, value.divisor)
        if slot.peak is not None:
            self.store(slot.peak, self._peak(value))

    def _store_option(self, slot: Option, value: Value) -> None:
        if isinstance(value, Nothing):
            self._builder.set(slot.present, FALSE)
            return
        if isinstance(value, Maybe):
            self._builder.set(slot.present, value.present)
            self.store(slot.slot, value.value)
            return
        self._builder.set(slot.present, TRUE)
        self.store(slot.slot, value)

    def read(self, slot: Slot) -> Value:
        """What the variables hold now."""
        if isinstance(slot, Option):
            return Maybe(self._builder.get(slot.present), self.read(slot.slot))
        if isinstance(slot, Fields):
            return Made(slot.entity, {name: self.read(each) for name, each in slot.slots.items()})
        if isinstance(slot, Fraction):
            peak = None if slot.peak is None else self._number(slot.peak)
            return Ratio(self._number(slot.dividend), self._number(slot.divisor), slot.steps, peak)
        return scalar(slot.kind, self._builder.get(slot.var))

    def _number(self, slot: Slot) -> Decimal:
        value = self.read(slot)
        assert isinstance(value, Decimal)
        return value
