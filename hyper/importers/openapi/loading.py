"""Bytes to a document: gzip, UTF-8, JSON or YAML, each with bounds, and nothing executed."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

from hyper.importers.openapi.bounds import measure
from hyper.importers.openapi.events import read_yaml
from hyper.importers.openapi.values import Unreadable, as_float

if TYPE_CHECKING:
    from hyper.importers.openapi.findings import Findings

MAX_BYTES = 128 * 1024 * 1024
"""The largest text that is read, and the largest that a gzip file may unpack to."""

GZIP = b"\x1f\x8b"


def load(data: bytes, findings: Findings) -> Any:
    """The document as plain values (``dict``, ``list``, ``str``, ``int``, ``float``, ``Decimal``, ``bool``,
    ``None``), or ``None`` where it cannot be read (an error is reported then)."""
    try:
        text = decode(unpack(data))
        value = read_json(text, findings) if looks_like_json(text) else read_yaml(text, findings)
        measure(value)
    except Unreadable as problem:
        findings.report(problem.code, str(problem))
        return None
    return value


def unpack(data: bytes) -> bytes:
    """The bytes of a gzip file (of all its members), other bytes as they are."""
    if not data.startswith(GZIP):
        if len(data) > MAX_BYTES:
            raise Unreadable(f"the document is larger than {MAX_BYTES >> 20} MB")
        return data
    parts: list[bytes] = []
    room = MAX_BYTES
    while data:
        engine = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            part = engine.decompress(data, room)
        except zlib.error as problem:
            raise Unreadable(f"the gzip file is damaged: {problem}") from None
        parts.append(part)
        room -= len(part)
        if room <= 0:
            raise Unreadable(f"the gzip file unpacks to more than {MAX_BYTES >> 20} MB")
        if not engine.eof:
            raise Unreadable("the gzip file is truncated")
        data = engine.unused_data.lstrip(b"\0")
    return b"".join(parts)


def decode(data: bytes) -> str:
    """UTF-8 text, without a byte order mark."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Unreadable(
            f"the document is not UTF-8: invalid byte at offset {problem.start}"
        ) from None
    return text


def looks_like_json(text: str) -> bool:
    """Whether the first sign of the text is that of a JSON object or list."""
    return text.lstrip(" \t\r\n")[:1] in {"{", "["}


def read_json(text: str, findings: Findings) -> Any:
    """JSON with exact numbers; YAML's flow style, which begins alike, is tried where JSON fails."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            seen: set[str] = set()
            for key, _ in items:
                if key in seen:
                    findings.report("W1003", f"the key {key!r} is given twice; the last one counts")
                seen.add(key)
        return found

    try:
        value = json.loads(
            text, object_pairs_hook=pairs, parse_float=as_float, parse_constant=_constant
        )
        return whole_text(value) if _HALF.search(text) else value
    except RecursionError:
        raise Unreadable("the document is nested too deeply", "E1003") from None
    except json.JSONDecodeError as problem:
        try:
            return read_yaml(text, findings)
        except Unreadable:
            raise Unreadable(
                f"the document is not JSON: {problem.msg} at line {problem.lineno}, "
                f"column {problem.colno}"
            ) from None
    except ValueError as problem:  # an integer of thousands of digits
        raise Unreadable(f"the document holds a number that is too long: {problem}") from None


_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")


def whole_text(root: Any) -> Any:
    """The value with halves of surrogate pairs, which no file can hold, replaced."""

    def mended(value: Any) -> Any:
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            items = [(mended(key), mended(item)) for key, item in node.items()]
            node.clear()
            node.update(items)
            stack.extend(item for _, item in items if isinstance(item, dict | list))
        elif isinstance(node, list):
            node[:] = [mended(item) for item in node]
            stack.extend(item for item in node if isinstance(item, dict | list))
    return mended(root)


def _constant(word: str) -> Any:
    raise Unreadable(f"the document is not JSON: {word} is no value")
