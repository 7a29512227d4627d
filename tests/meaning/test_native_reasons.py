"""The page on what goes native has every reason and every guard, as they are said."""

from __future__ import annotations

import ast
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from hyper.emit.native import unit as native_unit
from hyper.emit.native.values import NotNative
from hyper.jit.kernel.builder import Builder
from tests.check.programs import program
from tests.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = "docs/native-language.md"


def said(name: str) -> Iterator[str]:
    """What is given first to calls of a name in the native back end; ``…`` for what is filled in."""
    for path in sorted((ROOT / "hyper/emit/native").glob("*.py")):
        if path.name == "wrappers.py":
            continue  # what passes between Python and a kernel, which is told elsewhere
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = (
                node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
            )
            if called != name:
                continue
            match node.args[0]:
                case ast.Constant(str(text)):
                    yield text
                case ast.JoinedStr(parts):
                    yield "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts
                    )


def test_every_reason_and_every_guard_is_told() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    reasons, guards = set(said("NotNative")), set(said("guard"))
    assert len(reasons) > 50
    assert len(guards) > 5
    assert {each for each in reasons | guards if f"`{each}`" not in page} == set()


def test_a_reason_holds_nothing_of_what_was_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    made = weakref.WeakSet[Builder]()

    def builder(*args: Any, **named: Any) -> Builder:
        found = Builder(*args, **named)
        made.add(found)
        return found

    monkeypatch.setattr(native_unit, "Builder", builder)
    unit = native_unit.Unit(program('calc f(a: string) -> string: a + "x"'))
    depths = set()
    for _ in range(5):
        with pytest.raises(NotNative, match="texts") as caught:
            unit.native("m0.f")
        depths.add(len(caught.traceback))
        del caught
    gc.collect()
    assert len(depths) == 1
    assert not made
