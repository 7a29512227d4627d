"""Documents that use all of OpenAPI go through intents and come back with the same meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from hyper.emit.openapi import emit_openapi
from hyper.engine.clock import Phases
from hyper.engine.pipeline import compile_front
from hyper.importers.openapi import import_openapi
from tests.compare import compare
from tests.corpora import yaml_document

EVERYTHING = (Path(__file__).parent / "everything.yaml").read_bytes()


def round_trip(data: bytes, name: str, layout: Any = "tag") -> dict[str, Any]:
    imported = import_openapi(data, name, layout)
    assert [item for item in imported.diagnostics if item.is_error] == []
    contents = [(path, text.encode()) for path, text in sorted(imported.files.items())]
    front = compile_front(contents, Phases())
    assert [item for item in front.diagnostics if item.is_error] == []
    assert front.program is not None
    return emit_openapi(front.program)


@pytest.mark.parametrize("layout", ["tag", "schema", "single"])
def test_everything_comes_back(layout: str) -> None:
    emitted = round_trip(EVERYTHING, "everything.yaml", layout)
    found = compare(yaml_document(EVERYTHING), emitted)
    assert [str(difference) for difference in found] == []


def test_everything_is_valid() -> None:
    emitted = round_trip(EVERYTHING, "everything.yaml")
    for document in (yaml_document(EVERYTHING), emitted):
        errors = OpenAPIV31SpecValidator(document).iter_errors()
        assert [error.message for error in errors] == []
