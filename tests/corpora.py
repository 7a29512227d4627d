"""The real API descriptions beside the repository, where they are there."""

from __future__ import annotations

import atexit
import gzip
import json
import re
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final, NamedTuple

import pytest
import yaml

FOLDER: Final = Path(__file__).resolve().parents[2] / "shared" / "corpora"
FILES: Final = {
    "museum": "museum.yaml.gz",
    "adyen": "adyen_management_v3.json.gz",
    "datadog": "datadog_v1.json.gz",
    "digitalocean": "digitalocean.json.gz",
    "stripe": "stripe.json.gz",
    "github": "github.json.gz",
}


LARGE: Final = frozenset({"stripe", "github"})
"""Those whose round trip takes tens of seconds."""

NAMES: Final = [
    pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else []) for name in FILES
]


class _Loader(yaml.SafeLoader):
    """YAML 1.2: dates and times of day stay strings, ``no`` is no boolean."""


_Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^({pattern})$"), first)


def yaml_document(data: bytes) -> dict[str, Any]:
    """A YAML document as JSON values."""
    loaded = _with_text_keys(yaml.load(data, _Loader))
    assert isinstance(loaded, dict)
    return loaded


def _with_text_keys(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): _with_text_keys(value) for key, value in node.items()}
    return [_with_text_keys(item) for item in node] if isinstance(node, list) else node


def corpus_bytes(name: str) -> bytes:
    """The gzipped description, or skip the test where it is not there."""
    path = FOLDER / FILES[name]
    if not path.is_file():
        pytest.skip("the real API descriptions are not here (../shared/corpora)")
    return path.read_bytes()


def corpus(name: str) -> dict[str, Any]:
    """The description as JSON values."""
    data = gzip.decompress(corpus_bytes(name))
    return yaml_document(data) if FILES[name].endswith(".yaml.gz") else dict(json.loads(data))


class Built(NamedTuple):
    """A description that was imported into ``folder/intents`` and built into ``folder/out``."""

    name: str
    package: str
    folder: Path
    document: dict[str, Any]
    """The OpenAPI document that was emitted."""


@cache
def built_corpus(name: str) -> Built:
    """Import a description and build its package, once in a process; skip the test where it is not there."""
    from hyper import hyperCompile
    from hyper.importers.openapi import import_openapi

    package = f"real_{name}"
    imported = import_openapi(corpus_bytes(name), FILES[name], "tag")
    assert [item for item in imported.diagnostics if item.is_error] == []
    folder = Path(mkdtemp(prefix=f"{package}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for path, text in imported.files.items():
        target = folder / "intents" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    result = hyperCompile(folder / "intents", out=str(folder / "out"), package=package)
    assert [item for item in result.diagnostics if item.is_error] == []
    document = json.loads((folder / "out" / package / "openapi.json").read_bytes())
    return Built(name, package, folder, document)
