"""Declarations that compute: calcs, externs, tables and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang import tokens as t
from hyper.lang.parser.cursor import Fault
from hyper.lang.parser.expressions import expression
from hyper.lang.parser.heads import doc_beneath, leading_doc, open_block, parameters
from hyper.lang.parser.literals import string
from hyper.lang.parser.statements import statements
from hyper.lang.parser.tables import table_body
from hyper.lang.parser.types import markers, type_expr, type_name
from hyper.lang.tree import (
    Assign,
    BadType,
    CalcDecl,
    Derive,
    ExprStmt,
    ExternDecl,
    Require,
    RuleDecl,
    TableDecl,
    TypeExpr,
    TypeName,
)

if TYPE_CHECKING:
    from hyper.lang.parser.cursor import Cursor


def _returns(p: Cursor) -> TypeExpr:
    if p.kinds[p.i] != t.ARROW:
        raise p.expected("`-> T`, the type of the result, after the parameters")
    p.i += 1
    return type_expr(p)


def _bad_type(p: Cursor) -> BadType:
    return BadType(p.starts[p.i], p.starts[p.i])


def calc(p: Cursor) -> CalcDecl:
    """``calc name(params) -> T:`` with a block, or one expression on the same line."""
    start = p.starts[p.i]
    p.i += 1
    name = p.ident("the name of the calc")
    result = CalcDecl(start, 0, name, None, [], [], _bad_type(p), [])
    try:
        result.params = parameters(p)
        result.returns = _returns(p)
        result.markers = markers(p)
        if p.kinds[p.i] == t.COLON and p.kinds[p.i + 1] != t.NEWLINE:
            p.i += 1
            value = expression(p)
            result.body = [ExprStmt(value.start, value.end, value)]
            result.doc = doc_beneath(p)
            result.end = p.last_end()
            return result
        found = open_block(p, "the body of the calc")
    except Fault as fault:
        p.recover_head(fault, 0)
        found = p.kinds[p.i] == t.INDENT
    if found:
        p.i += 1
        result.doc = leading_doc(p, sole=False)
        p.depth += 1
        result.body = statements(p)
    result.end = p.last_end()
    return result


def extern(p: Cursor) -> ExternDecl:
    """``extern calc name(params) -> T from "package.module:function"``."""
    start = p.starts[p.i]
    p.i += 1
    p.expect_word("calc")
    name = p.ident("the name of the function")
    params = parameters(p)
    returns = _returns(p)
    marks = markers(p)
    p.expect_word("from")
    target = string(p)
    marks += markers(p)
    doc = doc_beneath(p)
    return ExternDecl(start, p.last_end(), name, doc, marks, params, returns, target)


def table_decl(p: Cursor) -> TableDecl:
    """``table name(params) -> T, POLICY:`` with its rows."""
    start = p.starts[p.i]
    p.i += 1
    name = p.ident("the name of the table")
    result = TableDecl(start, 0, name, None, [], [], _bad_type(p), None, None, [], [], [])
    try:
        result.params = parameters(p)
        result.returns = _returns(p)
        if p.accept(t.COMMA):
            result.policy = p.ident("a policy")
            if p.kinds[p.i] == t.NAME:
                result.fold = p.ident()
        result.markers = markers(p)
        found = open_block(p, "the columns and rows of the table")
    except Fault as fault:
        p.recover_head(fault, 0)
        found = p.kinds[p.i] == t.INDENT
    if found:
        p.i += 1
        result.doc = leading_doc(p, sole=False)
        table_body(p, result)
    result.end = p.last_end()
    return result


def rule(p: Cursor) -> RuleDecl:
    """``rule name on Entity:`` with its clauses."""
    start = p.starts[p.i]
    p.i += 1
    name = p.ident("the name of the rule")
    at = p.starts[p.i]
    result = RuleDecl(start, 0, name, None, [], TypeName(at, at, [], [], []), [])
    try:
        if p.word() != "on":
            raise p.expected("`on` and the entity, as in `rule name on Order:`")
        p.i += 1
        result.entity = type_name(p)
        result.markers = markers(p)
        found = open_block(p, "the clauses of the rule")
    except Fault as fault:
        p.recover_head(fault, 0)
        found = p.kinds[p.i] == t.INDENT
    if found:
        p.i += 1
        result.doc = leading_doc(p, sole=False)
        p.lines(lambda: _clause(p, result))
    result.end = p.last_end()
    return result


def _clause(p: Cursor, result: RuleDecl) -> None:
    """``require … else "…"``, or ``when … then …`` on one line or two."""
    start = p.starts[p.i]
    if p.word() == "then" and p.spoiled == p.i - 1:
        p.skip_line()  # of a `when` that could not be read
        return
    word = p.leading_word(("require", "when"), "`require` or `when`")
    p.i += 1
    if word == "require":
        condition = expression(p)
        if p.word() != "else":
            raise p.expected('`else "…"`, the message of the refusal')
        p.i += 1
        message = string(p)
        result.clauses.append(Require(start, message.end, condition, message))
        p.end_line()
        return
    derive = Derive(start, 0, expression(p), [])
    if p.kinds[p.i] == t.NEWLINE:
        p.i += 1
        if p.kinds[p.i] == t.INDENT:
            _indented_then(p, derive)
        else:
            _then(p, derive)
    else:
        _then(p, derive)
    derive.end = derive.updates[-1].end if derive.updates else p.last_end()
    result.clauses.append(derive)


def _indented_then(p: Cursor, derive: Derive) -> None:
    p.i += 1
    p.lines(lambda: _then(p, derive))


def _then(p: Cursor, derive: Derive) -> None:
    """Take ``then field = value, …``, as often as it is there."""
    if p.word() != "then":
        raise p.expected("`then field = value`")
    while p.accept_word("then"):
        while True:
            name = p.ident("a field")
            p.expect(t.ASSIGN)
            value = expression(p)
            derive.updates.append(Assign(name.start, value.end, name, value))
            if not p.accept(t.COMMA):
                break
        p.end_line()
