"""Bytes to a document: gzip, UTF-8, JSON or YAML, each with bounds, and nothing executed."""

from __future__ import annotations

import codecs
import json
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

from hyper.importers.openapi.bounds import MAX_NODES, measure
from hyper.importers.openapi.events import read_yaml
from hyper.importers.openapi.values import Unreadable, as_float

if TYPE_CHECKING:
    from hyper.importers.openapi.findings import Findings

MAX_BYTES = 64 * 1024 * 1024
"""The largest text that is read, and the largest that a gzip file may unpack to."""

MAX_MEMBERS = 100_000
"""Members of one gzip file."""

GZIP = b"\x1f\x8b"
_PIECE: Final = 1 << 16
_ZEROS: Final = re.compile(rb"\0*")


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
    if len(data) > MAX_BYTES:
        raise Unreadable(f"the document is larger than {MAX_BYTES >> 20} MB")
    if not data.startswith(GZIP):
        return data
    found = bytearray()
    at = members = 0
    while at < len(data):
        members += 1
        if members > MAX_MEMBERS:
            raise Unreadable(f"the gzip file has more than {MAX_MEMBERS:,} members")
        at = _unpack_member(data, at, found)
        padding = _ZEROS.match(data, at)
        at = padding.end() if padding else at
    return bytes(found)


def _unpack_member(data: bytes, at: int, found: bytearray) -> int:
    """Add what one member holds; gives the place behind it. Piece by piece, so that no byte is copied for each member."""
    engine = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    while not engine.eof:
        piece = data[at : at + _PIECE]
        if not piece:
            raise Unreadable("the gzip file is truncated")
        try:
            found += engine.decompress(piece, MAX_BYTES + 1 - len(found))
        except zlib.error as problem:
            raise Unreadable(f"the gzip file is damaged: {problem}") from None
        if len(found) > MAX_BYTES:
            raise Unreadable(f"the gzip file unpacks to more than {MAX_BYTES >> 20} MB")
        at += len(piece) - len(engine.unused_data)
    return at


def decode(data: bytes) -> str:
    """UTF-8 text, without a byte order mark."""
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        return body.decode()
    except UnicodeDecodeError as problem:
        at = problem.start + len(data) - len(body)
        raise Unreadable(f"the document is not UTF-8: invalid byte at offset {at}") from None


def looks_like_json(text: str) -> bool:
    """Whether the first sign of the text is that of a JSON object or list."""
    return text.lstrip(" \t\r\n")[:1] in {"{", "["}


def read_json(text: str, findings: Findings) -> Any:
    """JSON with exact numbers; YAML's flow style, which begins alike, is tried where JSON fails."""
    if sum(map(text.count, "[{,")) > 2 * MAX_NODES:  # told before they take memory
        raise Unreadable("the document holds too many values", "E1003")

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
