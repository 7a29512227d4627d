"""Hand-made programs of the typed IR for the tests of the back end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.ir.program import (
    ActionDef,
    AliasDef,
    EntityDef,
    EnumDef,
    FieldDef,
    MemberDef,
    Module,
    ParameterDef,
    Program,
    ReturnDef,
    ServiceDef,
    UnionDef,
)
from hyper.lang.markers import NO_MARKERS, Markers

if TYPE_CHECKING:
    from hyper.lang.types import Type


def field(name: str, kind: Type, **more: Any) -> FieldDef:
    given = {"optional": False, "default": None, "markers": NO_MARKERS, "doc": "", **more}
    return FieldDef(
        name=name, wire=more.pop("wire", name), type=kind, line=1, **_but(given, "wire")
    )


def entity(name: str, *fields: FieldDef, **more: Any) -> EntityDef:
    given = {"bases": (), "markers": NO_MARKERS, "extra_type": None, "doc": "", **more}
    return EntityDef(name=name, fields=fields, line=1, **given)


def enum(name: str, *wires: str | int | bool, **more: Any) -> EnumDef:
    members = tuple(MemberDef(f"m{at}", wire, NO_MARKERS, "", 1) for at, wire in enumerate(wires))
    given = {"members": members, "markers": NO_MARKERS, "doc": "", **more}
    return EnumDef(name=name, line=1, **given)


def union(name: str, *variants: Type, **more: Any) -> UnionDef:
    given = {
        "exactly": False,
        "discriminator": None,
        "mapping": (),
        "markers": NO_MARKERS,
        "doc": "",
        **more,
    }
    return UnionDef(name=name, variants=variants, line=1, **given)


def alias(name: str, kind: Type, markers: Markers = NO_MARKERS, doc: str = "") -> AliasDef:
    return AliasDef(name, kind, markers, doc, 1)


def action(name: str, route: str, **more: Any) -> ActionDef:
    method, _, path = route.partition(" ")
    given: dict[str, Any] = {
        "operation_id": name,
        "webhook": False,
        "params": (),
        "bodies": (),
        "returns": (),
        "checks": (),
        "allow": None,
        "handled_by": None,
        "security": None,
        "tags": (),
        "markers": NO_MARKERS,
        "doc": "",
        **more,
    }
    return ActionDef(name=name, method=method, path=path, line=1, **given)


def param(place: str, name: str, kind: Type, **more: Any) -> ParameterDef:
    given = {"optional": False, "default": None, "markers": NO_MARKERS, "doc": "", **more}
    return ParameterDef(
        place=place,
        name=name,
        wire=more.pop("wire", name),
        type=kind,
        line=1,
        **_but(given, "wire"),
    )


def answer(status: str, kind: Type | None = None, **more: Any) -> ReturnDef:
    given: dict[str, Any] = {
        "error": False,
        "media": None if kind is None else "application/json",
        "headers": (),
        "markers": NO_MARKERS,
        "doc": "",
        **more,
    }
    return ReturnDef(status=status, type=kind, line=1, **given)


def service(**more: Any) -> ServiceDef:
    given: dict[str, Any] = {
        "name": "Shop",
        "title": "The Shop",
        "version": "1.0",
        "servers": (),
        "schemes": (),
        "security": None,
        "roles": (),
        "tags": (),
        "markers": NO_MARKERS,
        "doc": "",
        **more,
    }
    return ServiceDef(line=1, **given)


def program(*definitions: Any, **modules: tuple[Any, ...]) -> Program:
    """``definitions`` make the module ``shop``; ``modules`` are further ones by name."""
    made = [Module("shop", "shop.intent", "", (), definitions)]
    made += [Module(name, f"{name}.intent", "", (), given) for name, given in modules.items()]
    return Program(made)


def _but(given: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != key}
