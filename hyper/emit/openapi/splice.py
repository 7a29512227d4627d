"""The text of a document put together from that of its entries: the same bytes as the text of the whole.

An *entry* is an operation or a component. Where each begins and ends is told, so that a later document is made from an earlier
one's bytes and the text of the entries that changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from hyper.emit.openapi.text import fragment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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


def ordered(plan: Plan) -> list[Any]:
    """A plan as a value that is equal to another only where that has the same order."""
    places = [(path, list(own.items())) for path, own in plan.paths.items()]
    hooks = [(path, list(own.items())) for path, own in plan.webhooks.items()]
    return [places, hooks, list(plan.schemas.items())]


def laid_out(writer: DocumentWriter, plan: Plan) -> list[Text] | None:
    """The text of a document with its entries left out; ``None`` where what is merged into it reaches into them.

    Raises ``UnicodeEncodeError``.
    """
    if writer.merges_into_entries():
        return None
    something = {"": None}
    around = writer.around(
        {}, something if plan.webhooks else {}, something if plan.schemas else {}
    )
    return lay_out(around, plan)


def lay_out(around: dict[str, Any], plan: Plan) -> list[Text]:
    """The text of a document with its entries left out; ``around`` is ``DocumentWriter.around`` of anything in their place.

    Raises ``UnicodeEncodeError``.
    """
    made: list[Text] = []
    _object(made, 0, around, lambda key: _top(made, key, around[key], plan))
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


def _top(made: list[Text], key: str, value: Any, plan: Plan) -> None:
    """The value of a key of the document."""
    if key in {"paths", "webhooks"}:
        places = plan.paths if key == "paths" else plan.webhooks
        _object(made, 1, places, lambda path: _entries(made, "operation", places[path]))
    elif key == "components":
        _object(made, 1, value, lambda name: _component(made, name, value[name], plan))
    else:
        made.append(fragment(value, 1))


def _component(made: list[Text], key: str, value: Any, plan: Plan) -> None:
    if key == "schemas":
        _entries(made, "schema", plan.schemas)
    else:
        made.append(fragment(value, 2))


def _entries(made: list[Text], kind: str, names: dict[str, str]) -> None:
    _object(made, 2, names, lambda key: made.append((kind, names[key])))


def _object(
    made: list[Text], depth: int, keys: Iterable[str], value: Callable[[str], None]
) -> None:
    """An object so deep; ``value`` puts the value of a key after it."""
    inside = b"\n" + b"  " * (depth + 1)
    before = b"{"
    for key in keys:
        made.append(before + inside + msgspec.json.encode(key) + b": ")
        value(key)
        before = b","
    made.append(b"{}" if before == b"{" else b"\n" + b"  " * depth + b"}")
