"""``security`` lines, of an action and of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang import tokens as t
from hyper.lang.parser.literals import string
from hyper.lang.tree import SecurityScheme, SecurityUse, StrLit

if TYPE_CHECKING:
    from hyper.lang.parser.cursor import Cursor
    from hyper.lang.tree import ActionDecl, ServiceDecl


def security(p: Cursor, result: ActionDecl | ServiceDecl) -> None:
    """The ``security`` line; several say together what one would."""
    p.i += 1
    result.security = (result.security or []) + _uses(p)
    p.end_line()


def _uses(p: Cursor) -> list[SecurityUse]:
    """Take ``bearer, key and other("scope")``: a comma between alternatives, ``and`` between all of one."""
    uses = [_use(p)]
    while p.accept(t.COMMA):
        uses.append(_use(p))
    return uses


def _use(p: Cursor) -> SecurityUse:
    start = p.starts[p.i]
    if p.accept_word("none"):
        return SecurityUse(start, p.ends[p.i - 1], [])
    schemes = [_scheme(p)]
    while p.accept_word("and"):
        schemes.append(_scheme(p))
    return SecurityUse(start, p.ends[p.i - 1], schemes)


def _scheme(p: Cursor) -> SecurityScheme:
    name = p.ident("the name of a scheme")
    scopes: list[StrLit] = []
    if p.accept(t.LPAREN):
        while p.kinds[p.i] != t.RPAREN:
            scopes.append(string(p))
            if not p.accept(t.COMMA):
                break
        p.expect(t.RPAREN)
    return SecurityScheme(name.start, p.ends[p.i - 1], name, scopes)
