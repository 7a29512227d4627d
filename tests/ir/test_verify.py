"""The verifier accepts what is well formed, and names each broken rule."""

from __future__ import annotations

import random

import pytest

from hyper.ir import nodes
from hyper.ir.program import CalcDef, Module, ParamDef, Program, RowDef, TableDef
from hyper.ir.verify import verify
from hyper.lang.markers import NO_MARKERS
from hyper.lang.types import BOOL, FLOAT, INT, STRING, UNKNOWN, Dec, Enum, ListOf, Opt, Type
from tests.meaning.data import ITEM, MONEY, data_module
from tests.meaning.programs import program

A = nodes.Local(INT, "a")
TRUE = nodes.Const(BOOL, "true")
ONE = nodes.Const(INT, "1")
ITEM_LOCAL = nodes.Local(ITEM, "item")


@pytest.mark.parametrize("seed", range(30))
def test_random_programs_are_well_formed(seed: int) -> None:
    assert verify(program(random.Random(seed))) == []


def calc(returns: Type, *body: nodes.Stmt) -> list[str]:
    params = (ParamDef("a", INT), ParamDef("item", ITEM), ParamDef("maybe", Opt(INT)))
    made = CalcDef("f", params, returns, body, False, False, NO_MARKERS, "", 1)
    return verify(Program([data_module(), Module("main", "main.intent", "", (), (made,))]))


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        (nodes.Local(INT, "b"), "the local b is not bound"),
        (nodes.Local(STRING, "a"), "the local a is int, used as string"),
        (nodes.Binary(INT, "add", A, nodes.Const(FLOAT, "0x1.0p+0")), "int add float as int"),
        (nodes.Binary(INT, "div", A, A), "int div int as int"),
        (nodes.Binary(BOOL, "lt", A, nodes.Const(STRING, '"x"')), "int lt string"),
        (nodes.Unary(BOOL, "not", A), "the operand of not is int, not bool"),
        (nodes.Field(INT, ITEM_LOCAL, "nothing"), "no field nothing of Item"),
        (nodes.Field(STRING, ITEM_LOCAL, "count"), "the field count as a string"),
        (nodes.Item(INT, A, ONE), "an item of a int"),
        (nodes.Call(INT, "main.g", ()), "no function main.g"),
        (nodes.Call(INT, "main.f", ()), "main.f with 0 arguments"),
        (nodes.EnumConst(Enum("data.Tier"), "bronze"), "no member bronze of Tier"),
        (nodes.MakeRecord(ITEM, ()), "Item without class, count, price, weight"),
        (nodes.Quantise(MONEY, A), "a int quantised"),
        (nodes.Quantise(Dec(0, 0), nodes.Const(MONEY, "1.00")), "quantised to decimal"),
        (nodes.Choose(INT, A, A, A), "the condition is int, not bool"),
        (nodes.Const(UNKNOWN, "1"), "a Const of unknown type"),
        (nodes.ConstRef(INT, "main.C", ONE), "no const main.C"),
        (nodes.Bind(INT, "x", A, A), "the bound name x"),
        (nodes.Range(ListOf(INT), None, TRUE), "the end of a range is bool, not int"),
        (nodes.Coalesce(INT, nodes.Local(Opt(INT), "maybe"), TRUE), "the right of ?? is bool"),
    ],
)
def test_broken_expressions(expr: nodes.Expr, message: str) -> None:
    found = calc(expr.type, nodes.Return(expr, 7))
    assert any(f"main.intent:7: f: {message}" in problem for problem in found), found


def test_a_path_must_return() -> None:
    branch = nodes.Branch(TRUE, (nodes.Return(A, 3),), 2)
    assert "ends without a return" in calc(INT, nodes.Let("x", INT, A, 2))[0]
    assert "some branches return" in calc(INT, nodes.If((branch,), (), 2))[0]
    assert "behind a return" in calc(INT, nodes.Return(A, 2), nodes.Return(A, 3))[0]
    loop = nodes.For("i", nodes.Range(ListOf(INT), None, A), (nodes.Return(A, 3),), 2)
    assert "a loop that returns" in calc(INT, loop, nodes.Return(A, 4))[0]


def test_a_decimal_is_kept_at_its_scale() -> None:
    loose = nodes.Binary(Dec(0, 0), "add", nodes.Const(MONEY, "1.00"), nodes.Const(MONEY, "2.00"))
    assert calc(MONEY, nodes.Return(loose, 2)) != []
    assert calc(MONEY, nodes.Return(nodes.Quantise(MONEY, loose), 2)) == []


def test_a_variable_keeps_its_type() -> None:
    first = nodes.Assign("x", INT, A, 2, True)
    assert "changes its type" in calc(INT, first, nodes.Assign("x", BOOL, TRUE, 3, False))[0]
    assert "is not declared" in calc(INT, nodes.Assign("y", INT, A, 3, False))[0]


def test_a_table_gives_what_it_says() -> None:
    row = RowDef((TRUE,), nodes.Const(STRING, '"x"'), 3)
    table = TableDef("t", (), INT, STRING, "first", (row,), False, False, NO_MARKERS, "", 2)
    found = verify(Program([Module("main", "main.intent", "", (), (table,))]))
    assert found == ["main.intent:2: t: a table whose element is not what it returns"]
