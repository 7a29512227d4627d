"""Which declarations are told as reached by nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.engine.compiler import Compiler
from hyper.engine.lint.dead import find_dead
from tests.checkout import STOREFRONT, copy_of

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.lang.symbols import Unit, World

ACTION = """
action greet:
    route POST /greet
    body guest: Guest
    check adult(guest)
    returns 200 Answer
    error 409 Refusal
"""
PROGRAM = """\
const LEAST = 18
const LONGEST = 30
const UNUSED = 1
const WIDTH = 12

type Name = string @length(1, LONGEST)
type Other = string

enum Tier: gold, plain
enum Colour: red, green

entity Person:
    name: Name

entity Guest is Person:
    age: int
    tier: Tier = gold

entity Answer:
    "What is said."
    text: string
    rate: decimal(3, 2)

entity Refusal:
    why: Reason

union Reason = Late | Full

entity Late:
    late: bool

entity Full:
    full: bool

entity Paint:
    colour: Colour

entity Ring:
    next?: Loop

entity Loop:
    next?: Ring

calc is_adult(age: int) -> bool:
    age >= LEAST

calc tested(age: int) -> int:
    age + helped(age)

calc helped(age: int) -> int:
    age

calc spare(paint: Paint) -> int:
    length(helper(paint))

calc helper(paint: Paint) -> string:
    "x"

calc shown(other: Other) -> int @export:
    length(other)

rule adult on Guest:
    require is_adult(age) else "too young"

rule unused on Guest:
    require age > 0 else "not born"

feature "sums":
    scenario "one":
        when total = tested(1)
        then total == 2
"""


def _dead(folder: Path, *texts: str) -> list[tuple[str, str, tuple[str, ...]]] | None:
    for number, text in enumerate(texts):
        (folder / f"m{number}.intent").write_text(text, encoding="utf-8")
    with Compiler() as compiler:
        result = compiler.analyse(str(folder))
    state = result.compilation
    assert state is not None, result.diagnostics
    assert state.program is not None, result.diagnostics
    assert state.world is not None
    found = find_dead(state.program, state.world)
    if found is None:
        return None
    return [
        (each.name.rpartition(".")[2], each.kind, tuple(o.rpartition(".")[2] for o in each.others))
        for each in found
    ]


def test_what_roots_lead_to_is_alive(tmp_path: Path) -> None:
    assert _dead(tmp_path, PROGRAM + ACTION) == [
        ("Ring", "entity", ("Loop",)),
        ("UNUSED", "const", ()),
        ("WIDTH", "const", ()),
        ("spare", "calc", ("Colour", "Paint", "helper")),
        ("unused", "rule", ()),
    ]


def test_without_the_action_only_features_and_exports_are_roots(tmp_path: Path) -> None:
    found = _dead(tmp_path, PROGRAM)
    assert found is not None
    told = {name for first, _, others in found for name in (first, *others)}
    assert {"Guest", "Answer", "adult", "is_adult", "LEAST", "LONGEST", "Reason"} <= told
    assert not told & {"tested", "helped", "shown", "Other"}


def test_names_of_other_modules_are_followed(tmp_path: Path) -> None:
    first = "intent data\n\nconst LIMIT = 3\nconst DEEP = 4\nentity A:\n    x: int\nentity B:\n    x: int\n"
    second = (
        "intent web\n\nuse data (A)\nuse data\n\n"
        "entity C:\n    a: A\n    few: list[int] @size(1, data.LIMIT)\n\n"
        "action take:\n    route POST /c\n    body c: C\n    returns 204\n"
    )
    assert _dead(tmp_path, first, second) == [("B", "entity", ()), ("DEEP", "const", ())]


def test_a_tree_without_roots_is_there_for_others(tmp_path: Path) -> None:
    assert _dead(tmp_path, "entity A:\n    x: int\n") is None
    assert _dead(tmp_path, "entity A @export:\n    x: int\n") == []


def test_what_is_told_can_be_removed_and_the_rest_stands(tmp_path: Path) -> None:
    shop = copy_of(STOREFRONT, tmp_path / "shop")
    with Compiler() as compiler:
        state = compiler.analyse(str(shop)).compilation
        assert state is not None
        assert state.program is not None
        assert state.world is not None
        found = find_dead(state.program, state.world) or []
        gone = {name for each in found for name in (each.name, *each.others)}
        assert len(gone) > 20
        for unit in state.world.units.values():
            (shop / unit.path).write_text(_without(unit, state.world, gone), encoding="utf-8")
        after = compiler.analyse(str(shop))
        assert after.success, after.diagnostics
        assert after.compilation is not None
        assert after.compilation.program is not None
        assert after.compilation.world is not None
        assert find_dead(after.compilation.program, after.compilation.world) == []


def _without(unit: Unit, world: World, gone: set[str]) -> str:
    """The text of a file without declarations, and without their imports."""
    text = unit.source.text
    imported = world.scopes[unit.name].imported
    edits = [
        (symbol.decl.start, symbol.decl.end, "")
        for name, symbol in world.symbols.items()
        if name in gone and symbol.unit is unit
    ]
    for use in unit.module.uses:
        kept = [
            text[each.start : each.end]
            for each in use.names or []
            if imported.get((each.alias or each.name).name) not in gone
        ]
        if use.names is not None:
            line = f"use {use.module.name} ({', '.join(kept)})" if kept else ""
            edits.append((use.start, use.end, line))
    for start, end, instead in sorted(edits, reverse=True):
        text = text[:start] + instead + text[end:]
    return text
