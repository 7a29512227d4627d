"""Expressions: on one line where they fit, else opened at their brackets.

``flat`` gives an expression on one line, ``spread`` over as many as it takes. A line cannot end inside
an expression without brackets, so that ``spread`` adds parentheses where it must.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.lang.printer.spelling import EXPRESSION_WORDS, ident, integer, number, string
from hyper.lang.tree import (
    Arg,
    Attr,
    Binary,
    BoolLit,
    Call,
    Compare,
    Comprehension,
    Conditional,
    Index,
    IntLit,
    ListLit,
    MapLit,
    Name,
    NoneLit,
    NumLit,
    Paren,
    StrLit,
    TypeValue,
    Unary,
    With,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.lang.tree import Expr

WIDTH: Final = 100
STEP: Final = 4
# Deeper than this, opening a bracket no longer makes lines shorter.
_DEEPEST: Final = 80

_BINARY: Final[dict[str, int]] = {
    "or": 1,
    "and": 2,
    "??": 5,
    "+": 6,
    "-": 6,
    "*": 7,
    "/": 7,
    "//": 7,
    "%": 7,
}
_NOT, _COMPARE, _COALESCE, _SIGN, _POSTFIX = 3, 4, 5, 8, 9


def _precedence(node: Expr) -> int:
    """How tightly the outermost operator of an expression binds."""
    kind = type(node)
    if kind is Binary:
        return _BINARY[node.op]  # type: ignore[union-attr]
    if kind is Compare:
        return _COMPARE
    if kind is Unary:
        return _NOT if node.op == "not" else _SIGN  # type: ignore[union-attr]
    if kind is Conditional:
        return 0
    if isinstance(node, IntLit | NumLit) and node.value < 0:
        return _SIGN
    return _POSTFIX


def flat(node: Expr) -> str:
    """An expression on one line."""
    write = _FLAT.get(type(node))
    return write(node) if write else ""


def _inside(node: Expr, least: int) -> str:
    """An operand, in parentheses if its operator binds less tightly than ``least``."""
    text = flat(node)
    return f"({text})" if _precedence(node) < least else text


def _name(node: Name) -> str:
    return ident(node, EXPRESSION_WORDS)  # type: ignore[arg-type]


def _attr(node: Attr) -> str:
    return f"{_inside(node.base, _POSTFIX)}.{ident(node.name)}"


def _index(node: Index) -> str:
    return f"{_inside(node.base, _POSTFIX)}[{flat(node.index)}]"


def arg(node: Arg) -> str:
    """One argument on one line."""
    value = flat(node.value)
    return f"{ident(node.name)}: {value}" if node.name else value


def _call(node: Call) -> str:
    return f"{_inside(node.callee, _POSTFIX)}({', '.join([arg(item) for item in node.args])})"


def _with(node: With) -> str:
    updates = ", ".join([arg(item) for item in node.updates])
    return f"{_inside(node.base, _POSTFIX)} with ({updates})"


def _unary(node: Unary) -> str:
    if node.op == "not":
        return f"not {_inside(node.operand, _NOT)}"
    return node.op + _inside(node.operand, _SIGN)


def _sides(op: str) -> tuple[int, int]:
    """How tightly the left and the right of a binary operator must bind."""
    own = _BINARY[op]
    return (own + 1, own) if op == "??" else (own, own + 1)


def _binary(node: Binary) -> str:
    # A chain to the left is as deep as it is long: walk it.
    parts: list[str] = []
    current: Expr = node
    least = 0
    while type(current) is Binary and _BINARY[current.op] >= least:
        left, right = _sides(current.op)
        parts.append(f" {current.op} {_inside(current.right, right)}")
        current = current.left
        least = left
    parts.append(_inside(current, least))
    return "".join(reversed(parts))


def _compare(node: Compare) -> str:
    rest = [
        f" {op} {_inside(item, _COALESCE)}" for op, item in zip(node.ops, node.rest, strict=True)
    ]
    return _inside(node.first, _COALESCE) + "".join(rest)


def _conditional(node: Conditional) -> str:
    return f"if {_inside(node.condition, 1)} then {_inside(node.yes, 1)} else {flat(node.no)}"


def _list(node: ListLit) -> str:
    return f"[{', '.join([flat(item) for item in node.items])}]"


def _map(node: MapLit) -> str:
    entries = [f"{flat(entry.key)}: {flat(entry.value)}" for entry in node.entries]
    return "{" + ", ".join(entries) + "}"


def _comprehension(node: Comprehension) -> str:
    text = " ".join(_clauses(node))
    return f"[{text}]" if node.bracketed else text


def _clauses(node: Comprehension) -> list[str]:
    parts = [flat(node.element), f"for {ident(node.target)} in {_inside(node.source, 1)}"]
    if node.condition is not None:
        parts.append(f"if {_inside(node.condition, 1)}")
    return parts


def _paren(node: Paren) -> str:
    return f"({flat(node.inner)})"


def _type_value(node: TypeValue) -> str:
    # Types hold markers, which hold expressions: the import cannot stand above.
    from hyper.lang.printer.types import type_text

    return type_text(node.type)


_FLAT: Final[dict[type, Callable[..., str]]] = {
    Name: _name,
    IntLit: integer,
    NumLit: number,
    StrLit: string,
    BoolLit: lambda node: "true" if node.value else "false",
    NoneLit: lambda _: "none",
    Attr: _attr,
    Index: _index,
    Call: _call,
    Unary: _unary,
    Binary: _binary,
    Compare: _compare,
    Conditional: _conditional,
    ListLit: _list,
    MapLit: _map,
    Comprehension: _comprehension,
    With: _with,
    Paren: _paren,
    TypeValue: _type_value,
}


def within(node: Expr, room: int) -> str | None:
    """An expression on one line if it has at most ``room`` columns; looks no further than that."""
    kind = type(node)
    if kind is ListLit:
        texts = []
        for item in node.items:  # type: ignore[union-attr]
            text = within(item, room)
            if text is None:
                return None
            texts.append(text)
            room -= len(text) + 2
        return f"[{', '.join(texts)}]" if room >= 0 else None
    if kind is MapLit:
        texts = []
        for entry in node.entries:  # type: ignore[union-attr]
            key = flat(entry.key)
            text = within(entry.value, room - len(key) - 2)
            if text is None:
                return None
            texts.append(f"{key}: {text}")
            room -= len(key) + len(text) + 4
        return "{" + ", ".join(texts) + "}" if room >= 0 else None
    text = flat(node)
    return text if len(text) <= room else None


_SCALARS: Final = (IntLit, NumLit, StrLit, BoolLit, NoneLit, Name)


def spread(node: Expr, indent: int, used: int, tail: int, *, bracketed: bool = False) -> str:
    """An expression over as many lines as it needs.

    ``indent`` is the margin of the line that it begins on, ``used`` the columns before it, ``tail`` the columns
    that follow it; ``bracketed`` tells that a bracket is open, so that a line may end at an operator.
    """
    text = within(node, WIDTH - used - tail)
    if text is not None:
        return text
    if indent >= _DEEPEST:
        return flat(node)
    kind = type(node)
    if kind is ListLit:
        return _open("[", _items(node, indent + STEP), "]", indent)  # type: ignore[arg-type]
    if kind is MapLit:
        return _open("{", _entries(node, indent + STEP), "}", indent)  # type: ignore[arg-type]
    if kind is Call or kind is With:
        return _spread_call(node, indent, used)  # type: ignore[arg-type]
    if kind is Paren:
        inner = spread(node.inner, indent + STEP, indent + STEP, 0, bracketed=True)  # type: ignore[union-attr]
        return _open("(", [inner], ")", indent)
    if kind is Comprehension:
        clauses = _clauses(node)  # type: ignore[arg-type]
        if node.bracketed:  # type: ignore[union-attr]
            return _open("[", clauses, "]", indent)
        return ("\n" + " " * indent).join(clauses)
    if kind in {Binary, Compare, Conditional, Unary}:
        if not bracketed:
            inner = spread(node, indent + STEP, indent + STEP, 0, bracketed=True)
            return _open("(", [inner], ")", indent)
        return ("\n" + " " * indent).join(_broken(node, indent))
    if isinstance(node, Attr) and _precedence(node.base) == _POSTFIX:
        name = f".{ident(node.name)}"
        return spread(node.base, indent, used, tail + len(name)) + name
    return flat(node)


def _open(bracket: str, lines: list[str], closing: str, indent: int) -> str:
    """Lines between brackets, one step deeper."""
    if not lines:
        return bracket + closing
    margin = "\n" + " " * (indent + STEP)
    return f"{bracket}{margin}{margin.join(lines)}\n{' ' * indent}{closing}"


def _items(node: ListLit, indent: int) -> list[str]:
    if len(node.items) > 1 and all(isinstance(item, _SCALARS) for item in node.items):
        return fill([flat(item) for item in node.items], indent)
    return [spread(item, indent, indent, 1, bracketed=True) + "," for item in node.items]


def fill(texts: list[str], indent: int) -> list[str]:
    """Short texts with commas, as many on a line as fit."""
    lines: list[str] = []
    line = ""
    for text in texts:
        if line and indent + len(line) + len(text) + 2 > WIDTH:
            lines.append(line)
            line = ""
        line = f"{line} {text}," if line else f"{text},"
    return [*lines, line]


def _entries(node: MapLit, indent: int) -> list[str]:
    lines = []
    for entry in node.entries:
        key = flat(entry.key)
        value = spread(entry.value, indent, indent + len(key) + 2, 1, bracketed=True)
        lines.append(f"{key}: {value},")
    return lines


def arguments(args: list[Arg], indent: int) -> str:
    """``(…)`` with an argument a line. A lone list or map stays with its parenthesis."""
    if len(args) == 1 and args[0].name is None:
        only = args[0].value
        if isinstance(only, Comprehension) and not only.bracketed:
            return _open("(", _clauses(only), ")", indent)
        if isinstance(only, ListLit | MapLit | Comprehension):
            return f"({spread(only, indent, WIDTH, 1)})"
    lines = []
    deeper = indent + STEP
    for item in args:
        name = f"{ident(item.name)}: " if item.name else ""
        value = spread(item.value, deeper, deeper + len(name), 1, bracketed=True)
        lines.append(f"{name}{value},")
    return _open("(", lines, ")", indent)


def _spread_call(node: Call | With, indent: int, used: int) -> str:
    if isinstance(node, Call):
        head, args = _head(node.callee, indent, used), node.args
    else:
        head, args = _head(node.base, indent, used) + " with ", node.updates
    return head + arguments(args, indent)


def _head(node: Expr, indent: int, used: int) -> str:
    if _precedence(node) < _POSTFIX:
        return f"({flat(node)})"
    return spread(node, indent, used, 1)


def _broken(node: Expr, indent: int) -> list[str]:
    """The lines of an operator's operands, each but the first led by the operator."""
    if isinstance(node, Compare):
        lines = [_operand(node.first, indent, "", _COALESCE)]
        for op, item in zip(node.ops, node.rest, strict=True):
            lines.append(_operand(item, indent, f"{op} ", _COALESCE))
        return lines
    if isinstance(node, Conditional):
        return _choices(node, indent)
    if isinstance(node, Unary):
        lead = "not " if node.op == "not" else node.op
        return [_operand(node.operand, indent, lead, _NOT if node.op == "not" else _SIGN)]
    assert isinstance(node, Binary)
    own = _BINARY[node.op]
    lines = []
    current: Expr = node
    while isinstance(current, Binary) and _BINARY[current.op] == own:
        left, right = _sides(current.op)
        lines.append(_operand(current.right, indent, f"{current.op} ", right))
        current = current.left
        if left > own:
            break
    lines.append(_operand(current, indent, "", _sides(node.op)[0]))
    return lines[::-1]


def _choices(node: Conditional, indent: int) -> list[str]:
    """``if a then b``, ``else if c then d``, ``else e``, each on a line if it fits."""
    lines = []
    lead = "if "
    current: Expr = node
    while isinstance(current, Conditional):
        line = f"{lead}{_inside(current.condition, 1)} then {_inside(current.yes, 1)}"
        if indent + len(line) <= WIDTH:
            lines.append(line)
        else:
            lines.append(_operand(current.condition, indent, lead, 1))
            lines.append(_operand(current.yes, indent, "then ", 1))
        lead = "else if "
        current = current.no
    return [*lines, _operand(current, indent, "else ", 0)]


def _operand(node: Expr, indent: int, lead: str, least: int) -> str:
    """An operand that stands on a line of its own behind its operator."""
    if _precedence(node) < least:
        node = Paren(0, 0, node)
    return lead + spread(node, indent, indent + len(lead), 0)
