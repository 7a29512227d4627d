"""Worlds whose defaults are plain texts and truth values, of which the checker is not asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper.lang import check as checking
from tests.check.programs import examined

if TYPE_CHECKING:
    from hyper.lang.check import Checked

HEAD = "enum Colour:\n    red\n\ntype Name = string @length(max: 3)\n\n"
PLAIN = (
    'entity Base:\n    name: string = "x"\n    open?: bool = true\n    none_yet: string? = ""\n\n'
    "entity Item is Base:\n    size: int\n    closed: bool = false\n"
)


def _checked(text: str) -> Checked:
    return examined(HEAD + text)[1]


def _told(checked: Checked) -> object:
    nodes = {node: name for name, body in checked.bodies.items() for node in body.typing.types}
    return (
        [item.as_dict() for item in checked.diagnostics],
        [(name, body.name, body.uses, body.sound) for name, body in checked.bodies.items()],
        [nodes[node] for node in checked.defaults],
        [list(typing.types.values()) for typing in checked.defaults.values()],
        (checked.consts, checked.tables, checked.rules, checked.order),
        (checked.clock, checked.externs, {k: v for k, v in checked.effects.items() if v}),
    )


def test_the_same_is_told_without_the_checker(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = _told(_checked(PLAIN))
    monkeypatch.setattr(checking, "_plain", lambda _world: None)
    assert plain == _told(_checked(PLAIN))


@pytest.mark.parametrize(
    "field",
    [
        'x: Name = "new"',
        "x: Colour = red",
        "x: int = 3",
        'x: date = "2024-02-30"',
        "x: string = true",
        'x: bool = "true"',
        "x: list[string] = []",
    ],
)
def test_other_defaults_are_checked(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"entity E:\n    {field}\n"
    asked = _told(_checked(text))
    monkeypatch.setattr(checking, "_plain", lambda _world: None)
    assert asked == _told(_checked(text))
