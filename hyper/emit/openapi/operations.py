"""Actions and webhooks as Operation objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hyper.emit.openapi.merging import decode, merge, merge_texts
from hyper.emit.openapi.schemas import add_deprecated, add_extensions

if TYPE_CHECKING:
    from hyper.emit.openapi.schemas import SchemaWriter
    from hyper.ir.markers import Markers
    from hyper.ir.program import ActionDef, BodyDef, HeaderDef, ParameterDef, ReturnDef

Node = dict[str, Any]

# Keys that ``@openapi`` on a body or an answer means for the Media Type object of its line.
_MEDIA_KEYS: Final = frozenset({"schema", "example", "examples", "encoding"})


def operation(action: ActionDef, writer: SchemaWriter) -> Node:
    """The Operation object of an action."""
    node: Node = {}
    if action.tags:
        node["tags"] = list(action.tags)
    summary, description = split_doc(action.doc)
    if summary:
        node["summary"] = summary
    if description:
        node["description"] = description
    node["operationId"] = action.operation_id
    if action.params:
        node["parameters"] = [_parameter(param, writer) for param in action.params]
    if action.bodies:
        node["requestBody"] = _request_body(action.bodies, writer)
    node["responses"] = _responses(action, writer)
    add_deprecated(node, action.markers)
    if action.security is not None:
        node["security"] = security(action.security)
    if action.allow is not None:
        node["x-roles"] = list(action.allow)
    add_extensions(node, action.markers)
    merge_texts(node, action.markers.openapi)
    return node


def split_doc(doc: str) -> tuple[str, str]:
    """The summary and the description in the documentation of an action."""
    first, newline, rest = doc.partition("\n")
    if not newline:
        return first, ""
    empty, newline, description = rest.partition("\n")
    if newline and not empty.strip():
        return first, description
    return "", doc


def security(
    alternatives: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...],
) -> list[dict[str, list[str]]]:
    """Security requirements: alternatives of schemes that must all hold."""
    return [{name: list(scopes) for name, scopes in schemes} for schemes in alternatives]


def _parameter(param: ParameterDef, writer: SchemaWriter) -> Node:
    node: Node = {"name": param.wire, "in": param.place}
    if param.doc:
        node["description"] = param.doc
    if param.place == "path" or not (param.optional or param.default is not None):
        node["required"] = True
    markers = param.markers
    if markers.style is not None:
        node["style"] = markers.style
    if markers.explode is not None:
        node["explode"] = markers.explode
    schema = writer.constrained(param.type, markers)
    writer.add_default(schema, param.default)
    _finish(node, schema, markers)
    return node


def _header(header: HeaderDef, writer: SchemaWriter) -> Node:
    node: Node = {}
    if header.doc:
        node["description"] = header.doc
    if not header.optional:
        node["required"] = True
    _finish(node, writer.constrained(header.type, header.markers), header.markers)
    return node


def _finish(node: Node, schema: Node, markers: Markers) -> None:
    """Add what parameters and headers share, then move the schema under ``content`` where that is asked for."""
    node["schema"] = schema
    _add_examples(node, markers)
    add_deprecated(node, markers)
    add_extensions(node, markers)
    merge_texts(node, markers.openapi)
    content = node.get("content")
    if isinstance(content, dict) and len(content) == 1:
        media = next(iter(content.values()))
        if isinstance(media, dict):
            own = node.pop("schema")
            merge(own, media.get("schema", {}))
            media["schema"] = own


def _add_examples(node: Node, markers: Markers) -> None:
    values = [decode(text) for text in markers.examples]
    if len(values) == 1:
        node["example"] = values[0]
    elif values:
        node["examples"] = {
            f"example{number}": {"value": value} for number, value in enumerate(values, 1)
        }


def _request_body(bodies: tuple[BodyDef, ...], writer: SchemaWriter) -> Node:
    node: Node = {}
    doc = next((body.doc for body in bodies if body.doc), "")
    if doc:
        node["description"] = doc
    if not any(body.optional for body in bodies):
        node["required"] = True
    content: Node = {}
    node["content"] = content
    for body in bodies:
        content[body.media] = _media(writer.constrained(body.type, body.markers), body.markers)
        add_extensions(node, body.markers)
        _merge_line(node, content[body.media], body.markers)
    return node


def _media(schema: Node, markers: Markers) -> Node:
    media: Node = {"schema": schema}
    _add_examples(media, markers)
    return media


def _merge_line(node: Node, media: Node | None, markers: Markers) -> None:
    """Merge ``@openapi`` of a body or answer into its Media Type object and the object around it."""
    for text in markers.openapi:
        patch = decode(text)
        if media is None:
            merge(node, patch)
            continue
        merge(media, {key: value for key, value in patch.items() if key in _MEDIA_KEYS})
        merge(node, {key: value for key, value in patch.items() if key not in _MEDIA_KEYS})


def _responses(action: ActionDef, writer: SchemaWriter) -> Node:
    grouped: dict[str, list[ReturnDef]] = {}
    for answer in action.returns:
        grouped.setdefault(answer.status, []).append(answer)
    nodes = {status: _response(status, answers, writer) for status, answers in grouped.items()}
    if not {"4XX", "default"} & nodes.keys():
        if action.checks and "422" not in nodes:
            nodes["422"] = _problem("A rule refused the request, or it is not as described.")
        if action.allow is not None and "403" not in nodes:
            nodes["403"] = _problem("The caller has none of the roles that may do this.")
    if not nodes:
        nodes["default"] = {"description": status_phrase("default")}
    return nodes


def _problem(description: str) -> Node:
    """An answer that the generated service gives of its own accord."""
    schema = {
        "type": "object",
        "properties": {
            "detail": {"type": "string", "description": "What was refused."},
            "errors": {
                "type": "array",
                "items": {"type": "object"},
                "description": "Each mistake in what was sent.",
            },
            "code": {"type": "string", "description": "The error of an evaluation."},
        },
        "required": ["detail"],
    }
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _response(status: str, answers: list[ReturnDef], writer: SchemaWriter) -> Node:
    doc = next((answer.doc for answer in answers if answer.doc), "")
    node: Node = {"description": doc or status_phrase(status)}
    headers: Node = {}
    content: Node = {}
    for answer in answers:
        for header in answer.headers:
            headers[header.wire] = _header(header, writer)
        if answer.type is not None and answer.media is not None:
            schema = writer.constrained(answer.type, answer.markers)
            content[answer.media] = _media(schema, answer.markers)
    if headers:
        node["headers"] = headers
    if content:
        node["content"] = content
    for answer in answers:
        add_extensions(node, answer.markers)
        media = content.get(answer.media) if answer.media is not None else None
        _merge_line(node, media, answer.markers)
    return node


_CLASSES: Final = {
    "1": "Informational",
    "2": "Success",
    "3": "Redirection",
    "4": "Client error",
    "5": "Server error",
}


def status_phrase(status: str) -> str:
    """What an answer without documentation is described as."""
    if status.isdigit():
        from http import HTTPStatus

        try:
            return HTTPStatus(int(status)).phrase
        except ValueError:
            return f"Status {status}"
    return _CLASSES.get(status[:1], "Any other answer")
