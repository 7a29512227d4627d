"""The document as a whole: its nodes read with care, whatever they turn out to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.importers.openapi.keywords import brief
from hyper.importers.openapi.references import MISSING, References, canonical, tokens

if TYPE_CHECKING:
    from hyper.importers.openapi.findings import Findings
    from hyper.importers.openapi.parts import Part


class Document:
    """Access to the nodes of one document; a node of a wrong type is reported and counts as absent."""

    __slots__ = ("carried", "current", "findings", "references", "root", "schemes", "used")

    def __init__(self, root: dict[str, Any], findings: Findings) -> None:
        self.root = root
        self.findings = findings
        self.references = References(root, findings)
        self.carried: dict[str, dict[Part, None]] = {}
        """References in what is passed on word by word: what they refer to must be passed on as well."""
        self.schemes: dict[str, str] = {}
        """The names of security schemes by their names in the document."""
        self.current: Part | None = None
        """The action that is being read."""
        self.used: set[tuple[str, str]] = set()
        """Components (section and name) that were read where they are used."""

    def mapping(self, node: dict[str, Any], key: str, pointer: str) -> dict[str, Any]:
        """An object beneath a key; empty where there is none."""
        value = node.get(key)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.wrong(f"{pointer}/{key}", "an object", value)
        return {}

    def sequence(self, node: dict[str, Any], key: str, pointer: str) -> list[Any]:
        """A list beneath a key; empty where there is none."""
        value = node.get(key)
        if isinstance(value, list):
            return value
        if value is not None:
            self.wrong(f"{pointer}/{key}", "a list", value)
        return []

    def text(self, node: dict[str, Any], key: str, pointer: str) -> str | None:
        """A string beneath a key."""
        value = node.get(key)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        self.wrong(f"{pointer}/{key}", "a string", value)
        return None

    def resolved(self, node: Any, pointer: str) -> tuple[dict[str, Any] | None, str]:
        """An object, or the object that it refers to, with what stands beside the reference."""
        beside: dict[str, Any] = {}
        seen: set[str] = set()
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            reference = node["$ref"]
            beside = {**{key: node[key] for key in node if key != "$ref"}, **beside}
            if reference in seen:
                self.references.missing(reference, "it refers to itself")
                return None, pointer
            seen.add(reference)
            self._use(reference)
            node, pointer = self.references.follow(reference)
            self._use(pointer)
            if node is MISSING:
                return None, pointer
        if not isinstance(node, dict):
            self.wrong(pointer, "an object", node)
            return None, pointer
        return ({**node, **beside} if beside else node), pointer

    def _use(self, reference: str) -> None:
        path = tokens(reference) if reference.startswith("#") else []
        if len(path) >= 3 and path[0] == "components":
            self.used.add((path[1], path[2]))

    def wrong(self, pointer: str, expected: str, value: Any) -> None:
        """Report a node that is not what it has to be."""
        self.findings.report(
            "E1004", f"{pointer} is not {expected}; it is left out: {brief(value)}"
        )

    def carry(self, value: Any) -> None:
        """Note the references in a value that is passed on word by word."""
        stack = [value]
        while stack:
            node = stack.pop()
            if isinstance(node, dict):
                reference = node.get("$ref")
                if isinstance(reference, str) and reference.startswith("#/components/"):
                    users = self.carried.setdefault(canonical(reference), {})
                    if self.current is not None:
                        users[self.current] = None
                stack.extend(item for item in node.values() if isinstance(item, dict | list))
            elif isinstance(node, list):
                stack.extend(item for item in node if isinstance(item, dict | list))
