"""The contest of the text engine: every contestant gives the answers of the loops as they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from hyper.bench.contest import text
from hyper.bench.contest.arena import same
from hyper.bench.contest.entry import AbsentError
from hyper.bench.contest.text_engines import PEERS, Input, prepare
from hyper.bench.contest.text_engines import _backend as backend
from tests.checkout import STOREFRONT

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.bench.contest.entry import Array

OTHERS = [(operation, "numpy") for operation in text.OPERATIONS if operation != "tokens"]
PEERS_OF = [(operation, name) for operation, (names, _) in PEERS.items() for name in names]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = text._some(text._files(str(STOREFRONT)), 30_000)
    path = tmp_path_factory.mktemp("text") / "input"
    path.write_bytes(msgspec.msgpack.encode(Input(files, text._words(files), 1)))
    return path


def answers(path: Path, operation: str, engine: str) -> list[Array]:
    entry = prepare({"file": str(path), "operation": operation, "engine": engine})
    return list(entry.answers(entry.run()))


@pytest.mark.parametrize(("operation", "engine"), OTHERS + PEERS_OF)
def test_all_give_the_same(path: Path, operation: str, engine: str) -> None:
    if engine == "xxhash":
        pytest.importorskip("xxhash")
    ours = answers(path, operation, "plain")
    assert sum(map(len, ours))
    assert same(ours, answers(path, operation, engine))


def test_files_are_taken_whole_again_and_again() -> None:
    files = [b"a" * 10, b"b" * 100, b"c" * 4]
    assert text._some(files, 30) == [b"a" * 10, b"c" * 4, b"a" * 10]
    assert text._some(files, 3) == [b"c" * 4]


def test_a_back_end_that_is_not_known() -> None:
    with pytest.raises(AbsentError):
        backend("none")
