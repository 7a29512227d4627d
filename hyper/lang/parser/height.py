"""How high a tree is, without recursion: a long chain of operators is as high as it is long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from hyper.lang.tree import Node


def height(root: Node, enough: int) -> int:
    """Levels of nodes below ``root``, itself included; stops counting past ``enough``.

    Parentheses and arguments are no levels of their own.
    """
    level: list[object] = [root]
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
        if isinstance(item, list):
            waiting.extend(item)
            continue
        if not isinstance(item, msgspec.Struct):
            continue
        for name in item.__struct_fields__:
            value = getattr(item, name)
            if isinstance(value, list):
                for part in value:
                    if isinstance(part, msgspec.Struct):
                        if type(part).__name__ in _TRANSPARENT:
                            waiting.append(part)
                        else:
                            below.append(part)
            elif isinstance(value, msgspec.Struct):
                if type(value).__name__ in _TRANSPARENT:
                    waiting.append(value)
                else:
                    below.append(value)


_TRANSPARENT = frozenset({"Paren", "Arg", "MapEntry", "Ident"})
