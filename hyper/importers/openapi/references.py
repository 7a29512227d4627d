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

    __slots__ = ("_found", "_uses", "findings", "root")

    def __init__(self, root: dict[str, Any], findings: Findings) -> None:
        self.root = root
        self.findings = findings
        self._found: dict[str, tuple[Any, str]] = {}
        self._uses: dict[str, str] | None = None

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
        if self._uses is None:
            self._uses = _first_uses(self.root)
        place = self._uses.get(reference)
        where = f" (at {place[:200]})" if place is not None else ""
        self.findings.report(
            "W1001",
            f"the reference {reference[:200]!r}{where} cannot be resolved: {why};"
            " `any` takes its place",
        )


def _first_uses(root: dict[str, Any]) -> dict[str, str]:
    """Where each reference is first written: pointers of the nodes that hold them."""
    uses: dict[str, str] = {}
    waiting: list[tuple[Any, str]] = [(root, "#")]
    while waiting:
        node, pointer = waiting.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                uses.setdefault(reference, pointer)
            inside = [(node[key], f"{pointer}/{escaped(str(key))}") for key in reversed(node)]
        elif isinstance(node, list):
            inside = [(node[at], f"{pointer}/{at}") for at in reversed(range(len(node)))]
        else:
            continue
        waiting += [each for each in inside if isinstance(each[0], dict | list)]
    return uses


def tokens(reference: str) -> list[str]:
    """The keys of a reference's JSON pointer, with percent and tilde escapes resolved."""
    fragment = unquote(reference[1:])
    if not fragment.startswith("/"):
        return [] if not fragment else [fragment]
    return [token.replace("~1", "/").replace("~0", "~") for token in fragment[1:].split("/")]


def canonical(reference: str) -> str:
    """One spelling of a reference."""
    return "#" + "".join(f"/{escaped(token)}" for token in tokens(reference))


def escaped(token: str) -> str:
    """A key as it stands in a pointer."""
    return token.replace("~", "~0").replace("/", "~1")
