"""Generated trees: the same for a seed, of the size asked for, and without a diagnostic."""

from __future__ import annotations

from collections import Counter

import pytest

from hyper.base.digest import of_parts
from hyper.base.memory import MemoryFiles
from hyper.bench.edits import KINDS, MIX, Edits
from hyper.bench.source import files_of
from hyper.bench.tree import SMALLEST, Tree
from hyper.bench.vocabulary import DOMAINS, FIELDS
from hyper.engine.compiler import Compiler


def _check(files: dict[str, str]) -> list[str]:
    """What the compiler says of files, scenarios included."""
    memory = MemoryFiles({f"/src/{path}": text for path, text in files.items()})
    with Compiler(files=memory, environment={}) as compiler:
        result = compiler.check("/src")
    assert result.stats["files"] == len(files)
    return [f"{item.file}:{item.line}: {item.message}" for item in result.diagnostics]


@pytest.mark.parametrize(("size", "seed"), [(3, 0), (4, 7), (25, 1), (60, 2), (60, 3)])
def test_a_tree_is_clean(size: int, seed: int) -> None:
    files = dict(files_of(Tree(size, seed)))
    assert len(files) == size
    assert _check(files) == []


def test_a_tree_builds() -> None:
    files = files_of(Tree(12, 5))
    memory = MemoryFiles({f"/src/{path}": text for path, text in files})
    with Compiler(files=memory, environment={}) as compiler:
        result = compiler.compile("/src", out="/out")
    assert result.success
    assert result.package == "company5"
    assert result.diagnostics == []


def test_a_seed_gives_one_tree() -> None:
    one, again, other = (dict(files_of(Tree(40, seed))) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    # On every machine and every Python. A change of what is generated changes it.
    assert of_parts(text.encode() for text in one.values()).startswith("8fa813e50a243d70")


def test_large_trees_keep_their_names_apart() -> None:
    tree = Tree(3000, 1)
    assert len({unit.path for unit in tree.units.values()}) == 2998
    assert len({unit.name for unit in tree.units.values()}) == 2998


def test_a_few_units_are_used_everywhere_and_most_hardly_anywhere() -> None:
    tree = Tree(500, 1)
    used = Counter(number for unit in tree.units.values() for number in unit.imports())
    popular = sum(count for _, count in used.most_common(50))
    assert popular > sum(used.values()) / 2


def test_some_imports_go_round() -> None:
    tree = Tree(500, 1)
    assert any(number > unit.number for unit in tree.units.values() for number in unit.imports())


def test_less_than_the_smallest_is_no_tree() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        Tree(SMALLEST - 1, 1)


def test_no_word_is_there_twice() -> None:
    nouns = [noun for words in DOMAINS.values() for noun in words]
    assert len(nouns) == len(set(nouns))
    assert len(FIELDS) == len({name for name, _, _ in FIELDS})


# ---------------------------------------------------------------- edits


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_each_edit_leaves_a_tree_that_is_clean(kind: str, seed: int) -> None:
    work = Edits(20, seed)
    files: dict[str, str | None] = dict(work.files())
    for each in KINDS:
        if each == kind:
            for _ in range(3):
                edit = work.next(each)
                assert edit.kind == kind
                assert edit.changes
                assert any(files.get(path) != text for path, text in edit.changes.items())
                files |= edit.changes
    now = {path: text for path, text in files.items() if text is not None}
    assert now == dict(work.files())
    assert _check(now) == []


def test_a_long_sequence_leaves_a_tree_that_is_clean() -> None:
    work = Edits(25, 4)
    files: dict[str, str | None] = dict(work.files())
    for _ in range(120):
        files |= work.next().changes
    now = {path: text for path, text in files.items() if text is not None}
    assert now == dict(work.files())
    assert _check(now) == []


def test_a_seed_gives_one_sequence() -> None:
    def made(seed: int) -> list[object]:
        work = Edits(20, seed)
        return [work.next() for _ in range(30)]

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_the_mix_is_what_it_says() -> None:
    assert sum(MIX.values()) == 100
    work = Edits(60, 1)
    kinds = Counter(work.next().kind for _ in range(400))
    assert set(kinds) == set(KINDS)
    assert kinds["body"] > 100


def test_nothing_is_deleted_that_somebody_needs() -> None:
    work = Edits(SMALLEST, 1)
    assert work.next("deleted file").kind == "body"
