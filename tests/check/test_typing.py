"""What expressions are, and what is refused."""

from __future__ import annotations

import pytest

from tests.check.programs import codes, examined, messages, program, run

_WORLD = """
enum Tier: gold, silver
enum Medal: gold, bronze

const RATE = 0.15
const LIMIT = 500
const VAT = {"DE": 0.19, "FR": 0.20}
const OPENED = "2024-01-31"

entity Leaf:
    n: int
    tier: Tier = gold
    note?: string

entity Cat:
    kind: "cat"
    lives: int

entity Dog:
    kind: "dog"
    name: string?

union Pet = Cat | Dog by kind {"cat": Cat, "dog": Dog}
union Key = int | string

calc twice(n: int) -> int: n * 2
calc half(x: float) -> float: x / 2
calc fee(d: decimal(10, 2)) -> decimal(10, 2): d * 0.1
"""
_PARAMS = (
    "i: int, x: float, d: decimal(8, 2), s: string, b: bool, t: Tier, o: int?, big: bigint, leaf: Leaf,"
    " pet: Pet, key: Key, day: date, at: datetime, span: duration, xs: list[float],"
    " ds: list[decimal(8, 2)], m: map[string, float], link: url"
)


def _calc(expression: str, kind: str) -> str:
    return f"{_WORLD}\ncalc f({_PARAMS}) -> {kind}:\n    {expression}\n"


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        # Literals are of the type of where they stand.
        ("1", "int"),
        ("1", "float"),
        ("1", "decimal(3, 2)"),
        ("1", "bigint"),
        ("1.5", "float"),
        ("1.5", "decimal(3, 2)"),
        ("-9223372036854775808", "int"),
        ("12345678901234567890", "bigint"),
        ("12345678901234567890 + i", "bigint"),
        ('"2024-01-31"', "date"),
        ('"P1D"', "duration"),
        ('"https://example.com/"', "url"),
        ("none", "int?"),
        ("[]", "list[int]"),
        ("{}", "map[string, Tier]"),
        ("[1, 2.5]", "list[decimal(5, 2)]"),
        ('{"a": 1}', "map[string, decimal(5, 2)]"),
        # int widens; the literals of a sum follow its widest operand.
        ("i", "float"),
        ("i", "decimal(10, 2)"),
        ("i", "bigint"),
        ("i * d", "decimal(10, 2)"),
        ("d * (1 - 0.25)", "decimal(10, 2)"),
        ("(1 - 0.25) * x", "float"),
        ("d * (if b then 1.5 else 2)", "decimal(10, 2)"),
        ("i / 2", "float"),
        ("i / 2", "decimal(10, 2)"),
        ("max(1.5, d)", "decimal(10, 2)"),
        ("max(0.5, x, i)", "float"),
        ("sum([0.1, 0.2])", "decimal(10, 2)"),
        ("sum([])", "int"),
        ("pow(1.5, 2)", "decimal(10, 2)"),
        ("pow(2, i)", "int"),
        ("round(d)", "int"),
        ("round(d, 1)", "decimal(8, 1)"),
        # Consts are literals.
        ("d * RATE", "decimal(10, 2)"),
        ("x * RATE", "float"),
        ("d >= LIMIT and x >= LIMIT", "bool"),
        ('d * VAT["DE"]', "decimal(10, 2)"),
        ('x * VAT["DE"]', "float"),
        ("day >= date(OPENED)", "bool"),
        ("day >= OPENED", "bool"),
        # Comparisons.
        ("0 < x < 10", "bool"),
        ("i == x", "bool"),
        ("d == i", "bool"),
        ("o == i", "bool"),
        ("o == none", "bool"),
        ("xs == []", "bool"),
        ("t == gold and gold == t", "bool"),
        ("t in [gold, silver]", "bool"),
        ('s in m and "a" in s and x in xs', "bool"),
        ('pet == Cat(kind: "cat", lives: 9)', "bool"),
        # Calls.
        ("twice(i)", "float"),
        ("half(twice(n: i))", "float"),
        ("fee(d) + fee(1)", "decimal(10, 2)"),
        ("length(link)", "int"),
        ("Leaf(n: 1, note: leaf.note)", "Leaf"),
        ("leaf with (tier: silver, note: none)", "Leaf"),
        ("leaf.tier", "Tier?"),
        # Unions, optionals and any.
        ("i", "Key"),
        ('"a"', "Key"),
        ("if b then i else s", "Key"),
        ('Dog(kind: "dog", name: none)', "Pet"),
        ('if b then pet else Cat(kind: "cat", lives: 1)', "Pet"),
        ('[1, "a"]', "list[Key]"),
        ("if b then none else 3", "int?"),
        ("leaf", "any"),
        ("first(v for v in xs if v > 1) ?? 0", "float"),
        ("first(ds)", "decimal(8, 2)?"),
        # Time.
        ("at - at", "duration"),
        ("day + days(3)", "date"),
        ("at - span", "datetime"),
        ("year(day) + year(at)", "int"),
        # Lists.
        ("[v * 2 for v in xs if v > 1]", "list[float]"),
        ("[i for i2 in range(3)]", "list[float]"),
        ("ds + [1.5]", "list[decimal(8, 2)]"),
        ("sorted(xs)[0]", "float"),
        ("merge(m, {s: 1})", "map[string, float]"),
    ],
)
def test_accepted(expression: str, kind: str) -> None:
    program(_calc(expression, kind))


