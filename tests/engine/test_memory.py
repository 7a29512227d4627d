"""What a session has at hand: bounded, forgotten with its file, and never another answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper import create_hyper_compiler
from hyper.base.memory import MemoryFiles

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.engine.compiler import Compiler

MANY = {f"/w/shop/part{number}.intent": f"type Part{number} = int\n" for number in range(20)}
SERVICE = 'service Shop:\n    title "Shop"\n    version "1"\n'


def session(files: MemoryFiles, **options: object) -> Compiler:
    return create_hyper_compiler(files=files, environment={}, out="/out", **options)


def test_what_is_kept_stays_below_the_bound() -> None:
    files = MemoryFiles(MANY)
    with session(files, memory="20kB") as compiler:
        first = compiler.analyse("/w")
        assert 0 < first.metrics["memory_bytes"] <= 20_000
        assert first.metrics["memory_refused"] + first.metrics["memory_evicted"] > 0
        again = compiler.analyse("/w")
        assert 0 < again.metrics["files_from_cache"] < len(MANY)
        assert again.metrics["memory_hits"] == again.metrics["files_from_cache"]


def test_part_of_a_tree_that_does_not_fit_is_found_again() -> None:
    def cached(*, sketches: bool) -> float:
        with session(MemoryFiles(MANY), memory="20kB", sketches=sketches) as compiler:
            for _ in range(3):
                result = compiler.analyse("/w")
        return result.metrics["files_from_cache"]

    # All files are looked up before one is kept, so that neither policy lets go of what is asked for next.
    assert cached(sketches=False) >= 8
    assert cached(sketches=True) >= 8


def test_a_file_that_is_gone_is_forgotten() -> None:
    files = MemoryFiles(MANY)
    with session(files) as compiler:
        before = compiler.analyse("/w").metrics["memory_bytes"]
        for path in list(MANY)[5:]:
            del files.entries[path]
        after = compiler.analyse("/w").metrics["memory_bytes"]
        assert before / 5 < after < before / 3


def test_files_of_another_request_stay() -> None:
    files = MemoryFiles({**MANY, "/v/other.intent": "type Other = int\n"})
    with session(files) as compiler:
        compiler.analyse("/w")
        compiler.analyse("/v")
        assert compiler.analyse("/w").metrics["files_from_cache"] == len(MANY)


def test_one_path_beneath_two_roots_is_two_files() -> None:
    files = MemoryFiles({"/v/a.intent": "type One = int\n", "/w/a.intent": "type Two = int\n"})
    with session(files) as compiler:
        for root in ("/v", "/w"):
            compiler.analyse(root)
        for root in ("/v", "/w"):
            assert compiler.analyse(root).metrics["files_from_cache"] == 1


def test_one_file_beneath_two_roots_has_the_name_of_each() -> None:
    files = MemoryFiles({"/w/shop/a.intent": "type One = int\n"})
    with session(files) as compiler:
        for root, name in (("/w", "shop.a"), ("/w/shop", "a"), ("/w", "shop.a")):
            state = compiler.analyse(root).compilation
            assert state is not None
            assert [unit.name for unit in state.units] == [name]


def test_nothing_is_kept_without_memory() -> None:
    with session(MemoryFiles(MANY), memory=0) as compiler:
        compiler.analyse("/w")
        result = compiler.analyse("/w")
    assert result.metrics["files_from_cache"] == 0
    assert "memory_bytes" not in result.metrics


def test_a_compile_may_ask_for_another_memory() -> None:
    with session(MemoryFiles(MANY)) as compiler:
        compiler.analyse("/w")
        assert compiler.analyse("/w", tier="conservative").metrics["files_from_cache"] == 0
        assert compiler.analyse("/w", memory=0).metrics["files_from_cache"] == 0
        assert compiler.analyse("/w").metrics["files_from_cache"] == 0


@pytest.mark.parametrize("memory", [0, 10**6])
def test_what_was_built_before_comes_from_memory(tmp_path: Path, memory: int) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    source = tree / "service.intent"
    places = {"out": str(tmp_path / "out"), "cache": str(tmp_path / "cache")}
    made = []
    with create_hyper_compiler(environment={}, memory=memory, **places) as compiler:
        for text in (SERVICE, SERVICE.replace("Shop", "Store"), SERVICE):
            source.write_text(text, encoding="utf-8")
            result = compiler.compile(tree)
            made.append([(output.path, output.digest) for output in result.outputs])
    assert made[0] == made[2] != made[1]
    assert result.compilation is None
    disk, here = (result.metrics.get(f"cache_{layer}_hits", 0) for layer in ("disk", "memory"))
    assert (here > 0) is (memory > 0)
    assert (disk > 0) is (memory == 0)


def test_a_damaged_entry_of_the_disk_does_not_come_into_memory(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    source = tree / "service.intent"
    places = {"out": str(tmp_path / "out"), "cache": str(tmp_path / "cache")}
    for text in (SERVICE, SERVICE.replace("Shop", "Store")):
        source.write_text(text, encoding="utf-8")
        with create_hyper_compiler(environment={}, **places) as compiler:
            assert compiler.compile(tree).success
    for segment in (tmp_path / "cache" / "store" / "data").glob("*.seg"):
        data = bytearray(segment.read_bytes())
        data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
        segment.write_bytes(data)
    source.write_text(SERVICE, encoding="utf-8")
    with create_hyper_compiler(environment={}, **places) as compiler:
        result = compiler.compile(tree)
    assert result.success
    assert result.compilation is not None
