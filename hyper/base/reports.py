"""Diagnostics for machines: the JSON object of every ``--json``, SARIF 2.1.0 and GitHub's annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from hyper.base.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hyper.base.diagnostics import Diagnostic, Related

SCHEMA_VERSION: Final = 1
_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {"error": "error", "warning": "warning", "note": "notice"}


def as_object(items: Sequence[Diagnostic]) -> dict[str, Any]:
    """The object that ``hyper check --json`` prints; other commands add to it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "success": not any(item.is_error for item in items),
        "diagnostics": [item.as_dict() for item in items],
    }


def as_sarif(items: Sequence[Diagnostic], version: str) -> dict[str, Any]:
    """A SARIF log with one run. Columns count code points."""
    codes = sorted({item.code for item in items})
    rules = [
        {
            "id": code,
            "shortDescription": {"text": CODES[code].title if code in CODES else code},
            "defaultConfiguration": {"level": "warning" if code.startswith("W") else "error"},
        }
        for code in codes
    ]
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "hyper", "version": version, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(item, codes.index(item.code)) for item in items],
            }
        ],
    }


def _sarif_result(item: Diagnostic, rule: int) -> dict[str, Any]:
    text = item.message
    if item.suggestion:
        text = f"{text} (suggestion: {item.suggestion})"
    result: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": rule,
        "level": item.severity,
        "message": {"text": text},
    }
    if item.file:
        result["locations"] = [{"physicalLocation": _physical(item)}]
    places = [place for place in item.related if place.file]
    if places:
        result["relatedLocations"] = [
            {"physicalLocation": _physical(place), "message": {"text": place.message}}
            for place in places
        ]
    return result


def _physical(place: Diagnostic | Related) -> dict[str, Any]:
    # The bytes of a name that is no UTF-8 are those of the URI, too.
    uri = quote(place.file.replace("\\", "/"), errors="surrogateescape")
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if place.line:
        physical["region"] = {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        }
    return physical


def as_github(items: Iterable[Diagnostic]) -> str:
    """Workflow commands that GitHub Actions shows at the lines of a change."""
    return "".join(f"{_annotation(item)}\n" for item in items)


def _annotation(item: Diagnostic) -> str:
    properties = {"title": item.code}
    if item.file:
        properties["file"] = item.file
    if item.line:
        properties["line"] = str(item.line)
        properties["endLine"] = str(item.end_line)
        properties["col"] = str(item.column)
        if item.line == item.end_line:
            properties["endColumn"] = str(item.end_column)
    text = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    message = item.message if not item.suggestion else f"{item.message} ({item.suggestion})"
    return f"::{_LEVELS[item.severity]} {text}::{_data(message)}"


def _data(text: str) -> str:
    # The bytes of a name that is no UTF-8 are lone surrogates.
    text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
