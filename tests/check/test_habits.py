"""What programmers write out of the habit of another language: one error, which names the form that means it here."""

from __future__ import annotations

import textwrap

import pytest

from hyper.base.source import Source
from hyper.lang.check import check
from hyper.lang.parser import parse
from hyper.lang.resolve import resolve
from hyper.lang.symbols import Unit


def _errors(*texts: str) -> list[str]:
    """Every error of a build of files, with its suggestion, in the order of places."""
    units: list[Unit] = []
    found = []
    for number, text in enumerate(texts):
        source = Source(f"m{number}.intent", text)
        parsed = parse(source)
        found += parsed.diagnostics
        units.append(Unit(source.path, "", source, parsed.module))
    world, resolved = resolve(units)
    found += resolved
    found += check(world).diagnostics
    return [f"{item.message} [{item.suggestion or ''}]" for item in found if item.is_error]


def _body(text: str) -> list[str]:
    head = "calc f(x: int, y: int, c: bool, xs: list[int], s: string, o: int?) -> int:\n"
    return _errors(head + textwrap.indent(text, "    ") + "\n")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("x ** 2", "`pow(x, 2)`"),
        ("var z = 1\nz += 1\nz", "`z = z + …`"),
        ("var z = 1\nz++\nz", "`z = z + 1`"),
        ("x if c else y", "`if c then x else y`"),
        ("let z = x if c else y\nz + z", "`if c then x else y`"),
        ("c ? x : y", "`if c then x else y`"),
        ("if c then x", "`if c then x else y`"),
        ("while c:\n    x\nx", "`for x in list:`"),
        ("return x", "the last expression of a body is its value"),
        ("return x;", "the last expression of a body is its value"),
        ("return", "the last expression of a body is its value"),
        ("if c || c then x else y", "write `or`"),
        ("if c && c then x else y", "write `and`"),
        ("if !c then x else y", "write `not`"),
        ("o!", "`??`"),
        ("o?.y", "if x is none"),
        ("o or 1", "`o ?? …`"),
        ("if x === y then 1 else 2", "write `==`"),
        ("if x !== y then 1 else 2", "write `!=`"),
        ("if x <> y then 1 else 2", "write `!=`"),
        ("if x = y:\n    1\nelse:\n    2", "write `==` to compare"),
        ("if o is None then 1 else 2", "write `is none`"),
        ("if o is not null then 1 else 2", "write `is not none`"),
        ("if o == nil then 1 else 2", "[none]"),
        ("if c == True then 1 else 2", "[true]"),
        ("sum(map(lambda q: q, xs))", "`[x + 1 for x in xs]`"),
        ("sum(map(xs, q => q))", "`[x + 1 for x in xs]`"),
        ("if c:\n    x\nelse if x > 1:\n    y\nelse:\n    3", "write `elif`"),
        ("if c:\n    x\nelsif x > 1:\n    y\nelse:\n    3", "write `elif`"),
        ("if c {\n    x\n} else {\n    y\n}", "blocks have no braces"),
        ("if c: x\nelse: y", "`if c then x else y`"),
        ("if let z = o:\n    z\nelse:\n    1", "`if x is not none:`"),
        ("x // the sum", "begins with `#`"),
        ("/* the sum */\nx", "begins with `#`"),
        ("let z = x;\nlet w = z;\nw;", "lines end without it"),
        ("const z = x\nz", "`let name = …`"),
        ("let mut z = x\nz", "`var name = …`"),
        ("let z: int\nz", "`let z: int = …`"),
        ("var z: list[int]\nz", "`var z: list[int] = …`"),
        ("let z: 3\nz", "`let z = 3`"),
        ("int z = x\nz", "`let z: int = …`"),
        ("z := x\nz", "`let name = …`"),
        ("z = x\nz", "`var z = …`"),
        ("let a, b = x, y\na", "a line for each"),
        ('length(f"a {x}")', "f-strings"),
        ('length("say "hi" now")', '`\\"`'),
        ("length({k: k for k in xs})", "a map is written out"),
        ("length({1, 2})", "there are no sets"),
        ("length((1, 2))", "there are no tuples"),
        ("length(xs[1:2])", "`slice(xs, start, end)`"),
        ("length([...xs])", "lists join with `+`"),
        ("length([*xs])", "lists join with `+`"),
        ("sum(a for a, b in xs)", "`for` names one value"),
        ("for q of xs:\n    q\nx", "write `in`"),
        ("var t = 0\nfor i in 0..3:\n    t = t + i\nt", "`range(low, high)`"),
        ("sum(a for a in xs for b in xs)", "one `for`"),
        ("min(xs, default=1)", "`default: …`"),
        ("x as float", "`float(…)`"),
        ("new Foo(x)", "leave `new` out"),
        ('raise "a"', "`require"),
        ("try:\n    x\nexcept:\n    y", "errors are not caught"),
        ("match x:\n    case 1: 2\n    case 2: 3", "leave `case` out"),
        ("match x:\n    1 => 2\n    else => 3", "write `:`"),
        ("match x:\n    1: 2\n    _: 3", "`else:`"),
        ('if s matches "a" then 1 else 2', "`matches("),
        ("for q in xs:\n    break\nx", "no `break`"),
        ("var z = xs\nz.append(1)\nx", "no methods"),
        ("x and\ny", "inside of brackets"),
    ],
)
def test_bodies(written: str, told: str) -> None:
    (error,) = _body(written)
    assert told in error


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("x: Optional[int]", "`int?`"),
        ("x: int or null", "`int?`"),
        ("x: A or None", "`A?`"),
        ("x: int or string", "`union Name = A | B`"),
        ("x-y: int", '`x_y: T @json("x-y")`'),
        ("x: int | None", "`int?`"),
        ("x: List[int]", "[list]"),
        ("x: list<int>", "`list[T]`"),
        ("x: int[]", "`list[T]`"),
        ("x: [int]", "`list[T]`"),
        ("x: Map<string, int>", "`map[string, T]`"),
        ("x: set[int]", "`list[int]`"),
        ("x: i64", "[int]"),
        ("x: { a: int }", "`entity`"),
        ("int x", "`x: int`"),
        ("optional x: int", "`name?: T`"),
        ("readonly x: int", "`name: T @read`"),
        ("x: int,\n    y: int,", "lines end without `,`"),
        ("x: int;\n    y: int;", "lines end without it"),
        ("x: int // how many\n    y: int // more", "begins with `#`"),
        ("x: int @max(3)", "`@range(max: n)`"),
        ("x: int @min(3)", "`@range(min: n)`"),
        ("x: int @gt(3)", "`@above(n)`"),
        ("x: string @maxLength(3)", "`@length(max: n)`"),
        ('x: string @regex("a")', '`@match("…")`'),
        ('x: string @pattern("a")', '`@match("…")`'),
        ("x: int @primary_key", "`@key`"),
        ('x: int @description("a")', "documentation is a string"),
        ("x: int @required", "`name?: T`"),
        ("x: int @range(1..3)", "two values"),
        ("x: int @range(min=1)", "`min: …`"),
    ],
)
def test_fields(written: str, told: str) -> None:
    (error,) = _errors(f"entity A:\n    {written}\n")
    assert told in error


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("def f(x: int) -> int:\n    x\n", "[calc]"),
        ("function f(x: int): int {\n    return x;\n}\n", "[calc]"),
        ("class A:\n    x: int\n", "[entity]"),
        ("class A {\n    x: int;\n}\n", "[entity]"),
        ("import shop\n", "[use]"),
        ("let X = 1\n", "[const]"),
        ("X = 1\n", "`const X = …`"),
        ("const int X = 1\n", "`const X: int = …`"),
        ("enum A { x, y }\n", "blocks have no braces"),
        ("enum A = x, y\n", "`enum Name: a, b`"),
        ('enum A: "x", "y"\n', '`name = "x"`'),
        ("entity B extends A:\n    y: int\n\nentity A:\n    x: int\n", "`entity B is A:`"),
        ("entity B(A):\n    y: int\n\nentity A:\n    x: int\n", "`entity B is A:`"),
        ("union A: B | C\n", "`union Name = A | B`"),
        ("// a comment\nentity A:\n    x: int\n", "begins with `#`"),
        ("@export\ncalc f(x: int) -> int: x\n", "markers follow"),
        ("calc f(x: int):\n    x\n", "`-> T`"),
        ("calc f(x) -> int: x\n", "the type of `x`"),
        ("calc f(int x) -> int: x\n", "`x: int`"),
        ("calc f(x: int) -> int = x\n", "`:` before the body"),
        ("calc f(x: int) -> int {\n    x\n}\n", "blocks have no braces"),
        ("calc f<T>(x: T) -> T: x\n", "no type parameters"),
        ("table t(a: int) -> int, collect avg:\n    a => r\n    1 => 2\n", "`avg(…)`"),
        ("table t(a: int) -> int:\n    a -> r\n    1 -> 2\n    2 -> 3\n", "write `=>`"),
        ("table t(a: int) -> int:\n    | a | => r |\n    | 1 | => 2 |\n", "between cells"),
        ("table t(a: int) -> int:\n    a => r\n    * => 3\n", "is `-`"),
        ("table t(a: int) -> int:\n    a => r\n    = 1 => 3\n", "leave `=` out"),
        ("table t(a: int) -> int:\n    a => r\n    1.. => 3\n", "`>= 1`"),
        ("table t(a: int) -> int:\n    a => r\n    >= 1 and < 3 => 3\n", "`1..3`"),
        ("table t(a: int) -> int:\n    a => r\n    --- => ---\n    1 => 2\n", "no line stands"),
        ("action a:\n    GET /a\n    returns 204\n", "`route GET /path`"),
        ("action a:\n    route GET /a/{id: int}\n    returns 204\n", "`path id: int`"),
        ("action a:\n    route GET /a\n    return 204\n", "[returns]"),
        ('const A = "abc\nconst B = 1\n', "not closed"),
    ],
)
def test_declarations(written: str, told: str) -> None:
    (error,) = _errors(written)
    assert told in error


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("given x = 1\nand y = 2\nthen x == 1", "`given`, `when` or `then`"),
        ("given x = 1 and y = 2\nthen x == 1", "`given a = 1, b = 2`"),
        ("Given x = 1\nThen x == 1", "lower case"),
        ("given x: 1\nthen x == 1", "`given x = 1`"),
        ("given x = 1\nthen x = 1", "write `==`"),
        ("when y = 1 // 0\nthen error division_by_zero", '`then error "division_by_zero"`'),
        ('when y = 1 // 0\nthen fails "x"', '`then error "code"`'),
        ("given x = 1\nexpect x == 1", "[then]"),
        ("given x = 1\nwhen x + 1\nthen x == 1", "`when result = …`"),
        ("then a == b\nexamples:\n    | a | b |\n    | 1 | 1 |", "between cells"),
    ],
)
def test_scenarios(written: str, told: str) -> None:
    text = 'feature "a":\n    scenario "b":\n' + textwrap.indent(written, " " * 8) + "\n"
    (error,) = _errors(text)
    assert told in error


