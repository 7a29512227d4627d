"""Packages of deep programs are imported and called, and give what the language says."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hyper import hyperCompile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEAD = "calc f(x: int, b: bool) -> {}:\n    "
STEP = "calc g(x: int) -> int:\n    x + 1\n\n"


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Build a text and import its module; the codes of its errors where it has some."""

    def run(text: str) -> Any:
        source = tmp_path / "src" / "nest.intent"
        source.parent.mkdir(exist_ok=True)
        source.write_text(text, encoding="utf-8")
        result = hyperCompile(str(source.parent), out=str(tmp_path / "out"), package="deeply_made")
        if not result.success:
            return [item.code for item in result.diagnostics if item.is_error]
        monkeypatch.syspath_prepend(str(tmp_path / "out"))
        return importlib.import_module("deeply_made.nest")

    yield run
    for name in [name for name in sys.modules if name.partition(".")[0] == "deeply_made"]:
        del sys.modules[name]


def levels(value: Any) -> int:
    """How many lists of one item are in one another."""
    found = 0
    while isinstance(value, list):
        found += 1
        value = value[0] if value else 0
    return found


LISTS = {
    "of a parameter": lambda n: HEAD.format("any") + "[" * n + "x" + "]" * n + "\n",
    "of a constant": lambda n: HEAD.format("any") + "[" * n + "1" + "]" * n + "\n",
    "of a generator": lambda n: (
        HEAD.format("any") + "[" * n + "x" + "".join(f" for i{i} in [x]]" for i in range(n)) + "\n"
    ),
    "in an element": lambda n: (
        HEAD.format("any") + "[" * n + "i" + "]" * (n - 1) + " for i in [x]]\n"
    ),
}


@pytest.mark.parametrize("form", list(LISTS))
def test_lists_in_one_another(form: str, build: Callable[[str], Any]) -> None:
    made = build(LISTS[form](240))
    assert levels(made.f(1, True)) == 240


def nested_sources(depth: int) -> str:
    """Generators whose source is a generator."""
    heads = "".join(f"[i{i} + 1 for i{i} in " for i in range(depth))
    return f"{HEAD.format('any')}{heads}[x]{']' * depth}\n"


def conditions(depth: int) -> str:
    """Conditionals whose first arm is a conditional, past the blocks that one function may have."""
    return HEAD.format("int") + "if b then (" * depth + "x" + ") else 0" * depth + "\n"


def blocks(depth: int) -> str:
    """Blocks in one another."""
    lines = "".join(f"    {' ' * i}if x > {-i}:\n" for i in range(depth))
    return f"{HEAD.format('int')}var t = 0\n{lines}    {' ' * depth}t = t + x\n    t\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (nested_sources(240), [241]),
        (conditions(120), 1),
        (blocks(240), 1),
        (
            STEP + HEAD.format("any") + "[" + "g(" * 240 + "i" + ")" * 240 + " for i in [x]]\n",
            [241],
        ),
        (
            STEP
            + HEAD.format("int")
            + "sum(i for i in [x, 0] if "
            + "g(" * 240
            + "i"
            + ")" * 240
            + " == 241)\n",
            1,
        ),
        (
            HEAD.format("bool")
            + "[" * 240
            + "x"
            + "]" * 240
            + " == "
            + "[" * 240
            + "2"
            + "]" * 240
            + "\n",
            False,
        ),
    ],
    ids=["sources", "conditionals", "blocks", "element", "condition", "equal"],
)
def test_deep_bodies(text: str, value: object, build: Callable[[str], Any]) -> None:
    assert build(text).f(1, True) == value


def test_a_deep_condition_of_a_rule(build: Callable[[str], Any]) -> None:
    deep = "g(" * 240 + "v" + ")" * 240
    rule = f'rule small on N:\n    require {deep} < 250 else "too much"\n    when {deep} > 0 then v = {deep}\n'
    made = build(f"{STEP}entity N:\n    v: int\n\n{rule}")
    assert made.small(made.N(v=1)).v == 241
    with pytest.raises(Exception, match="too much"):
        made.small(made.N(v=20))


@pytest.mark.parametrize(
    "line",
    [
        "x: " + "list[" * 91 + "int" + "]" * 91,
        "x: " + "map[string, " * 91 + "int" + "]" * 91,
        "x: " + "(list[" * 46 + "int" + "] @size(0, 1))" * 46,
        "x: any = " + "[" * 161 + "]" * 161,
        "x: any @schema(" + '{"not": ' * 91 + "{}" + "}" * 91 + ")",
    ],
    ids=["lists", "maps", "markers", "default", "schema"],
)
def test_what_python_cannot_read_is_refused(line: str, build: Callable[[str], Any]) -> None:
    assert build(f"entity E:\n    {line}\n") == ["E0210"]


@pytest.mark.parametrize(
    "line",
    [
        "x: " + "list[" * 90 + "int" + "]" * 90,
        "x: " + "(list[" * 45 + "int" + "] @size(0, 1))" * 45,
        "x: " + "list[" * 89 + "list[int] @size(0, 1)" + "] @size(0, 1)" * 89,
        "x: any = " + "[" * 160 + "]" * 160,
        "x: any @schema(" + '{"not": ' * 88 + "{}" + "}" * 88 + ")",
    ],
    ids=["lists", "markers", "marked lists", "default", "schema"],
)
def test_what_python_can_just_read_is_built(line: str, build: Callable[[str], Any]) -> None:
    made = build(f"entity E:\n    {line}\n")
    assert made.E.model_validate({"x": []}).x == []


def test_a_long_chain_of_aliases_works(build: Callable[[str], Any]) -> None:
    """A const, a default, a function and a document behind 1,500 names of one type."""
    names = [f"type A{i} = A{i + 1}" for i in range(1500)] + [
        "type A1500 = decimal(12, 2) @range(0, 9)"
    ]
    rest = [
        "const PRICE: A0 = 1.5",
        "entity E:\n    price: A0 = 2.5",
        "calc f(x: A0) -> A7:\n    x + PRICE",
    ]
    made = build("\n\n".join([*names, *rest]) + "\n")
    assert str(made.PRICE) == "1.50"
    assert str(made.E().price) == "2.50"
    assert str(made.f(made.E().price)) == "4.00"
    with pytest.raises(ValueError, match="less than or equal to 9"):
        made.E(price=10)
