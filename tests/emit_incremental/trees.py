"""Source trees for these tests, and programs of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyper.bench.edits import Edits
from hyper.engine.clock import Phases
from hyper.engine.pipeline import compile_front
from hyper.importers.openapi import import_openapi
from tests.corpora import FILES, corpus_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.ir.program import Program

    Sources = dict[str, str]

_ROOT: Final = Path(__file__).resolve().parents[2]
_EVERYTHING: Final = _ROOT / "tests" / "round_trip" / "everything.yaml"


def program_of(sources: Mapping[str, str]) -> Program:
    """The program of sources without errors."""
    front = compile_front(
        [(path, text.encode()) for path, text in sorted(sources.items())], Phases()
    )
    assert [item for item in front.diagnostics if item.is_error] == []
    assert front.program is not None
    return front.program


def storefront() -> Sources:
    """The example."""
    folder = _ROOT / "examples" / "storefront"
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.intent")}


def everything() -> Sources:
    """A document that uses all of OpenAPI, imported."""
    return dict(import_openapi(_EVERYTHING.read_bytes(), "everything.yaml", "tag").files)


def generated(size: int, seed: int) -> Sources:
    """A tree that was made up."""
    return dict(Edits(size, seed).files())


@cache
def real(name: str) -> Program:
    """The program of a real description; skips the test where it is not there."""
    imported = import_openapi(corpus_bytes(name), FILES[name], "tag")
    return program_of(imported.files)
