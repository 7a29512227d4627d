"""Conversions as Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.emit.python.functions.pieces import Atom, Piece, attribute, call
from hyper.ir.program import EnumDef
from hyper.ir.types import ANY, BIGINT, FLOAT, INT, Dec, Enum, Opt, Prim, Type

if TYPE_CHECKING:
    from hyper.emit.python.functions.expressions import Expressions
    from hyper.ir import nodes

_TEXTS = frozenset({"string", "url", "email"})
_PLAIN = frozenset({"string", "url", "email", "bool", "int", "bigint", "any"})


def convert(expressions: Expressions, expr: nodes.Convert) -> Piece:
    """The piece of a conversion."""
    target, source = expressions.present(expr), expressions.present(expr.operand)
    name = _name(expressions, source, target)
    if name is None:
        return expressions.write(expr.operand)
    if expressions.may_be_none(expr.operand) and isinstance(expressions.kinds.bare(expr.type), Opt):
        return expressions.unless_none(
            expr.operand, lambda piece: _applied(name, piece), Atom("None")
        )
    return _applied(name, expressions.write(expr.operand))


def _applied(name: str, piece: Piece) -> Piece:
    if name.startswith("."):
        return (
            attribute(piece, name[1:])
            if not name.endswith("()")
            else call(attribute(piece, name[1:-2]))
        )
    return call(name, piece)


def _name(expressions: Expressions, source: Type, target: Type) -> str | None:
    """The function, or the attribute with its dot; ``None`` where the value stays as it is."""
    writer = expressions.writer
    if source == target or (isinstance(source, Dec) and isinstance(target, Dec)):
        return None
    if target == ANY:
        if isinstance(source, Prim) and source.name in _PLAIN:
            return None
        return writer.runtime("texts", "as_json")
    if isinstance(target, Dec):
        return writer.decimal() if source == INT else writer.runtime("conversions", "to_decimal")
    if not isinstance(target, Prim) or source == ANY:
        return None
    match target.name:
        case "int":
            if source == BIGINT:
                return writer.runtime("arithmetic", "i64")
        case "bigint":
            if source == INT:
                return None
        case "float":
            if source == INT or isinstance(source, Dec):
                return "float"
        case "string":
            return _string(expressions, source)
        case _:
            pass
    if target.name in _TEXTS and isinstance(source, Prim) and source.name in _TEXTS - {"string"}:
        return None
    return writer.runtime("conversions", f"to_{target.name}")


def _string(expressions: Expressions, source: Type) -> str | None:
    writer = expressions.writer
    if isinstance(source, Enum):
        definition = writer.scope.names.program.definitions.get(source.name)
        if isinstance(definition, EnumDef) and all(
            isinstance(member.wire, str) for member in definition.members
        ):
            return ".value"
    if source in {INT, Prim("uuid")}:
        return "str"
    if source == FLOAT:
        return "repr"
    if source == Prim("date"):
        return ".isoformat()"
    if isinstance(source, Prim) and source.name in _TEXTS:
        return None
    return writer.runtime("texts", "string")
