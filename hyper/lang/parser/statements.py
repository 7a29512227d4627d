"""Bodies of calcs: statements and blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tokens as t
from hyper.lang.parser.cursor import MAX_DEPTH, Fault, TooManyBlocksFault
from hyper.lang.parser.expressions import conditional_rest, expression
from hyper.lang.parser.foreign import LIKE_ELIF, NO_RETURN
from hyper.lang.parser.types import type_expr
from hyper.lang.tree import (
    Assign,
    Branch,
    ExprStmt,
    For,
    Ident,
    If,
    Let,
    Match,
    MatchArm,
    Stmt,
    TypeExpr,
    Var,
)

if TYPE_CHECKING:
    from hyper.lang.parser.cursor import Cursor


_BRANCHES: Final = frozenset({"elif", "else", "except", "finally", "catch"}) | LIKE_ELIF


def _enter(p: Cursor) -> bool:
    """Take ``:`` and go into the block beneath it; false where there is none, which was reported.

    The caller takes the statements itself: blocks nest, and each call between two levels costs stack.
    """
    kinds = p.kinds
    if kinds[p.i] != t.COLON:
        if kinds[p.i] != t.NEWLINE or kinds[p.i + 1] != t.INDENT:
            raise p.expected("`:`")
        p.report(p.fault("expected `:` before the block"))
    else:
        p.i += 1
        if kinds[p.i] != t.NEWLINE:
            p.report_once(
                "the block stands on lines of its own, indented beneath this one; a value alone is"
                " `if c then x else y`"
            )
            statement(p)
            return False
        if kinds[p.i + 1] != t.INDENT:
            p.report(p.fault("expected a block, indented beneath this line", "E0202"))
            p.i += 1
            return False
    if p.depth >= MAX_DEPTH:
        raise p.too_many_blocks()
    p.i += 2
    p.depth += 1
    return True


def statements(p: Cursor) -> list[Stmt]:
    """Take the statements of a block that was entered, through its ``DEDENT``, and leave it."""
    kinds = p.kinds
    body: list[Stmt] = []
    depth = p.depth
    stray = 0
    # Whether an `if` was broken here, so that its other branches stand alone.
    excused = False
    # As ``Cursor.lines``, without its two calls a level: blocks nest.
    while True:
        kind = kinds[p.i]
        if kind == t.DEDENT:
            p.i += 1
            if not stray:
                break
            stray -= 1
        elif kind == t.END:
            break
        elif kind == t.INDENT:
            p.stray_indent()
            stray += 1
        elif excused and kind == t.NAME and p.texts[p.i] in _BRANCHES:
            p.skip_line()
            if kinds[p.i] == t.INDENT:
                p.i += 1
                stray += 1
        else:
            first = p.texts[p.i]
            try:
                body.append(statement(p))
            except TooManyBlocksFault:
                raise
            except Fault as fault:
                p.recover_head(fault, depth)
                excused = excused or first in {"if", "elif", "unless", "try"}
                if kinds[p.i] == t.INDENT:
                    # The head of a block was broken: its statements are read all the same.
                    p.i += 1
                    stray += 1
    p.depth = depth - 1
    return body


def statement(p: Cursor) -> Stmt:
    """Take one statement."""
    kinds = p.kinds
    i = p.i
    start = p.starts[i]
    following = kinds[i + 1]
    if kinds[i] == t.NAME:
        word = p.texts[i]
        named = following in {t.NAME, t.QUOTED}
        if word in {"let", "var"} and named:
            return _binding(p, word)
        if word == "if":
            return _if(p)
        if word == "for" and named:
            return _for(p)
        if word == "match" and (named or _heads_block(p)):
            return _match(p)
        if word == "switch" and (named or following == t.LPAREN) and _heads_block(p):
            p.report(p.fault("write `match`, as in `match value:`"))
            return _match(p)
        if word in {"elif", "else"}:
            raise p.fault(f"`{word}` follows the block of an `if`, at the same indentation")
        if word == "return" and following not in {t.NEWLINE, t.LPAREN, t.DOT, t.ASSIGN}:
            raise p.fault(NO_RETURN)
    if following == t.ASSIGN and kinds[i] in {t.NAME, t.QUOTED}:
        target = p.ident()
        p.i += 1
        value = expression(p)
        p.end_line()
        return Assign(start, value.end, target, value)
    value = expression(p)
    if kinds[p.i] == t.ASSIGN:
        raise p.fault("only a `var` can be assigned; values never change: use `with (…)`")
    p.end_line()
    return ExprStmt(start, value.end, value)


def _heads_block(p: Cursor) -> bool:
    """Whether the line that begins here ends in ``:``, as that of ``match x:`` does."""
    kinds = p.kinds
    i = p.i + 1
    if kinds[i] == t.COLON:
        return False
    while kinds[i] not in {t.NEWLINE, t.END}:
        i += 1
    return kinds[i - 1] == t.COLON


def _binding(p: Cursor, word: str) -> Let | Var:
    start = p.starts[p.i]
    p.i += 1
    name = p.ident()
    kind: TypeExpr | None = type_expr(p) if p.accept(t.COLON) else None
    p.expect(t.ASSIGN)
    value = expression(p)
    p.end_line()
    return (Let if word == "let" else Var)(start, value.end, name, kind, value)


def _if(p: Cursor) -> Stmt:
    start = p.starts[p.i]
    p.i += 1
    condition = expression(p)
    if p.word() == "then" and p.kinds[p.i + 1] == t.NEWLINE and p.kinds[p.i + 2] == t.INDENT:
        p.report(p.fault("before a block write `:` instead of `then`"))
        p.i += 1
    elif p.accept_word("then"):
        value = conditional_rest(p, start, condition)
        p.end_line()
        return ExprStmt(start, value.end, value)
    body = statements(p) if _enter(p) else []
    branches = [Branch(start, p.last_end(), condition, body)]
    while _another(p):
        start_branch = p.starts[p.i]
        p.i += 1
        condition = expression(p)
        body = statements(p) if _enter(p) else []
        branches.append(Branch(start_branch, p.last_end(), condition, body))
    orelse: list[Stmt] | None = None
    if p.word() == "else":
        p.i += 1
        orelse = statements(p) if _enter(p) else []
    return If(start, p.last_end(), branches, orelse)


def _another(p: Cursor) -> bool:
    """Whether ``elif`` is next; what other languages write for it is reported and read as it."""
    word = p.word()
    if word == "elif":
        return True
    two = word == "else" and p.kinds[p.i + 1] == t.NAME and p.texts[p.i + 1] == "if"
    if word not in LIKE_ELIF and not two:
        return False
    p.report(p.fault("write `elif`"))
    p.i += two
    return True


def _for(p: Cursor) -> For:
    start = p.starts[p.i]
    p.i += 1
    target = p.ident()
    p.expect_word("in")
    source = expression(p)
    body = statements(p) if _enter(p) else []
    return For(start, p.last_end(), target, source, body)


def _match(p: Cursor) -> Match:
    start = p.starts[p.i]
    p.i += 1
    subject = expression(p)
    arms: list[MatchArm] = []
    if not p.accept(t.COLON):
        if p.kinds[p.i] != t.NEWLINE:
            raise p.expected("`:`")
        p.report(p.fault("expected `:` before the variants"))
    if p.kinds[p.i] != t.NEWLINE or p.kinds[p.i + 1] != t.INDENT:
        p.report(p.fault("expected the variants, each on a line beneath this one", "E0202"))
        p.skip_line()
        return Match(start, p.last_end(), subject, arms)
    p.i += 2
    if p.depth >= MAX_DEPTH:
        raise p.too_many_blocks()
    p.depth += 1
    p.lines(lambda: arms.append(_arm(p)))
    p.depth -= 1
    return Match(start, p.last_end(), subject, arms)


def _arm(p: Cursor) -> MatchArm:
    start = p.starts[p.i]
    variant: TypeExpr | None = None
    binding: Ident | None = None
    following = p.kinds[p.i + 1]
    if p.word() == "case" and following not in {t.COLON, t.DOT}:
        p.report_once("leave `case` out: an arm is the variant and `:`")
        p.i += 1
        following = p.kinds[p.i + 1]
    if p.word() == "_" and following in {t.COLON, t.THEN_ARROW, t.ARROW}:
        p.report(p.fault("the arm for what is left is `else:`"))
        p.i += 1
    elif p.word() == "else" and following in {t.COLON, t.THEN_ARROW, t.ARROW}:
        p.i += 1
    else:
        variant = type_expr(p)
        if p.accept_word("as"):
            binding = p.ident()
    arrow = p.kinds[p.i] in {t.THEN_ARROW, t.ARROW}
    if arrow:
        p.report_once("write `:` after the variant")
    if (p.kinds[p.i] == t.COLON or arrow) and p.kinds[p.i + 1] != t.NEWLINE:
        p.i += 1
        value = expression(p)
        p.end_line()
        return MatchArm(
            start, value.end, variant, binding, [ExprStmt(value.start, value.end, value)]
        )
    body = statements(p) if _enter(p) else []
    return MatchArm(start, p.last_end(), variant, binding, body)
