"""Output folders: what a build may write, keeps and removes."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from hyper.base import digest
from hyper.base.fs import ASIDE, Disk
from hyper.base.memory import MemoryFiles
from hyper.base.output import Published, create, publish, unsafe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def _digests(contents: Mapping[str, bytes]) -> dict[str, str]:
    return {path: digest.of_bytes(data) for path, data in contents.items()}


def _codes(done: Published) -> list[str]:
    return [item.code for item in done.diagnostics]


def _tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


FIRST = {"__init__.py": b"one", "models/a.py": b"a", "models/b.py": b"b"}


def test_first_build_makes_the_folder(tmp_path: Path) -> None:
    done = publish(Disk(), str(tmp_path / "out" / "app"), FIRST, None, "out/app")
    assert done.written == ("__init__.py", "models/a.py", "models/b.py")
    assert _tree(tmp_path) == {
        "out/app/__init__.py": "one",
        "out/app/models/a.py": "a",
        "out/app/models/b.py": "b",
    }


def test_second_build_keeps_times_and_removes_what_no_longer_belongs(tmp_path: Path) -> None:
    target = tmp_path / "app"
    publish(Disk(), str(target), FIRST, None, "app")
    os.utime(target / "models" / "a.py", ns=(1, 1))
    second = {"__init__.py": b"two", "models/a.py": b"a"}
    done = publish(Disk(), str(target), second, _digests(FIRST), "app")
    assert done.written == ("__init__.py",)
    assert done.unchanged == ("models/a.py",)
    assert done.removed == ("models/b.py",)
    assert (target / "models" / "a.py").stat().st_mtime_ns == 1
    assert _tree(tmp_path) == {"app/__init__.py": "two", "app/models/a.py": "a"}


def test_nothing_changed_means_nothing_is_touched(tmp_path: Path) -> None:
    target = tmp_path / "app"
    publish(Disk(), str(target), FIRST, None, "app")
    before = target.stat().st_ino
    done = publish(Disk(), str(target), FIRST, _digests(FIRST), "app")
    assert not done.written
    assert not done.removed
    assert target.stat().st_ino == before


def test_files_of_others_stay(tmp_path: Path) -> None:
    target = tmp_path / "app"
    publish(Disk(), str(target), FIRST, None, "app")
    (target / "notes.txt").write_text("mine")
    (target / "empty").mkdir()
    (target / "link").symlink_to("/nowhere")
    (target / "models" / "__pycache__").mkdir()
    (target / "models" / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"")
    (target / "models" / "__pycache__" / "b.cpython-311.pyc").write_bytes(b"")
    done = publish(Disk(), str(target), {"models/a.py": b"new"}, _digests(FIRST), "app")
    assert done.removed == ("__init__.py", "models/b.py")
    assert (target / "notes.txt").read_text() == "mine"
    assert (target / "empty").is_dir()
    assert (target / "link").is_symlink()
    cached = [path.name for path in (target / "models" / "__pycache__").iterdir()]
    assert cached == ["a.cpython-311.pyc"]


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "precious.py").write_text("mine")
    done = publish(Disk(), str(tmp_path / "app"), FIRST, None, "app")
    assert _codes(done) == ["E0904"]
    assert _tree(tmp_path) == {"app/precious.py": "mine"}


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    assert not publish(Disk(), str(tmp_path / "app"), FIRST, None, "app").failed


def test_a_file_of_somebody_else_is_never_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "app"
    publish(Disk(), str(target), FIRST, None, "app")
    (target / "api.py").write_text("mine")
    done = publish(Disk(), str(target), {**FIRST, "api.py": b"ours"}, _digests(FIRST), "app")
    assert _codes(done) == ["E0904"]
    assert (target / "api.py").read_text() == "mine"


def test_changed_leftovers_are_kept_once_with_a_warning(tmp_path: Path) -> None:
    target = tmp_path / "app"
    publish(Disk(), str(target), FIRST, None, "app")
    (target / "models" / "b.py").write_text("edited")
    second = {"__init__.py": b"one"}
    done = publish(Disk(), str(target), second, _digests(FIRST), "app")
    assert _codes(done) == ["W0901"]
    assert (target / "models" / "b.py").read_text() == "edited"
    assert publish(Disk(), str(target), second, _digests(second), "app").diagnostics == ()


@pytest.mark.parametrize("link", ["app", "app/models", "app/__init__.py"])
def test_links_are_not_written_through(tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text("mine")
    (tmp_path / "app").mkdir()
    place = tmp_path / link
    if link == "app":
        place.rmdir()
    place.symlink_to(outside / "a.py" if link.endswith(".py") else outside)
    done = publish(Disk(), str(tmp_path / "app"), FIRST, {}, "app")
    assert _codes(done) == ["E0904"]
    assert _tree(outside) == {"a.py": "mine"}


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "models").write_text("mine")
    done = publish(Disk(), str(tmp_path / "app"), FIRST, {}, "app")
    assert _codes(done) == ["E0904"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../up.py",
        "a/../../up.py",
        "a//b",
        "./a",
        "a\\b",
        "c:x",
        "nul",
        "COM1.py",
        "a\x00b",
        "a\nb",
        "end.",
        "end ",
        "x" * 300,
        "what?",
    ],
)
def test_names_that_leave_or_break_a_folder_are_refused(name: str, tmp_path: Path) -> None:
    assert unsafe(name) is not None
    done = publish(Disk(), str(tmp_path / "app"), {name: b""}, None, "app")
    assert _codes(done) == ["E0905"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("names", [("a.py", "A.py"), ("a", "a/b.py"), ("ß.py", "ss.py")])
def test_names_that_meet_are_refused(names: tuple[str, str], tmp_path: Path) -> None:
    done = publish(Disk(), str(tmp_path / "app"), dict.fromkeys(names, b""), None, "app")
    assert "E0905" in _codes(done)


def test_leftovers_of_killed_builds_are_swept(tmp_path: Path) -> None:
    (tmp_path / ".app.hyper-stage-dead").mkdir()
    (tmp_path / ".app.hyper-stage-dead" / "a.py").write_text("half")
    (tmp_path / ".other.hyper-stage-live").mkdir()
    publish(Disk(), str(tmp_path / "app"), FIRST, None, "app")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.hyper-stage-live", "app"]


def test_leftovers_of_killed_imports_are_swept(tmp_path: Path) -> None:
    (tmp_path / ".hyper-stage-dead").mkdir()
    (tmp_path / ".hyper-stage-dead" / "0").write_text("half")
    assert not create(Disk(), str(tmp_path), {"a.intent": b"a"}, "app").failed
    assert _tree(tmp_path) == {"a.intent": "a"}


class _Slow(Disk):
    """A disk without an exchange of folders, on which the build is killed between the two renames."""

    def exchange(self, stage: str, target: str) -> None:
        os.rename(target, f"{stage}{ASIDE}")
        raise KeyboardInterrupt

    def remove_tree(self, path: str) -> None:
        pass


def test_a_folder_that_was_put_aside_comes_back(tmp_path: Path) -> None:
    target = tmp_path / "app"
    publish(Disk(), str(target), {"__init__.py": b"old"}, None, "app")
    (target / "notes.txt").write_text("mine")
    owned = _digests({"__init__.py": b"old"})
    with pytest.raises(KeyboardInterrupt):
        publish(_Slow(), str(target), FIRST, owned, "app")
    assert not target.exists()
    publish(Disk(), str(target), FIRST, owned, "app")
    assert [path.name for path in tmp_path.iterdir()] == ["app"]
    assert (target / "notes.txt").read_text() == "mine"


class _Impatient(Disk):
    """A disk whose user interrupts before each file that is written, moved or removed."""

    def write(self, path: str, data: bytes) -> None:
        signal.raise_signal(signal.SIGINT)
        super().write(path, data)

    def move(self, source: str, target: str) -> None:
        signal.raise_signal(signal.SIGINT)
        super().move(source, target)

    def remove_tree(self, path: str) -> None:
        signal.raise_signal(signal.SIGINT)
        super().remove_tree(path)


def test_an_interrupt_does_not_cut_new_files_in_two(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        create(_Impatient(), str(tmp_path), {"a.intent": b"a", "b/c.intent": b"c"}, "app")
    assert _tree(tmp_path) == {"a.intent": "a", "b/c.intent": "c"}


def test_an_interrupt_does_not_stop_the_cleaning_up(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        publish(_Impatient(), str(tmp_path / "app"), FIRST, None, "app")
    assert list(tmp_path.iterdir()) == []


class _Interrupted(Disk):
    """A disk on which the user loses patience at the second file."""

    def write(self, path: str, data: bytes) -> None:
        if path.endswith("a.py"):
            raise KeyboardInterrupt
        super().write(path, data)


def test_an_interrupt_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "app"
    publish(Disk(), str(target), {"__init__.py": b"old"}, None, "app")
    with pytest.raises(KeyboardInterrupt):
        publish(_Interrupted(), str(target), FIRST, _digests({"__init__.py": b"old"}), "app")
    assert _tree(tmp_path) == {"app/__init__.py": "old"}


class _Full(Disk):
    """A disk that is full."""

    def write(self, path: str, data: bytes) -> None:
        raise OSError(28, "No space left on device", path, len(data))


def test_a_full_disk_is_a_diagnostic(tmp_path: Path) -> None:
    done = publish(_Full(), str(tmp_path / "app"), FIRST, None, "app")
    assert _codes(done) == ["E0908"]
    assert list(tmp_path.iterdir()) == []


def test_publishes_in_memory() -> None:
    files = MemoryFiles()
    publish(files, "/out/app", FIRST, None, "app")
    done = publish(files, "/out/app", {"x.py": b"x"}, _digests(FIRST), "app")
    assert done.written == ("x.py",)
    assert files.names("/out/app") == ["x.py"]
    assert files.names("/out") == ["app"]


def test_create_adds_files_beside_others(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = create(Disk(), str(tmp_path), {"a/b.txt": b"b"}, ".")
    assert done.written == ("a/b.txt",)
    assert _tree(tmp_path) == {"a/b.txt": "b", "mine.txt": "mine"}


def test_create_refuses_what_is_there_unless_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    contents = {"a.txt": b"ours", "b.txt": b"b"}
    assert _codes(create(Disk(), str(tmp_path), contents, ".")) == ["E0904"]
    assert _tree(tmp_path) == {"a.txt": "mine"}
    assert not create(Disk(), str(tmp_path), contents, ".", replace=True).failed
    assert _tree(tmp_path) == {"a.txt": "ours", "b.txt": "b"}


def test_create_does_not_follow_links_even_with_replace(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").symlink_to(tmp_path / "outside")
    done = create(Disk(), str(tmp_path / "in"), {"a/b": b""}, "in", replace=True)
    assert _codes(done) == ["E0904"]
    assert list((tmp_path / "outside").iterdir()) == []
