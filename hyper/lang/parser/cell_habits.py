"""What spreadsheets and other languages write in a cell of a table, and the cell that means it here.

A cell is compared with its column. An expression that says the comparison itself, or that joins two of
them, can be read and would mean something else: it is an error that shows the cell to write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang import tokens as t
from hyper.lang.tree import (
    Binary,
    BoolLit,
    Compare,
    Expr,
    IntLit,
    ListLit,
    Name,
    NumLit,
    Paren,
    StrLit,
    Unary,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from hyper.lang.parser.cursor import Cursor

REST: Final = frozenset({"else", "otherwise", "default", "any", "_"})
"""How other tables write a cell that fits anything."""
ANY_CELL: Final = "a cell that fits anything is `-`"
TWO_BOUNDS: Final = "a cell with two bounds is a range, as `1..3`: both ends count"

_LITERALS: Final = (IntLit, NumLit, StrLit, BoolLit)
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def rest_row(p: Cursor, columns: int) -> str | None:
    """What to write for a row that begins with a word for "anything else", or ``None``.

    Of the words only ``else`` is kept for the language; another may be a member or a const, unless it is
    the one cell of a row that needs several.
    """
    i = p.i
    word = p.texts[i] if p.kinds[i] == t.NAME else ""
    if word not in REST or p.kinds[i + 1] not in {t.THEN_ARROW, t.ARROW, t.PIPE}:
        return None
    if p.kinds[i + 1] != t.PIPE and columns > 1:
        return f"{ANY_CELL}: write `{' | '.join(['-'] * columns)} => …`"
    return ANY_CELL if word == "else" else None


def cell_habit(p: Cursor, value: Expr, names: Collection[str]) -> str | None:
    """What to write instead of an expression that was read as a cell, or ``None`` where it is one.

    ``names`` are the inputs of the table.
    """
    value = _bare(value)
    if isinstance(value, Compare):
        return _comparison(p, value, names)
    if not isinstance(value, Binary):
        return None
    if value.op == "-" and _is_literal(value.left) and _is_literal(value.right):
        return f"a range is `{_text(p, value.left)}..{_text(p, value.right)}`: both ends count"
    if value.op == "or":
        items = _alternatives(p, value, names)
        shown = ", ".join(items) if items else "a, b"
        return f"alternatives are separated by `,`: write `{shown}`"
    if value.op == "and":
        return _bounds(p, value, names)
    return None


def _bare(value: Expr) -> Expr:
    while isinstance(value, Paren):
        value = value.inner
    return value


def _is_literal(value: Expr) -> bool:
    value = _bare(value)
    if isinstance(value, Unary) and value.op == "-":
        value = _bare(value.operand)
    return isinstance(value, _LITERALS)


def _text(p: Cursor, value: Expr) -> str:
    return p.source.text[value.start : value.end]


def _is_input(value: Expr, names: Collection[str]) -> bool:
    value = _bare(value)
    return isinstance(value, Name) and value.name in names


def _cell_of(p: Cursor, value: Compare, names: Collection[str]) -> str | None:
    """The cell that says a comparison of an input with something."""
    first, rest, ops = value.first, value.rest, value.ops
    if len(ops) == 2 and _is_input(rest[0], names) and ops[0] in {"<", "<="} and ops[0] == ops[1]:
        return f"{_text(p, first)}..{_text(p, rest[1])}"
    if len(ops) != 1:
        return None
    op, other = ops[0], rest[0]
    if not _is_input(first, names):
        first, other, op = other, first, _TURNED.get(op, "")
    if not _is_input(first, names):
        return None
    if op == "in" and isinstance(other, ListLit) and other.items:
        return ", ".join(_text(p, item) for item in other.items)
    if op in _TURNED or op == "is":
        sign = "" if op in {"==", "is"} else f"{op} "
        return f"{sign}{_text(p, other)}"
    return None


def _comparison(p: Cursor, value: Compare, names: Collection[str]) -> str | None:
    if not any(_is_input(each, names) for each in (value.first, *value.rest)):
        return None
    cell = _cell_of(p, value, names)
    return f"a cell names no column, it is compared with its own: write `{cell or '> 5'}`"


def _alternatives(p: Cursor, value: Expr, names: Collection[str]) -> list[str] | None:
    """The cells that ``a or b or c`` joins."""
    value = _bare(value)
    if isinstance(value, Binary) and value.op == "or":
        left = _alternatives(p, value.left, names)
        right = _alternatives(p, value.right, names)
        return None if left is None or right is None else left + right
    if isinstance(value, Compare):
        cell = _cell_of(p, value, names)
        return None if cell is None else [cell]
    return [_text(p, value)]


def _bounds(p: Cursor, value: Binary, names: Collection[str]) -> str | None:
    """``n >= 1 and n <= 5``."""
    low, high = _bare(value.left), _bare(value.right)
    if not (isinstance(low, Compare) and isinstance(high, Compare)):
        return None
    ends = [_cell_of(p, each, names) or "" for each in (low, high)]
    if ends[0].startswith(">= ") and ends[1].startswith("<= "):
        return f"{TWO_BOUNDS}: write `{ends[0][3:]}..{ends[1][3:]}`"
    return TWO_BOUNDS if all(ends) else None
