"""The real descriptions: each is imported, built, imported as a package, and says the same when it is emitted."""

from __future__ import annotations

import subprocess
import sys

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.compare import compare
from tests.corpora import NAMES, built_corpus, corpus
from tests.known_differences import unexpected

IMPORT_ALL = """
import importlib, pkgutil, sys, warnings
warnings.simplefilter("error")
package = importlib.import_module(sys.argv[1])
for found in pkgutil.walk_packages(package.__path__, sys.argv[1] + "."):
    importlib.import_module(found.name)
"""


@pytest.mark.parametrize("name", NAMES)
def test_it_says_the_same(name: str) -> None:
    built = built_corpus(name)
    rest, unmet = unexpected(name, compare(corpus(name), built.document))
    assert rest == []
    assert unmet == []


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
