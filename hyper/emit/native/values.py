"""Values of the language while a kernel is made: which numbers of the kernel hold them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.ir.types import Type
    from hyper.jit.kernel.ir import Operand


class NotNative(Exception):  # noqa: N818  # a finding, not a fault
    """Something that has no native form: ``reason`` for people, and the place of what it is about."""

    def __init__(self, reason: str, file: str = "", line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.file = file
        self.line = line

    def again(self) -> NotNative:
        """The same finding without the traceback, which holds all that was under way."""
        return NotNative(self.reason, self.file, self.line)


class MoreDigits(Exception):  # noqa: N818  # a finding, not a fault
    """A variable of decimals whose type does not bound them is set to one with more digits after the point than were expected:
    the function is to be made again, with ``scale`` of them for the variable ``name`` of that place."""

    def __init__(self, place: tuple[str, int], name: str, scale: int) -> None:
        super().__init__(name)
        self.place = place
        self.name = name
        self.scale = scale


ScalarKind: TypeAlias = Literal["bool", "int", "float", "date", "duration", "enum", "text"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """One number. A ``date`` is days since 1970-01-01, a ``duration`` microseconds (wide), an ``enum`` the place of its member,
    a ``text`` a code."""

    kind: ScalarKind
    operand: Operand
    of: str = ""
    """The enum."""


@dataclass(frozen=True, slots=True)
class Decimal:
    """A decimal held exactly: ``operand`` (int or wide) of units of 10**-scale, its magnitude at most ``bound``."""

    operand: Operand
    scale: int
    bound: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """The quotient of two decimals, not yet rounded; ``divisor`` is not 0. ``quotients.py`` says what it stands for."""

    dividend: Decimal
    divisor: Decimal
    steps: int = 1
    """How often the language has rounded on the way here."""
    peak: Decimal | None = None
    """At least the magnitude of every dividend on the way; that of ``dividend`` itself where it is not given."""


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value that may be none: ``value`` means something where ``present`` (a bool) holds."""

    present: Operand
    value: Value


@dataclass(frozen=True, slots=True)
class Nothing:
    """``none`` itself."""


class Record(ABC):
    """An entity, field by field: its qualified name is ``entity``."""

    __slots__ = ()

    entity: str

    @abstractmethod
    def field(self, name: str) -> Value:
        """A field; ``Maybe`` where it may be null or absent."""


class Items(ABC):
    """A list that lies in memory: items from the index ``start`` up to, without, ``stop``."""

    __slots__ = ()

    start: Operand
    stop: Operand

    @abstractmethod
    def item(self, index: Operand) -> Value:
        """The item at an index."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value of a type without a native form: nothing can be done with it."""

    kind: Type


@dataclass(frozen=True, slots=True)
class Made(Record):
    """An entity that was built here."""

    entity: str
    fields: dict[str, Value]

    def field(self, name: str) -> Value:
        """A field."""
        return self.fields[name]


@dataclass(frozen=True, slots=True)
class Changed(Record):
    """An entity with other values for some fields."""

    entity: str
    base: Record
    fields: dict[str, Value]

    def field(self, name: str) -> Value:
        """The new value, or that of the base."""
        return self.fields[name] if name in self.fields else self.base.field(name)


@dataclass(frozen=True, slots=True)
class Written:
    """A list of values that are all known apart."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Counting:
    """``range``: whole numbers from ``start`` up to ``stop``."""

    start: Operand
    stop: Operand


@dataclass(frozen=True, slots=True)
class Generated:
    """A list that is made here: ``walk`` calls its argument for each element, which is of ``kind``."""

    walk: Callable[[Callable[[Value], None]], None]
    kind: Type
    settled: bool = False
    """Whether all that can fail of it has been run: it may be walked through any number of times."""
    single: bool = True
    """Whether one loop goes through it: leaving that is leaving the list."""
    size: Callable[[], Operand] | None = None
    """How many elements it has, where that is known without a walk."""
    at: Callable[[Operand], Value] | None = None
    """An element by its index, where that is known without a walk."""


@dataclass(frozen=True, slots=True)
class Entries:
    """A map whose entries are all known apart. A later one takes the place of an earlier one of the same key."""

    keys: tuple[Value, ...]
    values: tuple[Value, ...]


Sequence: TypeAlias = Items | Written | Counting | Generated
Value: TypeAlias = Scalar | Decimal | Ratio | Maybe | Nothing | Record | Sequence | Entries | Opaque