def test_what_depends_on_a_broken_declaration_is_no_second_mistake() -> None:
    shop = """
entity Order:
    total int
    note: string

const LIMIT = 1 +

type Sku = { x: int }

calc f(order: Order, sku: Sku) -> int:
    order.total + LIMIT
"""
    other = "use m0 (LIMIT, Order)\n\ncalc g(order: Order) -> int: order.total + LIMIT\n"
    assert len(_errors(shop, other)) == 3


def test_what_does_not_depend_on_a_broken_line_is_reported() -> None:
    errors = _errors("entity A:\n    x int\n    y: Strng\n\ncalc f(a: int) -> int: b\n")
    assert len(errors) == 3


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("calc f(s: string) -> bool:\n    s = 'a'\n", "write `==`"),
        ("calc f(s: string) -> bool: s = 'a'\n", "write `==`"),
        ("calc f(s: string) -> bool:\n    let b = s = 'a'\n    b\n", "write `==`"),
        ("calc f(xs: list[int]) -> list[int]: [x for x in xs if x = 1]\n", "write `==`"),
        ("calc f(a: date, b: date) -> int: a - b\n", "`days_between(b, a)`"),
        ("calc f(a: date, b: date) -> int:\n    let d = (a - b)\n    d\n", "`total_days(…)`"),
        ("entity A:\n    x: int\n    y: int = x\n", "a default reads no other field"),
        ("entity A:\n    x: int\n    y: int = x + 1\n", "a default reads no other field"),
        ("entity A:\n    x: int\n\ncalc f(a: A) -> int: a['x']\n", "`a.x`"),
        ("entity A:\n    x: string @match(/^a$/)\n", '`"^a$"`'),
        ("entity A:\n    x: string @match(/^\\d{3}$/i)\n", '`r"^\\d{3}$"`'),
        ("entity A:\n    x: string @match(/[a-z]+/)\n", "a pattern is a string"),
        ("calc f(s: string) -> bool: matches(s, /^a b$/)\n", '`"^a b$"`'),
        ('const D: date = "2026-02-30"\n', "no such day as 2026-02-30"),
        ('const D: date = "2026-2-3"\n', "write one as in"),
        ('const D: time = "24:30:00"\n', "no such time of day"),
        ('const D: datetime = "2026-02-30T10:00:00Z"\n', "no such day or time of day"),
        (
            (
                'entity A:\n    x: int\n\nentity B:\n    kind: "b"\n\nentity C:\n    x: int\n\n'
                'union U = A | B | C by kind {"first": A, "b": B}\n'
            ),
            '`A`, `C` have no field `kind`: add `kind: "first"` to `A`, `kind: "c"` to `C`',
        ),
    ],
)
def test_meanings(written: str, told: str) -> None:
    (error,) = _errors(written)
    assert told in error


