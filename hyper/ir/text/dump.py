"""The IR as text."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.ir.text.heads import HEADS, defaults
from hyper.lang.types import Prim

if TYPE_CHECKING:
    from hyper.ir.program import Module

_WIDTH: Final = 100
_HIGHEST: Final = 40
"""Brackets in brackets past which a line may be as long as it likes, so that indentation stays small."""
_LINES: Final = ("(let ", "(assign ", "(for ", "(if ", "(return ", "(row ", "(require ", "(derive ")
"""What has a line of its own."""
_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_WORDS: Final = frozenset({"none", "true", "false"})


def atom(value: object) -> str:
    """The text of a leaf."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value}d"
    if isinstance(value, str):
        if _BARE.fullmatch(value) and value not in _WORDS:
            return value
        return msgspec.json.encode(value).decode()
    raise TypeError(type(value).__name__)


class _Opening:
    """A bracket that is open: its parts as they become ready, and what closes it."""

    __slots__ = ("close", "height", "label", "parts", "waiting")

    def __init__(
        self, label: str, waiting: list[tuple[str, object]], head: str, close: str
    ) -> None:
        self.label = label
        self.waiting = waiting
        self.parts = [head]
        self.close = close
        self.height = 0


def _opened(label: str, value: object) -> _Opening | None:
    """A struct or tuple about to be written; ``None`` for a leaf."""
    if isinstance(value, tuple):
        return _Opening(label, [("", item) for item in reversed(value)], "[", "]")
    if isinstance(value, msgspec.Struct) and not isinstance(value, Prim):
        struct = type(value)
        known = defaults(struct)
        waiting: list[tuple[str, object]] = []
        for name in struct.__struct_fields__:
            part = getattr(value, name)
            if name not in known:
                waiting.append(("", part))
            elif part != known[name] or type(part) is not type(known[name]):
                waiting.append((f":{name} ", part))
        waiting.reverse()
        return _Opening(label, waiting, f"({HEADS[struct]}", ")")
    return None


def _closed(opening: _Opening) -> list[str]:
    """The lines of a bracket: one where it fits, else its first atoms and then a part a line."""
    head, *parts = opening.parts
    if opening.height > _HIGHEST:
        parts = [" ".join(line.strip() for line in part.split("\n")) for part in parts]
    gap = "" if head == "[" or not parts else " "
    flat = f"{opening.label}{head}{gap}{' '.join(parts)}{opening.close}"
    stays = "\n" in flat or (len(parts) > 1 and any(part.startswith(_LINES) for part in parts))
    if opening.height > _HIGHEST or (len(flat) <= _WIDTH and not stays):
        return [flat]
    first = [f"{opening.label}{head}"]
    while parts and head != "[" and "\n" not in parts[0] and parts[0][:1] not in "([":
        first.append(parts.pop(0))
    lines = [" ".join(first)]
    for part in parts:
        lines.extend(f"  {line}" for line in part.split("\n"))
    lines[-1] += opening.close
    return lines


def dump_node(root: object) -> str:
    """The text of any struct or tuple of the IR. Nesting of any depth is walked without recursion."""
    opening = _opened("", root)
    if opening is None:
        return f"%{root.name}" if isinstance(root, Prim) else atom(root)
    stack = [opening]
    while True:
        top = stack[-1]
        if top.waiting:
            label, value = top.waiting.pop()
            inner = _opened(label, value)
            if inner is not None:
                stack.append(inner)
            elif isinstance(value, Prim):
                top.parts.append(f"{label}%{value.name}")
            else:
                top.parts.append(f"{label}{atom(value)}")
            continue
        text = "\n".join(_closed(stack.pop()))
        if not stack:
            return text
        stack[-1].parts.append(text)
        stack[-1].height = max(stack[-1].height, top.height + 1)


def dump(module: Module) -> str:
    """The text of a module, with a final line end."""
    return f"{dump_node(module)}\n"
