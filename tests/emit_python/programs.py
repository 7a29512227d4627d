"""Small programs made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.ir.markers import NO_MARKERS, Markers
from hyper.ir.nodes import Const, Expr
from hyper.ir.program import (
    ActionDef,
    AliasDef,
    BodyDef,
    Def,
    EntityDef,
    EnumDef,
    FieldDef,
    MemberDef,
    Module,
    ParameterDef,
    Program,
    ReturnDef,
    UnionDef,
)
from hyper.ir.types import INT, STRING, Entity, Type

if TYPE_CHECKING:
    from collections.abc import Iterable


def field(
    name: str,
    kind: Type,
    *,
    optional: bool = False,
    default: Expr | None = None,
    markers: Markers = NO_MARKERS,
    doc: str = "",
    wire: str | None = None,
    origin: str | None = None,
) -> FieldDef:
    return FieldDef(
        name, name if wire is None else wire, kind, optional, default, markers, doc, 1, origin
    )


def entity(
    name: str,
    *fields: FieldDef,
    bases: tuple[str, ...] = (),
    markers: Markers = NO_MARKERS,
    extra: Type | None = None,
    doc: str = "",
) -> EntityDef:
    return EntityDef(name, bases, fields, markers, extra, doc, 1)


def enum(name: str, members: dict[str, str | int | bool], doc: str = "") -> EnumDef:
    return EnumDef(
        name,
        tuple(MemberDef(key, wire, NO_MARKERS, "", 1) for key, wire in members.items()),
        NO_MARKERS,
        doc,
        1,
    )


def union(
    name: str,
    *variants: Type,
    exactly: bool = False,
    by: str | None = None,
    mapping: dict[str, str] | None = None,
) -> UnionDef:
    pairs = tuple((mapping or {}).items())
    return UnionDef(name, exactly, variants, by, pairs, NO_MARKERS, "", 1)


def alias(name: str, kind: Type, markers: Markers = NO_MARKERS, doc: str = "") -> AliasDef:
    return AliasDef(name, kind, markers, doc, 1)


def module(name: str, *definitions: Def, doc: str = "") -> Module:
    return Module(
        name=name,
        path=name.replace(".", "/") + ".intent",
        doc=doc,
        uses=(),
        definitions=definitions,
    )


def text(value: str) -> Const:
    import json

    return Const(STRING, json.dumps(value))


def number(value: int) -> Const:
    return Const(INT, str(value))


def parameter(
    place: str, name: str, kind: Type, *, optional: bool = False, **more: Any
) -> ParameterDef:
    markers = more.get("markers", NO_MARKERS)
    return ParameterDef(
        place, name, more.get("wire", name), kind, optional, more.get("default"), markers, "", 1
    )


def body(kind: Type, *, media: str = "application/json", optional: bool = False) -> BodyDef:
    return BodyDef("body", kind, media, optional, NO_MARKERS, "", 1)


def answer(
    status: str,
    kind: Type | None = None,
    *,
    error: bool = False,
    media: str | None = "application/json",
) -> ReturnDef:
    return ReturnDef(
        status, error, kind, media if kind is not None else None, (), NO_MARKERS, "", 1
    )


def action(name: str, method: str, path: str, *parts: Any, **more: Any) -> ActionDef:
    def only(kind: type) -> Iterable[Any]:
        return tuple(part for part in parts if isinstance(part, kind))

    return ActionDef(
        name=name,
        operation_id=more.get("operation_id", name),
        webhook=more.get("webhook", False),
        method=method,
        path=path,
        params=tuple(only(ParameterDef)),
        bodies=tuple(only(BodyDef)),
        returns=tuple(only(ReturnDef)),
        checks=more.get("checks", ()),
        allow=more.get("allow"),
        handled_by=more.get("handled_by"),
        security=None,
        tags=(),
        markers=NO_MARKERS,
        doc=more.get("doc", ""),
        line=1,
    )


def program(*modules: Module) -> Program:
    return Program(list(modules))


def ref(name: str) -> Entity:
    return Entity(name)