def test_a_file_whose_name_begins_with_a_digit_is_told_the_line_that_names_it() -> None:
    source = Source("shop/06_let-it.intent", "const A = 1\n")
    _, found = resolve([Unit(source.path, "", source, parse(source).module)])
    assert "`intent shop.let_it`" in found[0].message
    assert "does not begin with a digit" in found[0].message


_CELLS = "table t(n: int, s: string) -> int, first:\n    n | s => r\n    {}\n    - | - => 3\n"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("5-10 | - => 2", "`5..10`"),
        ("5 - 10 | - => 2", "`5..10`"),
        ("-10 - -5 | - => 2", "`-10..-5`"),
        ("n > 5 | - => 2", "`> 5`"),
        ("5 < n | - => 2", "`> 5`"),
        ("n == 5 | - => 2", "`5`"),
        ("1 <= n <= 5 | - => 2", "`1..5`"),
        ("n >= 1 and n <= 5 | - => 2", "`1..5`"),
        ("n in [1, 2] | - => 2", "`1, 2`"),
        ("n < 1 or n > 5 | - => 2", "`< 1, > 5`"),
        ("< 1 or > 5 | - => 2", "`< 1, > 3`"),
        ('- | "a" or "b" => 2', '`"a", "b"`'),
        ('- | ("a" or "b" or "c") => 2', '`"a", "b", "c"`'),
        ("else => 2", "`- | - => …`"),
        ("otherwise => 2", "`- | - => …`"),
        ("default | - => 2", "is `-`"),
        ("1 | else => 2", "is `-`"),
        ("1 | otherwise => 2", "is `-`"),
        ("1 | _ => 2", "is `-`"),
        ("1.5% | - => 2", "`0.015`"),
        ("- | - => 20%", "`0.2`"),
    ],
)
def test_cells(row: str, told: str) -> None:
    (error,) = _errors(_CELLS.format(row))
    assert told in error


