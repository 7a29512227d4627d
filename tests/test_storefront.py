"""The example shop uses every form of the language, and is laid out as ``hyper fmt`` would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hyper.base.source import Source
from hyper.lang import tree
from hyper.lang.formatter import format_text
from hyper.lang.parser import parse

SHOP = Path(__file__).parents[1] / "examples" / "storefront"
MADE_BY_MISTAKES = {"BadExpr", "BadType"}
NOT_A_FORM = {"Node", "Decl"}
SOURCES = [
    Source(path.name, path.read_text(encoding="utf-8")) for path in sorted(SHOP.glob("*.intent"))
]


def kinds(node: Any, found: set[str]) -> None:
    """The names of the classes of all nodes below one."""
    if isinstance(node, tree.Node):
        found.add(type(node).__name__)
        for name in node.__struct_fields__:
            kinds(getattr(node, name), found)
    elif isinstance(node, list):
        for item in node:
            kinds(item, found)


def test_every_form_is_used() -> None:
    forms = {
        name
        for name, value in vars(tree).items()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    }
    found: set[str] = set()
    for source in SOURCES:
        kinds(parse(source).module, found)
    assert len(SOURCES) >= 12
    assert forms - found - MADE_BY_MISTAKES - NOT_A_FORM == set()


def test_layout() -> None:
    for source in SOURCES:
        assert format_text(source).text == source.text, source.path
