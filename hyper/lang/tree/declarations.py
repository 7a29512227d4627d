"""Declarations of data: consts, types, enums, entities and unions."""

from __future__ import annotations

from hyper.lang.tree.expressions import Expr, MapEntry, Marker, StrLit, TypeExpr, TypeName
from hyper.lang.tree.nodes import Ident, Node


class Decl(Node):
    """What every declaration has. ``doc`` is the documentation string, dedented."""

    name: Ident
    doc: StrLit | None
    markers: list[Marker]


class ConstDecl(Decl):
    """``const NAME: T = value``; the type may be left out."""

    type: TypeExpr | None
    value: Expr


class TypeDecl(Decl):
    """``type Name = T @constraints``; the markers are those of the declaration."""

    type: TypeExpr


class EnumMember(Node):
    """``name = wire``; without a wire value it is the name."""

    name: Ident
    wire: Expr | None
    doc: StrLit | None
    markers: list[Marker]


class EnumDecl(Decl):
    """``enum Name: a, b = "wire-b"`` or one member a line. ``inline`` tells how it was written."""

    members: list[EnumMember]
    inline: bool


class FieldDecl(Node):
    """A field: ``name?: T = default @markers`` with its documentation beneath or none."""

    name: Ident
    optional: bool
    type: TypeExpr
    default: Expr | None
    markers: list[Marker]
    doc: StrLit | None


class EntityDecl(Decl):
    """``entity Name is Base, …:``."""

    bases: list[TypeName]
    fields: list[FieldDecl]


class UnionDecl(Decl):
    """``union Name [exactly] = A | B [by field {"wire": A}]``."""

    exactly: bool
    variants: list[TypeExpr]
    discriminator: Ident | None
    mapping: list[MapEntry] | None
