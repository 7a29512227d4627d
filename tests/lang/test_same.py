from __future__ import annotations

import pytest

from hyper.base.source import Source
from hyper.lang.parser import parse
from hyper.lang.same import same


def _same(a: str, b: str) -> bool:
    return same(parse(Source("a", a)).module, parse(Source("b", b)).module)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("const A = (1 + 2)\n", "const  A=1+2 # c\n"),
        ('const A = "a\\x41"\n', "const A = 'aA'\n"),
        ("const A = 1_000\n", "const `A` = 1000\n"),
        ("enum A: a, b\n", "enum A:\n    a\n    b\n"),
    ],
)
def test_same(a: str, b: str) -> None:
    assert _same(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("const A = 1\n", "const A = 1.0\n"),
        ("const A = true\n", "const A = 1\n"),
        ("const A = a - (b - c)\n", "const A = a - b - c\n"),
        ("entity A:\n    x: int\n", "entity A:\n    x?: int\n"),
        ("entity A:\n    x: int\n", "entity A:\n    x: int\n    y: int\n"),
        ("entity A\n", 'entity A\n    "Doc."\n'),
    ],
)
def test_not_same(a: str, b: str) -> None:
    assert not _same(a, b)
