"""Golden layouts: ``everything.intent`` is canonical, each ``NAME.messy`` formats to ``NAME.tidy``.

``HYPER_UPDATE_GOLDEN=1`` writes what the formatter gives.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hyper.base.source import Source
from hyper.lang.formatter import format_text
from hyper.lang.parser import parse
from hyper.lang.printer import print_module
from hyper.lang.same import same

_GOLDEN = Path(__file__).parent / "golden"
_UPDATE = os.environ.get("HYPER_UPDATE_GOLDEN") == "1"


def _formatted(text: str) -> str:
    result = format_text(Source("a.intent", text))
    assert result.diagnostics == []
    return result.text


def _compare(path: Path, text: str) -> None:
    if _UPDATE:
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_every_form_has_a_canonical_layout() -> None:
    path = _GOLDEN / "everything.intent"
    _compare(path, _formatted(path.read_text(encoding="utf-8")))


def test_every_form_prints_without_its_source() -> None:
    source = Source("a.intent", (_GOLDEN / "everything.intent").read_text(encoding="utf-8"))
    module = parse(source).module
    assert same(parse(Source("a.intent", print_module(module))).module, module)


@pytest.mark.parametrize("name", sorted(path.stem for path in _GOLDEN.glob("*.messy")))
def test_a_messy_file_is_made_tidy(name: str) -> None:
    messy = (_GOLDEN / f"{name}.messy").read_text(encoding="utf-8")
    tidy = _formatted(messy)
    _compare(_GOLDEN / f"{name}.tidy", tidy)
    assert _formatted(tidy) == tidy
