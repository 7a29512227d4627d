"""Declarations of the surface: actions, webhooks and services."""

from __future__ import annotations

from hyper.lang.tree.declarations import Decl
from hyper.lang.tree.expressions import Arg, Expr, Marker, StrLit, TypeExpr, TypeName
from hyper.lang.tree.nodes import Ident, Node


class ActionParam(Node):
    """``path name: T``, ``query``, ``header`` or ``cookie``; ``place`` is the word."""

    place: str
    name: Ident
    optional: bool
    type: TypeExpr
    default: Expr | None
    markers: list[Marker]
    doc: StrLit | None


class ActionBody(Node):
    """``body name: T as "media/type"``; ``body?`` where it may be left out."""

    name: Ident
    optional: bool
    type: TypeExpr
    media: StrLit | None
    markers: list[Marker]
    doc: StrLit | None


class HeaderLine(Node):
    """``header name: T`` beneath a ``returns`` or ``error``."""

    name: Ident
    optional: bool
    type: TypeExpr
    markers: list[Marker]
    doc: StrLit | None


class ActionReturn(Node):
    """``returns 201 T as "media/type"`` or ``error 4XX T``. ``kind`` is ``returns`` or ``error``; ``status`` a number,
    ``4XX`` or ``default``; no type means no body."""

    kind: str
    status: str
    type: TypeExpr | None
    media: StrLit | None
    markers: list[Marker]
    doc: StrLit | None
    headers: list[HeaderLine]


class Route(Node):
    """``route METHOD /path/{name}``."""

    method: str
    path: str


class RuleUse(Node):
    """One item of ``check``: ``adult(order.customer)``. ``path`` begins with the body or a parameter."""

    rule: TypeName
    path: Expr


class SecurityUse(Node):
    """``security name(scope, …) and other, …``: ``schemes`` that must all hold. ``security none`` is no scheme."""

    schemes: list[SecurityScheme]


class SecurityScheme(Node):
    """A scheme by the name it has under ``service``, with the scopes it needs."""

    name: Ident
    scopes: list[StrLit]


class ActionDecl(Decl):
    """``action name:`` and, with ``webhook`` true, ``webhook name:``. ``security`` is ``None`` where there is no such line
    (the service's holds). ``allow`` likewise."""

    webhook: bool
    route: Route | None
    params: list[ActionParam]
    bodies: list[ActionBody]
    returns: list[ActionReturn]
    checks: list[RuleUse]
    allow: list[Ident] | None
    handled_by: StrLit | None
    security: list[SecurityUse] | None
    tags: list[StrLit]


class ServerLine(Node):
    """``server "url" "description"``."""

    url: StrLit
    description: StrLit | None
    markers: list[Marker]


class SchemeLine(Node):
    """``scheme name: kind(key: value, …)`` under ``service``; kinds are ``apiKey``, ``http``, ``oauth2``,
    ``openIdConnect`` and ``mutualTLS``; the arguments are those of OpenAPI's security scheme object, as constants."""

    name: Ident
    kind: Ident
    args: list[Arg]
    markers: list[Marker]
    doc: StrLit | None


class TagLine(Node):
    """``tag "name" "description"``."""

    name: StrLit
    description: StrLit | None
    markers: list[Marker]


class ServiceDecl(Decl):
    """``service Name:`` with ``title "…"``, ``version "…"``, ``server …``, ``scheme …``, ``security …``,
    ``roles a, b`` and ``tag …`` lines."""

    title: StrLit | None
    version: StrLit | None
    servers: list[ServerLine]
    schemes: list[SchemeLine]
    security: list[SecurityUse] | None
    roles: list[Ident]
    tags: list[TagLine]
