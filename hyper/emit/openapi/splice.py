"""The text of a document put together from that of its entries: the same bytes as the text of the whole.

An *entry* is an operation or a component. Where each begins and ends is told, so that a later document is made from an earlier
one's bytes and the text of the entries that changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from hyper.emit.openapi.text import fragment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hyper.emit.openapi.document import DocumentWriter, Plan

Entry: TypeAlias = tuple[str, str]
"""``operation`` or ``schema``, and a qualified name."""
Text: TypeAlias = "bytes | Entry"
"""Text of the document, or an entry in its place."""
_ENTRY_DEPTH: Final = 3


def entry_text(entry: Entry, writer: DocumentWriter) -> bytes:
    """The text of an entry. Raises ``UnicodeEncodeError``."""
    kind, name = entry
    node = writer.operation(name) if kind == "operation" else writer.schema(name)
    return fragment(node, _ENTRY_DEPTH)


def entries(plan: Plan) -> Iterator[Entry]:
    """The entries of a document in their order."""
    for places in (plan.paths, plan.webhooks):
        for methods in places.values():
            for name in methods.values():
                yield "operation", name
    for name in plan.schemas.values():
        yield "schema", name


def lay_out(around: dict[str, Any], plan: Plan) -> list[Text]:
    """The text of a document with its entries left out; ``around`` is ``DocumentWriter.around`` of anything in their place.

    Raises ``UnicodeEncodeError``.
    """
    made: list[Text] = []
    _object(made, 0, ((key, lambda key=key: _top(made, key, around, plan)) for key in around))
    made.append(b"\n")
    return made


def joined(layout: Iterable[Text], text: Callable[[Entry], bytes]) -> tuple[bytes, list[int]]:
    """The text of a document, and where each entry begins and ends, one after the other."""
    chunks: list[bytes] = []
    bounds: list[int] = []
    size = 0
    for item in layout:
        if isinstance(item, bytes):
            chunk = item
        else:
            chunk = text(item)
            bounds += (size, size + len(chunk))
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks), bounds


def replaced(old: bytes, bounds: list[int], texts: Mapping[int, bytes]) -> tuple[bytes, list[int]]:
    """A document with other texts of some of its entries, by their numbers, and its bounds."""
    view = memoryview(old)
    chunks: list[bytes | memoryview] = []
    moved: list[int] = []
    at = shift = done = 0
    for number in sorted(texts):
        begin, end = bounds[2 * number], bounds[2 * number + 1]
        chunks += (view[at:begin], texts[number])
        between = bounds[done : 2 * number + 1]
        moved += [bound + shift for bound in between] if shift else between
        shift += len(texts[number]) - (end - begin)
        moved.append(end + shift)
        at, done = end, 2 * number + 2
    chunks.append(view[at:])
    moved += [bound + shift for bound in bounds[done:]]
    return b"".join(chunks), moved


def _top(made: list[Text], key: str, around: dict[str, Any], plan: Plan) -> None:
    """The value of a key of the document."""
    if key in {"paths", "webhooks"}:
        _operations(made, plan.paths if key == "paths" else plan.webhooks)
    elif key == "components":
        inner = around[key]

        def part(name: str) -> None:
            if name == "schemas":
                _entries(made, 2, "schema", plan.schemas)
            else:
                made.append(fragment(inner[name], 2))

        _object(made, 1, ((name, lambda name=name: part(name)) for name in inner))
    else:
        made.append(fragment(around[key], 1))


def _operations(made: list[Text], places: dict[str, dict[str, str]]) -> None:
    items = (
        (path, lambda methods=methods: _entries(made, 2, "operation", methods))
        for path, methods in places.items()
    )
    _object(made, 1, items)


def _entries(made: list[Text], depth: int, kind: str, names: dict[str, str]) -> None:
    items = ((key, lambda name=name: made.append((kind, name))) for key, name in names.items())
    _object(made, depth, items)


def _object(made: list[Text], depth: int, items: Iterable[tuple[str, Callable[[], None]]]) -> None:
    """An object so deep, with the value of each key put after it."""
    inside = b"\n" + b"  " * (depth + 1)
    before = b"{"
    for key, value in items:
        made.append(before + inside + msgspec.json.encode(key) + b": ")
        value()
        before = b","
    made.append(b"{}" if before == b"{" else b"\n" + b"  " * depth + b"}")
