"""JSON Schema 2020-12: one file a module, with a definition for each declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from hyper.emit.openapi.components import closed_entities, declaration_schema
from hyper.emit.openapi.naming import SCHEMA_DEFS, pointer
from hyper.emit.openapi.schemas import SchemaWriter

if TYPE_CHECKING:
    from hyper.ir.program import Module, Program

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def emit_schemas(program: Program) -> dict[str, dict[str, Any]]:
    """JSON Schema files by path, ``schema/<module>.json``; modules without data have none."""
    files: dict[str, dict[str, Any]] = {}
    closed = closed_entities(program)
    for module in program.modules:
        document = _file(module, program, closed)
        if document["$defs"]:
            files[f"schema/{file_name(module.name)}"] = document
    return files


def file_name(module: str) -> str:
    """The file of a module: its dotted name, with anything that is no plain character escaped."""
    return quote(module, safe="") + ".json"


def _file(module: Module, program: Program, closed: frozenset[str]) -> dict[str, Any]:
    here = module.name + "."

    def reference(name: str) -> str:
        home = program.module_of(name)
        if home == module.name:
            return "#/$defs/" + pointer(name.removeprefix(here))
        # The name of the file is escaped once as a name and once more as a part of a URI.
        return f"{quote(file_name(home))}#/$defs/{pointer(name.removeprefix(home + '.'))}"

    writer = SchemaWriter(program, reference, document=False)
    document: dict[str, Any] = {"$schema": DIALECT, "$id": quote(file_name(module.name))}
    if module.doc:
        document["description"] = module.doc
    document["$defs"] = {
        definition.name: declaration_schema(
            definition, writer, closed=here + definition.name in closed
        )
        for definition in module.definitions
        if isinstance(definition, SCHEMA_DEFS)
    }
    return document