def test_cells_that_other_tables_have_too() -> None:
    text = "enum Rest: any, default\n\nconst otherwise = 3\n\n"
    text += "table t(n: int, r: Rest) -> int, first:\n    n | r => result\n"
    text += (
        "    otherwise | any     => 1\n    -5        | default => 2\n    -         | -       => 3\n"
    )
    assert _errors(text) == []


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('entity A:\n    x: int\n    "How many."\n    y: int\n', "indented beneath"),
        ('entity A:\n    "It."\n    x: int\n    "X."\n    y: int\n    "Y."\n', "indented beneath"),
        ('enum A:\n    x\n    "A printed book."\n    y\n', "indented beneath"),
        ('enum A:\n    x = "x"\n    "A printed book."\n', "indented beneath"),
        ('const A = 1\n"What it is."\nconst B = 2\n', "indented beneath"),
        ('enum A:\n    "x"\n    "y"\n', '`name = "y"`'),
        ('scenario "a":\n    then 1 == 1\n', '`feature "…":`'),
    ],
)
def test_lines(written: str, told: str) -> None:
    (error,) = _errors(written)
    assert told in error


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("body O", "`body o: O`"),
        ("query limit", "`query limit: T`"),
        ("returns 200: O", "`returns 200 T`"),
    ],
)
def test_actions(written: str, told: str) -> None:
    head = "entity O:\n    x: int\n\naction a:\n    route POST /a\n    returns 204\n"
    (error,) = _errors(f"{head}    {written}\n")
    assert told in error


