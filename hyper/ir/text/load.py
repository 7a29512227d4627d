"""Text as the IR."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.ir.program import Module
from hyper.ir.text.heads import PRIMITIVES, STRUCTS
from hyper.lang.types import Prim

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN: Final = re.compile(
    r"""
    \s* (?:
        (?P<open>\((?P<head>[a-z-]+))
      | (?P<bracket>\[)
      | (?P<close>[)\]])
      | :(?P<label>[a-z_]+)
      | %(?P<prim>[a-z]+)
      | (?P<decimal>-?(?:\d+(?:\.\d*)?|\.\d+)(?:E[+-]?\d+)?)d
      | (?P<int>-?\d+)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<name>[A-Za-z_][A-Za-z0-9_.]*)
    )
    """,
    re.VERBOSE,
)
_WORDS: Final[dict[str, object]] = {"none": None, "true": True, "false": False}


class IrTextError(ValueError):
    """Text that is no IR; ``offset`` is where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(f"{message} at offset {offset}")
        self.offset = offset


class _Frame:
    """A bracket that is being read."""

    __slots__ = ("label", "named", "offset", "positional", "struct")

    def __init__(self, struct: type[msgspec.Struct] | None, offset: int, label: str | None) -> None:
        self.struct = struct
        self.offset = offset
        self.label = label
        """Under which label the whole goes into the bracket around it."""
        self.positional: list[object] = []
        self.named: dict[str, object] = {}

    def made(self) -> object:
        """What the bracket stands for."""
        if self.struct is None:
            return tuple(self.positional)
        try:
            return self.struct(*self.positional, **self.named)
        except TypeError as error:
            raise IrTextError(str(error), self.offset) from None


def _tokens(text: str) -> Iterator[re.Match[str]]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise IrTextError("unexpected text", at)
        yield match
        at = match.end()


def _leaf(match: re.Match[str]) -> object:
    kind, text = match.lastgroup, match[match.lastgroup or 0]
    if kind == "prim":
        if text not in PRIMITIVES:
            raise IrTextError(f"no type {text}", match.start())
        return Prim(text)
    if kind == "decimal":
        return Decimal(text)
    if kind == "int":
        return int(text)
    if kind == "string":
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise IrTextError(str(error), match.start()) from None
    return _WORDS.get(text, text)


def _opened(match: re.Match[str], label: str | None) -> _Frame:
    if match["bracket"]:
        return _Frame(None, match.start(), label)
    struct = STRUCTS.get(match["head"])
    if struct is None:
        raise IrTextError(f"no node {match['head']}", match.start())
    return _Frame(struct, match.start(), label)


def load_node(text: str) -> object:
    """What ``dump_node`` wrote."""
    outer = _Frame(None, 0, None)
    stack = [outer]
    label: str | None = None
    for match in _tokens(text):
        if match["open"] or match["bracket"]:
            stack.append(_opened(match, label))
            label = None
            continue
        if match["label"]:
            label = match["label"]
            continue
        if match["close"]:
            frame = stack.pop()
            if not stack or (match["close"] == "]") != (frame.struct is None):
                raise IrTextError("unexpected closing bracket", match.start())
            value, label = frame.made(), frame.label
        else:
            value = _leaf(match)
        if label is None:
            stack[-1].positional.append(value)
        else:
            stack[-1].named[label] = value
        label = None
    if len(stack) != 1 or len(outer.positional) != 1:
        raise IrTextError("one node was expected", len(text))
    return outer.positional[0]


def load(text: str) -> Module:
    """The module that ``dump`` wrote; raises ``IrTextError``."""
    module = load_node(text)
    if not isinstance(module, Module):
        raise IrTextError("no module", 0)
    return module
