"""Actions: parameters, bodies, answers, handlers, roles and security."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hyper.lang.resolve.checks import resolve_checks
from hyper.lang.resolve.entities import check_default
from hyper.lang.resolve.functions import check_reference
from hyper.lang.resolve.lookup import suggest
from hyper.lang.resolve.markers import read_markers
from hyper.lang.resolve.routes import check_path_params, check_route
from hyper.lang.resolve.service import check_security
from hyper.lang.resolve.site import Site
from hyper.lang.resolve.types import resolve_type
from hyper.lang.symbols import ActionParts, HeaderSymbol, ParamSymbol, PayloadSymbol

if TYPE_CHECKING:
    from hyper.base.diagnostics import Reporter
    from hyper.lang import tree
    from hyper.lang.symbols import ActionSymbol, ServiceSymbol, World

_MEDIA: Final = re.compile(r"[^\s/;,\"\x00-\x1f]+/[^\s/;,\"\x00-\x1f]+(\s*;[^\x00-\x1f]*)?\Z")
JSON_MEDIA: Final = "application/json"


def resolve_action(
    action: ActionSymbol, service: ServiceSymbol | None, world: World, reporter: Reporter
) -> None:
    """Resolve every line of an action or webhook."""
    decl = action.decl
    site = Site(world.scopes[action.unit.name], world, reporter)
    action.markers = read_markers(decl.markers, "action", None, site)
    parts = action.parts = ActionParts([], [], [], [])
    comparable = check_route(action, reporter)
    _params(action, parts, site)
    if comparable and decl.route is not None:
        in_path = {item.wire: item.decl for item in parts.params if item.decl.place == "path"}
        check_path_params(decl.route, in_path, reporter)
    _bodies(action, parts, site)
    _returns(action, parts, site)
    resolve_checks(action, parts, site)
    if decl.handled_by is not None:
        check_reference(decl.handled_by, reporter)
    _check_roles(decl, service, reporter)
    check_security(decl.security, service, reporter)


def _params(action: ActionSymbol, parts: ActionParts, site: Site) -> None:
    names: set[str] = set()
    wires: set[tuple[str, str]] = set()
    for param in action.decl.params:
        kind = resolve_type(param.type, *site)
        markers = read_markers(param.markers, "param", kind, site)
        if param.default is not None:
            check_default(param.default, markers, kind, site)
        ident = param.name
        wire = markers.wire or ident.name
        # Header names are the same whatever their case.
        key = (param.place, wire.casefold() if param.place == "header" else wire)
        if ident.name in names:
            site.reporter.report(
                "E0305",
                f"`{ident.name}` is already a parameter of `{action.decl.name.name}`: choose another"
                ' name, with `@json("…")` for the one it is sent under',
                ident.start,
                ident.end,
            )
        elif key in wires:
            site.reporter.report(
                "E0509",
                f"{wire!r} is already a parameter in the {param.place}",
                ident.start,
                ident.end,
            )
        names.add(ident.name)
        wires.add(key)
        parts.params.append(ParamSymbol(ident.name, wire, kind, markers, param))


def _bodies(action: ActionSymbol, parts: ActionParts, site: Site) -> None:
    media_seen: set[str] = set()
    for body in action.decl.bodies:
        kind = resolve_type(body.type, *site)
        markers = read_markers(body.markers, "body", kind, site)
        media = _media(body.media, site.reporter)
        first = action.decl.bodies[0]
        ident = body.name
        if ident.name != first.name.name or body.optional != first.optional:
            site.reporter.report(
                "E0712",
                f"the bodies of an action are one value in several forms: call this one"
                f" `{first.name.name}{'?' if first.optional else ''}` too",
                ident.start,
                ident.end,
            )
        elif media in media_seen:
            site.reporter.report(
                "E0712",
                f"there is already a body for {media}",
                ident.start,
                ident.end,
            )
        elif not media_seen and any(param.name == ident.name for param in parts.params):
            site.reporter.report(
                "E0305",
                f"`{ident.name}` is already a parameter of `{action.decl.name.name}`",
                ident.start,
                ident.end,
            )
        media_seen.add(media)
        parts.bodies.append(PayloadSymbol(kind, media, markers, []))


def _returns(action: ActionSymbol, parts: ActionParts, site: Site) -> None:
    seen: set[tuple[str, str | None]] = set()
    for answer in action.decl.returns:
        kind = None
        media = None
        if answer.type is not None:
            kind = resolve_type(answer.type, *site)
            media = _media(answer.media, site.reporter)
        markers = read_markers(answer.markers, "returns", kind, site)
        status = answer.status
        if (status, media) in seen:
            site.reporter.report(
                "E0704",
                f"there is already an answer {status}{f' as {media}' if media else ''}",
                answer.start,
                answer.end,
            )
        seen.add((status, media))
        headers = [_header(line, site) for line in answer.headers]
        _check_headers(headers, site.reporter)
        parts.returns.append(PayloadSymbol(kind, media, markers, headers))


def _header(line: tree.HeaderLine, site: Site) -> HeaderSymbol:
    kind = resolve_type(line.type, *site)
    markers = read_markers(line.markers, "header", kind, site)
    return HeaderSymbol(line.name.name, markers.wire or line.name.name, kind, markers, line)


def _check_headers(headers: list[HeaderSymbol], reporter: Reporter) -> None:
    names: set[str] = set()
    wires: set[str] = set()
    for header in headers:
        ident = header.decl.name
        if header.name in names:
            reporter.report(
                "E0305", f"`{header.name}` is already a header here", ident.start, ident.end
            )
        elif header.wire.casefold() in wires:
            reporter.report(
                "E0509", f"{header.wire!r} is already a header here", ident.start, ident.end
            )
        names.add(header.name)
        wires.add(header.wire.casefold())


def _media(media: tree.StrLit | None, reporter: Reporter) -> str:
    if media is None:
        return JSON_MEDIA
    if _MEDIA.match(media.value) is None:
        reporter.report(
            "E0705",
            'a media type is written as "application/json"',
            media.start,
            media.end,
        )
    return media.value


def _check_roles(decl: tree.ActionDecl, service: ServiceSymbol | None, reporter: Reporter) -> None:
    if not decl.allow:
        return
    roles = service.decl.roles if service is not None else []
    known = {role.name: None for role in roles}
    for role in decl.allow:
        if role.name not in known:
            reporter.report(
                "E0708",
                f"no role `{role.name}` is declared: add it to the `roles` of the service",
                role.start,
                role.end,
                suggestion=suggest(role.name, known, reporter),
            )
