"""Choices that Pydantic has no form for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError
from pydantic_core import PydanticCustomError, core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


class Tagged:
    """A union told apart by the wire values of a field. ``attributes`` are its other names in Python."""

    __slots__ = ("attributes", "field", "variants")

    def __init__(self, field: str, variants: dict[str, Any], *attributes: str) -> None:
        self.field = field
        self.variants = variants
        self.attributes = attributes

    def __get_pydantic_core_schema__(
        self, _source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        known: dict[int, CoreSchema] = {}
        choices: dict[Any, CoreSchema] = {}
        for tag, variant in self.variants.items():
            if id(variant) not in known:
                known[id(variant)] = handler.generate_schema(variant)
            choices[tag] = known[id(variant)]
        paths: list[list[str | int]] = [[name] for name in (self.field, *self.attributes)]
        return core_schema.tagged_union_schema(choices, paths, from_attributes=True)


@dataclass(frozen=True, slots=True)
class ExactlyOne:
    """A union of which exactly one variant fits."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        tries: list[CoreSchema] = []
        plain: list[CoreSchema | tuple[CoreSchema, str]] = []
        for variant in get_args(source):
            schema = handler.generate_schema(variant)
            plain.append(schema)
            tries.append(core_schema.no_info_wrap_validator_function(_attempt, schema))
        each = core_schema.tuple_schema(tries)
        spread = partial(_repeated, len(tries))
        return core_schema.no_info_after_validator_function(
            _choose,
            core_schema.no_info_before_validator_function(spread, each),
            serialization=core_schema.wrap_serializer_function_ser_schema(
                _serialize, schema=core_schema.union_schema(plain)
            ),
        )


def _repeated(times: int, value: Any) -> tuple[Any, ...]:
    return (value,) * times


def _serialize(value: Any, handler: core_schema.SerializerFunctionWrapHandler) -> Any:
    return handler(value)


class _Misfit:
    """What a variant gives for a value that does not fit it."""

    __slots__ = ("error",)

    def __init__(self, error: ValidationError) -> None:
        self.error = error


def _attempt(value: Any, handler: core_schema.ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError as error:
        return _Misfit(error)


def _choose(results: tuple[Any, ...]) -> Any:
    fits = [result for result in results if not isinstance(result, _Misfit)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise PydanticCustomError(
            "exactly_one",
            "Input should fit one variant only, and fits {count}",
            {"count": len(fits)},
        )
    reasons = "; ".join(
        f"{'.'.join(map(str, found['loc'])) or 'value'}: {found['msg']}"
        for result in results
        for found in result.error.errors(include_url=False, include_input=False)[:1]
    )
    raise PydanticCustomError(
        "exactly_one", "Input fits no variant ({reasons})", {"reasons": reasons}
    )
