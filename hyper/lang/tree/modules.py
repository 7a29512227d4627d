"""One file as a whole."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from hyper.lang.tree.declarations import ConstDecl, EntityDecl, EnumDecl, TypeDecl, UnionDecl
from hyper.lang.tree.expressions import Marker, StrLit
from hyper.lang.tree.functions import CalcDecl, ExternDecl, RuleDecl, TableDecl
from hyper.lang.tree.nodes import Comment, Ident, Node
from hyper.lang.tree.scenarios import FeatureDecl
from hyper.lang.tree.services import ActionDecl, ServiceDecl

Declaration: TypeAlias = (
    ConstDecl
    | TypeDecl
    | EnumDecl
    | EntityDecl
    | UnionDecl
    | CalcDecl
    | ExternDecl
    | TableDecl
    | RuleDecl
    | ActionDecl
    | ServiceDecl
    | FeatureDecl
)


class UseName(Node):
    """``A as B`` in a ``use``."""

    name: Ident
    alias: Ident | None


class Use(Node):
    """``use m (A, B as C)``; ``names`` is ``None`` for ``use m``."""

    module: Ident
    names: list[UseName] | None


class Module(Node):
    """One file. ``name`` is ``None`` where there is no ``intent`` line; its ``name`` is dotted."""

    doc: StrLit | None
    name: Ident | None
    markers: list[Marker]
    uses: list[Use]
    declarations: list[Declaration]
    comments: list[Comment]
    mistakes: list[int] = msgspec.field(default_factory=list)
    """Where what could not be read begins."""
    lost: list[str] = msgspec.field(default_factory=list)
    """Names of declarations that could not be read."""
