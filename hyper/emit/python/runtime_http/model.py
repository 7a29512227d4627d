"""The base of all models of this package.

A model is built when it is first used, with the models that it reaches and no others: names of
other modules are bound at that moment, so that modules may refer to one another in rings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from .binding import bind_class
from .depth import with_room

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import GetCoreSchemaHandler, SerializationInfo
    from pydantic_core import CoreSchema

_DEEPEST_FRAMES = 100_000

__all__ = ["ANSWER", "Model", "SparseModel", "WriteOnly"]

ANSWER = "answer"
"""The context in which the service writes an answer."""


@dataclass(frozen=True, slots=True)
class WriteOnly:
    """Marks a field that is only in requests: no answer of the service holds it."""


class Model(BaseModel):
    """A record. Its values never change; ``model_copy(update=...)`` makes another one."""

    model_config = ConfigDict(
        defer_build=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        protected_namespaces=(),
        ser_json_inf_nan="strings",
    )

    @classmethod
    def model_rebuild(
        cls,
        *,
        force: bool = False,
        raise_errors: bool = True,
        _parent_namespace_depth: int = 2,
        _types_namespace: Mapping[str, Any] | None = None,
    ) -> bool | None:
        """Build the model now, after the names that it needs are bound."""
        bind_class(cls)
        build = super().model_rebuild
        try:
            return build(
                force=force,
                raise_errors=raise_errors,
                _parent_namespace_depth=_parent_namespace_depth + 1,
                _types_namespace=_types_namespace,
            )
        except RecursionError:
            # Types deep in one another; the thread has no frames whose names could be meant.
            names = _types_namespace or {}

            def again() -> bool | None:
                return build(force=True, raise_errors=raise_errors, _types_namespace=names)

            return with_room(again, _DEEPEST_FRAMES)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler, /
    ) -> CoreSchema:
        bind_class(cls)
        return handler(source)

    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None:
            if name in type(self).__pydantic_fields__:
                msg = f"{type(self).__name__} does not change; make another with model_copy"
                raise TypeError(msg)
            super().__setattr__(name, value)


class SparseModel(Model):
    """A record of which not every field is always written: one that may be absent, or there and null, only where it was
    set, and one that is only in requests in no answer."""

    @model_serializer(mode="wrap")
    def _leave_out_absent(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        by_alias = info.by_alias is not False
        present = self.model_fields_set
        sparse, write_only = _written_at_times(type(self))
        for name, wire in sparse:
            if name not in present:
                written.pop(wire if by_alias else name, None)
        if info.context == ANSWER:
            for name, wire in write_only:
                written.pop(wire if by_alias else name, None)
        return written


_Names: TypeAlias = list[tuple[str, str]]


@cache
def _written_at_times(cls: type[BaseModel]) -> tuple[_Names, _Names]:
    """The attributes and wire names of the fields that may be absent, and of those that no answer holds."""
    if not getattr(cls, "__pydantic_fields_complete__", True):
        # It was built inside of another one: what its annotations say is not known here yet.
        cls.model_rebuild()
    sparse: _Names = []
    write_only: _Names = []
    for name, field in cls.__pydantic_fields__.items():
        pair = (name, field.alias or name)
        if field.default is None:
            sparse.append(pair)
        if WriteOnly() in field.metadata:
            write_only.append(pair)
    return sparse, write_only
