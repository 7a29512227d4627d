"""Comparison of schemas by what they mean, rings of references included.

Every pair of schemas is compared once: a pair met again is taken to be the same, which is right for the greatest relation that
holds wherever no difference is found.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from tests.compare.difference import Difference, same_doc, same_json
from tests.compare.side import FLAGS, Conjunction, UnresolvedError

if TYPE_CHECKING:
    from tests.compare.difference import Kind
    from tests.compare.side import Normal, Side

_DOCS: Final = ("title", "description", "$comment")


class SchemaComparison:
    """Compares pairs of schemas of two documents and collects the differences."""

    def __init__(self, left: Side, right: Side, found: list[Difference]) -> None:
        self.left = left
        self.right = right
        self.found = found
        self._known: set[tuple[tuple[int, ...], tuple[int, ...]]] = set()
        self._waiting: deque[tuple[Conjunction, Conjunction, str]] = deque()

    def compare(self, left: Any, right: Any, path: str) -> None:
        """Compare two schemas and all that they reach."""
        self._push((left,), (right,), path)
        while self._waiting:
            self._pair(*self._waiting.popleft())

    def _push(self, left: Conjunction, right: Conjunction, path: str) -> None:
        left, right = self.left.follow(left), self.right.follow(right)
        key = tuple(map(id, left)), tuple(map(id, right))
        if key not in self._known:
            self._known.add(key)
            self._waiting.append((left, right, path))

    def _report(self, kind: Kind, path: str, left: Any, right: Any) -> None:
        self.found.append(Difference(kind, path, left, right))

    def _pair(self, one: Conjunction, other: Conjunction, path: str) -> None:
        left, right = self.left.normal(one), self.right.normal(other)
        if left.types != right.types:
            self._report("meaning", f"{path}.type", _sorted(left.types), _sorted(right.types))
        if left.nullable != right.nullable:
            self._report("meaning", f"{path}.nullable", left.nullable, right.nullable)
        if (left.enum or {}).keys() != (right.enum or {}).keys():
            self._report("meaning", f"{path}.enum", _values(left), _values(right))
        if left.required != right.required:
            self._report(
                "meaning", f"{path}.required", sorted(left.required), sorted(right.required)
            )
        self._keywords(left, right, path)
        self._properties(left, right, path)
        if left.items or right.items:
            self._push(left.items, right.items, f"{path}.items")
        self._choices(left, right, path)
        self._about(left.about, right.about, path)

    def _keywords(self, left: Normal, right: Normal, path: str) -> None:
        for key in sorted(left.keywords.keys() | right.keywords.keys()):
            one, other = left.keywords.get(key), right.keywords.get(key)
            if isinstance(one, dict) and isinstance(other, dict):
                self._push((one,), (other,), f"{path}.{key}")
            elif not same_json(_plain(one), _plain(other)):
                self._report("meaning", f"{path}.{key}", one, other)

    def _properties(self, left: Normal, right: Normal, path: str) -> None:
        for name in sorted(left.properties.keys() | right.properties.keys()):
            if name in left.properties and name in right.properties:
                self._push(left.properties[name], right.properties[name], f"{path}.{name}")
            else:
                self._report(
                    "meaning", f"{path}.{name}", name in left.properties, name in right.properties
                )
        one, other = left.additional, right.additional
        if isinstance(one, tuple) and isinstance(other, tuple):
            self._push(one, other, f"{path}.additionalProperties")
        elif one != other:
            self._report("meaning", f"{path}.additionalProperties", one, other)

    def _choices(self, left: Normal, right: Normal, path: str) -> None:
        if [(c.keyword, len(c.branches)) for c in left.choices] != [
            (c.keyword, len(c.branches)) for c in right.choices
        ]:
            self._report("meaning", f"{path}.choices", left.choices, right.choices)
            return
        for one, other in zip(left.choices, right.choices, strict=True):
            for number, pair in enumerate(zip(one.branches, other.branches, strict=True)):
                self._push(*pair, f"{path}.{one.keyword}[{number}]")

    def _about(self, left: dict[str, Any], right: dict[str, Any], path: str) -> None:
        for key in _DOCS:
            if not same_doc(left.get(key), right.get(key)):
                self._report("doc", f"{path}.{key}", left.get(key), right.get(key))
        for key in (*FLAGS, "deprecated"):
            if bool(left.get(key)) != bool(right.get(key)):
                self._report("meaning", f"{path}.{key}", left.get(key), right.get(key))
        for key in ("default", "externalDocs", "xml"):
            if (key in left) != (key in right) or not same_json(left.get(key), right.get(key)):
                self._report("meaning", f"{path}.{key}", left.get(key), right.get(key))
        one, other = _examples(left), _examples(right)
        if not same_json(one, other):
            self._report("example", f"{path}.examples", one, other)
        self._discriminator(left.get("discriminator"), right.get("discriminator"), path)
        compare_extensions(left, right, path, self.found)

    def _discriminator(self, left: Any, right: Any, path: str) -> None:
        path = f"{path}.discriminator"
        if not (isinstance(left, dict) and isinstance(right, dict)):
            if left != right:
                self._report("meaning", path, left, right)
            return
        if left.get("propertyName") != right.get("propertyName"):
            self._report("meaning", path, left.get("propertyName"), right.get("propertyName"))
        one, other = left.get("mapping", {}), right.get("mapping", {})
        if one.keys() != other.keys():
            self._report("meaning", f"{path}.mapping", sorted(one), sorted(other))
        for key in sorted(one.keys() & other.keys()):
            self._push(
                (_target(self.left, one[key]),),
                (_target(self.right, other[key]),),
                f"{path}.{key}",
            )


def compare_extensions(
    left: dict[str, Any], right: dict[str, Any], path: str, found: list[Difference]
) -> None:
    """Report the vendor extensions that differ between two nodes."""
    keys = {key for node in (left, right) for key in node if key.startswith("x-")}
    found.extend(
        Difference("extension", f"{path}.{key}", left.get(key), right.get(key))
        for key in sorted(keys)
        if (key in left) != (key in right) or not same_json(left.get(key), right.get(key))
    )


def _target(side: Side, reference: str) -> Any:
    if not reference.startswith(("#", "http", ".", "/")):
        reference = f"#/components/schemas/{reference}"
    try:
        return side.lookup(reference)
    except UnresolvedError:
        return {"unresolved": True}


def _examples(about: dict[str, Any]) -> list[Any]:
    examples = about.get("examples")
    given = list(examples) if isinstance(examples, list) else []
    if "example" in about:
        given.append(about["example"])
    return given


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _sorted(types: set[str] | None) -> list[str] | None:
    return None if types is None else sorted(types)


def _values(normal: Normal) -> list[Any] | None:
    return None if normal.enum is None else list(normal.enum.values())
