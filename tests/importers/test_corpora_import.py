"""The real descriptions as intent files: parsed, formatted and resolved without a word."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, get_args

import pytest

from hyper.importers.openapi import import_openapi
from hyper.importers.openapi.layout import Layout
from tests.corpora import FILES, corpus_bytes
from tests.importers.trees import read_back, unformatted

if TYPE_CHECKING:
    from hyper.importers.openapi import Imported

LAYOUTS = get_args(Layout)


@cache
def _imported(name: str, layout: Layout) -> Imported:
    return import_openapi(corpus_bytes(name), FILES[name], layout)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", list(FILES))
def test_it_reads_back(name: str, layout: Layout) -> None:
    done = _imported(name, layout)
    assert done.diagnostics == []
    _, said = read_back(done)
    assert [item for item in said if item.is_error] == []


@pytest.mark.parametrize("name", list(FILES))
def test_it_is_formatted(name: str) -> None:
    assert unformatted(_imported(name, "tag")) == []


@pytest.mark.parametrize("name", ["museum", "adyen"])
def test_it_is_the_same_every_time(name: str) -> None:
    again = import_openapi(corpus_bytes(name), FILES[name], "tag")
    assert list(again.files.items()) == list(_imported(name, "tag").files.items())


@pytest.mark.parametrize("name", list(FILES))
def test_no_file_is_monstrous(name: str) -> None:
    sizes = {path: text.count("\n") for path, text in _imported(name, "tag").files.items()}
    assert {path: size for path, size in sizes.items() if size > 5000} == {}
