"""What the tests of the importer share: documents imported, read back and emitted again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hyper.base.source import Source
from hyper.importers.openapi import import_openapi
from hyper.lang.formatter import format_text
from hyper.lang.parser import parse
from hyper.lang.resolve import resolve
from hyper.lang.symbols import Unit

if TYPE_CHECKING:
    from hyper.base.diagnostics import Diagnostic
    from hyper.importers.openapi import Imported
    from hyper.importers.openapi.layout import Layout
    from hyper.lang.symbols import World


def document(**parts: Any) -> dict[str, Any]:
    """A small OpenAPI document."""
    return {"openapi": "3.1.0", "info": {"title": "Case", "version": "1"}, **parts}


def imported(root: dict[str, Any], layout: Layout = "single") -> Imported:
    """Import a document that is given as a value."""
    return import_openapi(json.dumps(root).encode(), "case", layout)


def schemas(**given: Any) -> str:
    """The declarations that some schemas become, without the service."""
    done = imported(document(components={"schemas": given}))
    assert done.diagnostics == []
    text = done.files["service.intent"]
    return text.partition('version "1"\n')[2].strip("\n")


def read_back(done: Imported) -> tuple[World, list[Diagnostic]]:
    """The world of the files, and what parsing and resolving have to say."""
    said: list[Diagnostic] = []
    units: list[Unit] = []
    for path, text in done.files.items():
        source = Source(path, text)
        parsed = parse(source)
        said.extend(parsed.diagnostics)
        name = parsed.module.name
        assert name is not None
        assert path == name.name.replace(".", "/") + ".intent"
        units.append(Unit(path, name.name, source, parsed.module))
    world, found = resolve(units)
    return world, said + found


def unformatted(done: Imported) -> list[str]:
    """The files that ``hyper fmt`` would change."""
    return [
        path for path, text in done.files.items() if format_text(Source(path, text)).text != text
    ]
