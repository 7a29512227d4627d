"""JSON Schema that has no other form in a model, enforced by a JSON Schema library when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import ModelWrapValidatorHandler, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError, core_schema, to_jsonable_python

from .model import Model

if TYPE_CHECKING:
    from jsonschema.protocols import Validator
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

Self = TypeVar("Self", bound="SchemaModel")


class JsonSchema:
    """Of a field or type: its JSON value fits this schema too."""

    __slots__ = ("_validator", "schema")

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self._validator: Validator | None = None

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
        if self._validator is None:
            self._validator = _validator(self.schema)
        for error in self._validator.iter_errors(value):
            raise PydanticCustomError(
                "json_schema", "Input should fit the schema: {reason}", {"reason": error.message}
            )


def _validator(schema: dict[str, Any]) -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema)


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
