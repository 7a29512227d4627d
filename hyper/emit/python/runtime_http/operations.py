"""Declarations of operations, and what is built from one when it is first called.

Types and defaults are written as text. They are evaluated with the names of the declaring module's
``_REFERENCES`` when the operation is first called, so that the first request of one operation loads
the models of no other.
"""

from __future__ import annotations

import datetime as dt
import decimal
import typing
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import pydantic
from pydantic import BaseModel, TypeAdapter
from typing_extensions import TypeAliasType

from . import fields, moments, schemas, unions
from .binding import bind_names, find

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from .security import Security

__all__ = ["Body", "Check", "Header", "Operation", "Parameter", "Returns"]


class Parameter(NamedTuple):
    """A parameter. ``reads`` tells what its strings stand for: see ``requests``."""

    name: str
    wire: str
    place: str
    type: str
    reads: Any = "string"
    required: bool = True
    default: str | None = None
    style: str = ""
    explode: bool | None = None


class Body(NamedTuple):
    """A body at one media type."""

    media: str
    type: str
    reads: Any = "any"


class Header(NamedTuple):
    """A header of an answer."""

    wire: str
    type: str
    required: bool = True


class Returns(NamedTuple):
    """An answer: ``status`` is a number, ``4XX`` or ``default``; no type, no body."""

    status: str
    type: str | None = None
    media: str | None = None
    error: bool = False
    headers: tuple[Header, ...] = ()


class Check(NamedTuple):
    """A rule and the attributes that lead from an argument to the entity that it is about."""

    rule: str
    path: tuple[str, ...]
    reads_clock: bool = False


class Operation(NamedTuple):
    """An HTTP operation. ``body`` is the name of the argument; ``security`` is ``None`` where the service's holds."""

    name: str
    params: tuple[Parameter, ...] = ()
    body: str | None = None
    body_required: bool = True
    bodies: tuple[Body, ...] = ()
    returns: tuple[Returns, ...] = ()
    checks: tuple[Check, ...] = ()
    allow: tuple[str, ...] | None = None
    handled_by: str | None = None
    security: Security | None = None


_LIBRARY: dict[str, Any] = {
    "Annotated": typing.Annotated,
    "Any": typing.Any,
    "Decimal": decimal.Decimal,
    "Field": pydantic.Field,
    "Literal": typing.Literal,
    "UUID": uuid.UUID,
    **{
        name: getattr(fields, name)
        for name in (
            "BigInt",
            "Bool",
            "Bytes",
            "Date",
            "DateTime",
            "Digits",
            "Duration",
            "Email",
            "Exactly",
            "Finite",
            "Float",
            "Int",
            "Json",
            "Matches",
            "Multiple",
            "Omittable",
            "RawBytes",
            "Time",
            "Unique",
            "Url",
            "Uuid",
        )
    },
    "ExactlyOne": unions.ExactlyOne,
    "JsonSchema": schemas.JsonSchema,
    "Tagged": unions.Tagged,
    "dt": dt,
    "utc_now": moments.utc_now,
    "utc_today": moments.utc_today,
}


def _config(kind: Any) -> pydantic.ConfigDict | None:
    """The configuration of models, where a type has none of its own."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return None
    return pydantic.ConfigDict(ser_json_inf_nan="strings")


class Types:
    """Evaluates the type texts of one module of declarations."""

    __slots__ = ("_adapters", "_module", "_names")

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._names = dict(_LIBRARY)
        self._adapters: dict[str, TypeAdapter[Any]] = {}

    def evaluate(self, text: str) -> Any:
        """The object that a text of the declarations means."""
        bind_names(text, self._module)
        names = vars(self._module)
        references: dict[str, str] = names.get("_REFERENCES", {})
        for name in references:
            if name in names:
                self._names[name] = names[name]
        # The text was written by the compiler from checked names and quoted literals.
        return eval(text, self._names)  # noqa: S307

    def adapter(self, text: str) -> TypeAdapter[Any]:
        """The validator and serialiser of a type."""
        known = self._adapters.get(text)
        if known is None:
            kind = self.evaluate(text)
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                kind.model_rebuild()
            elif isinstance(kind, TypeAliasType):
                bind_names(kind.__name__, self._module)
            known = self._adapters[text] = TypeAdapter(kind, config=_config(kind))
        return known

    def default(self, text: str) -> Callable[[], Any]:
        """A function that makes a default."""
        made: Callable[[], Any] = self.evaluate(f"lambda: {text}")
        return made


def rule_of(check: Check) -> Callable[..., Any]:
    """The function of a rule."""
    function: Callable[..., Any] = find(check.rule)
    return function
