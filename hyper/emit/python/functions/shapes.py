"""Tests of which variant of a union a value is, as Python conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.emit.python.constants import literal
from hyper.emit.python.functions.pieces import (
    AND,
    COMPARE,
    NOT,
    OR,
    Atom,
    Comprehension,
    Piece,
    Prefix,
    attribute,
    call,
    operation,
)
from hyper.emit.python.functions.writer import BUILTINS, TIMES
from hyper.ir.types import Dec, Entity, Enum, ListOf, Lit, MapOf, Opt, Prim, Type, Union

if TYPE_CHECKING:
    from hyper.emit.python.functions.writer import Writer


def _is_instance(value: Piece, name: str) -> Piece:
    return call("isinstance", value, Atom(name))


def _has_type(value: Piece, name: str) -> Piece:
    return operation(COMPARE, "is", call("type", value), Atom(name))


def shape(writer: Writer, value: Piece, kind: Type) -> Piece:
    """Whether ``value``, a piece that may be written twice, has the shape of a type."""
    kind = writer.kinds.bare(kind)
    match kind:
        case Prim("any"):
            return Atom("True")
        case Prim("none"):
            return operation(COMPARE, "is", value, Atom("None"))
        case Prim("uuid"):
            return _is_instance(value, writer.scope.take("uuid", "UUID"))
        case Prim(name) if name in TIMES:
            return _time(writer, value, name)
        case Prim(name):
            return _has_type(value, BUILTINS[name])
        case Dec():
            return _is_instance(value, writer.decimal())
        case Lit(expected):
            same = operation(COMPARE, "==", value, Atom(literal(expected)))
            return operation(AND, "and", _has_type(value, type(expected).__name__), same)
        case Opt(inner):
            is_none = operation(COMPARE, "is", value, Atom("None"))
            return operation(OR, "or", is_none, shape(writer, value, inner))
        case ListOf(item):
            return _each(writer, value, item, "list", value)
        case MapOf(item):
            return _each(writer, value, item, "dict", call(attribute(value, "values")))
        case Entity(name):
            return _entity(writer, value, name)
        case Enum(name):
            return _is_instance(value, writer.declaration(name))
        case Union(name):
            tests = [shape(writer, value, variant) for variant in writer.kinds.variants(name)]
            result = tests[0]
            for test in tests[1:]:
                result = operation(OR, "or", result, test)
            return result
        case _:
            return Atom("True")


def _time(writer: Writer, value: Piece, name: str) -> Piece:
    module = writer.datetime()
    test = _is_instance(value, f"{module}.{TIMES[name]}")
    if name != "date":
        return test
    other = Prefix("not ", _is_instance(value, f"{module}.datetime"), NOT)
    return operation(AND, "and", test, other)


def _each(writer: Writer, value: Piece, item: Type, container: str, values: Piece) -> Piece:
    test = _is_instance(value, container)
    inner = shape(writer, Atom("each"), item)
    if inner == Atom("True"):
        return test
    every = call("all", Comprehension(inner, "each", values, None))
    return operation(AND, "and", test, every)


def _entity(writer: Writer, value: Piece, name: str) -> Piece:
    """An instance, unless a class of the package inherits from it: then of the very class."""
    names = writer.scope.names
    test = _has_type if names.has_heirs(name) else _is_instance
    return test(value, writer.declaration(name))


def variant(writer: Writer, value: Piece, variants: tuple[Type, ...], index: int) -> Piece:
    """Whether a value of a union is of that variant: the first whose shape it has."""
    result = shape(writer, value, variants[index])
    for earlier in variants[:index]:
        if _may_overlap(writer, earlier, variants[index]):
            before = Prefix("not ", shape(writer, value, earlier), NOT)
            result = operation(AND, "and", result, before)
    return result


def _may_overlap(writer: Writer, one: Type, other: Type) -> bool:
    """Whether a value may have both shapes."""
    one, other = writer.kinds.present(one), writer.kinds.present(other)
    if isinstance(one, Entity) and isinstance(other, Entity):
        return one == other
    if Prim("any") in {one, other} or isinstance(one, Union) or isinstance(other, Union):
        return True
    return _python_class(one) == _python_class(other)


def _python_class(kind: Type) -> str:
    match kind:
        case Prim(name):
            return BUILTINS.get(name, name)
        case Lit(value):
            return type(value).__name__
        case Enum(name) | Entity(name):
            return name
        case _:
            return type(kind).__name__
