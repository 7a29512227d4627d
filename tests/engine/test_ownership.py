"""Whose cache it is: what came with the sources is not believed, and its links lead nowhere."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from hyper.engine.compiler import create_hyper_compiler
from hyper.engine.lexing import choice
from hyper.engine.lexing.library import open_library
from hyper.engine.lexing.measured import read_measurements
from hyper.engine.ownership import claim, state_folder, sweep
from hyper.engine.record import make_cache_folder
from tests.engine.test_incremental import SOURCES, Tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A tree that was built once."""
    made = Tree(tmp_path)
    assert made.build().success
    return made


def test_a_link_in_the_tree_leads_no_cache_elsewhere(tree: Tree) -> None:
    target = tree.folder / "elsewhere"
    target.mkdir()
    (tree.sources / "hyper.toml").write_text("")
    (tree.sources / ".hyper").symlink_to(target)
    assert tree.build(cache=None).success
    assert not list(target.iterdir())


@pytest.mark.parametrize(
    "place",
    [
        *("records", "graphs", "spares"),
        *("store", "store/data", "store/leases", "store/index-1.sqlite3"),
    ],
)
def test_a_link_in_the_cache_of_a_tree_leads_nowhere(tree: Tree, place: str) -> None:
    """A checkout may bring a folder with this name: nothing is made or removed where its links lead."""
    target = tree.folder / "elsewhere"
    target.mkdir()
    (target / "mine.tmp").write_text("")
    (tree.sources / "hyper.toml").write_text("")
    link = tree.sources / ".hyper" / place
    link.parent.mkdir(parents=True)
    link.symlink_to(target / "new" if link.suffix else target)
    assert tree.build(cache=None).success
    assert tree.build(cache=None).success
    assert [path.name for path in target.iterdir()] == ["mine.tmp"]


@pytest.mark.parametrize("place", ["graphs/*", "graphs/*/*"])
def test_a_link_in_the_place_of_a_graph_leads_nowhere(tree: Tree, place: str) -> None:
    target = tree.folder / "elsewhere"
    target.mkdir()
    (target / "mine.txt").write_text("")
    os.utime(target / "mine.txt", (0, 0))
    (tree.sources / "hyper.toml").write_text("")
    assert tree.build(cache=None).success
    (graph,) = (tree.sources / ".hyper").glob(place)
    shutil.rmtree(graph)
    graph.symlink_to(target)
    (tree.sources / "shop.intent").write_text("# new\n" + SOURCES["shop.intent"])
    assert tree.build(cache=None).success
    assert [path.name for path in target.iterdir()] == ["mine.txt"]


def test_a_cache_that_came_with_the_sources_is_not_believed(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree.sources / "hyper.toml").write_text('cache = "kept"\n')
    assert tree.build(cache=None).success
    assert tree.build(cache=None).misses == []
    assert tree.parsed == []
    monkeypatch.setenv("XDG_STATE_HOME", str(tree.folder / "another user"))
    outages: list[str] = []
    with create_hyper_compiler(environment={}, out=str(tree.out), incremental=True) as compiler:
        compiler.on("cache:outage", lambda event: outages.append(event.reason))
        compiler.on("file:parsed", lambda event: tree.parsed.append(event.path))
        assert compiler.compile(str(tree.sources)).success
    assert outages == ["owner"]
    assert (tree.sources / "kept" / ".gitignore").exists()
    assert tree.parsed
    chosen = str(tree.sources / "kept")
    assert tree.build(cache=chosen).success
    assert tree.parsed == [], "whoever names a cache believes it"


def test_no_part_of_a_cache_is_believed_without_the_mark(tree: Tree, tmp_path: Path) -> None:
    """A checkout may bring any of what builds leave alone, and have each of them read as ours."""
    unread = {".gitignore", "CACHEDIR.TAG", "census.lock"}
    left = {path.name for path in tree.cache.iterdir()} - unread
    assert {"records", "graphs", "store"} <= left
    for name in sorted(left | {"spares"}):
        cache = tmp_path / "brought" / name
        cache.mkdir(parents=True)
        (cache / name).mkdir()
        assert not claim(str(cache)), name


@pytest.mark.parametrize("text", ["", "x", "name proof", "\xff", "a" * 10_000])
def test_a_mark_that_is_none(tmp_path: Path, text: str) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    assert claim(str(cache))
    assert claim(str(cache))
    (cache / "owner").write_text(text, encoding="latin-1")
    assert not claim(str(cache))


def test_without_a_state_folder_nothing_is_kept(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tree.sources / "shop.intent"))
    (tree.sources / "hyper.toml").write_text('cache = "kept"\n')
    assert tree.build(cache=None).success
    assert not (tree.sources / "kept").exists()


def test_a_pipe_in_the_place_of_the_secret_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "hypercompiler").mkdir()
    os.mkfifo(tmp_path / "hypercompiler" / "secret")
    assert claim(str(tmp_path / "cache"))
    assert (tmp_path / "hypercompiler" / "secret").is_file()


def test_a_state_folder_is_not_told_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert state_folder() == str(tmp_path / ".local" / "state" / "hypercompiler")


def test_a_user_without_a_home_keeps_nothing(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(tree.sources)
    with pytest.raises(OSError, match="home"):
        state_folder()
    assert tree.build(cache=None).success
    assert not (tree.sources / "~").exists()
    sweep(str(tree.sources))
    assert open_library() is None
    assert read_measurements() == {}
    choice._keep(1.0)
    assert choice._spent() == 0.0


def test_a_mark_is_made_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    assert claim(str(tmp_path / "first"))

    def interrupted(_source: str, _target: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            claim(str(cache))
    assert not (cache / "owner").exists()
    assert claim(str(cache))
    assert claim(str(cache))


def test_what_a_kill_left_of_a_mark_or_a_secret_is_swept(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    state = tmp_path / "state" / "hypercompiler"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tree.sources / "hyper.toml").write_text('cache = "kept"\n')
    cache = tree.sources / "kept"
    for folder in (state, cache):
        folder.mkdir(parents=True)
    left = [cache / ".owner.12", state / ".secret.12", state / ".machine.12.1a"]
    fresh = [cache / ".owner.13", state / ".secret.13"]
    others = [cache / ".mine.12", state / ".secret.mine"]
    for path in (*left, *fresh, *others):
        path.write_bytes(b"half")
    for path in (*left, *others):
        os.utime(path, (0, 0))
    assert tree.build(cache=None).success
    assert [path.exists() for path in (*left, *fresh, *others)] == [False] * 3 + [True] * 4
    assert (cache / "records").is_dir()


def test_a_folder_with_half_a_mark_alone_is_marked_as_a_cache(tmp_path: Path) -> None:
    (tmp_path / ".owner.12").write_bytes(b"half")
    make_cache_folder(str(tmp_path))
    assert (tmp_path / ".gitignore").exists()
