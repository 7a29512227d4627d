"""Actions and webhooks: the route, what comes in, what goes out, and who may call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tokens as t
from hyper.lang.parser.expressions import expression
from hyper.lang.parser.heads import check_once, doc_beneath, idents, leading_doc, markers_and_lines
from hyper.lang.parser.literals import string
from hyper.lang.parser.security import security
from hyper.lang.parser.types import markers, type_expr
from hyper.lang.tree import (
    ActionBody,
    ActionDecl,
    ActionParam,
    ActionReturn,
    HeaderLine,
    Ident,
    Marker,
    Route,
    RuleUse,
    StrLit,
    TypeExpr,
    TypeName,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.lang.parser.cursor import Cursor


def action(p: Cursor) -> ActionDecl:
    """``action name:`` or ``webhook name:`` with its lines."""
    start = p.starts[p.i]
    webhook = p.texts[p.i] == "webhook"
    p.i += 1
    name = p.ident(f"the name of the {'webhook' if webhook else 'action'}")
    result = ActionDecl(
        start, 0, name, None, [], webhook, None, [], [], [], [], None, None, None, []
    )
    markers_and_lines(p, result, lambda: _line(p, result))
    return result


def _line(p: Cursor, result: ActionDecl) -> None:
    if p.kinds[p.i] == t.ROUTE:
        _route(p, result)
        return
    word = p.leading_word(_LINES, "a line of an action, as `route GET /path` or `returns 200 T`")
    _LINES[word](p, result)


def _route(p: Cursor, result: ActionDecl) -> None:
    """``route GET /path``, one token; ``route GET "/odd path"``; ``route POST`` for a webhook."""
    check_once(p, result.route, "an action")
    i = p.i
    start = p.starts[i]
    if p.kinds[i] == t.ROUTE:
        _, method, path = p.texts[i].split(None, 2)
        p.i = i + 1
    else:
        p.i = i + 1
        method = p.ident("a method, as `GET`").name
        path = ""
        if p.kinds[p.i] == t.STRING:
            path = string(p).value
        elif p.kinds[p.i] != t.NEWLINE:
            p.report(p.fault("the path of a route begins with `/`"))
            path = _rest_of_line(p)
            path = path if path.startswith("/") else f"/{path}"
    result.route = Route(start, p.ends[p.i - 1], method.upper(), path)
    p.end_line()


def _rest_of_line(p: Cursor) -> str:
    """Take all tokens up to the end of the line; their text."""
    start = p.starts[p.i]
    while p.kinds[p.i] != t.NEWLINE:
        p.i += 1
    return p.source.text[start : p.ends[p.i - 1]]


def _typed(p: Cursor) -> tuple[Ident, bool, TypeExpr]:
    """Take ``name?: T``."""
    name = p.ident()
    optional = p.accept(t.QUESTION)
    p.expect(t.COLON)
    return name, optional, type_expr(p)


def _param(p: Cursor, result: ActionDecl) -> None:
    start = p.starts[p.i]
    place = p.texts[p.i]
    p.i += 1
    name, optional, kind = _typed(p)
    marks = markers(p)
    default = expression(p) if p.accept(t.ASSIGN) else None
    marks += markers(p)
    end = p.ends[p.i - 1]
    doc = doc_beneath(p)
    result.params.append(
        ActionParam(
            start, doc.end if doc else end, place, name, optional, kind, default, marks, doc
        )
    )


def _media(p: Cursor, marks: list[Marker]) -> StrLit | None:
    """Take markers and ``as "media/type"``, in either order."""
    marks += markers(p)
    if not p.accept_word("as"):
        return None
    media = string(p)
    marks += markers(p)
    return media


def _body(p: Cursor, result: ActionDecl) -> None:
    start = p.starts[p.i]
    p.i += 1
    optional = p.accept(t.QUESTION)
    name, also, kind = _typed(p)
    marks: list[Marker] = []
    media = _media(p, marks)
    end = p.ends[p.i - 1]
    doc = doc_beneath(p)
    result.bodies.append(
        ActionBody(start, doc.end if doc else end, name, optional or also, kind, media, marks, doc)
    )


def _returns(p: Cursor, result: ActionDecl) -> None:
    kinds = p.kinds
    start = p.starts[p.i]
    word = p.texts[p.i]
    i = p.i + 1
    p.i = i
    status = p.texts[i]
    if not (kinds[i] in {t.INT, t.WORDY} or (kinds[i] == t.NAME and status == "default")):
        raise p.expected("a status, as `200`, `4XX` or `default`")
    if kinds[i] == t.WORDY:
        status = status.upper()
    if status != "default" and not _is_status(status):
        raise p.fault(f"`{status}` is no status; write one as `200`, `4XX` or `default`")
    p.i = i + 1
    marks: list[Marker] = []
    kind: TypeExpr | None = None
    media: StrLit | None = None
    if kinds[p.i] != t.NEWLINE:
        if kinds[p.i] != t.AT and p.word() != "as":
            kind = type_expr(p)
        media = _media(p, marks)
    line = ActionReturn(start, p.ends[p.i - 1], word, status, kind, media, marks, None, [])
    result.returns.append(line)
    p.end_line()
    if kinds[p.i] == t.INDENT:
        p.i += 1
        line.doc = leading_doc(p, sole=True)
        if line.doc is not None:
            line.end = line.doc.end
        p.lines(lambda: _header(p, line))


def _is_status(status: str) -> bool:
    return len(status) == 3 and status[0] in "12345" and (status[1:] == "XX" or status.isdecimal())


def _header(p: Cursor, line: ActionReturn) -> None:
    start = p.starts[p.i]
    p.leading_word(("header",), "`header name: T`")
    p.i += 1
    name, optional, kind = _typed(p)
    marks = markers(p)
    end = p.ends[p.i - 1]
    doc = doc_beneath(p)
    line.end = doc.end if doc else end
    line.headers.append(HeaderLine(start, line.end, name, optional, kind, marks, doc))


def _check(p: Cursor, result: ActionDecl) -> None:
    p.i += 1
    while True:
        result.checks.append(_rule_use(p))
        if not p.accept(t.COMMA):
            break
    p.end_line()


def _rule_use(p: Cursor) -> RuleUse:
    """Take ``rule(path)``."""
    start = p.starts[p.i]
    # The parenthesis belongs to the use, not to the name: read the name alone.
    parts = [p.ident("the name of a rule")]
    while p.accept(t.DOT):
        parts.append(p.ident())
    rule = TypeName(start, parts[-1].end, parts, [], [])
    p.expect(t.LPAREN)
    path = expression(p)
    p.expect(t.RPAREN)
    return RuleUse(start, p.ends[p.i - 1], rule, path)


def _allow(p: Cursor, result: ActionDecl) -> None:
    p.i += 1
    result.allow = (result.allow or []) + idents(p, "the name of a role")
    p.end_line()


def _handled(p: Cursor, result: ActionDecl) -> None:
    check_once(p, result.handled_by, "an action")
    p.i += 1
    p.expect_word("by")
    result.handled_by = string(p)
    p.end_line()


def _tags(p: Cursor, result: ActionDecl) -> None:
    p.i += 1
    result.tags.append(string(p))
    while p.accept(t.COMMA):
        result.tags.append(string(p))
    p.end_line()


_LINES: Final[dict[str, Callable[[Cursor, ActionDecl], None]]] = {
    "route": _route,
    "path": _param,
    "query": _param,
    "header": _param,
    "cookie": _param,
    "body": _body,
    "returns": _returns,
    "error": _returns,
    "check": _check,
    "allow": _allow,
    "handled": _handled,
    "security": security,
    "tags": _tags,
}
