"""Annotations of schemas and other nodes as documentation strings and markers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hyper.importers.openapi.nodes import literal, marker, string
from hyper.lang import tree

if TYPE_CHECKING:
    from hyper.importers.openapi.shapes import Shape


def doc_of(text: Any) -> tree.StrLit | None:
    """A documentation string, where there is something to say."""
    return string(text) if isinstance(text, str) and text.strip() else None


def open_api(node: dict[str, Any]) -> list[tree.Marker]:
    """``@openapi({…})``, where there is something in it."""
    return [marker("openapi", literal(node))] if node else []


def joined(markers: list[tree.Marker]) -> list[tree.Marker]:
    """The markers with ``@openapi`` said once, where its parts do not meet."""
    objects = [each.args[0].value for each in markers if each.name.name == "openapi" and each.args]
    entries = [entry for each in objects if isinstance(each, tree.MapLit) for entry in each.entries]
    keys = [entry.key.value for entry in entries if isinstance(entry.key, tree.StrLit)]
    if len(objects) < 2 or len(set(keys)) < len(entries):
        return markers
    others = [each for each in markers if each.name.name != "openapi"]
    return [*others, marker("openapi", tree.MapLit(0, 0, entries))]


def schema_marker(node: dict[str, Any]) -> list[tree.Marker]:
    """``@schema({…})``, where there is something in it."""
    return [marker("schema", literal(node))] if node else []


def extensions(node: dict[str, Any]) -> list[tree.Marker]:
    """``@x("x-…", value)`` for each vendor extension of a node."""
    return [
        marker("x", string(key), literal(value))
        for key, value in node.items()
        if key.startswith("x-")
    ]


def note_markers(
    notes: dict[str, Any], shape: Shape | None, *, doc: bool, default: bool = True
) -> list[tree.Marker]:
    """The markers that hold annotations of a schema; with ``doc``, its description has a string of its own,
    and without ``default`` the default value has a place of its own."""
    markers: list[tree.Marker] = []
    others: dict[str, Any] = {}
    for key, value in notes.items():
        match key:
            case "description":
                if not doc and value.strip():
                    others[key] = value
            case "default":
                if default and fits(shape, value):
                    markers.append(marker("default", literal(value)))
                elif default:
                    others[key] = value
            case "readOnly" | "writeOnly":
                if value:
                    markers.append(marker("read" if key == "readOnly" else "write"))
            case "deprecated":
                if value:
                    markers.append(marker("deprecated"))
            case "example" | "examples":
                _examples(key, value, shape, markers, others)
            case _ if not key.startswith("x-"):
                others[key] = value
    markers.extend(extensions(notes))
    markers.extend(open_api(others))
    return markers


def _examples(
    key: str,
    value: Any,
    shape: Shape | None,
    markers: list[tree.Marker],
    others: dict[str, Any],
) -> None:
    if key == "examples" and not isinstance(value, list):
        others[key] = value
        return
    values = value if key == "examples" else [value]
    if all(fits(shape, each) for each in values) and values:
        markers.extend(marker("example", literal(each)) for each in values)
    elif "examples" in others and key == "example":
        others[key] = value
    else:
        others["examples"] = values


def fits(shape: Shape | None, value: Any) -> bool:
    """Whether a value is at least of the type that a schema asks for."""
    if shape is None:
        return True
    if value is None:
        return shape.nullable or shape.kind in ("any", "ref", "union")
    match shape.kind:
        case "entity" | "map":
            return isinstance(value, dict)
        case "list":
            return isinstance(value, list)
        case "enum" | "literal":
            return any(value == known and type(value) is type(known) for known in shape.values)
        case "scalar":
            return fits_scalar(shape.schema["type"], value)
        case _:
            return True


def fits_scalar(kind: str, value: Any) -> bool:
    """Whether a value is of a scalar type."""
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case _:
            return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
