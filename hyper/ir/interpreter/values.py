"""The values of tier 0 and the failures of an evaluation.

========== ===================================================
type       value
========== ===================================================
bool       ``bool``
int        ``int`` within 64 bits, signed
bigint     ``int``
float      ``float``
decimal    ``Decimal``, never minus zero, never NaN or infinite
string     ``str`` (``url`` and ``email`` too)
bytes      ``bytes``
date       ``date``
time       ``time`` without an offset
datetime   ``datetime`` with an offset
duration   ``timedelta``
uuid       ``UUID``
list       ``list``, never changed once made
map        ``dict`` with ``str`` keys, never changed once made
entity     ``Record``
enum       ``EnumValue``
union      the value of the variant
any        what JSON has: ``None bool int float str list dict``
none       ``None``
========== ===================================================
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

Value: TypeAlias = Any
"""One of the Python types in the table above."""

ErrorCode: TypeAlias = Literal[
    "overflow",
    "division_by_zero",
    "out_of_bounds",
    "domain",
    "empty",
    "no_match",
    "conversion",
    "too_expensive",
]


class EvaluationError(Exception):
    """An evaluation that has no value. ``file`` and ``line`` are those of the innermost statement, row or clause."""

    def __init__(self, code: ErrorCode, message: str, file: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message
        self.file = file
        self.line = line

    def __str__(self) -> str:
        place = f" ({self.file}:{self.line})" if self.line else ""
        return f"{self.code}: {self.message}{place}"


class Refused(Exception):  # noqa: N818  # it is an outcome of a rule, not an error of the program
    """A rule that refused; ``message`` is what its ``else`` says, ``rule`` its qualified name."""

    def __init__(self, message: str, rule: str, file: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule
        self.file = file
        self.line = line


class ExternFailure(Exception):  # noqa: N818  # the failure is the user's own code
    """An extern calc raised: its exception is the cause."""

    def __init__(self, target: str, error: Exception) -> None:
        super().__init__(f"{target} raised {type(error).__name__}: {error}")
        self.target = target


class ExternsNotLoaded(Exception):  # noqa: N818  # a refusal, not a fault
    """An extern calc was reached where externs must not run."""


class ClockNotSet(Exception):  # noqa: N818  # a refusal, not a fault
    """``now()`` or ``today()`` was reached, and no instant was given."""


class EnumValue:
    """A member of an enum. ``wire`` is its JSON value."""

    __slots__ = ("enum", "member", "wire")

    def __init__(self, enum: str, member: str, wire: str | int | bool) -> None:
        self.enum = enum
        self.member = member
        self.wire = wire

    def __eq__(self, other: object) -> bool:
        if isinstance(other, EnumValue):
            return self.enum == other.enum and self.member == other.member
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.enum, self.member))

    def __repr__(self) -> str:
        return f"{self.enum.rpartition('.')[2]}.{self.member}"

    @property
    def name(self) -> str:
        """The member's name, as a Python enum has it: for extern calcs."""
        return self.member

    @property
    def value(self) -> str | int | bool:
        """The wire value, as a Python enum has it: for extern calcs."""
        return self.wire


class Record:
    """A value of an entity. ``fields`` holds what is present, in the order of the declaration: an absent field has no
    entry. ``extras`` are the members of the JSON that ``@extra(allow)`` or ``@extra(T)`` lets through."""

    __slots__ = ("entity", "extras", "fields")

    def __init__(
        self, entity: str, fields: dict[str, Value], extras: dict[str, Value] | None = None
    ) -> None:
        self.entity = entity
        self.fields = fields
        self.extras = extras or {}

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Record):
            return (
                self.entity == other.entity
                and self.fields == other.fields
                and self.extras == other.extras
            )
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self.fields.items())
        return f"{self.entity.rpartition('.')[2]}({inside})"

    def __getattr__(self, name: str) -> Value:
        """A field as an attribute, as generated models have it: for extern calcs."""
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None