_MONEY = "intent shop.money\n\nentity Amount:\n    x: int\n\ncalc one() -> int: 1\n\nconst K = 1\n"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("use shop.money\n\nentity A:\n    x: money.Amount\n", "[shop.money.Amount]"),
        ("use shop.money\n\ncalc f() -> int: money.one()\n", "[shop.money.one]"),
        ("use shop.money\n\ncalc f() -> int: money.K\n", "`shop.money.…`"),
        ("use money (Amount)\n\nentity A:\n    x: Amount\n", "[shop.money]"),
        ("use shop.money.Amount\n\nentity A:\n    x: Amount\n", "`use shop.money (Amount)`"),
        ("use shop.money Amount\n\nentity A:\n    x: Amount\n", "`use shop.money (A, B)`"),
        ("from shop.money import Amount, K\n\nentity A:\n    x: Amount\n", "[use]"),
    ],
)
def test_imports(written: str, told: str) -> None:
    (error,) = _errors(written, _MONEY)
    assert told in error


@pytest.mark.parametrize(
    "written",
    [
        'const A = "abc\ndef"\nconst B = 1\n',
        'calc f(x: string) -> bool:\n    contains(x, "abc\n        def")\n\ncalc g() -> int: 1\n',
        'entity A:\n    "What it is,\n    on two lines."\n    x: int\n',
    ],
)
def test_a_string_over_lines_is_one_mistake(written: str) -> None:
    (error,) = _errors(written)
    assert 'between """' in error


def test_two_open_strings_are_two_mistakes() -> None:
    assert len(_errors('const A = "abc\nconst B = "def\n')) == 2


def test_a_default_is_as_wide_as_what_is_expected() -> None:
    assert _errors("calc f(x: int?) -> bigint: x ?? 99999999999999999999\n") == []
    assert len(_errors("calc f(x: int?) -> int: x ?? 99999999999999999999\n")) == 1


@pytest.mark.parametrize(
    "written",
    [
        "calc f() -> decimal(10, 2): sum(x for x in [1.5, 2])\n",
        "calc f() -> list[decimal(10, 2)]: [x for x in ([1.5, 2])]\n",
        "calc f(d: decimal(10, 2)) -> list[decimal(10, 2)]: [d + x for x in [1.5, 2]]\n",
    ],
)
def test_a_list_that_stands_after_for_is_told_to_be_named(written: str) -> None:
    (error,) = _errors(written)
    assert "`let items: list[decimal(10, 2)] = [1.5, 2]`" in error


_BODY = """
entity A:
    x: int

rule q on A:
    require true else "no"

action a:
    route POST /a
    body: A
    check q(a)
    returns 204
"""


def test_members_of_an_enum_that_was_not_brought_are_told_once() -> None:
    tiers = "intent shop.tiers\n\nenum Tier: silver, gold\n"
    rows = "calc f(x: int) -> bool: gold == gold\n\ncalc g(x: int) -> bool: silver == gold\n"
    (error,) = _errors(rows, tiers)
    assert "`use shop.tiers (Tier)`" in error


@pytest.mark.parametrize(
    "written",
    [
        "X = 1\n\ncalc f() -> int: X + X\n",
        "enum Offer { up, down }\n\ncalc f() -> Offer: up\n",
        "entity A:\n    x int\n\nentity B is A:\n    y: int\n\ncalc f(b: B) -> int: b.x\n",
        "entity A:\n    x: int\n\nrule r on A:\n    when x === 1\n    then x = 2\n",
        "entity A:\n    x: int\n\nrule r on A: when\n",
        _BODY,
    ],
)
def test_one_slip_is_one_error(written: str) -> None:
    assert len(_errors(written)) == 1


@pytest.mark.parametrize("cells", ["..5 | -", "- | ..5", "5.. | -", "- | 5.."])
def test_open_ranges(cells: str) -> None:
    text = f"table fee(n: int, m: int) -> int, first:\n    n | m => result\n    {cells} => 1\n"
    (error,) = _errors(text)
    assert "`<= 1`" in error
