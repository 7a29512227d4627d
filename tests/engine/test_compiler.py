"""The session: what it tells, keeps and promises."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from hyper import create_hyper_compiler, hyper_compile
from hyper.base.memory import MemoryFiles
from hyper.engine.collection import settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hyper.base.events import Event
    from hyper.engine.compiler import Compiler

SHOP = {
    "/w/shop/money.intent": "type Amount = decimal(12, 2)\n",
    "/w/shop/item.intent": "use shop.money (Amount)\nentity Item:\n    price: Amount\n",
    "/w/service.intent": 'service Shop:\n    title "Shop"\n    version "1"\n',
}


@pytest.fixture
def files() -> MemoryFiles:
    return MemoryFiles(SHOP)


@pytest.fixture
def compiler(files: MemoryFiles) -> Iterator[Compiler]:
    with create_hyper_compiler(files=files, environment={}, out="/out") as session:
        yield session


def test_builds_in_memory(compiler: Compiler, files: MemoryFiles) -> None:
    result = compiler.compile("/w")
    assert result.success, result.diagnostics
    assert result.package == "shop"
    assert "openapi.json" in files.names("/out/shop")
    assert result.stats["files"] == 3
    assert set(result.timing) >= {"parse", "resolve", "check", "lower", "write", "total"}
    assert files.names("/out") == ["shop"]


def test_a_file_as_it_was_is_not_parsed_again(compiler: Compiler, files: MemoryFiles) -> None:
    heard: list[tuple[str, str]] = []
    compiler.on("file:parsed", lambda event: heard.append(("parsed", event.path)))
    compiler.on("file:cached", lambda event: heard.append(("cached", event.path)))
    compiler.compile("/w")
    heard.clear()
    files.entries["/w/shop/money.intent"].data = b"type Amount = decimal(14, 2)\n"
    assert compiler.compile("/w").success
    assert heard == [
        ("cached", "service.intent"),
        ("cached", "shop/item.intent"),
        ("parsed", "shop/money.intent"),
    ]
    compiler.shutdown()
    compiler.on("file:parsed", lambda event: heard.append(("parsed", event.path)))
    heard.clear()
    compiler.compile("/w")
    assert len(heard) == 3


def test_what_is_kept_gives_the_same_as_what_is_not(files: MemoryFiles) -> None:
    edits = [
        {},
        {"/w/shop/item.intent": "use shop.money (Amuont)\nentity Item:\n    price: Amuont\n"},
        {"/w/shop/item.intent": SHOP["/w/shop/item.intent"]},
        {"/w/shop/money.intent": "type Sum = decimal(12, 2)\n"},
    ]
    with create_hyper_compiler(files=files, environment={}, out="/out") as session:
        for edit in edits:
            for path, text in edit.items():
                files.entries[path].data = text.encode()
            kept = session.compile("/w")
            fresh = create_hyper_compiler(files=files, environment={}, out="/out").compile("/w")
            assert kept.diagnostics == fresh.diagnostics
            assert [(o.path, o.digest) for o in kept.outputs] == [
                (o.path, o.digest) for o in fresh.outputs
            ]


def test_events_come_in_order(compiler: Compiler) -> None:
    heard: list[Event] = []
    compiler.on("*", heard.append)
    compiler.compile("/w")
    names = [event.name for event in heard]
    assert names[0] == "compilation:start"
    assert names[-1] == "compilation:end"
    assert heard[-1].success is True
    starts = [event.phase for event in heard if event.name == "phase:start"]
    assert starts == [event.phase for event in heard if event.name == "phase:end"]
    told = [event for event in heard if event.name == "compilation:progress"]
    progress = [event for event in told if event.phase == "parse"]
    assert [(event.done, event.total) for event in progress] == [(1, 3), (2, 3), (3, 3)]
    assert names.count("file:written") == len([n for n in names if n == "file:written"]) > 5


def test_diagnostics_are_told_too(compiler: Compiler, files: MemoryFiles) -> None:
    files.entries["/w/shop/money.intent"].data = b"type Amount = decmal\n"
    heard: list[Event] = []
    compiler.on("diagnostic", heard.append)
    result = compiler.compile("/w")
    assert [event.diagnostic for event in heard] == result.diagnostics
    assert not result.success
    assert result.errors == result.diagnostics
    assert files.kind("/out") is None


def test_errors_of_all_files_come_at_once_and_sorted(
    compiler: Compiler, files: MemoryFiles
) -> None:
    files.entries["/w/shop/money.intent"].data = b"type Amount = \xff\n"
    files.entries["/w/shop/item.intent"].data = b"entity Item:\n    a: Nope\n    b: Nada\n"
    files.entries["/w/service.intent"].data = b"entity A\n"
    found = compiler.check("/w").diagnostics
    assert [item.code for item in found if item.file == "shop/item.intent"] == ["E0303", "E0303"]
    assert [item.code for item in found if item.file == "shop/money.intent"] == ["E0101"]
    assert [item.file for item in found] == sorted(item.file for item in found)


def test_a_file_that_cannot_be_read_is_a_diagnostic(
    compiler: Compiler, files: MemoryFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = MemoryFiles.read

    def read(self: MemoryFiles, path: str) -> bytes:
        if path.endswith("money.intent"):
            raise PermissionError(13, "Permission denied", path)
        return real(self, path)

    monkeypatch.setattr(MemoryFiles, "read", read)
    result = compiler.compile("/w")
    assert not result.success
    assert "E0901" in {item.code for item in result.diagnostics}
    assert files.kind("/out") is None


@pytest.mark.parametrize("options", [{"tire": "insane"}, {"tier": "insan"}, {"target": ["x"]}])
def test_options_that_are_none_raise(compiler: Compiler, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="option"):
        compiler.compile("/w", **options)
    with pytest.raises(ValueError, match="option"):
        create_hyper_compiler(**options)


def test_the_collector_is_as_it_was_afterwards(compiler: Compiler) -> None:
    seen: list[bool] = []
    compiler.on(
        "phase:start", lambda event: seen.append(gc.isenabled()) if event.phase == "check" else None
    )
    compiler.compile("/w")
    compiler.compile("/w", tier="conservative")
    assert seen == [False, True]
    assert gc.isenabled()


def test_compiles_for_servers(compiler: Compiler) -> None:
    result = asyncio.run(compiler.initialize().compile_async("/w"))
    assert result.success


def test_several_folders_and_paths(tmp_path: Path) -> None:
    for path, text in SHOP.items():
        place = tmp_path / path.removeprefix("/w/")
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
    result = hyper_compile([tmp_path / "shop", tmp_path / "service.intent"], out=tmp_path / "out")
    assert result.success, result.diagnostics
    assert (tmp_path / "out" / "shop" / "item.py").exists()


class Ring:
    """Something that only the collector of cycles can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.parametrize(("held", "freed"), [(1, True), (0, False), (1 << 60, False)])
def test_what_builds_left_in_cycles_is_freed_when_it_is_as_much_again(
    held: int, freed: bool, compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = weakref.ref(Ring())
    gc.freeze()
    gc.unfreeze()
    assert ring() is not None
    monkeypatch.setattr(settled, "blocks", held)
    assert compiler.compile("/w").success
    assert (ring() is None) == freed
    assert settled.blocks > 1
