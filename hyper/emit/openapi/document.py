"""The whole OpenAPI document of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.emit.openapi.components import closed_entities, declaration_schema
from hyper.emit.openapi.merging import decode, merge_texts
from hyper.emit.openapi.naming import component_names, pointer, schema_definitions
from hyper.emit.openapi.operations import operation, security
from hyper.emit.openapi.schemas import SchemaWriter, add_extensions
from hyper.ir.program import ActionDef

if TYPE_CHECKING:
    from hyper.ir.markers import Markers
    from hyper.ir.program import Program, ServerDef, ServiceDef, TagDef

Node = dict[str, Any]


def emit_openapi(program: Program) -> Node:
    """The OpenAPI 3.1 document of a program: plain JSON values, in one deterministic order.

    Modules come in the order of their names, operations and schemas as their sources have them.
    """
    service = program.service
    document: Node = {"openapi": "3.1.0", "info": _info(service)}
    if service is not None:
        _describe(document, service)
    names = component_names(program)
    references = {name: "#/components/schemas/" + pointer(wire) for name, wire in names.items()}
    writer = SchemaWriter(program, references.__getitem__, document=True)
    _operations(document, writer)
    components: Node = {}
    closed = closed_entities(program)
    schemas = {
        names[name]: declaration_schema(definition, writer, closed=name in closed)
        for name, definition in schema_definitions(program)
    }
    if schemas:
        components["schemas"] = schemas
    if service is not None and service.schemes:
        components["securitySchemes"] = {
            scheme.name: decode(scheme.body) for scheme in service.schemes
        }
    if components:
        document["components"] = components
    for module in program.modules:
        _extend(document, module.markers)
    if service is not None:
        _extend(document, service.markers)
    return document


def _info(service: ServiceDef | None) -> Node:
    if service is None:
        return {"title": "API", "version": "0.0.0"}
    info: Node = {"title": service.title or service.name}
    if service.doc:
        info["description"] = service.doc
    info["version"] = service.version or "0.0.0"
    return info


def _describe(document: Node, service: ServiceDef) -> None:
    if service.servers:
        document["servers"] = [_server(server) for server in service.servers]
    if service.security is not None:
        document["security"] = security(service.security)
    if service.tags:
        document["tags"] = [_tag(tag) for tag in service.tags]


def _server(server: ServerDef) -> Node:
    node: Node = {"url": server.url}
    if server.doc:
        node["description"] = server.doc
    _extend(node, server.markers)
    return node


def _tag(tag: TagDef) -> Node:
    node: Node = {"name": tag.name}
    if tag.doc:
        node["description"] = tag.doc
    _extend(node, tag.markers)
    return node


def _extend(node: Node, markers: Markers) -> None:
    add_extensions(node, markers)
    merge_texts(node, markers.openapi)


def _operations(document: Node, writer: SchemaWriter) -> None:
    paths: Node = {}
    webhooks: Node = {}
    for definition in writer.program.definitions.values():
        if not isinstance(definition, ActionDef):
            continue
        method = definition.method.lower() or "post"
        if definition.webhook:
            key = definition.path.removeprefix("/") or definition.operation_id
            place = webhooks.setdefault(key, {})
        else:
            place = paths.setdefault(wire_path(definition), {})
        place[method] = operation(definition, writer)
    document["paths"] = paths
    if webhooks:
        document["webhooks"] = webhooks


def wire_path(action: ActionDef) -> str:
    """The path of an action with its parameters under their wire names."""
    path = action.path
    for param in action.params:
        if param.place == "path" and f"{{{param.wire}}}" not in path:
            path = path.replace(f"{{{param.name}}}", f"{{{param.wire}}}")
    return path
