"""The whole OpenAPI document of a program, and the parts that it is put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hyper.emit.openapi.components import declaration_schema
from hyper.emit.openapi.merging import decode, merge_texts
from hyper.emit.openapi.naming import SCHEMA_DEFS, Components
from hyper.emit.openapi.operations import operation, security
from hyper.emit.openapi.schemas import SchemaWriter, add_extensions
from hyper.ir.program import ActionDef, EntityDef
from hyper.ir.reads import HEAD, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.ir.markers import Markers
    from hyper.ir.program import Program, ServerDef, ServiceDef, TagDef

Node = dict[str, Any]

MARKED: Final = "marked"
"""Which modules have markers on their ``intent`` lines."""


class Plan(NamedTuple):
    """What is where in a document: qualified actions by path, or key of a webhook, and method; qualified declarations by the
    names of their components. All of it in the order of the document."""

    paths: dict[str, dict[str, str]]
    webhooks: dict[str, dict[str, str]]
    schemas: dict[str, str]


class DocumentWriter:
    """Writes the parts of the document of one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.components = Components(program)
        self._writer = SchemaWriter(program, self.components.reference, document=True)

    def plan(self) -> Plan:
        """What the document has, as the index of the program tells."""
        plan = Plan({}, {}, {wire: name for name, wire in self.components.names.items()})
        for module in self.program.index:
            for found in module.definitions:
                if found.served is not None:
                    place = plan.webhooks if found.served.webhook else plan.paths
                    method = found.served.method.lower() or "post"
                    own = place.setdefault(found.served.wire_path, {})
                    own[method] = f"{module.name}.{found.name}"
        return plan

    def operation(self, name: str) -> Node:
        """The Operation object of a qualified action."""
        action = self.program.look(TEXT, name)
        assert isinstance(action, ActionDef)
        return operation(action, self._writer)

    def schema(self, name: str) -> Node:
        """The schema of a qualified declaration."""
        definition = self.program.look(TEXT, name)
        assert isinstance(definition, SCHEMA_DEFS)
        closed = isinstance(definition, EntityDef) and self.components.is_closed(name)
        return declaration_schema(definition, self._writer, closed=closed)

    def around(self, paths: Node, webhooks: Node, schemas: Node) -> Node:
        """The document around these."""
        service = self.program.service
        document: Node = {"openapi": "3.1.0", "info": _info(service)}
        if service is not None:
            _describe(document, service)
        document["paths"] = paths
        if webhooks:
            document["webhooks"] = webhooks
        components: Node = {"schemas": schemas} if schemas else {}
        if service is not None and service.schemes:
            components["securitySchemes"] = {
                scheme.name: decode(scheme.body) for scheme in service.schemes
            }
        if components:
            document["components"] = components
        for markers in self._root_markers():
            _extend(document, markers)
        return document

    def merges_into_entries(self) -> bool:
        """Whether ``@openapi`` on the root reaches into paths, webhooks or the schemas of components."""
        return any(
            _reaches_entries(decode(text))
            for markers in self._root_markers()
            for text in markers.openapi
        )

    def _root_markers(self) -> Iterator[Markers]:
        program = self.program
        program.reads.note(MARKED)
        for module in program.index:
            if module.marked:
                program.reads.note(HEAD + module.name)
                yield program.module(module.name).markers
        if program.service is not None:
            yield program.service.markers


def _reaches_entries(patch: Any) -> bool:
    if not isinstance(patch, dict):
        return False
    components = patch.get("components", {})
    in_components = not isinstance(components, dict) or "schemas" in components
    return in_components or "paths" in patch or "webhooks" in patch


def emit_openapi(program: Program) -> Node:
    """The OpenAPI 3.1 document of a program: plain JSON values, in one deterministic order.

    Modules come in the order of their names, operations and schemas as their sources have them.
    """
    writer = DocumentWriter(program)
    plan = writer.plan()

    def operations(places: dict[str, dict[str, str]]) -> Node:
        return {
            path: {method: writer.operation(name) for method, name in own.items()}
            for path, own in places.items()
        }

    schemas = {wire: writer.schema(name) for wire, name in plan.schemas.items()}
    return writer.around(operations(plan.paths), operations(plan.webhooks), schemas)


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
