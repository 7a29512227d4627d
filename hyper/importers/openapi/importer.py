"""The whole way from the bytes of a description to the texts of intent files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hyper.base.diagnostics import Diagnostic
from hyper.importers.openapi.actions import Actions
from hyper.importers.openapi.document import Document
from hyper.importers.openapi.files import write_files
from hyper.importers.openapi.findings import Findings, escape
from hyper.importers.openapi.keywords import brief
from hyper.importers.openapi.layout import Layout, assign, in_order
from hyper.importers.openapi.loading import load
from hyper.importers.openapi.naming import name_parts
from hyper.importers.openapi.reading import Reader
from hyper.importers.openapi.service import read_service, rest_of_components, rest_of_root
from hyper.importers.openapi.types import Types
from hyper.importers.openapi.variants import break_rings
from hyper.importers.openapi.words import Names, type_name

if TYPE_CHECKING:
    from hyper.importers.openapi.parts import Part


class Imported(msgspec.Struct, frozen=True):
    """What became of a description: texts by path, relative to the source root, and what there was to say.

    With an error there may be files all the same, of all that could be read.
    """

    files: dict[str, str]
    diagnostics: list[Diagnostic]


def import_openapi(data: bytes, name: str, layout: Layout = "tag") -> Imported:
    """Turn an OpenAPI 3.0 or 3.1 description (JSON or YAML, gzipped or not) into ``.intent`` files.

    ``name`` names the service and stands in diagnostics; where it has no letters, the title of the description
    does. The same bytes give the same files.
    """
    findings = Findings(name)
    root = load(data, findings)
    if not findings.items or root is not None:
        root = _accepted(root, findings)
    if root is None:
        return Imported({}, findings.close())
    document = Document(root, findings)
    info = document.mapping(root, "info", "#")
    service = read_service(document, service_name(name, info.get("title")))
    types, actions = read_parts(document)
    ordered = in_order(actions, types.parts)
    names = Names({service.name.name})
    name_parts(types.parts, names)
    for expr, part in types.late:
        expr.name = part.name
    for give in types.later:
        give()
    assign(actions, ordered, layout, "service")
    files = write_files(
        document,
        service,
        actions,
        ordered,
        rest=rest_of_root(document),
        components=rest_of_components(document),
    )
    return Imported(files, findings.close())


_ENDINGS = (".gz", ".json", ".yaml", ".yml", ".openapi")


def service_name(name: str, title: Any) -> str:
    """The name of the service: that of the file without its endings, else the title."""
    stem = name.replace("\\", "/").rpartition("/")[2]
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    return type_name(stem, type_name(title if isinstance(title, str) else "", "Api"))


def read_parts(document: Document) -> tuple[Types, list[Part]]:
    """Every declaration of a document, still without the names of inline schemas."""
    reader = Reader(document.references, document.findings)
    types = Types(reader)
    components = document.mapping(document.root, "components", "#")
    schemas = document.mapping(components, "schemas", "#/components")
    prefix = "#/components/schemas"
    reader.prepare(schemas, prefix)
    for wire, schema in schemas.items():
        if not wire:
            document.findings.report("E1004", f"{prefix}: a schema has a name; it is left out")
            continue
        types.add_component(wire, schema, f"{prefix}/{escape(wire)}")
    actions = Actions(document, types)
    actions.read()
    types.finish()
    break_rings(types.parts, document.findings.report)
    return types, actions.parts


def _accepted(root: Any, findings: Findings) -> dict[str, Any] | None:
    """The root where it is that of an OpenAPI document of a version that is read."""
    if not isinstance(root, dict):
        findings.report("E1002", "the document is no OpenAPI description: its root is no object")
        return None
    version = root.get("openapi")
    if str(version).startswith(("3.0", "3.1")) and not isinstance(version, dict | list):
        return root
    if "swagger" in root:
        findings.report(
            "E1002",
            f"this is Swagger {brief(root['swagger'])}: convert it to OpenAPI 3 first",
        )
    elif version is None:
        findings.report("E1002", "the document is no OpenAPI description: it has no `openapi` key")
    else:
        findings.report("E1002", f"OpenAPI 3.0 and 3.1 are read, and this is {brief(version)}")
    return None
