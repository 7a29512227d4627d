"""JSON Schema that has no other form in a model, enforced by a JSON Schema library when it is first needed."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import ModelWrapValidatorHandler, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError, core_schema, to_jsonable_python

from .model import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

Self = TypeVar("Self", bound="SchemaModel")


class JsonSchema:
    """Of a field or type: its JSON value fits this schema too."""

    __slots__ = ("_first_error", "schema")

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self._first_error: Callable[[Any], str | None] | None = None

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._check, handler(source))

    def _check(self, value: Any, handler: Any, info: ValidationInfo) -> Any:
        if info.mode == "json":
            self.check(value)
            return handler(value)
        result = handler(value)
        self.check(to_jsonable_python(result, by_alias=True))
        return result

    def check(self, value: Any) -> None:
        """Raise unless a JSON value fits."""
        if self._first_error is None:
            self._first_error = _first_error_of(self.schema)
        reason = self._first_error(value)
        if reason is not None:
            raise PydanticCustomError(
                "json_schema", "Input should fit the schema: {reason}", {"reason": reason}
            )


def _first_error_of(schema: dict[str, Any]) -> Callable[[Any], str | None]:
    """Why a value does not fit. What is no schema, a reference that leads out of it (nothing is fetched), a pattern
    that Python has not and a ring of references are not enforced."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return lambda _value: None
    validator = Draft202012Validator(schema, registry=Registry())

    def first_error(value: Any) -> str | None:
        with suppress(Unresolvable, re.error, RecursionError):
            for error in validator.iter_errors(value):
                return str(error.message)
        return None

    return first_error


class SchemaModel(Model):
    """A record whose JSON fits ``json_schema_`` too."""

    json_schema_: ClassVar[dict[str, Any]]

    @model_validator(mode="wrap")
    @classmethod
    def _check_schema(
        cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        rule = cls.__dict__.get("_json_schema_rule")
        if rule is None:
            rule = JsonSchema(cls.json_schema_)
            type.__setattr__(cls, "_json_schema_rule", rule)
        if info.mode == "json":
            rule.check(data)
            return handler(data)
        result = handler(data)
        rule.check(to_jsonable_python(result, by_alias=True))
        return result
