"""Calcs, externs, tables and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang.printer.data import doc_beneath, leading_doc
from hyper.lang.printer.expressions import WIDTH, flat, spread
from hyper.lang.printer.grid import grid
from hyper.lang.printer.spelling import bare, ident, string
from hyper.lang.printer.statements import body
from hyper.lang.printer.types import type_name, type_text, with_markers
from hyper.lang.tree import (
    CellAny,
    CellList,
    CellNone,
    CellNot,
    CellRange,
    ExprStmt,
    Paren,
    Require,
    StrLit,
)

if TYPE_CHECKING:
    from hyper.lang.printer.writer import Writer
    from hyper.lang.tree import (
        CalcDecl,
        Cell,
        Derive,
        Expr,
        ExternDecl,
        Param,
        RuleDecl,
        Stmt,
        TableDecl,
        TypeExpr,
    )


def _signature(head: str, params: list[Param], returns: TypeExpr, tail: int) -> str:
    texts = [f"{bare(param.name.name)}: {type_text(param.type)}" for param in params]
    result = f" -> {type_text(returns)}"
    line = f"{head}({', '.join(texts)}){result}"
    if len(line) + tail <= WIDTH or not texts:
        return line
    lines = "".join([f"    {text},\n" for text in texts])
    return f"{head}(\n{lines}){result}"


def calc(w: Writer, node: CalcDecl) -> None:
    """A calc with its body in a block."""
    head = _signature(f"calc {bare(node.name.name)}", node.params, node.returns, 1)
    w.line(with_markers(head, node.markers, 0, ":"))
    w.begin_block()
    leading_doc(w, node.doc)
    body(w, _undocumented(node))
    w.end_block(node.end, w.column(node.start))


def _undocumented(node: CalcDecl) -> list[Stmt]:
    """The body, a string that would be taken for documentation in parentheses."""
    first = node.body[0] if node.body else None
    if node.doc is not None or len(node.body) < 2 or not isinstance(first, ExprStmt):
        return node.body
    value = first.value
    if not isinstance(value, StrLit):
        return node.body
    kept = ExprStmt(first.start, first.end, Paren(value.start, value.end, value))
    return [kept, *node.body[1:]]


def extern(w: Writer, node: ExternDecl) -> None:
    """An extern; a long one is opened at its parameters."""
    target = f" from {string(node.target)}"
    name = f"extern calc {bare(node.name.name)}"
    head = _signature(name, node.params, node.returns, len(target))
    w.line(with_markers(head + target, node.markers, 0))
    doc_beneath(w, node.doc)


def table(w: Writer, node: TableDecl) -> None:
    """A table with its columns aligned."""
    policy = ""
    if node.policy is not None:
        policy = f", {bare(node.policy.name)}"
        if node.fold is not None:
            policy += f" {bare(node.fold.name)}"
    name = f"table {bare(node.name.name)}"
    head = _signature(name, node.params, node.returns, len(policy) + 1)
    w.line(with_markers(head + policy, node.markers, 0, ":"))
    w.begin_block()
    leading_doc(w, node.doc)
    if node.inputs or node.outputs:
        _rows(w, node)
    w.end_block(node.end, w.column(node.start))


def _rows(w: Writer, node: TableDecl) -> None:
    heads = node.inputs or node.outputs
    starts = [(heads[0].start, heads[-1].end)]
    inputs = [[bare(name.name) for name in node.inputs]]
    outputs = [[bare(name.name) for name in node.outputs]]
    for row in node.rows:
        starts.append((row.start, row.end))
        inputs.append([cell(item) for item in row.cells])
        outputs.append([flat(item) for item in row.results])
    lefts = grid(inputs, padded=True)
    rights = grid(outputs, padded=False)
    for (start, end), left, right in zip(starts, lefts, rights, strict=True):
        w.item(start, end)
        w.line(f"{left} => {right}" if left else f"=> {right}")


def cell(node: Cell) -> str:
    """A cell of a table."""
    if isinstance(node, CellAny):
        return "-"
    if isinstance(node, CellNone):
        return "none"
    if isinstance(node, CellNot):
        return f"not {cell(node.inner)}"
    if isinstance(node, CellList):
        return ", ".join([cell(item) for item in node.items])
    if isinstance(node, CellRange):
        return f"{_constant(node.low)}..{_constant(node.high)}"
    value = _constant(node.value)
    return value if node.op == "==" else f"{node.op} {value}"


def _constant(node: Expr) -> str:
    text = flat(node)
    # `not` before a cell turns the cell around.
    return f"({text})" if text.startswith("not ") else text


def rule(w: Writer, node: RuleDecl) -> None:
    """A rule, a clause after another."""
    head = f"rule {bare(node.name.name)} on {type_name(node.entity)}"
    w.line(with_markers(head, node.markers, 0, ":"))
    w.begin_block()
    leading_doc(w, node.doc)
    for clause in node.clauses:
        if isinstance(clause, Require):
            _require(w, clause)
        else:
            _derive(w, clause)
    w.end_block(node.end, w.column(node.start))


def _require(w: Writer, node: Require) -> None:
    w.item(node.start, node.end)
    message = f" else {string(node.message)}"
    condition = spread(node.condition, 4, 12, len(message))
    w.line(f"require {condition}{message}")


def _derive(w: Writer, node: Derive) -> None:
    w.item(node.start, node.condition.end)
    w.line(f"when {spread(node.condition, 4, 9, 0)}")
    texts = [f"{ident(item.name)} = {flat(item.value)}" for item in node.updates]
    line = f"then {', '.join(texts)}"
    if len(line) + 4 <= WIDTH and node.updates:
        _then(w, node.updates[0].start, node.updates[-1].end, line)
        return
    for item in node.updates:
        head = f"then {ident(item.name)} = "
        _then(w, item.start, item.end, head + spread(item.value, 4, 4 + len(head), 0))


def _then(w: Writer, start: int, end: int, text: str) -> None:
    """Write a ``then`` line. It never has a blank line above it."""
    w.fresh = True
    w.item(start, end)
    w.line(text)
