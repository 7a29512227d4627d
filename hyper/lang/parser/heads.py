"""What declarations share: their heads, parameters, documentation, and the way into their blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang import tokens as t
from hyper.lang.parser.cursor import Fault
from hyper.lang.parser.literals import doc_at
from hyper.lang.parser.types import marked_type, markers
from hyper.lang.tree import Ident, Param

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.lang.parser.cursor import Cursor
    from hyper.lang.tree import ActionDecl, ServiceDecl, StrLit


def doc_beneath(p: Cursor) -> StrLit | None:
    """Take the end of a line, and the indented string beneath it, if one is there."""
    kinds = p.kinds
    i = p.i
    if kinds[i] != t.NEWLINE:
        raise p.expected("the end of the line")
    if (
        kinds[i + 1] == t.INDENT
        and kinds[i + 2] == t.STRING
        and kinds[i + 3] == t.NEWLINE
        and kinds[i + 4] == t.DEDENT
    ):
        p.i = i + 5
        return doc_at(p, i + 2)
    p.i = i + 1
    return None


def leading_doc(p: Cursor, *, sole: bool) -> StrLit | None:
    """Take the string that leads a block; a ``sole`` one may be all there is."""
    i = p.i
    kinds = p.kinds
    if kinds[i] != t.STRING or kinds[i + 1] != t.NEWLINE:
        return None
    if kinds[i + 2] == t.DEDENT and not sole:
        return None
    p.i = i + 2
    return doc_at(p, i)


def open_block(p: Cursor, what: str) -> bool:
    """Take ``:`` and the end of the line before a block; whether a block is there, which may not be."""
    kinds = p.kinds
    i = p.i
    if kinds[i] != t.COLON:
        if kinds[i] == t.NEWLINE and kinds[i + 1] == t.INDENT:
            p.report(p.fault("expected `:` before the block"))
            p.i = i + 1
            return True
        raise p.expected("`:`")
    p.i = i + 1
    if kinds[p.i] != t.NEWLINE:
        raise p.expected("the end of the line")
    if kinds[p.i + 1] != t.INDENT:
        p.report(p.fault(f"expected {what}, indented beneath this line", "E0202"))
        p.i += 1
        return False
    p.i += 1
    return True


def optional_block(p: Cursor) -> bool:
    """As ``open_block`` where nothing needs to follow: ``entity Empty`` alone, without ``:``."""
    kinds = p.kinds
    i = p.i
    if kinds[i] == t.NEWLINE:
        documented = (
            kinds[i + 1] == t.INDENT
            and kinds[i + 2] == t.STRING
            and kinds[i + 3] == t.NEWLINE
            and kinds[i + 4] == t.DEDENT
        )
        if kinds[i + 1] != t.INDENT or documented:
            p.i = i + 1
            return documented
    return open_block(p, "at least one line")


def markers_and_lines(
    p: Cursor, result: ActionDecl | ServiceDecl, line: Callable[[], None]
) -> None:
    """Take what stands after the name of an action or a service, each line of it with ``line``."""
    try:
        result.markers = markers(p)
        found = optional_block(p)
    except Fault as fault:
        p.recover_head(fault, 0)
        found = p.kinds[p.i] == t.INDENT
    if found:
        p.i += 1
        result.doc = leading_doc(p, sole=True)
        p.lines(line)
    result.end = p.last_end()


def check_once(p: Cursor, there: object, what: str) -> None:
    """Report the second of a line that ``what`` has once."""
    if there is not None:
        raise p.fault(f"{what} has one `{p.texts[p.i].split()[0]}` line", "E0204")


def parameters(p: Cursor) -> list[Param]:
    """Take ``(name: T, …)``."""
    if p.kinds[p.i] != t.LPAREN:
        what = "`(`" if p.kinds[p.i] == t.LT else "`(`, the parameters, as in `(x: int)` or `()`"
        raise p.expected(what)
    p.i += 1
    p.deeper()
    params: list[Param] = []
    while p.kinds[p.i] != t.RPAREN:
        name = p.ident("a parameter")
        if p.kinds[p.i] != t.COLON:
            raise p.expected(f"`:` and the type of `{name.name}`")
        p.i += 1
        kind = marked_type(p)
        if p.kinds[p.i] == t.ASSIGN:
            raise p.fault("a parameter has no default value; callers always give it")
        params.append(Param(name.start, kind.end, name, kind))
        if not p.accept(t.COMMA):
            break
    if p.kinds[p.i] != t.RPAREN:
        raise p.expected("`,` or `)`")
    p.i += 1
    p.depth -= 1
    return params


def idents(p: Cursor, what: str) -> list[Ident]:
    """Take names with commas between them."""
    names = [p.ident(what)]
    while p.accept(t.COMMA):
        names.append(p.ident(what))
    return names
