"""Tables and rules."""

from __future__ import annotations

from hyper.ir.program import RuleDef, TableDef
from tests.check.programs import codes, program, run


def test_cells_of_every_kind() -> None:
    text = """
enum Tier: gold, silver, n
const LOW = 2
table f(t: Tier?, n: decimal(6, 2)?, s: string) -> string, first:
    t           | n        | s            => result
    gold, none  | >= 2.5   | not "a", "b" => "first"
    not silver  | LOW..2.4 | -            => s + "!"
    n           | none     | != "x"       => "third"
    -           | -        | -            => "rest"
"""
    assert run(text, t="gold", n="2.50", s="c") == "first"
    assert run(text, t=None, n="9.00", s="c") == "first"
    assert run(text, t="gold", n="2.50", s="a") == "rest"
    assert run(text, t="n", n="2.00", s="a") == "a!"
    assert run(text, t="n", n=None, s="a") == "third"
    assert run(text, t="silver", n=None, s="a") == "rest"


def test_several_results_make_an_entity() -> None:
    text = """
entity Offer:
    rate: decimal(3, 2)
    label: string
    kind?: string
table f(n: int) -> Offer, first:
    n   => rate  | label
    > 5 => 0.155 | "large"
    -   => 0     | string(n)
"""
    assert run(text, n=9) == {"rate": "0.16", "label": "large"}
    assert run(text, n=3) == {"rate": "0.00", "label": "3"}


def test_policies() -> None:
    text = """
enum Verdict: block, review, accept
table all_of(n: int) -> list[decimal(4, 2)], collect:
    n   => result
    > 1 => 1
    > 2 => 2.5
table total(n: int) -> decimal(4, 2), collect sum:
    n   => result
    > 1 => 1
    > 2 => 2.5
table number(n: int) -> int, collect count:
    n   => result
    > 1 => "a"
    > 2 => "b"
table least(n: int) -> int, collect min:
    n   => result
    > 1 => 5
    > 2 => 3
table verdict(n: int) -> Verdict, priority:
    n   => result
    -   => accept
    > 2 => block
"""
    assert run(text, "all_of", n=3) == ["1.00", "2.50"]
    assert run(text, "total", n=3) == "3.50"
    assert run(text, "total", n=0) == "0.00"
    assert run(text, "number", n=3) == 2
    assert run(text, "least", n=3) == 3
    assert run(text, "least", n=0) == "empty"
    assert run(text, "verdict", n=3) == "block"
    policy = program(text).definitions["m0.total"]
    assert isinstance(policy, TableDef)
    assert policy.policy == "collect sum"


def test_enums_of_columns_come_first() -> None:
    text = """
enum Tier: gold, silver
enum Medal: gold, bronze
const silver = 3
table f(t: Tier, m: Medal) -> Medal, first:
    t      | m      => result
    silver | gold   => bronze
    gold   | -      => gold
    -      | bronze => gold
"""
    assert run(text, t="silver", m="gold") == "bronze"


def test_mistakes_of_tables() -> None:
    text = """
table f(n: int, s: string) -> int, first:
    n   | s    => result
    > s | -    => 1
    1   | 2    => 1
    1   => 1
    none | -   => 1
    -   | "a"  => "x"
"""
    assert codes(text) == [
        ("E0402", 4),
        ("E0402", 5),
        ("E0601", 6),
        ("E0602", 7),
        ("E0401", 8),
    ] or codes(text) == [
        ("E0402", 4),
        ("E0602", 4),
        ("E0402", 5),
        ("E0601", 6),
        ("E0602", 7),
        ("E0401", 8),
    ]


def test_what_a_rule_reads_and_writes() -> None:
    made = program("""
entity Person:
    age: int
    name: string
entity Order:
    buyer: Person
    lines: list[int]
    total: int
    note?: string
calc age_of(p: Person) -> int: p.age
calc size(order: Order) -> int: count(order.lines) + age_of(order.buyer)
table known(p: Person) -> bool, first:
    p => result
    - => p.name == "x"
rule r on Order:
    require size(self) > 1 and known(buyer) else "no"
    when note is not none
    then total = total + 1, note = none
""")
    rule = made.definitions["m0.r"]
    assert isinstance(rule, RuleDef)
    assert rule.writes == ("note", "total")
    assert rule.reads == ("buyer", "buyer.age", "buyer.name", "lines", "note", "total")


def test_rules_in_tier_0() -> None:
    text = """
entity Order:
    total: decimal(8, 2)
    shipping: decimal(8, 2)
    label?: string
rule r on Order:
    when total >= 50
    then shipping = 0, label = "free"
    when shipping == 0
    then total = total - 0.005
"""
    order = {"total": "60.00", "shipping": "4.90"}
    assert run(text, "r", self=order) == {"total": "60.00", "shipping": "0.00", "label": "free"}
