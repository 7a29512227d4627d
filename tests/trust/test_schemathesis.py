"""Schemathesis against the mock app: no answer that breaks its own schema, and no 500."""

from __future__ import annotations

import gzip
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)

from hyper import hyperCompile
from hyper.importers.openapi import import_openapi

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CORPORA = ROOT.parent / "shared" / "corpora"
ROLES = ("customer", "clerk", "warehouse", "admin")
EXAMPLES = 100 if os.environ.get("HYPER_LONG") else 3


@pytest.fixture(scope="module", params=["storefront", "museum", "adyen_management_v3"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The mock app of one description, built and imported in this process."""
    name: str = request.param
    folder = tmp_path_factory.mktemp(name)
    if name == "storefront":
        source = ROOT / "examples" / "storefront"
    else:
        found = list(CORPORA.glob(f"{name}.*.gz"))
        if not found:
            pytest.skip(f"{name} is not here: the real descriptions are not part of the project")
        source = folder / "src"
        for path, text in import_openapi(
            gzip.decompress(found[0].read_bytes()), name
        ).files.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_text(text, encoding="utf-8")
    package = f"mocked_{name}"
    result = hyperCompile(str(source), out=str(folder / "out"), package=package)
    assert result.success, result.diagnostics[:5]
    sys.path.insert(0, str(folder / "out"))
    try:
        api = importlib.import_module(f"{package}.api")
        yield api.create_app(None, mock=True, roles=lambda _: ROLES)
    finally:
        sys.path.remove(str(folder / "out"))
        for module in [key for key in sys.modules if key.split(".")[0] == package]:
            del sys.modules[module]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.filterwarnings("ignore")
def test_mock_answers_fit_their_schema(app: Any, mode: GenerationMode) -> None:
    """Right and wrong requests of every operation."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    checks = [
        not_a_server_error,
        response_schema_conformance,
        content_type_conformance,
        response_headers_conformance,
    ]
    count = 0
    for found in schema.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def attempt(case: Any) -> None:
            case.call_and_validate(checks=checks, base_url="http://testserver")

        try:
            attempt()
        except Exception as error:
            if type(error).__name__ == "Unsatisfiable" or "cannot be negated" in str(error):
                continue
            raise
        count += 1
    assert count or mode is GenerationMode.NEGATIVE
