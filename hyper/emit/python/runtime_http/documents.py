"""The compiled OpenAPI document, and with it what FastAPI writes of the routes that were added to the app."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

__all__ = ["merged", "read_document"]

_PACKAGE = __name__.rpartition("._runtime.")[0]
_SCHEMAS = "#/components/schemas/"


def read_document() -> dict[str, Any]:
    """The compiled OpenAPI document."""
    source = files(_PACKAGE).joinpath("openapi.json")
    if not source.is_file():
        return {"openapi": "3.1.0", "info": {"title": _PACKAGE, "version": "0.0.0"}, "paths": {}}
    document: dict[str, Any] = json.loads(source.read_bytes())
    return document


def merged(document: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    """A document with the operations and components of another one; what it has itself stays as it is, and a schema of the
    other one that differs from its own of that name gets a number."""
    known = document.get("components", {}).get("schemas", {})
    found = added.get("components", {}).get("schemas", {})
    taken = {*known, *found}
    renamed: dict[str, str] = {}
    for name, schema in found.items():
        if name in known and known[name] != schema:
            number = 2
            while f"{name}_{number}" in taken:
                number += 1
            renamed[name] = f"{name}_{number}"
            taken.add(renamed[name])
    if renamed:
        schemas = {renamed.get(name, name): schema for name, schema in found.items()}
        added = {**added, "components": {**added["components"], "schemas": schemas}}
        added = _referring(added, {_SCHEMAS + old: _SCHEMAS + new for old, new in renamed.items()})
    result = dict(document)
    for section in ("paths", "webhooks", "components"):
        own = result.get(section, {})
        more = {
            name: {**items, **own.get(name, {})} for name, items in added.get(section, {}).items()
        }
        if more:
            result[section] = {**own, **more}
    return result


def _referring(value: Any, references: dict[str, str]) -> Any:
    """A document whose references point to the new names."""
    if isinstance(value, dict):
        return {
            key: references.get(item, item)
            if key == "$ref" and isinstance(item, str)
            else _referring(item, references)
            for key, item in value.items()
        }
    return [_referring(item, references) for item in value] if isinstance(value, list) else value
