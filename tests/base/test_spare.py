"""A large output folder made of the one before it."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from hyper.base import spare as spares
from hyper.base.fs import Disk
from hyper.base.output import Published, publish
from hyper.base.spare import Spare

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FIRST = {"__init__.py": b"0", "a/one.py": b"1", "a/two.py": b"2", "b/three.py": b"3"}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spares, "LEAST", 1)


class Place:
    """An output folder, its spare, and what the builds that wrote there say that they wrote."""

    def __init__(self, folder: Path) -> None:
        self.target = folder / "out" / "app"
        self.away = folder / "cache" / "spares" / "app"
        self.owned: dict[str, str] | None = None
        self.files = Disk()

    def build(self, contents: Mapping[str, bytes]) -> Published:
        spare = Spare(str(self.away), lambda _folder: self.owned)
        target = str(self.target)
        done = publish(self.files, target, contents, lambda: self.owned, "app", spare=spare)
        if not done.failed:
            self.owned = {path: hashlib.sha256(data).hexdigest() for path, data in contents.items()}
        return done

    def there(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.target).as_posix(): path.read_bytes()
            for path in self.target.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Two builds have been: the second put the first one's folder away."""
    made = Place(tmp_path)
    made.build(FIRST)
    assert not made.away.exists()
    made.build({**FIRST, "a/one.py": b"11"})
    assert made.away.is_dir()
    return made


def test_the_next_folder_is_the_spare(place: Place) -> None:
    folder, before = place.away.stat().st_ino, os.stat(place.target / "b" / "three.py")
    done = place.build({**FIRST, "a/one.py": b"111", "c/new.py": b""})
    assert (done.written, done.removed) == (("a/one.py", "c/new.py"), ())
    assert place.target.stat().st_ino == folder
    assert place.there() == {**FIRST, "a/one.py": b"111", "c/new.py": b""}
    after = os.stat(place.target / "b" / "three.py")
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [path.name for path in place.target.parent.iterdir()] == ["app"]
    assert place.away.is_dir()


def test_what_is_gone_does_not_come_back(place: Place) -> None:
    less = {path: data for path, data in FIRST.items() if not path.startswith("b/")}
    assert place.build(less).removed == ("b/three.py",)
    assert place.there() == less
    assert not (place.target / "b").exists()
    place.build({**less, "a/one.py": b"again"})
    place.build({**less, "a/one.py": b"and again"})
    assert place.there() == {**less, "a/one.py": b"and again"}
    assert not (place.target / "b").exists()


def test_files_of_the_user_stay_and_those_removed_stay_away(place: Place) -> None:
    mine = place.target / "a" / "mine.txt"
    mine.write_bytes(b"mine")
    (place.target / "__pycache__").mkdir()
    (place.target / "__pycache__" / "__init__.cpython-311.pyc").write_bytes(b"code")
    for text in (b"x", b"y", b"z"):
        place.build({**FIRST, "a/one.py": text})
        assert mine.read_bytes() == b"mine"
        assert (place.target / "__pycache__" / "__init__.cpython-311.pyc").exists()
        assert not (place.away / "a" / "mine.txt").exists()
    mine.unlink()
    for text in (b"x", b"y"):
        place.build({**FIRST, "a/one.py": text})
        assert not mine.exists()


def test_what_somebody_left_in_the_spare_comes_along(place: Place) -> None:
    """Whose working folder was the output's has the spare before it, and does not know."""
    (place.away / "a" / "notes.txt").write_bytes(b"notes")
    (place.away / "c").write_bytes(b"in the way")
    (place.away / "d").mkdir()
    place.build({**FIRST, "c/new.py": b"new"})
    assert place.there() == {**FIRST, "c/new.py": b"new", "a/notes.txt": b"notes"}
    assert not (place.target / "d").exists()


def test_what_is_owned_is_asked_once_and_before_anything_goes(place: Place) -> None:
    """Builds say what they wrote in a file of the folder, which is among those that go."""
    said = place.away / "__init__.py"
    (place.away / "b" / "notes.txt").write_bytes(b"notes")
    asked: list[bool] = []

    def owned(folder: str) -> dict[str, str]:
        asked.append(os.path.exists(os.path.join(folder, said.name)))
        return dict.fromkeys(FIRST, "")

    less = {"__init__.py": b"new", "a/one.py": b"11", "b/three.py": b"3"}
    spare = Spare(str(place.away), owned)
    publish(place.files, str(place.target), less, lambda: place.owned, "app", spare=spare)
    assert asked == [True]
    assert place.there() == {**less, "b/notes.txt": b"notes"}


def test_no_byte_of_the_spare_is_believed(place: Place) -> None:
    (place.away / "b" / "three.py").unlink()
    (place.away / "b" / "three.py").write_bytes(b"forged")
    (place.away / "a" / "two.py").unlink()
    os.link(place.away / "__init__.py", place.away / "a" / "two.py")
    place.build({**FIRST, "a/one.py": b"new"})
    assert place.there() == {**FIRST, "a/one.py": b"new"}


def test_a_build_elsewhere_meanwhile(place: Place, tmp_path: Path) -> None:
    other = Place(tmp_path)
    other.away, other.owned = tmp_path / "else", place.owned
    changed = {"__init__.py": b"other", "b/three.py": b"3", "b/four.py": b"4"}
    other.build(changed)
    place.owned = other.owned
    place.build({**changed, "b/three.py": b"33"})
    assert place.there() == {**changed, "b/three.py": b"33"}


@pytest.mark.skipif(os.name != "posix", reason="modes of folders are those of POSIX")
def test_a_folder_of_other_rights_is_no_spare(place: Place) -> None:
    before = (place.target / "a").stat().st_mode
    (place.away / "a").chmod(0o777)
    place.build({**FIRST, "a/one.py": b"new"})
    assert place.there() == {**FIRST, "a/one.py": b"new"}
    assert (place.target / "a").stat().st_mode == before


def test_a_link_is_no_spare(place: Place, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    place.away.rename(elsewhere)
    place.away.symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    place.build({**FIRST, "a/one.py": b"new"})
    assert place.there() == {**FIRST, "a/one.py": b"new"}
    assert sorted(elsewhere.rglob("*")) == before


def test_without_a_place_for_it(place: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    place.away = tmp_path / "file" / "spare"
    place.build({**FIRST, "a/one.py": b"new"})
    assert place.there() == {**FIRST, "a/one.py": b"new"}
    assert [path.name for path in place.target.parent.iterdir()] == ["app"]


class _Failing(Disk):
    def exchange(self, stage: str, target: str) -> None:
        raise OSError(5, "broken", stage, None, target)


def test_a_build_that_fails_leaves_the_output(place: Place) -> None:
    before = place.there()
    place.files = _Failing()
    assert place.build({**FIRST, "a/one.py": b"new"}).failed
    assert place.there() == before
    assert [path.name for path in place.target.parent.iterdir()] == ["app"]
    place.files = Disk()
    assert not place.build({**FIRST, "a/one.py": b"new"}).failed
    assert place.there() == {**FIRST, "a/one.py": b"new"}
