"""References inside one document: JSON pointers, chains of them, and what cannot be found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from hyper.importers.openapi.findings import Findings

_INDEX: Final = re.compile(r"[0-9]{1,9}")
MISSING = object()
"""What a reference that cannot be resolved refers to."""


class References:
    """Looks references up; each that cannot be resolved is reported once."""

    __slots__ = ("_found", "findings", "root")

    def __init__(self, root: dict[str, Any], findings: Findings) -> None:
        self.root = root
        self.findings = findings
        self._found: dict[str, tuple[Any, str]] = {}

    def follow(self, reference: str) -> tuple[Any, str]:
        """The node that a reference leads to, and the pointer of that node, both through chains of references.

        A chain ends at a node with keys beside its ``$ref``: they have a meaning of their own.
        """
        chain: list[str] = []
        seen: set[str] = set()
        at = reference
        while at not in self._found:
            if at in seen:
                self.missing(reference, "it refers to itself")
                self._found[at] = (MISSING, "")
                break
            chain.append(at)
            seen.add(at)
            node = self._look_up(at)
            if isinstance(node, dict) and len(node) == 1 and isinstance(node.get("$ref"), str):
                at = node["$ref"]
            else:
                self._found[at] = (node, "" if node is MISSING else canonical(at))
        found = self._found[at]
        for link in chain:
            self._found[link] = found
        return found

    def _look_up(self, reference: str) -> Any:
        if not reference.startswith("#"):
            self.missing(reference, "only references into the same document are read")
            return MISSING
        node: Any = self.root
        for token in tokens(reference):
            if isinstance(node, dict) and token in node:
                node = node[token]
            elif isinstance(node, list) and _INDEX.fullmatch(token) and int(token) < len(node):
                node = node[int(token)]
            else:
                self.missing(reference, "nothing is there")
                return MISSING
        return node

    def missing(self, reference: str, why: str) -> None:
        """Report a reference that leads nowhere."""
        self.findings.report(
            "W1001",
            f"the reference {reference[:200]!r} cannot be resolved: {why}; `any` takes its place",
        )


def tokens(reference: str) -> list[str]:
    """The keys of a reference's JSON pointer, with percent and tilde escapes resolved."""
    fragment = unquote(reference[1:])
    if not fragment.startswith("/"):
        return [] if not fragment else [fragment]
    return [token.replace("~1", "/").replace("~0", "~") for token in fragment[1:].split("/")]


def canonical(reference: str) -> str:
    """One spelling of a reference."""
    return "#" + "".join(
        "/" + token.replace("~", "~0").replace("/", "~1") for token in tokens(reference)
    )
