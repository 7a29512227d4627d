"""Actions and the service become definitions of the IR."""

from __future__ import annotations

from collections import Counter
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

import msgspec

from hyper.ir.lower.declarations import doc_of
from hyper.ir.program import (
    ActionDef,
    BodyDef,
    CheckDef,
    HeaderDef,
    ParameterDef,
    ReturnDef,
    SchemeDef,
    ServerDef,
    ServiceDef,
    TagDef,
)
from hyper.lang.reads import OPERATION
from hyper.lang.resolve.values import json_text
from hyper.lang.symbols import ActionSymbol

if TYPE_CHECKING:
    from hyper.ir.lower.declarations import LowerDefault
    from hyper.lang import tree
    from hyper.lang.symbols import HeaderSymbol, ParamSymbol, PayloadSymbol, ServiceSymbol, World

    Security = tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]


def operation_ids(world: World) -> dict[str, str]:
    """Give each action, by qualified name, its operation id: as written, else its name.

    Names that several modules have are written with their module, so that every id is unique.
    """
    actions = [symbol for symbol in world.symbols.values() if isinstance(symbol, ActionSymbol)]
    taken = Counter(operation_of(action) for action in actions)
    taken.update(world.foreign.operations() if world.foreign is not None else ())
    ids: dict[str, str] = {}
    for action in actions:
        name = action.decl.name.name
        world.symbols.reading(action.unit.name)
        world.symbols.note(f"{OPERATION}{name}")
        ids[action.name] = action.markers.wire or (action.name if taken[name] > 1 else name)
    return ids


def operation_of(action: ActionSymbol) -> str:
    """The operation id that is written, else the name."""
    return action.markers.wire or action.decl.name.name


def lower_action(action: ActionSymbol, operation_id: str, lower_default: LowerDefault) -> ActionDef:
    """Lower an action or webhook. A webhook without a path has its operation id, without a method ``POST``."""
    decl = action.decl
    parts = action.parts
    line_of = action.unit.source.line_of
    route = decl.route
    return ActionDef(
        name=decl.name.name,
        operation_id=operation_id,
        webhook=decl.webhook,
        method=route.method if route is not None else "POST",
        path=(route.path if route is not None else "") or f"/{operation_id}",
        params=tuple(_param(param, action, lower_default) for param in parts.params),
        bodies=tuple(
            _body(line, body, action) for line, body in zip(decl.bodies, parts.bodies, strict=True)
        ),
        returns=tuple(
            _return(line, answer, action)
            for line, answer in zip(decl.returns, parts.returns, strict=True)
        ),
        checks=tuple(
            CheckDef(check.rule, check.path, line_of(check.decl.start)) for check in parts.checks
        ),
        allow=None if decl.allow is None else tuple(role.name for role in decl.allow),
        handled_by=None if decl.handled_by is None else decl.handled_by.value,
        security=_security(decl.security),
        tags=tuple(tag.value for tag in decl.tags),
        markers=action.markers,
        doc=doc_of(decl.doc),
        line=line_of(decl.start),
    )


def _param(param: ParamSymbol, action: ActionSymbol, lower_default: LowerDefault) -> ParameterDef:
    decl = param.decl
    default = decl.default
    return ParameterDef(
        decl.place,
        param.name,
        param.wire,
        param.type,
        decl.optional,
        None if default is None else lower_default(default, param.type, action.unit),
        param.markers,
        doc_of(decl.doc),
        action.unit.source.line_of(decl.start),
    )


def _body(line: tree.ActionBody, body: PayloadSymbol, action: ActionSymbol) -> BodyDef:
    if body.type is None or body.media is None:
        raise TypeError(line)
    return BodyDef(
        line.name.name,
        body.type,
        body.media,
        line.optional,
        body.markers,
        doc_of(line.doc),
        action.unit.source.line_of(line.start),
    )


def _return(line: tree.ActionReturn, answer: PayloadSymbol, action: ActionSymbol) -> ReturnDef:
    return ReturnDef(
        line.status,
        line.kind == "error",
        answer.type,
        answer.media,
        tuple(_header(header, action) for header in answer.headers),
        answer.markers,
        doc_of(line.doc),
        action.unit.source.line_of(line.start),
    )


def _header(header: HeaderSymbol, action: ActionSymbol) -> HeaderDef:
    decl = header.decl
    return HeaderDef(
        header.name,
        header.wire,
        header.type,
        decl.optional,
        header.markers,
        doc_of(decl.doc),
        action.unit.source.line_of(decl.start),
    )


def _security(uses: list[tree.SecurityUse] | None) -> Security | None:
    if uses is None:
        return None
    return tuple(
        tuple(
            (scheme.name.name, tuple(scope.value for scope in scheme.scopes))
            for scheme in use.schemes
        )
        for use in uses
    )


def lower_service(service: ServiceSymbol) -> ServiceDef:
    """Lower the service. Its title is its name and its version ``0.0.0`` where none is written."""
    decl = service.decl
    markers = service.line_markers
    return ServiceDef(
        name=decl.name.name,
        title=decl.title.value if decl.title is not None else decl.name.name,
        version=decl.version.value if decl.version is not None else "0.0.0",
        servers=tuple(
            ServerDef(line.url.value, doc_of(line.description), markers[id(line)])
            for line in decl.servers
        ),
        schemes=tuple(_scheme(line, service) for line in decl.schemes),
        security=_security(decl.security),
        roles=tuple(role.name for role in decl.roles),
        tags=tuple(
            TagDef(line.name.value, doc_of(line.description), markers[id(line)])
            for line in decl.tags
        ),
        markers=service.markers,
        doc=doc_of(decl.doc),
        line=service.unit.source.line_of(decl.start),
    )


def _scheme(line: tree.SchemeLine, service: ServiceSymbol) -> SchemeDef:
    """Write a scheme as OpenAPI's object: the kind, the arguments, the doc, extensions and what is merged in."""
    body: dict[str, str] = {"type": encode_basestring(line.kind.name)}
    for arg in line.args:
        text = json_text(arg.value)
        if arg.name is not None and text is not None:
            body[arg.name.name] = text
    if line.doc is not None:
        body["description"] = encode_basestring(line.doc.value)
    markers = service.line_markers[id(line)]
    body.update(markers.extensions)
    for text in markers.openapi:
        raw = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        body.update({key: bytes(value).decode() for key, value in raw.items()})
    return SchemeDef(
        line.name.name,
        "{" + ", ".join(f"{encode_basestring(key)}: {text}" for key, text in body.items()) + "}",
    )
