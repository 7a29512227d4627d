"""Patterns that no dialect reads are mistakes; those of another dialect are passed on."""

from __future__ import annotations

import pytest

from hyper.lang.resolve.patterns import is_supported, mistake
from tests.importers.trees import document, imported, read_back
from tests.resolve.worlds import resolved


@pytest.mark.parametrize(
    ("pattern", "cause"),
    [
        ("(", "a group is not closed"),
        ("(?<year>[0-9]+", "a group is not closed"),
        (r"\p{L}+(", "a group is not closed"),
        ("a)", "closes no group"),
        ("[a-z", "a class `[…]` is not closed"),
        ("[^", "a class `[…]` is not closed"),
        ("*.txt", "nothing to repeat"),
        ("a|+", "nothing to repeat"),
        ("(?=a)b**", "a repetition follows"),
        ("a{3,1}", "m above n"),
        ("[z-a]", "runs backwards"),
        ("a\\", "escapes nothing"),
    ],
)
def test_a_mistake_is_named(pattern: str, cause: str) -> None:
    assert cause in (mistake(pattern) or "")
    written = pattern.replace("\\", "\\\\")
    _, found = resolved({"a.intent": f'entity A:\n    a: string @match("{written}")\n'})
    assert [item.code for item in found] == ["E0415"]
    assert cause in found[0].message


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=x)y",
        "(?<!x)y",
        r"(a)\1",
        r"[\w-.]",
        r"\Q(\E",
        "[]",
        "[^]",
        "(?!x)[]",
        "x{,3}",
        "(*UTF)a",
        r"(?<n>a)\k<n>",
        r"^(?!-)\p{L}$",
        r"(?!x)\u{1F600}",
        r"\/(?=a)",
    ],
)
def test_what_another_dialect_reads_is_passed_on(pattern: str) -> None:
    assert not is_supported(pattern)
    assert mistake(pattern) is None
    _, found = resolved({"a.intent": f"entity A:\n    a: string @match(r'{pattern}')\n"})
    assert [item.code for item in found] == ["W0502"]


@pytest.mark.parametrize("pattern", ["^[a-z]+$", r"\pL", "(?i)a", "a**", "(?<n>a)"])
def test_what_is_enforced_is_no_mistake(pattern: str) -> None:
    assert is_supported(pattern)
    assert mistake(pattern) is None


def test_an_imported_mistake_is_kept() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "(["}}}
    done = imported(document(components={"schemas": {"A": schema}}))
    assert '@schema({"pattern": "(["})' in done.files["service.intent"]
    assert read_back(done)[1] == []
