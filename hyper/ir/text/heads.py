"""The word that begins each struct of the IR in its text form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.ir import nodes, program
from hyper.lang import markers, types

if TYPE_CHECKING:
    import msgspec

HEADS: Final[dict[type[msgspec.Struct], str]] = {
    nodes.Const: "const",
    nodes.ConstRef: "constref",
    nodes.EnumConst: "member",
    nodes.Local: "local",
    nodes.Now: "now",
    nodes.Field: "field",
    nodes.Item: "item",
    nodes.MakeList: "make-list",
    nodes.MakeMap: "make-map",
    nodes.MakeRecord: "make-record",
    nodes.WithFields: "with",
    nodes.Unary: "unary",
    nodes.Binary: "binary",
    nodes.And: "and",
    nodes.Or: "or",
    nodes.Coalesce: "coalesce",
    nodes.Choose: "choose",
    nodes.IsNone: "is-none",
    nodes.IsVariant: "is-variant",
    nodes.Convert: "convert",
    nodes.Quantise: "quantise",
    nodes.Bind: "bind",
    nodes.Call: "call",
    nodes.Builtin: "builtin",
    nodes.Comprehend: "comprehend",
    nodes.Fold: "fold",
    nodes.Range: "range",
    nodes.Let: "let",
    nodes.Assign: "assign",
    nodes.For: "for",
    nodes.Branch: "branch",
    nodes.If: "if",
    nodes.Return: "return",
    types.Prim: "prim",
    types.Dec: "decimal",
    types.Lit: "literal",
    types.ListOf: "list",
    types.MapOf: "map",
    types.Opt: "optional",
    types.Marked: "marked",
    types.Entity: "entity",
    types.Enum: "enum",
    types.Union: "union",
    types.Alias: "alias",
    types.Unknown: "unknown",
    markers.Markers: "markers",
    program.FieldDef: "def-field",
    program.EntityDef: "def-entity",
    program.MemberDef: "def-member",
    program.EnumDef: "def-enum",
    program.UnionDef: "def-union",
    program.AliasDef: "def-alias",
    program.ConstDef: "def-const",
    program.ParamDef: "param",
    program.CalcDef: "def-calc",
    program.ExternDef: "def-extern",
    program.RowDef: "row",
    program.TableDef: "def-table",
    program.RequireDef: "require",
    program.DeriveDef: "derive",
    program.RuleDef: "def-rule",
    program.ParameterDef: "parameter",
    program.BodyDef: "body",
    program.HeaderDef: "header",
    program.ReturnDef: "returns",
    program.CheckDef: "check",
    program.ActionDef: "def-action",
    program.ServerDef: "server",
    program.SchemeDef: "scheme",
    program.TagDef: "tag",
    program.ServiceDef: "def-service",
    program.StepDef: "step",
    program.ScenarioDef: "scenario",
    program.FeatureDef: "def-feature",
    program.Module: "module",
}

STRUCTS: Final = {head: struct for struct, head in HEADS.items()}

PRIMITIVES: Final = frozenset({*types.PRIMITIVES, "none"})
"""Types that are written as their name alone after ``%``: ``%int`` for ``(prim int)``."""


def defaults(struct: type[msgspec.Struct]) -> dict[str, object]:
    """The fields that have a default, with it."""
    names = struct.__struct_fields__
    values = struct.__struct_defaults__
    return dict(zip(names[len(names) - len(values) :], values, strict=True)) if values else {}
