"""Bounds of a document: how deep it is nested, and how large it is once its aliases are written out."""

from __future__ import annotations

from typing import Any

from hyper.importers.openapi.values import Unreadable

MAX_DEPTH = 192
"""Levels of objects and lists."""

MAX_NODES = 2_000_000
"""Values after the aliases of YAML are written out; every ``TEXT`` signs of a long text count as one more."""

TEXT = 64


def measure(root: Any) -> None:
    """Raise ``Unreadable`` where a document is nested too deeply, holds itself, or expands too far.

    A node that several aliases share is measured once: sizes are added up over the shared graph.
    """
    sizes: dict[int, int] = {}
    heights: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        node, leave = stack.pop()
        if not isinstance(node, dict | list):
            continue
        key = id(node)
        children = node.values() if isinstance(node, dict) else node
        if leave:
            open_nodes.discard(key)
            size, height = 1, 0
            if isinstance(node, dict):
                size += sum(map(len, node)) // TEXT
            for child in children:
                if isinstance(child, dict | list):
                    size += sizes[id(child)]
                    height = max(height, heights[id(child)])
                else:
                    size += 1 + (len(child) // TEXT if isinstance(child, str) else 0)
            sizes[key] = size
            heights[key] = height + 1
            if size > MAX_NODES:
                raise Unreadable("the document expands to too many values", "E1003")
            if height >= MAX_DEPTH:
                raise Unreadable(f"the document is nested deeper than {MAX_DEPTH} levels", "E1003")
        elif key in open_nodes:
            raise Unreadable(
                "the document holds itself: an alias refers to its own parent", "E1003"
            )
        elif key not in sizes:
            open_nodes.add(key)
            stack.append((node, True))
            stack.extend((child, False) for child in children if isinstance(child, dict | list))