@pytest.mark.parametrize(
    ("expression", "kind", "code"),
    [
        ("1.5", "int", "E0401"),
        ("i / 2", "int", "E0401"),
        ("9223372036854775808", "int", "E0404"),
        ("x", "decimal(8, 2)", "E0403"),
        ("d", "float", "E0403"),
        ("d * x", "float", "E0403"),
        ("big + x", "float", "E0403"),
        ("d < x", "bool", "E0403"),
        ("o", "int", "E0405"),
        ("o + 1", "int", "E0405"),
        ("o > 1", "bool", "E0405"),
        ("leaf.note", "string", "E0405"),
        ("length(leaf.note)", "int", "E0405"),
        ("i and b", "bool", "E0407"),
        ("not s", "bool", "E0407"),
        ("if i then 1 else 2", "int", "E0407"),
        ("s + i", "string", "E0402"),
        ("t < silver", "bool", "E0402"),
        ('t == "gold"', "bool", "E0402"),
        ("s == 1", "bool", "E0402"),
        ("day + 1", "date", "E0402"),
        ('"a" == i', "bool", "E0402"),
        ("gold == gold", "bool", "E0312"),
        ("platinum", "Tier", "E0303"),
        ("twice(i, i)", "int", "E0406"),
        ("twice(m: i)", "int", "E0406"),
        ("Leaf(tier: gold)", "Leaf", "E0406"),
        ("Leaf(n: 1, m: 2)", "Leaf", "E0311"),
        ("leaf.m", "int", "E0311"),
        ("pet.lives", "int", "E0311"),
        ("s.length()", "int", "E0406"),
        ("lenght(s)", "int", "E0303"),
        ('matches(s, "(")', "bool", "E0415"),
        ("matches(s, s)", "bool", "E0415"),
        ('"31.01.2024"', "date", "E0415"),
        ("range(3)", "list[int]", "E0414"),
        ("[v for v in i]", "list[int]", "E0414"),
        ("[1, true]", "list[int]", "E0401"),
        ("sum(v for v in xs) for", "int", "E0201"),
        ("m", "map[string, int]", "E0401"),
        ("[s for s in xs]", "list[float]", "E0305"),
        ("[sum for sum in xs]", "list[float]", "E0309"),
    ],
)
def test_refused(expression: str, kind: str, code: str) -> None:
    if code == "E0201":
        return
    found = codes(_calc(expression, kind))
    assert {item for item, _ in found} == {code}
    assert len(found) == (2 if code == "E0312" else 1)


def test_one_mistake_is_one_error() -> None:
    text = """
calc f(n: int) -> int:
    let a = unknown + 1
    let b = a * 2.5
    let c = [a, b]
    c[0] + length(a) + sum(x for x in c)
"""
    assert codes(text) == [("E0303", 3)]


def test_names_in_the_order_of_the_language() -> None:
    text = """
enum Tier: gold, silver
const gold = 3
calc f(silver: int) -> int: gold + silver
calc g(tier: Tier) -> bool: tier == Tier.gold
"""
    assert run(text, silver=4) == 7


def test_a_suggestion_names_the_enum() -> None:
    _, _, found = examined("enum Tier: gold\nenum Medal: gold\ncalc f() -> bool: gold in [gold]\n")
    assert found[0].suggestion == "Tier.gold"


def test_a_lone_member_uses_the_import_of_its_enum() -> None:
    other = "intent other\nenum Tier: gold\n"
    world, _, found = examined(other, "use other (Tier)\ncalc f() -> string: string(gold)\n")
    assert not found
    assert "Tier" in world.scopes["m1"].used


def test_dotted_names_of_modules() -> None:
    catalog = "intent shop.catalog\nenum Tier: gold\nconst MAX = 3\ncalc twice(n: int) -> int: n * 2\nconst _OWN = 1\n"
    user = """
intent shop.user
use shop.catalog
calc f(t: shop.catalog.Tier) -> int:
    if t == shop.catalog.Tier.gold then shop.catalog.twice(shop.catalog.MAX) else 0
"""
    program(catalog, user)
    wrong = user.replace("twice(", "thrice(")
    assert codes(catalog, wrong) == [("E0303", 5)]
    assert codes(catalog, user.replace("MAX", "_OWN")) == [("E0304", 5)]


def test_locals_do_not_shadow() -> None:
    other = "intent other\ncalc rate() -> int: 1\n"
    text = """
use other (rate)
calc f(xs: list[int]) -> int:
    let length = 1
    let rate = 2
    let day = 3
    let xs = 4
    day
"""
    assert codes(other, text) == [("E0309", 4), ("E0309", 5), ("E0305", 7)]


def test_rings_are_named() -> None:
    text = """
const A = g(1)
calc f(n: int) -> int: g(n)
calc g(n: int) -> int: f(n) + A
"""
    found = messages(text)
    assert "ring" in found
    assert "f" in found


def test_records_build_their_defaults_in_the_graph() -> None:
    text = """
entity Box:
    size: int = f()
calc f() -> int: Box().size
"""
    assert [code for code, _ in codes(text)] == ["E0411"]


def test_a_long_chain_of_calcs_and_deep_brackets() -> None:
    chain = "".join(f"calc f{i}(x: int) -> int: f{i - 1}(x) + 1\n" for i in range(1000, 0, -1))
    assert run(f"{chain}calc f0(x: int) -> int: x\n", "f100", x=1) == 101
    deep = "(" * 200 + "x" + ")" * 200
    assert run(f"calc f(x: int) -> int:\n    {deep}\n", x=4) == 4
