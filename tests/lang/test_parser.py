from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hyper.base.source import Source
from hyper.lang import tree
from hyper.lang.parser import parse
from hyper.lang.same import same


def _declaration(text: str) -> Any:
    parsed = parse(Source("a.intent", text))
    assert parsed.diagnostics == []
    return parsed.module.declarations[0]


def _expression(text: str) -> Any:
    return _declaration(f"const X = {text}\n").value


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a or b and c", "a or (b and c)"),
        ("not a == b", "not (a == b)"),
        ("not a and b", "(not a) and b"),
        ("a == b + c * d", "a == (b + (c * d))"),
        ("a - b - c", "(a - b) - c"),
        ("a ?? b ?? c", "a ?? (b ?? c)"),
        ("a ?? b + c < d", "(a ?? (b + c)) < d"),
        ("-a * b", "(-a) * b"),
        ("-a.b[0]", "-(a.b[0])"),
        ("a + b // c % d", "a + ((b // c) % d)"),
        ("if a then b else if c then d else e", "if a then b else (if c then d else e)"),
        ("if a then b else c or d", "if a then b else (c or d)"),
        ("a with (b: 1).c", "(a with (b: 1)).c"),
        ("f(a)(b)", "(f(a))(b)"),
        ("not a in b", "not (a in b)"),
        ("a is not none and b", "(a is not none) and b"),
    ],
)
def test_precedence(text: str, grouped: str) -> None:
    assert same(_expression(text), _expression(grouped))


def test_comparisons_chain_unless_in_parentheses() -> None:
    assert _expression("0 < a <= b not in c").ops == ["<", "<=", "not in"]
    assert _expression("(a < b) < c").ops == ["<"]
    assert not same(_expression("(a < b) < c"), _expression("a < b < c"))


def test_literals_are_exact() -> None:
    assert _expression("123456789012345678901234567890").value == 123456789012345678901234567890
    assert _expression("0x_ff").value == 255
    assert _expression("1_000.50").value == Decimal("1000.50")
    assert str(_expression("4.90").value) == "4.90"
    assert _expression(r'"a\n\x41é\N{BULLET}\""').value == 'a\nAé\u2022"'
    assert _expression(r'r"a\n"').value == r"a\n"
    assert _expression("'single'").value == "single"
    assert _expression('"""two\n  lines"""').value == "two\n  lines"


def test_a_generator_is_a_lone_argument() -> None:
    call = _expression("sum(x.a for x in xs if x.b)")
    assert isinstance(call.args[0].value, tree.Comprehension)
    assert not call.args[0].value.bracketed


def test_null_is_none_in_markers_only() -> None:
    entity = _declaration('entity A @x("k", [null, {"a": null}]):\n    b: int = null\n')
    items = entity.markers[0].args[1].value.items
    assert isinstance(items[0], tree.NoneLit)
    assert isinstance(items[1].entries[0].value, tree.NoneLit)
    assert isinstance(entity.fields[0].default, tree.Name)


def test_any_word_may_be_a_field() -> None:
    words = ["entity", "if", "not", "route", "is", "match", "let", "none", "returns", "use"]
    fields = "".join(f"    {word}?: int\n" for word in words)
    entity = _declaration(f"entity A:\n{fields}    `+1`: int\n")
    assert [field.name.name for field in entity.fields] == [*words, "+1"]
    assert entity.fields[-1].name.quoted


def test_fields() -> None:
    entity = _declaration(
        'entity A is B, m.C @extra(list[int]):\n    "Doc."\n    x?: list[m.T?]? = [1] @size(1, 2)\n'
        '        "Of x."\n'
    )
    assert entity.doc.value == "Doc."
    assert [len(base.parts) for base in entity.bases] == [1, 2]
    assert isinstance(entity.markers[0].args[0].value, tree.TypeValue)
    (field,) = entity.fields
    assert field.optional
    assert isinstance(field.type, tree.TypeOpt)
    assert isinstance(field.default, tree.ListLit)
    assert field.doc.value == "Of x."


def test_documentation_is_dedented() -> None:
    text = '''entity A:
    """First.

      Deeper.
    Last.
    """
    x: int
'''
    assert _declaration(text).doc.value == "First.\n\n  Deeper.\nLast."


def test_a_lone_string_is_the_value_of_a_calc() -> None:
    calc = _declaration('calc f() -> string:\n    "value"\n')
    assert calc.doc is None
    assert isinstance(calc.body[0].value, tree.StrLit)
    calc = _declaration('calc f() -> string:\n    "doc"\n    "value"\n')
    assert calc.doc.value == "doc"
    assert len(calc.body) == 1


