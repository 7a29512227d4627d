"""What an operation takes and gives: request bodies, answers and their headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from hyper.importers.openapi.annotations import doc_of, extensions, joined, open_api
from hyper.importers.openapi.findings import escape
from hyper.importers.openapi.nodes import ident, literal, marked, marker, named, string
from hyper.importers.openapi.parameters import node_markers, schema_of
from hyper.importers.openapi.parts import Part, Spot
from hyper.importers.openapi.words import Names, snake, value_name
from hyper.lang import tree

if TYPE_CHECKING:
    from hyper.importers.openapi.document import Document
    from hyper.importers.openapi.types import Types

JSON: Final = "application/json"
_STATUS: Final = re.compile(r"[1-5][0-9][0-9]|[1-5]XX|default")
_MEDIA: Final = re.compile(r'[^\s/;,"\x00-\x1f]+/[^\s/;,"\x00-\x1f]+(\s*;[^\x00-\x1f]*)?')
_MEDIA_KEYS: Final = frozenset({"schema", "example", "examples", "encoding"})
_HEADER_KEYS: Final = frozenset(
    {"description", "required", "deprecated", "schema", "example", "examples", "content"}
)


class Exchange:
    """Reads the request body and the answers of one operation."""

    __slots__ = ("document", "names", "part", "types")

    def __init__(self, document: Document, types: Types, part: Part, names: Names) -> None:
        self.document = document
        self.types = types
        self.part = part
        self.names = names

    def bodies(self, operation: dict[str, Any], pointer: str) -> list[tree.ActionBody]:
        """One line a medium; the first has what belongs to all of them."""
        if "requestBody" not in operation:
            return []
        node, where = self.document.resolved(operation["requestBody"], f"{pointer}/requestBody")
        if node is None:
            return []
        content = self.document.mapping(node, "content", where)
        doc = doc_of(node.get("description"))
        outer = {
            key: value
            for key, value in node.items()
            if key not in ("description", "required", "content") and not key.startswith("x-")
        }
        if "description" in node and doc is None:
            outer["description"] = node["description"]
        self.document.carry(outer)
        lines: list[tree.ActionBody] = []
        name: tree.Ident | None = None
        for at, (media, inner) in enumerate(self._media_types(content, where)):
            kind, markers = self._media(inner, f"{where}/content/{escape(media)}", "payload")
            if at == 0:
                markers = joined([*markers, *extensions(node), *open_api(outer)])
            name = name or self._body_ident(kind)
            lines.append(
                tree.ActionBody(
                    0,
                    0,
                    name,
                    node.get("required") is not True,
                    kind,
                    None if media == JSON else string(media),
                    markers,
                    doc if at == 0 else None,
                )
            )
        return lines

    def _body_ident(self, kind: tree.TypeExpr) -> tree.Ident:
        """The name of a body, given when types have their names: what it is, else ``payload``."""
        found = ident("")
        while isinstance(kind, tree.TypeOpt | tree.TypeMarked):
            kind = kind.inner
        target = kind.parts[0] if isinstance(kind, tree.TypeName) and not kind.args else ident("")

        def give() -> None:
            name = target.name
            inline = not name[:1].isupper() or name.startswith(self.part.base)
            found.name = self.names.claim(
                "payload" if inline else snake(name) or "payload", "_body"
            )

        self.types.later.append(give)
        return found

    def answers(self, operation: dict[str, Any], pointer: str) -> list[tree.ActionReturn]:
        """One line a status and medium."""
        responses = {
            str(status): node
            for status, node in self.document.mapping(operation, "responses", pointer).items()
        }
        good = [status for status in responses if status[:1] in {"1", "2", "3"}]
        lines: list[tree.ActionReturn] = []
        for status, response in responses.items():
            if status.startswith("x-"):
                continue
            known = status.upper() if status != "default" else status
            if not _STATUS.fullmatch(known):
                self.document.findings.report(
                    "E1004", f"{pointer}/responses: {status[:40]!r} is no status; it is left out"
                )
                continue
            wrong = known[0] in "45" or (known == "default" and bool(good))
            lines.extend(
                self._answer(
                    known,
                    response,
                    f"{pointer}/responses/{status}",
                    "error" if wrong else "returns",
                    _result_words(known, good, wrong=wrong),
                )
            )
        return lines

    def _answer(
        self, status: str, response: Any, pointer: str, kind: str, text: str
    ) -> list[tree.ActionReturn]:
        node, where = self.document.resolved(response, pointer)
        if node is None:
            return [tree.ActionReturn(0, 0, kind, status, None, None, [], None, [])]
        doc = doc_of(node.get("description"))
        outer = {
            key: value
            for key, value in node.items()
            if key not in ("description", "headers", "content") and not key.startswith("x-")
        }
        if "description" in node and doc is None:
            outer["description"] = node["description"]
        self.document.carry(outer)
        common = [*extensions(node), *open_api(outer)]
        headers = self._headers(node, where)
        content = self.document.mapping(node, "content", where)
        content = dict(self._media_types(content, where))
        if not content:
            return [tree.ActionReturn(0, 0, kind, status, None, None, common, doc, headers)]
        lines: list[tree.ActionReturn] = []
        for at, (media, inner) in enumerate(self._media_types(content, where)):
            returned, markers = self._media(inner, f"{where}/content/{escape(media)}", text)
            lines.append(
                tree.ActionReturn(
                    0,
                    0,
                    kind,
                    status,
                    returned,
                    None if media == JSON else string(media),
                    joined([*markers, *common]) if at == 0 else markers,
                    doc if at == 0 else None,
                    headers if at == 0 else [],
                )
            )
        return lines

    def _media_types(self, content: dict[str, Any], pointer: str) -> list[tuple[str, Any]]:
        """The media types of a content object, without what is none."""
        for media in content:
            if not _MEDIA.fullmatch(media):
                self.document.findings.report(
                    "E1004", f"{pointer}/content: {media[:80]!r} is no media type; it is left out"
                )
        return [each for each in content.items() if _MEDIA.fullmatch(each[0])]

    def _media(self, node: Any, pointer: str, text: str) -> tuple[tree.TypeExpr, list[tree.Marker]]:
        """The type of a media type object, and the markers of its line."""
        node, where = self.document.resolved(node, pointer)
        if node is None or "schema" not in node:
            kind: tree.TypeExpr = named("any")
            markers: list[tree.Marker] = []
            left: dict[str, Any] = {}
        else:
            use = self.types.use(node["schema"], f"{where}/schema", Spot(self.part, text))
            bounds = [each for each in use.markers if each.name.name not in ("schema", "openapi")]
            kind = marked(use.type, bounds)
            if bounds and isinstance(use.type, tree.TypeOpt):
                kind = marked(use.type, bounds)
            markers = [each for each in use.markers if each.name.name == "schema"]
            left = {"schema": _plain_notes(use.notes)} if use.notes else {}
            for each in use.markers:
                if each.name.name == "openapi":
                    kind = marked(kind, [each])
        node = node or {}
        example = node.get("example")
        if "example" in node:
            markers.append(marker("example", literal(example)))
        for key in ("examples", "encoding"):
            if key in node:
                left[key] = node[key]
        self.document.carry(left)
        if any(key not in _MEDIA_KEYS for key in node):
            self.document.findings.report(
                "W1002",
                f"{where}: a media type has only schema, example, examples and encoding here; "
                f"left out: {', '.join(sorted(key for key in node if key not in _MEDIA_KEYS))}",
            )
        return kind, [*markers, *open_api(left)]

    def _headers(self, node: dict[str, Any], pointer: str) -> list[tree.HeaderLine]:
        lines: list[tree.HeaderLine] = []
        names = Names()
        for wire, item in self.document.mapping(node, "headers", pointer).items():
            header, where = self.document.resolved(item, f"{pointer}/headers/{escape(wire)}")
            if header is None:
                header = {}
            name = names.claim(value_name(snake(wire), "header"))
            spot = Spot(self.part, wire, noted=True)
            use, more = schema_of(self.document, self.types, header, where, spot)
            doc = doc_of(header.get("description"))
            markers = [
                *([] if name == wire else [marker("json", string(wire))]),
                *use.markers,
                *node_markers(self.document, header, more, use.notes, doc=doc, known=_HEADER_KEYS),
            ]
            lines.append(
                tree.HeaderLine(
                    0, 0, ident(name), header.get("required") is not True, use.type, markers, doc
                )
            )
        return lines


def _plain_notes(notes: dict[str, Any]) -> dict[str, Any]:
    """Annotations of a schema as they are in OpenAPI 3.1."""
    plain = {
        key: value
        for key, value in notes.items()
        if not (key in ("deprecated", "readOnly", "writeOnly") and value is False)
    }
    if "example" in plain:
        plain.setdefault("examples", [plain.pop("example")])
    return plain


def _result_words(status: str, good: list[str], *, wrong: bool) -> str:
    """Words for what is declared for an answer."""
    if status == "default":
        return "error" if wrong else "result"
    if wrong:
        return f"error {status.lower()}"
    return "result" if good and good[0].upper() == status else f"result {status.lower()}"
