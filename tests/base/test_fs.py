"""The suite that every file system passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper.base import fs
from hyper.base.fs import Disk
from hyper.base.memory import MemoryFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hyper.base.fs import Files


@pytest.fixture(params=["disk", "memory", "disk without exchange"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Files, str]:
    """A file system with an empty folder."""
    if request.param == "memory":
        memory = MemoryFiles()
        memory.make_folder("/work")
        return memory, "/work"
    if request.param == "disk without exchange":
        monkeypatch.setattr(fs, "_swap", lambda *_: False)
    return Disk(), str(tmp_path)


def test_writes_and_reads(place: tuple[Files, str]) -> None:
    files, root = place
    files.make_folder(f"{root}/a/b")
    files.write(f"{root}/a/b/c.txt", b"text")
    assert files.read(f"{root}/a/b/c.txt") == b"text"
    assert files.kind(f"{root}/a/b/c.txt") == "file"
    assert files.kind(f"{root}/a") == "folder"
    assert files.kind(f"{root}/none") is None
    assert files.kind(f"{root}/a/b/c.txt/d") is None
    assert files.names(root) == ["a"]


def test_listings_tell_what_is_there(place: tuple[Files, str]) -> None:
    files, root = place
    files.write(f"{root}/é", b"")
    files.make_folder(f"{root}/Z/inside")
    assert files.listing(root) == [("Z", "folder"), ("é", "file")]
    assert files.listing(f"{root}/Z/inside") == []
    with pytest.raises(FileNotFoundError if isinstance(files, Disk) else NotADirectoryError):
        files.listing(f"{root}/none")


def test_names_are_sorted(place: tuple[Files, str]) -> None:
    files, root = place
    for name in ("b", "a", "é", "Z"):
        files.write(f"{root}/{name}", b"")
    assert files.names(root) == ["Z", "a", "b", "é"]


@pytest.mark.parametrize(
    "action",
    [
        lambda files, root: files.read(f"{root}/none"),
        lambda files, root: files.read(root),
        lambda files, root: files.names(f"{root}/none"),
        lambda files, root: files.write(f"{root}/none/a", b""),
        lambda files, root: (files.write(f"{root}/a", b""), files.write(f"{root}/a", b"")),
        lambda files, root: (files.write(f"{root}/a", b""), files.make_folder(f"{root}/a")),
        lambda files, root: files.move(f"{root}/none", f"{root}/a"),
        lambda files, root: files.carry(f"{root}/none", f"{root}/a"),
        lambda files, root: files.remove_tree(f"{root}/none"),
    ],
)
def test_what_cannot_be_is_an_os_error(
    place: tuple[Files, str], action: Callable[[Files, str], object]
) -> None:
    files, root = place
    with pytest.raises(OSError, match=r"."):
        action(files, root)


def test_moves_over_a_file(place: tuple[Files, str]) -> None:
    files, root = place
    files.write(f"{root}/a", b"new")
    files.write(f"{root}/b", b"old")
    files.move(f"{root}/a", f"{root}/b")
    assert files.names(root) == ["b"]
    assert files.read(f"{root}/b") == b"new"


def test_exchanges_folders(place: tuple[Files, str]) -> None:
    files, root = place
    files.make_folder(f"{root}/target/old")
    stage = files.make_stage(root, ".stage-")
    files.write(f"{stage}/new", b"")
    files.exchange(stage, f"{root}/target")
    assert files.names(f"{root}/target") == ["new"]
    assert files.names(stage) == ["old"]
    files.remove_tree(stage)
    assert files.names(root) == ["target"]


def test_exchanges_with_nothing(place: tuple[Files, str]) -> None:
    files, root = place
    stage = files.make_stage(root, ".stage-")
    files.write(f"{stage}/new", b"")
    files.exchange(stage, f"{root}/target")
    assert files.names(f"{root}/target") == ["new"]
    assert files.names(stage) == []


def test_carries_a_file(place: tuple[Files, str]) -> None:
    files, root = place
    files.write(f"{root}/a", b"text")
    files.carry(f"{root}/a", f"{root}/b")
    assert files.read(f"{root}/b") == b"text"


def test_locks_more_than_once(place: tuple[Files, str]) -> None:
    files, root = place
    for _ in range(2):
        with files.lock(root):
            files.make_folder(f"{root}/a")
    assert files.names(root) == ["a"]


def test_carried_files_keep_their_time(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    Disk().carry(str(tmp_path / "a"), str(tmp_path / "b"))
    assert (tmp_path / "a").stat().st_mtime_ns == (tmp_path / "b").stat().st_mtime_ns


def test_links_are_seen_carried_and_not_followed(tmp_path: Path) -> None:
    files = Disk()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "kept").write_bytes(b"")
    (tmp_path / "link").symlink_to("folder")
    assert files.kind(str(tmp_path / "link")) == "link"
    assert files.kind(str(tmp_path / "link"), follow=True) == "folder"
    (tmp_path / "stage").mkdir()
    files.carry(str(tmp_path / "link"), str(tmp_path / "stage" / "link"))
    assert (tmp_path / "stage" / "link").is_symlink()
    files.remove_tree(str(tmp_path / "stage"))
    assert (tmp_path / "folder" / "kept").exists()


def test_links_in_memory() -> None:
    files = MemoryFiles({"/real/a": "text"})
    files.link("/link", "real")
    files.link("/loop", "loop")
    assert files.kind("/link") == "link"
    assert files.kind("/link", follow=True) == "folder"
    assert files.read("/link/a") == b"text"
    assert files.canonical("/link/a") == "/real/a"
    assert files.kind("/loop", follow=True) in {None, "link"}
