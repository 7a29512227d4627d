"""The bases of enums whose wire values are not strings."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

from pydantic_core import (
    PydanticCustomError,
    PydanticSerializationUnexpectedValue,
    core_schema,
)

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["IntChoice", "MixedChoice"]


def _schema(cls: type[Enum]) -> CoreSchema:
    members = {(type(_wire(member)), _wire(member)): member for member in cls}
    expected = ", ".join(repr(_wire(member)) for member in cls)

    def choose(value: Any) -> Enum:
        if isinstance(value, cls):
            return value
        found = members.get((type(value), value)) if isinstance(value, str | int) else None
        if found is None:
            raise PydanticCustomError("enum", "Input should be {expected}", {"expected": expected})
        return found

    def write(value: Any) -> Any:
        if not isinstance(value, cls):
            raise PydanticSerializationUnexpectedValue(type(value).__name__)
        return _wire(value)

    return core_schema.no_info_plain_validator_function(
        choose,
        serialization=core_schema.plain_serializer_function_ser_schema(write, when_used="json"),
    )


def _wire(member: Enum) -> Any:
    value = member.value
    return value.value if isinstance(value, Wire) else value


class Wire:
    """The value of a member of a mixed enum, for which ``1`` and ``true`` are not the same."""

    __slots__ = ("value",)

    def __init__(self, value: str | int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Wire):
            return type(self.value) is type(other.value) and self.value == other.value
        return NotImplemented

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))

    def __repr__(self) -> str:
        return repr(self.value)


class IntChoice(IntEnum):
    """An enum of ints; no string and no truth value stands for one."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return _schema(cls)


class MixedChoice(Enum):
    """An enum of truth values, or of values of several types."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return _schema(cls)
