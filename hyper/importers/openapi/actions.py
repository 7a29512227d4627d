"""Operations and webhooks become actions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from hyper.importers.openapi.annotations import extensions, open_api
from hyper.importers.openapi.exchange import Exchange
from hyper.importers.openapi.findings import escape
from hyper.importers.openapi.nodes import ident, marker, string
from hyper.importers.openapi.parameters import read_parameters
from hyper.importers.openapi.parts import Part
from hyper.importers.openapi.security import security_uses
from hyper.importers.openapi.words import Names, action_name, pascal, words
from hyper.lang import tree

if TYPE_CHECKING:
    from hyper.importers.openapi.document import Document
    from hyper.importers.openapi.types import Types

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_KNOWN: Final = frozenset(
    {
        "summary",
        "description",
        "operationId",
        "tags",
        "parameters",
        "requestBody",
        "responses",
        "deprecated",
        "security",
    }
)
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


class Actions:
    """Makes the actions of a document, in its order."""

    __slots__ = ("document", "names", "parts", "types", "wires")

    def __init__(self, document: Document, types: Types) -> None:
        self.document = document
        self.types = types
        self.names = Names()
        self.wires: set[str] = set()
        self.parts: list[Part] = []

    def read(self) -> None:
        """Read all paths, then all webhooks."""
        for path, item in self.document.mapping(self.document.root, "paths", "#").items():
            if path.startswith("x-"):
                continue
            if not path.startswith("/"):
                self.document.findings.report(
                    "E1004", f"#/paths: a path begins with `/`; {path[:80]!r} is left out"
                )
                continue
            self._item(path, item, f"#/paths/{escape(path)}", webhook=False)
        for name, item in self.document.mapping(self.document.root, "webhooks", "#").items():
            self._item(name, item, f"#/webhooks/{escape(name)}", webhook=True)

    def _item(self, path: str, item: Any, pointer: str, *, webhook: bool) -> None:
        item, pointer = self.document.resolved(item, pointer)
        if item is None:
            return
        shared = self.document.sequence(item, "parameters", pointer)
        for method in METHODS:
            if method not in item:
                continue
            operation = self.document.mapping(item, method, pointer)
            place = f"{pointer}/{method}"
            if not operation and not isinstance(item[method], dict):
                continue
            inherited = {"servers": item["servers"]} if "servers" in item else {}
            self._operation(
                path,
                method,
                {**inherited, **operation},
                [(each, f"{pointer}/parameters/{at}") for at, each in enumerate(shared)],
                place,
                webhook=webhook,
            )

    def _operation(
        self,
        path: str,
        method: str,
        node: dict[str, Any],
        shared: list[tuple[Any, str]],
        pointer: str,
        *,
        webhook: bool,
    ) -> None:
        wire = self.document.text(node, "operationId", pointer)
        if wire in self.wires:
            self.document.findings.report(
                "W1002", f"{pointer}/operationId: {wire!r} is used twice; this one is left out"
            )
            wire = None
        if wire:
            self.wires.add(wire)
        name = self._name(wire, method, path, webhook=webhook)
        tags = [
            tag for tag in self.document.sequence(node, "tags", pointer) if isinstance(tag, str)
        ]
        part = Part("action", ident(name), base=pascal(name), tags=tuple(tags))
        self.document.current = part
        doc, odd = _documentation(
            self.document.text(node, "summary", pointer),
            self.document.text(node, "description", pointer),
        )
        markers: list[tree.Marker] = []
        if wire and wire != name:
            markers.append(marker("json", string(wire)))
        if node.get("deprecated") is True:
            markers.append(marker("deprecated"))
        others = {
            key: value
            for key, value in node.items()
            if key not in _KNOWN and not key.startswith("x-")
        }
        self.document.carry(
            [others, {key: value for key, value in node.items() if key.startswith("x-")}]
        )
        markers.extend(extensions(node))
        route = None
        if not webhook:
            path = self._clean(path, pointer)
        if not webhook or method != "post" or path != (wire or name):
            route = tree.Route(0, 0, method.upper(), path if not webhook else f"/{path}")
        names = Names()
        wanted = [] if webhook else _PLACEHOLDER.findall(path)
        places = [
            *shared,
            *(
                (each, f"{pointer}/parameters/{at}")
                for at, each in enumerate(self.document.sequence(node, "parameters", pointer))
            ),
        ]
        params = read_parameters(
            self.document,
            self.types,
            part,
            names,
            places=places,
            wanted=wanted,
            pointer=pointer,
            strict=not webhook,
        )
        exchange = Exchange(self.document, self.types, part, names)
        bodies = exchange.bodies(node, pointer)
        returns = exchange.answers(node, pointer)
        part.decl = tree.ActionDecl(
            0,
            0,
            part.ident,
            doc,
            [*markers, *open_api({**odd, **others})],
            webhook,
            route,
            params,
            bodies,
            returns,
            [],
            None,
            None,
            security_uses(self.document, node, pointer),
            [string(tag) for tag in dict.fromkeys(tags)],
        )
        self.parts.append(part)
        self.document.current = None

    def _name(self, wire: str | None, method: str, path: str, *, webhook: bool) -> str:
        if wire and words(wire):
            return self.names.claim(action_name(wire))
        if webhook:
            return self.names.claim(action_name(path, "webhook"))
        bare = _PLACEHOLDER.sub("", path)
        known = _PLACEHOLDER.findall(path)
        tail = f" by {known[-1]}" if known and path.endswith("}") else ""
        return self.names.claim(action_name(f"{method} {bare}{tail}", method))

    def _clean(self, path: str, pointer: str) -> str:
        """The path as a route is written: without white space."""
        if not re.search(r"\s", path):
            return path
        self.document.findings.report(
            "E1004", f"{pointer}: a path has no white space; it is written as %20 and the like"
        )
        return re.sub(r"\s", lambda found: f"%{ord(found.group()) & 0xFF:02X}", path)


def _documentation(
    summary: str | None, description: str | None
) -> tuple[tree.StrLit | None, dict[str, Any]]:
    """The documentation string that stands for both, and what has to be said by ``@openapi``."""
    odd: dict[str, Any] = {}
    first = (summary or "").strip()
    rest = (description or "").strip()
    if first and "\n" in first:
        odd["summary"] = summary
        first = ""
    if description is not None and not rest:
        odd["description"] = description
    if summary is not None and not first and "summary" not in odd:
        odd["summary"] = summary
    if first and rest:
        return string(f"{first}\n\n{rest}"), odd
    if first:
        return string(first), odd
    lines = rest.split("\n")
    if len(lines) > 1 and lines[1].strip():
        return string(rest), odd
    if rest:
        odd["description"] = description
    return None, odd
