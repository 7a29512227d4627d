"""The real descriptions: each is imported, built, imported as a package, and says the same when it is emitted."""

from __future__ import annotations

import subprocess
import sys
from typing import Literal

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from hyper.emit.openapi import emit_openapi
from hyper.engine.clock import Phases
from hyper.engine.pipeline import compile_front
from hyper.importers.openapi import import_openapi
from tests.compare import compare
from tests.corpora import FILES, NAMES, built_corpus, corpus, corpus_bytes

IMPORT_ALL = """
import importlib, pkgutil, sys, warnings
warnings.simplefilter("error")
package = importlib.import_module(sys.argv[1])
for found in pkgutil.walk_packages(package.__path__, sys.argv[1] + "."):
    importlib.import_module(found.name)
"""


@pytest.mark.parametrize("name", NAMES)
def test_it_says_the_same(name: str) -> None:
    found = compare(corpus(name), built_corpus(name).document)
    assert [str(difference) for difference in found] == []


@pytest.mark.parametrize("layout", ["schema", "single"])
@pytest.mark.parametrize("name", ["museum", "adyen", "datadog"])
def test_every_layout_says_the_same(name: str, layout: Literal["schema", "single"]) -> None:
    imported = import_openapi(corpus_bytes(name), FILES[name], layout)
    contents = [(path, text.encode()) for path, text in sorted(imported.files.items())]
    front = compile_front(contents, Phases())
    assert [item for item in front.diagnostics if item.is_error] == []
    assert front.program is not None
    found = compare(corpus(name), emit_openapi(front.program))
    assert [str(difference) for difference in found] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_emitted_is_valid(name: str) -> None:
    built = built_corpus(name)
    errors = OpenAPIV31SpecValidator(built.document).iter_errors()
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_package_imports(name: str) -> None:
    built = built_corpus(name)
    command = [sys.executable, "-c", IMPORT_ALL, built.package]
    subprocess.run(command, cwd=built.folder / "out", check=True, timeout=120)
