"""Bodies in media other than JSON: the smallest whole files of well-known kinds, and values as XML, CSV and text."""

from __future__ import annotations

import csv
import io
import json
import re
from base64 import b64decode
from typing import Any

__all__ = ["error_text", "sample_body"]

_FILES = {
    "image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNgAAAAAgAB5Sfe/AAAAABJRU5ErkJggg==",
    "image/gif": "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
    "image/jpeg": "/9j/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
    "AQEBAQEBAQEBAQH/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z",
    "image/webp": "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==",
    "application/zip": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==",
    "application/gzip": "H4sIAAAAAAACAwMAAAAAAAAAAAA=",
}
_NAMES = {"image/jpg": "image/jpeg", "application/x-gzip": "application/gzip"}
_PDF = (
    b"<</Type/Catalog/Pages 2 0 R>>",
    b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]/Resources<<>>>>",
)
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
_NOT_IN_NAMES = re.compile(r"[^\w.-]", re.ASCII)
_NOT_IN_XML = re.compile("[^\\t\\n\\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def plain_media(media: str) -> str:
    """A media type without its parameters, as it is registered."""
    name = media.partition(";")[0].strip().lower()
    return _NAMES.get(name, name)


def is_xml(media: str) -> bool:
    """Whether a media type is XML, of which HTML is none."""
    name = plain_media(media)
    return name in {"application/xml", "text/xml"} or name.endswith("+xml")


def sample_body(media: str, value: Any, *, is_written: bool = False) -> bytes | None:
    """A body of a media type that holds a value where it can; ``None`` for media that have no form of their own here, and
    for a value that ``is_written`` in the medium already."""
    name = plain_media(media)
    if name in _FILES:
        return b64decode(_FILES[name])
    if name == "application/pdf":
        return _pdf()
    if is_written:
        return None
    if name == "image/svg+xml":
        return _SVG.encode()
    if is_xml(name):
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{_element("sample", value)}'.encode()
    if name == "text/csv":
        return _csv(value).encode()
    if name == "text/html":
        return f"<!DOCTYPE html>\n<title>Sample</title>\n<p>{escape(_text(value))}</p>\n".encode()
    if name == "application/octet-stream" or name.startswith(
        ("image/", "audio/", "video/", "font/")
    ):
        return b"\x00"
    return None


def error_text(media: str, content: dict[str, Any]) -> str | None:
    """What is wrong with a request as text or XML; ``None`` for other media."""
    detail = str(content.get("detail", ""))
    if is_xml(media):
        return _element("error", content)
    name = plain_media(media)
    if name == "text/html":
        return f"<!DOCTYPE html>\n<title>Error</title>\n<p>{escape(detail)}</p>\n"
    return detail if name.startswith("text/") and name != "text/json" else None


def escape(text: str) -> str:
    """Text between the tags of HTML or XML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _element(name: str, value: Any) -> str:
    """An element; properties are elements in it, items of a list repeat the name."""
    name = _NOT_IN_NAMES.sub("_", name)
    if not name or not (name[0].isalpha() or name[0] == "_"):
        name = f"_{name}"
    if isinstance(value, dict):
        inside = "".join(
            "".join(_element(key, item) for item in (inner if isinstance(inner, list) else [inner]))
            for key, inner in value.items()
        )
    elif isinstance(value, list):
        inside = "".join(_element("item", item) for item in value)
    else:
        inside = "" if value is None else escape(_NOT_IN_XML.sub("\ufffd", _text(value)))
    return f"<{name}>{inside}</{name}>"


def _csv(value: Any) -> str:
    """Rows of objects under a head, other rows as they are."""
    rows = value if isinstance(value, list) else [value]
    head = list(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row))
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    if head:
        writer.writerow(head)
    for row in rows:
        if isinstance(row, dict):
            writer.writerow([_text(row[key]) if key in row else "" for key in head])
        else:
            writer.writerow([_text(item) for item in (row if isinstance(row, list) else [row])])
    return written.getvalue()


def _pdf() -> bytes:
    """A document of one empty page."""
    made = b"%PDF-1.4\n"
    places = []
    for number, text in enumerate(_PDF, 1):
        places.append(len(made))
        made += b"%d 0 obj%bendobj\n" % (number, text)
    size, start = len(_PDF) + 1, len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % size
    made += b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
