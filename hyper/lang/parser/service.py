"""The ``service`` declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tokens as t
from hyper.lang.parser.expressions import arguments
from hyper.lang.parser.heads import check_once, doc_beneath, idents, markers_and_lines
from hyper.lang.parser.literals import string
from hyper.lang.parser.security import security
from hyper.lang.parser.types import markers
from hyper.lang.tree import Arg, SchemeLine, ServerLine, ServiceDecl, StrLit, TagLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.lang.parser.cursor import Cursor


def service(p: Cursor) -> ServiceDecl:
    """``service Name:`` with its lines."""
    start = p.starts[p.i]
    p.i += 1
    name = p.ident("the name of the service")
    result = ServiceDecl(start, 0, name, None, [], None, None, [], [], None, [], [])
    markers_and_lines(p, result, lambda: _line(p, result))
    return result


def _line(p: Cursor, result: ServiceDecl) -> None:
    word = p.leading_word(_LINES, 'a line of a service, as `title "…"` or `server "…"`')
    _LINES[word](p, result)


def _title(p: Cursor, result: ServiceDecl) -> None:
    check_once(p, result.title, "a service")
    p.i += 1
    result.title = string(p)
    p.end_line()


def _version(p: Cursor, result: ServiceDecl) -> None:
    check_once(p, result.version, "a service")
    p.i += 1
    result.version = string(p)
    p.end_line()


def _described(p: Cursor) -> tuple[StrLit, StrLit | None]:
    """Take ``"value" "description"``."""
    p.i += 1
    value = string(p)
    description = string(p) if p.kinds[p.i] == t.STRING else None
    return value, description


def _server(p: Cursor, result: ServiceDecl) -> None:
    start = p.starts[p.i]
    url, description = _described(p)
    marks = markers(p)
    result.servers.append(ServerLine(start, p.ends[p.i - 1], url, description, marks))
    p.end_line()


def _tag(p: Cursor, result: ServiceDecl) -> None:
    start = p.starts[p.i]
    name, description = _described(p)
    marks = markers(p)
    result.tags.append(TagLine(start, p.ends[p.i - 1], name, description, marks))
    p.end_line()


def _scheme(p: Cursor, result: ServiceDecl) -> None:
    start = p.starts[p.i]
    p.i += 1
    name = p.ident("the name of the scheme")
    p.expect(t.COLON)
    kind = p.ident("the kind of the scheme, as `http`")
    args: list[Arg] = arguments(p) if p.kinds[p.i] == t.LPAREN else []
    marks = markers(p)
    end = p.ends[p.i - 1]
    doc = doc_beneath(p)
    result.schemes.append(SchemeLine(start, doc.end if doc else end, name, kind, args, marks, doc))


def _roles(p: Cursor, result: ServiceDecl) -> None:
    p.i += 1
    result.roles += idents(p, "the name of a role")
    p.end_line()


_LINES: Final[dict[str, Callable[[Cursor, ServiceDecl], None]]] = {
    "title": _title,
    "version": _version,
    "server": _server,
    "scheme": _scheme,
    "security": security,
    "roles": _roles,
    "tag": _tag,
}
