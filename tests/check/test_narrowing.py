"""Null safety: where a value that may be none is there."""

from __future__ import annotations

import pytest

from tests.check.programs import codes, program

_WORLD = """
entity Inner:
    note: string?

entity Outer:
    inner: Inner
    other: Inner?
    count_of?: int

union Source = Outer | Inner

"""


def _calc(body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f"{_WORLD}calc f(a: int?, o: Outer, p: Outer?, s: Source, b: bool) -> int:\n{lines}\n"


@pytest.mark.parametrize(
    "body",
    [
        "if a is none then 0 else a",
        "if a is not none then a else 0",
        "if not (a is none) then a else 0",
        "if a is not none and a > 1 then a else 0",
        "if a is none or a > 1 then 0 else a",
        "if a == 3 then a else 0",
        "if a != none and b then a else 0",
        "a ?? 0",
        'length(o.inner.note ?? "")',
        "if o.inner.note is not none then length(o.inner.note) else 0",
        "if o.other is not none and o.other.note is not none then length(o.other.note) else 0",
        "if p is not none and p.count_of is not none then p.count_of else 0",
        "if a is none:\n    0\nelif b:\n    a\nelse:\n    a + 1",
        "sum(x for x in [1, 2] if a is not none and x > a)",
        'length(first(i.note for i in [o.inner] if i.note is not none) ?? "")',
        "sum(length(i.note) for i in [o.inner] if i.note is not none)",
        "var best: int? = none\nfor x in [1, 2]:\n    if best is none or x > best:\n        best = x\nbest ?? 0",
        "var best: int? = none\nbest = 3\nbest",
        'match s:\n    Outer as x: x.count_of ?? 0\n    Inner: length(s.note ?? "")',
        "match s:\n    Inner: 0\n    else: s.count_of ?? 0",
        "let n = o.inner.note\nif n is none:\n    0\nelse:\n    length(n)",
    ],
)
def test_narrowed(body: str) -> None:
    program(_calc(body))


@pytest.mark.parametrize(
    "body",
    [
        "a",
        "if b then a else 0",
        "if a is not none or b then a else 0",
        "if a is none then a else 0",
        "if a is none and b then 0 else a",
        "if o.inner.note is not none then length(o.other.note) else 0",
        "var best: int? = 3\nfor x in [1, 2]:\n    if best is not none:\n        best = none\nbest",
        "var best: int? = 3\nfor x in [1, 2]:\n    let y = best + 1\n    best = none\n0",
        "if a is not none:\n    let y = a\n    0\nelse:\n    a + 1",
        'length(first(["a"]))',
    ],
)
def test_not_narrowed(body: str) -> None:
    assert {code for code, _ in codes(_calc(body))} <= {"E0405", "E0311"}
    assert codes(_calc(body))


def test_rules_narrow_from_clause_to_clause() -> None:
    program("""
entity Order:
    note: string?
    size: int
    label?: string

rule checked on Order:
    require note is not none else "a note"
    when length(note) > 3
    then size = length(note), label = note
""")


def test_a_derived_field_is_not_known_any_more() -> None:
    text = """
entity Order:
    note: string?
    size: int

rule checked on Order:
    require note is not none else "a note"
    when size > 3
    then note = none
    when length(note) > 3
    then size = 0
"""
    assert codes(text) == [("E0405", 10)]


def test_a_default_that_is_never_used_is_a_warning() -> None:
    assert codes("calc f(a: int) -> int: a ?? 0\n") == [("W0401", 1)]
