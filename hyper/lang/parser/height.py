"""How high a tree is, without recursion: a long chain of operators is as high as it is long."""

from __future__ import annotations

from hyper.lang.tree import Arg, Ident, MapEntry, Node, Paren


def height(root: Node, enough: int) -> int:
    """Levels of nodes below ``root``, itself included; stops counting past ``enough``.

    Parentheses and arguments are no levels of their own.
    """
    level: list[object] = []
    _children([root], level)
    count = 0
    while level and count <= enough:
        count += 1
        below: list[object] = []
        for node in level:
            _children(node, below)
        level = below
    return count


def _children(node: object, below: list[object]) -> None:
    """Add the nodes one level beneath ``node``, looking through what is no level."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        parts: list[object] = []
        if isinstance(item, list):
            parts = item
        elif isinstance(item, Node):
            parts = [getattr(item, name) for name in item.__struct_fields__]
        for part in parts:
            if isinstance(part, list | Paren | Arg | MapEntry):
                waiting.append(part)
            elif isinstance(part, Node) and not isinstance(part, Ident):
                below.append(part)
