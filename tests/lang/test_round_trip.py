from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from hyper.base.source import Source
from hyper.lang import tree
from hyper.lang.formatter import format_text
from hyper.lang.parser import parse
from hyper.lang.printer import print_module
from hyper.lang.same import same

from . import trees

_QUICK = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def _assert_round_trip(module: tree.Module) -> None:
    text = print_module(module)
    parsed = parse(Source("a.intent", text))
    assert [item.message for item in parsed.diagnostics] == [], text
    assert same(parsed.module, module), text
    formatted = format_text(Source("a.intent", text))
    assert format_text(Source("a.intent", formatted.text)).text == formatted.text
    assert same(parse(Source("a.intent", formatted.text)).module, module)


@_QUICK
@given(trees.modules)
def test_a_printed_tree_parses_to_itself(module: tree.Module) -> None:
    _assert_round_trip(module)


@_QUICK
@given(trees.expressions)
def test_a_printed_expression_parses_to_itself(value: tree.Expr) -> None:
    name = tree.Ident(0, 0, "X")
    const = tree.ConstDecl(0, 0, name, None, [], None, value)
    _assert_round_trip(tree.Module(0, 0, None, None, [], [], [const], []))


@_QUICK
@given(trees.bodies)
def test_a_printed_body_parses_to_itself(body: list[tree.Stmt]) -> None:
    name = tree.Ident(0, 0, "f")
    of = tree.TypeName(0, 0, [tree.Ident(0, 0, "int")], [], [])
    calc = tree.CalcDecl(0, 0, name, None, [], [], of, body)
    _assert_round_trip(tree.Module(0, 0, None, None, [], [], [calc], []))
