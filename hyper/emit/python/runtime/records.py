"""Records changed: a new one with other values for some fields, checked as if it were built anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .lists import present

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["make", "replace"]

M = TypeVar("M", bound="BaseModel")


def replace(record: M, **fields: Any) -> M:
    """The record with other values for these fields; markers are enforced."""
    values = present(record)
    kind = type(record)
    for name, value in fields.items():
        field = kind.__pydantic_fields__[name]
        wire = field.alias or name
        if value is None and field.exclude_if is not None:
            values.pop(wire, None)
        else:
            values[wire] = value
    return kind.model_validate(values, by_alias=True, by_name=False)


def make(kind: type[M], **fields: Any) -> M:
    """A new record, where some fields may be absent or have names that clash."""
    if not kind.__pydantic_complete__:
        kind.model_rebuild()
    values: dict[str, Any] = {}
    for name, value in fields.items():
        field = kind.__pydantic_fields__[name]
        if value is not None or field.exclude_if is None:
            values[field.alias or name] = value
    return kind.model_validate(values, by_alias=True, by_name=False)
