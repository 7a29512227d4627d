"""Parameters of operations: those of the path and their own, of every place, with a schema or with content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hyper.importers.openapi.annotations import doc_of, extensions, open_api
from hyper.importers.openapi.declaring import default_of
from hyper.importers.openapi.nodes import ident, literal, marker, string, word
from hyper.importers.openapi.parts import Part, Spot
from hyper.importers.openapi.words import Names, value_name
from hyper.lang import tree

if TYPE_CHECKING:
    from hyper.importers.openapi.document import Document
    from hyper.importers.openapi.types import Types, Use

PLACES: Final = ("path", "query", "header", "cookie")
STYLES: Final = (
    "matrix",
    "label",
    "form",
    "simple",
    "spaceDelimited",
    "pipeDelimited",
    "deepObject",
)
_STYLES: Final = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
_KNOWN: Final = frozenset(
    {
        "name",
        "in",
        "description",
        "required",
        "deprecated",
        "schema",
        "style",
        "explode",
        "example",
        "examples",
        "content",
    }
)


def read_parameters(
    document: Document,
    types: Types,
    part: Part,
    names: Names,
    *,
    places: list[tuple[Any, str]],
    wanted: list[str],
    pointer: str,
    strict: bool,
) -> list[tree.ActionParam]:
    """The parameters of one operation: a later one takes the place of an earlier one of its name and place."""
    found: dict[tuple[str, str], tuple[dict[str, Any], str]] = {}
    for node, where in places:
        resolved, at = document.resolved(node, where)
        if resolved is None:
            continue
        wire, place = resolved.get("name"), resolved.get("in")
        if not isinstance(wire, str) or not wire or place not in PLACES:
            document.findings.report(
                "E1004", f"{at}: a parameter has a name and a place; it is left out"
            )
            continue
        if place == "path" and strict and wire not in wanted:
            document.findings.report(
                "E1004", f"{at}: the path has no {{{wire}}}; the parameter is left out"
            )
            continue
        found[place, wire] = (resolved, at)
    for wire in dict.fromkeys(wanted):
        if ("path", wire) not in found:
            document.findings.report(
                "E1004", f"{pointer}: no parameter is given for {{{wire}}}; it is a string"
            )
            found["path", wire] = ({"schema": {"type": "string"}}, pointer)
    order = {wire: at for at, wire in enumerate(wanted)}
    path = sorted((key for key in found if key[0] == "path"), key=lambda key: order.get(key[1], 0))
    rest = [key for key in found if key[0] != "path"]
    return [
        _parameter(document, types, Spot(part, key[1], noted=True), names, key[0], found[key])
        for key in [*path, *rest]
    ]


def _parameter(  # noqa: PLR0917  # what is read, where to, and what is known of it
    document: Document,
    types: Types,
    spot: Spot,
    names: Names,
    place: str,
    found: tuple[dict[str, Any], str],
) -> tree.ActionParam:
    wire = spot.text
    node, pointer = found
    name = names.claim(value_name(wire, place), f"_{place}")
    use, more = schema_of(document, types, node, pointer, spot)
    doc = doc_of(node.get("description"))
    required = place == "path" or node.get("required") is True
    value, notes = default_of(types, use, required)
    if value is not None and place == "path":
        value = None
    markers = [] if name == wire else [marker("json", string(wire))]
    markers.extend(use.markers)
    markers.extend(_style(document, place, node, pointer))
    markers.extend(node_markers(document, node, more, notes, doc=doc, known=_KNOWN))
    return tree.ActionParam(0, 0, place, ident(name), not required, use.type, value, markers, doc)


def schema_of(
    document: Document, types: Types, node: dict[str, Any], pointer: str, spot: Spot
) -> tuple[Use, dict[str, Any]]:
    """The type of a parameter or header, and what ``@openapi`` says where it has content and no schema."""
    content = document.mapping(node, "content", pointer)
    if "schema" in node or not content:
        return types.use(node.get("schema", {}), f"{pointer}/schema", spot), {}
    media, inner = next(iter(content.items()))
    inner = inner if isinstance(inner, dict) else {}
    use = types.use(inner.get("schema", {}), f"{pointer}/content/schema", spot)
    left = {key: value for key, value in inner.items() if key != "schema"}
    document.carry(left)
    return use, {"content": {media: left}}


def node_markers(
    document: Document,
    node: dict[str, Any],
    more: dict[str, Any],
    notes: dict[str, Any],
    *,
    doc: tree.StrLit | None,
    known: frozenset[str],
) -> list[tree.Marker]:
    """The markers of a parameter or header for what it says besides its type."""
    markers: list[tree.Marker] = []
    others = {
        key: value for key, value in node.items() if key not in known and not key.startswith("x-")
    }
    if node.get("deprecated") is True:
        markers.append(marker("deprecated"))
    if "example" in node:
        markers.append(marker("example", literal(node["example"])))
    if "examples" in node:
        others["examples"] = node["examples"]
    if "description" in node and doc is None:
        others["description"] = node["description"]
    markers.extend(extensions(node))
    others.update(more)
    inner = dict(notes)
    if "default" in inner:
        markers.insert(0, marker("default", literal(inner.pop("default"))))
    for key in ("deprecated", "readOnly", "writeOnly"):
        if inner.get(key) is False:
            del inner[key]
    examples = inner.pop("examples", None) or ([inner.pop("example")] if "example" in inner else [])
    inner.pop("example", None)
    if isinstance(examples, list) and not {"example", "examples"} & node.keys():
        markers.extend(marker("example", literal(each)) for each in examples)
    elif examples:
        inner["examples"] = examples
    if inner:
        others["schema"] = inner
    document.carry(others)
    return [*markers, *open_api(others)]


def _style(document: Document, place: str, node: dict[str, Any], pointer: str) -> list[tree.Marker]:
    """``@style`` where a parameter is not written as its place has it."""
    usual = _STYLES[place]
    style, explode = node.get("style", usual), node.get("explode")
    if style not in STYLES:
        document.wrong(f"{pointer}/style", f"one of {', '.join(STYLES)}", style)
        style = usual
    usually = style == "form"
    if not isinstance(explode, bool):
        if explode is not None:
            document.wrong(f"{pointer}/explode", "a boolean", explode)
        explode = usually
    if style == usual and explode == usually:
        return []
    args = [tree.Arg(0, 0, None, word(style))]
    if explode and not usually:
        args.append(tree.Arg(0, 0, None, word("explode")))
    elif not explode and usually:
        args.append(tree.Arg(0, 0, ident("explode"), tree.BoolLit(0, 0, False)))
    return [tree.Marker(0, 0, ident("style"), args)]
