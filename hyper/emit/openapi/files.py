"""JSON Schema 2020-12: one file a module, with a definition for each declaration."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from hyper.emit.openapi.components import declaration_schema
from hyper.emit.openapi.naming import SCHEMA_DEFS, Components, pointer
from hyper.emit.openapi.schemas import SchemaWriter
from hyper.emit.openapi.text import dump_json
from hyper.emit.parts import Made, Part
from hyper.ir.index import DATA_KINDS
from hyper.ir.program import EntityDef
from hyper.ir.reads import HEAD, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hyper.ir.program import Program

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def emit_schemas(program: Program) -> dict[str, dict[str, Any]]:
    """JSON Schema files by path, ``schema/<module>.json``; modules without data have none."""
    components = Components(program)
    return {
        schema_path(module.name): schema_file(module.name, program, components)
        for module in program.index
        if module.has(DATA_KINDS)
    }


def schema_parts(program: Program, components: Callable[[], Components]) -> Iterator[Part]:
    """The files of ``emit_schemas``."""

    def make(module: str) -> Made:
        return Made(dump_json(schema_file(module, program, components())))

    for module in program.index:
        if module.has(DATA_KINDS):
            yield Part(
                f"schema {module.name}", schema_path(module.name), partial(make, module.name)
            )


def schema_path(module: str) -> str:
    """The path of the file of a module."""
    return f"schema/{_file_name(module)}"


def _file_name(module: str) -> str:
    """The file of a module: its dotted name, with anything that is no plain character escaped."""
    return quote(module, safe="") + ".json"


def schema_file(name: str, program: Program, components: Components) -> dict[str, Any]:
    """The schemas of a module."""
    here = name + "."

    def reference(target: str) -> str:
        home = program.module_of(target)
        if home == name:
            return "#/$defs/" + pointer(target.removeprefix(here))
        # The name of the file is escaped once as a name and once more as a part of a URI.
        return f"{quote(_file_name(home))}#/$defs/{pointer(target.removeprefix(home + '.'))}"

    program.reads.note(HEAD + name)
    module = program.module(name)
    writer = SchemaWriter(program, reference, document=False)
    document: dict[str, Any] = {"$schema": DIALECT, "$id": quote(_file_name(name))}
    if module.doc:
        document["description"] = module.doc
    definitions: dict[str, Any] = {}
    document["$defs"] = definitions
    for definition in module.definitions:
        if isinstance(definition, SCHEMA_DEFS):
            qualified = here + definition.name
            program.reads.note(TEXT + qualified)
            closed = isinstance(definition, EntityDef) and components.is_closed(qualified)
            definitions[definition.name] = declaration_schema(definition, writer, closed=closed)
    return document
