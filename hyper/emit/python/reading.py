"""What strings of parameters and forms stand for, by declared type: see the runtime's ``requests``."""

from __future__ import annotations

from typing import Any, Final

from hyper.ir.kinds import bare
from hyper.ir.program import EntityDef, EnumDef, Program
from hyper.ir.types import Entity, Enum, ListOf, Lit, MapOf, Opt, Prim, Type, Union

_PRIMITIVES: Final = {
    "int": "integer",
    "bigint": "integer",
    "float": "number",
    "bool": "boolean",
    "any": "any",
    "bytes": "bytes",
}
_DEPTH: Final = 4


def reads(kind: Type, program: Program, depth: int = 0) -> Any:
    """A name, a list, an object or alternatives of such; deeper than a few levels nothing is promised."""
    kind = bare(kind, program)
    match kind:
        case Prim(name):
            return _PRIMITIVES.get(name, "string")
        case Opt(inner):
            return reads(inner, program, depth)
        case Lit(value):
            return _of_value(value)
        case Enum(name):
            definition = program.definitions.get(name)
            members = definition.members if isinstance(definition, EnumDef) else ()
            return _alternatives([_of_value(member.wire) for member in members])
        case ListOf(item):
            return [reads(item, program, depth + 1) if depth < _DEPTH else "any"]
        case MapOf(value):
            return {"*": reads(value, program, depth + 1) if depth < _DEPTH else "any"}
        case Entity(name):
            return _of_entity(name, program, depth)
        case Union(name):
            variants = program.variants(name)
            if variants is None or depth >= _DEPTH:
                return "any"
            return _alternatives([reads(variant, program, depth + 1) for variant in variants])
        case _:
            return "string"


def _of_value(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "string"


def _alternatives(found: list[Any]) -> Any:
    flat: list[Any] = []
    for one in found:
        for part in one if isinstance(one, tuple) else (one,):
            if part not in flat:
                flat.append(part)
    if not flat:
        return "string"
    return flat[0] if len(flat) == 1 else tuple(flat)


def _of_entity(name: str, program: Program, depth: int) -> Any:
    definition = program.definitions.get(name)
    if not isinstance(definition, EntityDef) or depth >= _DEPTH:
        return "any"
    form = {field.wire: reads(field.type, program, depth + 1) for field in definition.fields}
    if definition.extra_type is not None:
        form["*"] = reads(definition.extra_type, program, depth + 1)
    return form