@pytest.mark.parametrize(
    "text",
    [
        'union U exactly = A | B by kind {"a": A, "b": B} @deprecated\n',
        'union U exactly @deprecated = (A | B) by kind {"a": A, "b": B}\n',
        'union U exactly = (\n    A\n    | B\n) by kind {"a": A, "b": B} @deprecated\n',
        'union U exactly @deprecated =\n    | A\n    | B\n    by kind {"a": A, "b": B}\n',
        'union U exactly @deprecated =\n    A |\n    B\n    by kind {"a": A, "b": B}\n'.replace(
            " |\n    B", "\n    | B"
        ),
    ],
)
def test_unions_may_wrap(text: str) -> None:
    first = 'union U exactly = A | B by kind {"a": A, "b": B} @deprecated\n'
    assert same(_declaration(text), _declaration(first))


def test_actions() -> None:
    action = _declaration(
        'action a:\n    route get /a/{b}\'#\n    path b: int\n    body? raw: bytes as "a/b"\n'
        '    returns 2xx T\n        "Doc."\n        header h?: int\n    error default\n'
        '    allow x\n    allow y, z\n    check r(b), m.s(raw.c)\n    security none, k and j("s")\n'
    )
    assert (action.route.method, action.route.path) == ("GET", "/a/{b}'#")
    assert action.bodies[0].optional
    assert action.bodies[0].media.value == "a/b"
    assert [item.status for item in action.returns] == ["2XX", "default"]
    assert action.returns[0].headers[0].optional
    assert [role.name for role in action.allow] == ["x", "y", "z"]
    assert [len(use.rule.parts) for use in action.checks] == [1, 2]
    assert [len(use.schemes) for use in action.security] == [0, 2]


def test_cells() -> None:
    table = _declaration(
        "table t(a: int) -> int, collect sum:\n    a => r | s\n    - => 1 | 2\n    -5..-1 => 1 | 2\n"
        '    not 1, "a|b", none => 1 | 2\n    none => 1 | 2\n    != X => if a > 1 then 2 else 3 | 4\n'
    )
    assert (table.policy.name, table.fold.name) == ("collect", "sum")
    kinds = [type(row.cells[0]) for row in table.rows]
    assert kinds == [
        tree.CellAny,
        tree.CellRange,
        tree.CellNot,
        tree.CellNone,
        tree.CellTest,
    ]
    assert all(len(row.results) == 2 for row in table.rows)


def test_rules_on_one_line_or_two() -> None:
    one = _declaration("rule r on A:\n    when a then b = 1, c = 2\n")
    two = _declaration("rule r on A:\n    when a\n    then b = 1\n    then c = 2\n")
    deep = _declaration("rule r on A:\n    when a\n        then b = 1, c = 2\n")
    assert same(one, two)
    assert same(one, deep)


def test_an_if_on_a_line_of_its_own_is_a_statement_or_a_value() -> None:
    calc = _declaration(
        "calc f(a: bool) -> int:\n    if a:\n        1\n    elif a:\n        2\n    else:\n        3\n"
    )
    assert isinstance(calc.body[0], tree.If)
    calc = _declaration("calc f(a: bool) -> int:\n    if a then 1 else 2\n")
    assert isinstance(calc.body[0], tree.ExprStmt)


def test_words_of_statements_are_names_too() -> None:
    calc = _declaration(
        "calc f(match: int, let: int) -> int:\n    let = 3\n    match(1)\n    match + let\n"
    )
    assert [type(statement) for statement in calc.body] == [
        tree.Assign,
        tree.ExprStmt,
        tree.ExprStmt,
    ]


def test_scenarios() -> None:
    feature = _declaration(
        'feature "f":\n    actor m.A\n    scenario "s":\n        given a = 1, b: int = 2\n'
        '        when c = f(a)\n        then error "overflow"\n        then error + 1 == 2\n'
        "        examples:\n            a | b\n            1 | 2\n"
    )
    (scenario,) = feature.scenarios
    assert [type(step) for step in scenario.steps] == [
        tree.Given,
        tree.Given,
        tree.WhenStep,
        tree.Then,
        tree.Then,
    ]
    assert [step.failure for step in scenario.steps[3:]] == ["error", None]
    assert len(scenario.examples.rows) == 1


def test_offsets_cover_the_text() -> None:
    text = "entity A:\n    x: list[int]? = [1, 2] @size(1, 2)\n"
    entity = _declaration(text)
    field = entity.fields[0]
    assert text[entity.start : entity.end] == text.rstrip()
    assert text[field.start : field.end] == "x: list[int]? = [1, 2] @size(1, 2)"
    assert text[field.type.start : field.type.end] == "list[int]?"
    assert text[field.default.start : field.default.end] == "[1, 2]"
    assert text[field.markers[0].start : field.markers[0].end] == "@size(1, 2)"


def test_large_json_in_a_marker() -> None:
    items = ", ".join(f'{{"id": {i}, "tags": ["a", null, -1.5]}}' for i in range(5000))
    text = f'entity A @openapi({{"x": [{items}]}}):\n    x: int\n'
    assert parse(Source("a.intent", text)).diagnostics == []
