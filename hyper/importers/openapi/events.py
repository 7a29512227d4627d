"""YAML from its events: no recursion, no tags, anchors shared and not copied, the core schema of YAML 1.2.

``on``, ``off``, ``yes``, ``no`` and dates are strings here, as authors of API descriptions mean them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from hyper.importers.openapi.bounds import MAX_NODES
from hyper.importers.openapi.values import Unreadable, as_float

if TYPE_CHECKING:
    from hyper.importers.openapi.findings import Findings

MAX_OPEN = 512
"""Open collections at one moment; the document's own bound is checked afterwards."""

_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_NO_KEY = object()


class _Open:
    """A collection that is being read."""

    __slots__ = ("key", "merges", "node")

    def __init__(self, node: dict[str, Any] | list[Any]) -> None:
        self.node = node
        self.key: Any = _NO_KEY
        self.merges: list[Any] = []


def read_yaml(text: str, findings: Findings) -> Any:
    """The first document of a YAML text."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(findings).build(yaml.parse(text, Loader=loader))
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = getattr(problem, "problem", None) or "unexpected characters"
        raise Unreadable(f"the document is not YAML: {what}{place}") from None
    except (RecursionError, MemoryError):
        raise Unreadable("the document is nested too deeply", "E1003") from None


class _Builder:
    """Builds values from events; a scalar, an alias or a closed collection is *placed* into its parent."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.anchors: dict[str, Any] = {}
        self.stack: list[_Open] = []
        self.result: Any = None
        self.room = MAX_NODES

    def take(self, count: int) -> None:
        """Count values against the bound, before they take memory."""
        self.room -= count
        if self.room < 0:
            raise Unreadable("the document holds too many values", "E1003")

    def build(self, events: Any) -> Any:
        """Read events to the end of the first document."""
        for event in events:
            match event:
                case yaml.ScalarEvent():
                    value = _scalar(event)
                    if event.anchor:
                        self.anchors[event.anchor] = value
                    self.place(value, event.value)
                case yaml.AliasEvent():
                    if event.anchor not in self.anchors:
                        raise Unreadable(f"the alias *{event.anchor} has no anchor")
                    self.place(self.anchors[event.anchor])
                case yaml.MappingStartEvent():
                    self.open({}, event.anchor)
                case yaml.SequenceStartEvent():
                    self.open([], event.anchor)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self.close()
                case yaml.DocumentEndEvent():
                    return self.result
                case _:
                    pass
        return self.result

    def open(self, node: dict[str, Any] | list[Any], anchor: str | None) -> None:
        """Begin a collection."""
        if len(self.stack) >= MAX_OPEN:
            raise Unreadable("the document is nested too deeply", "E1003")
        if anchor:
            self.anchors[anchor] = node
        self.stack.append(_Open(node))

    def close(self) -> None:
        """End a collection: what ``<<`` brings fills the keys that it does not have itself."""
        done = self.stack.pop()
        if isinstance(done.node, dict):
            for source in done.merges:
                for each in source if isinstance(source, list) else [source]:
                    if isinstance(each, dict) and each is not done.node:
                        self.take(len(each))
                        for key, value in each.items():
                            done.node.setdefault(key, value)
        self.place(done.node)

    def place(self, value: Any, text: str | None = None) -> None:
        """Put a finished value into the collection around it; ``text`` is a scalar as written, which a key is."""
        self.take(1)
        if not self.stack:
            self.result = value
            return
        top = self.stack[-1]
        if isinstance(top.node, list):
            top.node.append(value)
        elif top.key is _NO_KEY:
            top.key = text if text is not None else _key(value)
        elif top.key == "<<":
            top.merges.append(value)
            top.key = _NO_KEY
        else:
            if top.key in top.node:
                self.findings.report(
                    "W1003", f"the key {top.key!r} is given twice; the last one counts"
                )
            top.node[top.key] = value
            top.key = _NO_KEY


def _key(value: Any) -> str:
    """A key as JSON would have it."""
    match value:
        case str():
            return value
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict() | list():
            raise Unreadable("a key of the document is a list or an object")
        case _:
            return str(value)


def _bounded(number: int) -> int:
    """A number that can be written in decimal digits."""
    if number.bit_length() > 13_000:
        raise Unreadable("the document holds a number that is too long")
    return number


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.style:
        return text
    if event.tag in {"tag:yaml.org,2002:str", "!"}:
        return text
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if not (first.isdigit() or first in "+-."):
        return text
    if _INT.fullmatch(text):
        if len(text) > 4000:
            raise Unreadable("the document holds a number that is too long")
        return int(text)
    if _OCTAL.fullmatch(text):
        return _bounded(int(text, 8))
    if _HEX.fullmatch(text):
        return _bounded(int(text, 16))
    if _FLOAT.fullmatch(text):
        return as_float(text)
    return text
