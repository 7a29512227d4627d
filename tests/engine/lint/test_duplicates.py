"""Which declarations and files are told as near-duplicates."""

from __future__ import annotations

import pytest

pytest.importorskip("datasketch")

from hyper.engine.lint import duplicates
from hyper.engine.lint.duplicates import find_duplicates
from hyper.engine.search.texts import Texts

FIELDS = [f"    field_{number}: string @length({number}, 90)\n" for number in range(20)]


def _entity(name: str, fields: list[str]) -> str:
    return f"entity {name}:\n{''.join(fields)}\n"


def _found(texts: dict[str, str], similarity: float = 0.85) -> list[tuple[str, str, float]]:
    files = Texts([*texts], [text.encode() for text in texts.values()])

    def label(file: int, name: str) -> str:
        return name or files.paths[file]

    return [
        (label(a.file, a.name), label(b.file, b.name), round(share, 2))
        for a, b, share in find_duplicates(files, similarity)
    ]


def test_a_copy_under_another_name_is_the_same() -> None:
    text = _entity("A", FIELDS) + "enum E: x, y\n\n" + _entity("B", FIELDS)
    assert _found({"a": text}) == [("B", "A", 1.0)]
    assert _found({"a": text}, 1.0) == [("B", "A", 1.0)]


def test_the_share_is_that_of_the_runs_of_tokens() -> None:
    other = [*FIELDS[:19], "    another: int\n"]
    ((name, earlier, share),) = _found({"a": _entity("A", FIELDS) + _entity("B", other)})
    assert (name, earlier) == ("B", "A")
    own, their = (_runs(_entity("", fields).split("\n", 1)[1]) for fields in (other, FIELDS))
    assert share == pytest.approx(len(own & their) / len(own | their), abs=0.02)
    assert not _found({"a": _entity("A", FIELDS) + _entity("B", other)}, 0.99)


def _runs(text: str) -> set[tuple[str, ...]]:
    for each in "@(),:":
        text = text.replace(each, f" {each} ")
    tokens = text.split()
    return {tuple(tokens[at : at + 4]) for at in range(len(tokens) - 3)}


def test_of_several_the_most_alike_counts_and_of_those_the_first() -> None:
    near = [*FIELDS[:19], "    another: int\n"]
    text = _entity("A", FIELDS) + _entity("B", near) + _entity("C", near) + _entity("D", FIELDS)
    found = {name: earlier for name, earlier, _ in _found({"a": text}, 0.8)}
    assert found == {"B": "A", "C": "B", "D": "A"}


def test_of_very_many_the_first_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not each with each, which of a thousand takes seconds and of ten thousand many minutes."""
    entities = [_entity(f"E{n}", [*FIELDS, f"    own_{n}: int\n"]) for n in range(8)]
    twin = _entity("E8", [*FIELDS, "    own_7: int\n", "    more: int\n"])
    text = "".join([*entities, twin])
    found = {name: earlier for name, earlier, _ in _found({"a": text}, 0.8)}
    assert found == {**{f"E{n}": "E0" for n in range(1, 8)}, "E8": "E7"}
    monkeypatch.setattr(duplicates, "_MOST", 3)
    assert {name: earlier for name, earlier, _ in _found({"a": text}, 0.8)} == found | {"E8": "E0"}


def test_small_and_different_declarations_are_not_told() -> None:
    assert not _found({"a": _entity("A", FIELDS[:3]) + _entity("B", FIELDS[:3])})
    others = [f"    other_{number}?: list[int] @size(1, {number})\n" for number in range(20)]
    assert not _found({"a": _entity("A", FIELDS) + _entity("B", others)}, 0.5)


def test_layout_and_comments_do_not_count() -> None:
    wide = [f"{field.rstrip()}  # note\n\n" for field in FIELDS]
    assert _found({"a": _entity("A", FIELDS) + _entity("B", wide)}) == [("B", "A", 1.0)]


def test_of_a_copied_file_the_declarations_are_not_told_again() -> None:
    parts = [
        _entity(name, [field.replace("field", name.lower()) for field in FIELDS]) for name in "PQR"
    ]
    one = "".join(parts)
    assert _found({"a.intent": one, "b.intent": one}) == [("b.intent", "a.intent", 1.0)]
    assert _found({"a.intent": one, "b.intent": parts[1]}) == [("Q", "Q", 1.0)]


def test_a_declaration_without_a_name_is_none() -> None:
    nameless = _entity("", FIELDS).replace("entity :", "entity")
    assert not _found({"a": nameless + nameless, "b": "extern", "c": "entity"}, 0.99)


def test_the_order_is_that_of_places_and_is_the_same_each_time() -> None:
    text = "".join(
        _entity(f"E{number}", [*FIELDS[: 19 - number % 2], f"    own_{number % 3}: int\n"])
        for number in range(30)
    )
    first = _found({"a": text}, 0.7)
    assert first == _found({"a": text}, 0.7)
    assert [name for name, _, _ in first] == [f"E{number}" for number in range(1, 30)]
