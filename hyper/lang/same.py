"""Whether two trees mean the same, whatever their places, parentheses and spellings."""

from __future__ import annotations

from typing import Final

from hyper.lang import tree

# What two trees of one meaning may differ in.
_IGNORED: Final = frozenset(
    {"start", "end", "text", "raw", "quoted", "inline", "comments"} | {"mistakes", "lost"}
)
_FIELDS: Final[dict[type, tuple[str, ...]]] = {}


def _fields(kind: type[tree.Node]) -> tuple[str, ...]:
    found = _FIELDS.get(kind)
    if found is None:
        found = tuple(name for name in kind.__struct_fields__ if name not in _IGNORED)
        _FIELDS[kind] = found
    return found


def _plain(value: object) -> object:
    """A node without its parentheses, and ``-5`` as the literal that it may be in a tree made by hand."""
    while isinstance(value, tree.Paren):
        value = value.inner
    if isinstance(value, tree.Unary) and value.op == "-":
        operand = _plain(value.operand)
        if isinstance(operand, tree.IntLit):
            return tree.IntLit(0, 0, -operand.value, "")
        if isinstance(operand, tree.NumLit):
            return tree.NumLit(0, 0, operand.value.copy_negate(), "")
    return value


def same(a: object, b: object) -> bool:
    """Compare two trees, or parts of trees, by meaning.

    Offsets, comments, redundant parentheses, the spelling of literals and names, and whether an
    enum was written on one line make no difference.
    """
    waiting = [(a, b)]
    while waiting:
        left, right = waiting.pop()
        left, right = _plain(left), _plain(right)
        if isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            waiting.extend(zip(left, right, strict=True))
        elif isinstance(left, tree.Node):
            if type(left) is not type(right):
                return False
            names = _fields(type(left))
            waiting.extend([(getattr(left, name), getattr(right, name)) for name in names])
        elif left != right or type(left) is not type(right):
            return False
    return True
