"""The text form of the IR gives back what it was made of."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.ir import nodes
from hyper.ir.program import CalcDef, Module, ParamDef
from hyper.ir.text import IrTextError, dump, dump_node, load, load_node
from hyper.lang.markers import NO_MARKERS, Markers
from hyper.lang.types import INT, STRING, Lit, Opt
from tests.meaning.programs import program


@given(st.integers(0, 10_000))
def test_random_programs_round_trip(seed: int) -> None:
    for module in program(Random(seed), calcs=3).modules:
        text = dump(module)
        assert load(text) == module
        assert dump(load(text)) == text


@pytest.mark.parametrize(
    "value",
    [
        Markers(minimum=0, maximum=Decimal("1.50"), patterns=("true", 'a"b', "[x] (y)")),
        Markers(minimum=Decimal(5), multiple=Decimal("1E+3"), deprecated="", explode=False),
        Lit("none"),
        Lit(True),
        Lit(1),
        Opt(Lit("12")),
        (1, -2, "a b", None, True, ()),
    ],
)
def test_leaves_keep_their_kind(value: object) -> None:
    back = load_node(dump_node(value))
    assert back == value
    assert repr(back) == repr(value)


def test_a_small_calc_reads_well() -> None:
    total = nodes.Binary(INT, "add", nodes.Local(INT, "a"), nodes.Const(INT, "3"))
    body = (nodes.Let("x", INT, total, 3), nodes.Return(nodes.Local(INT, "x"), 4))
    calc = CalcDef("f", (ParamDef("a", INT),), INT, body, False, False, NO_MARKERS, "Doc.", 2)
    assert dump(Module("m", "m.intent", "", (), (calc,))) == (
        '(module m m.intent ""\n'
        "  []\n"
        "  [\n"
        "    (def-calc f\n"
        "      [(param a %int)]\n"
        "      %int\n"
        "      [\n"
        '        (let x %int (binary %int add (local %int a) (const %int "3")) 3)\n'
        "        (return (local %int x) 4)]\n"
        "      false\n"
        "      false\n"
        "      (markers)\n"
        '      "Doc."\n'
        "      2)])\n"
    )


def test_deep_expressions_need_no_stack() -> None:
    expr: nodes.Expr = nodes.Const(INT, "1")
    for _ in range(5_000):
        expr = nodes.Unary(INT, "neg", expr)
    text = dump_node(expr)
    assert dump_node(load_node(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "(", ")", "(nothing)", "(local %int a) x", "(local %in a)", "[1)", '"\\q"', "(let a)"],
)
def test_what_is_no_ir_is_refused(text: str) -> None:
    with pytest.raises(IrTextError):
        load_node(text)


def test_text_of_another_struct_is_no_module() -> None:
    with pytest.raises(IrTextError):
        load(dump_node(nodes.Local(STRING, "a")))
