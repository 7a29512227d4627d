"""The rules of expressions: one function a kind of node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tree
from hyper.lang.check.calls import infer_call, infer_with
from hyper.lang.check.checker import Checker, Rules
from hyper.lang.check.comparisons import check_conditional, infer_compare, infer_conditional
from hyper.lang.check.containers import (
    check_comprehension,
    check_list,
    check_map,
    check_paren,
    infer_comprehension,
    infer_index,
    infer_list,
    infer_map,
    infer_paren,
)
from hyper.lang.check.literals import (
    infer_bool,
    infer_int,
    infer_none,
    infer_number,
    infer_text,
)
from hyper.lang.check.names import infer_attr, infer_name
from hyper.lang.check.operators import infer_binary, infer_unary
from hyper.lang.types import UNKNOWN

if TYPE_CHECKING:
    from hyper.lang.types import Type


def infer_bad(_checker: Checker, _node: tree.BadExpr, _hint: Type | None) -> Type:
    """What could not be parsed has an error already."""
    return UNKNOWN


RULES: Final = Rules(
    infer={
        tree.Name: infer_name,
        tree.IntLit: infer_int,
        tree.NumLit: infer_number,
        tree.StrLit: infer_text,
        tree.BoolLit: infer_bool,
        tree.NoneLit: infer_none,
        tree.Attr: infer_attr,
        tree.Index: infer_index,
        tree.Call: infer_call,
        tree.Unary: infer_unary,
        tree.Binary: infer_binary,
        tree.Compare: infer_compare,
        tree.Conditional: infer_conditional,
        tree.ListLit: infer_list,
        tree.MapLit: infer_map,
        tree.Comprehension: infer_comprehension,
        tree.With: infer_with,
        tree.Paren: infer_paren,
        tree.BadExpr: infer_bad,
    },
    check={
        tree.ListLit: check_list,
        tree.MapLit: check_map,
        tree.Comprehension: check_comprehension,
        tree.Conditional: check_conditional,
        tree.Paren: check_paren,
    },
)
