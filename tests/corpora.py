"""The real API descriptions beside the repository, where they are there."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Final

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


class _Loader(yaml.SafeLoader):
    """YAML as JSON has it: dates stay strings."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def corpus_bytes(name: str) -> bytes:
    """The gzipped description, or skip the test where it is not there."""
    path = FOLDER / FILES[name]
    if not path.is_file():
        pytest.skip("the real API descriptions are not here (../shared/corpora)")
    return path.read_bytes()


def corpus(name: str) -> dict[str, Any]:
    """The description as JSON values."""
    data = gzip.decompress(corpus_bytes(name))
    loaded = yaml.load(data, _Loader) if FILES[name].endswith(".yaml.gz") else json.loads(data)
    assert isinstance(loaded, dict)
    return loaded
