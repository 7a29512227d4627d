"""What a comparison finds, and how plain JSON values compare."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Kind = Literal["meaning", "doc", "example", "extension"]


class Difference(NamedTuple):
    """One difference: ``left`` is what the original says at ``path``, ``right`` what was emitted."""

    kind: Kind
    path: str
    left: Any
    right: Any

    def __str__(self) -> str:
        return f"{self.kind}: {self.path}: {_short(self.left)} became {_short(self.right)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 160 else text[:157] + "..."


def same_json(left: Any, right: Any) -> bool:
    """Equality of JSON values: ``1`` is ``1.0`` and is not ``true``."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            same_json(value, right[key]) for key, value in left.items()
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    return bool(left == right)


def json_key(value: Any) -> tuple[str, str]:
    """A sortable identity of a scalar under ``same_json``."""
    if isinstance(value, bool):
        return "boolean", str(value)
    if isinstance(value, int | float):
        return "number", repr(float(value))
    return type(value).__name__, str(value)


def same_doc(left: Any, right: Any) -> bool:
    """Equality of descriptions: white space at the ends of lines and of the whole does not count, none is empty."""
    return _trimmed(left) == _trimmed(right)


def _trimmed(text: Any) -> str:
    return "\n".join(line.rstrip() for line in str(text or "").strip().splitlines())
