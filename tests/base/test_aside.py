"""Files that are replaced whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hyper.base import aside


def test_a_file_is_replaced_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    aside.replace(str(path), b"one")
    aside.replace(str(path), b"two", 0o600)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["kept"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_file_is_as_it_was_where_it_cannot_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    path = tmp_path / "kept"
    aside.replace(str(path), b"one")

    def fails(_source: str, _target: str) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        with pytest.raises(error):
            aside.replace(str(path), b"two")
    assert path.read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["kept"]


def test_what_was_left_is_swept_once_it_is_old(tmp_path: Path) -> None:
    old = [".kept.1", ".kept.1.a2", ".kept.x", ".other.1", "kept", ".kept.1.old"]
    for name in (*old, ".kept.2"):
        (tmp_path / name).write_bytes(b"half")
    for name in old:
        os.utime(tmp_path / name, (0, 0))
    aside.sweep(str(tmp_path), "kept|more")
    assert sorted(os.listdir(tmp_path)) == sorted([*old[2:], ".kept.2"])
    aside.sweep(str(tmp_path / "none"), "kept")


def test_what_is_written_aside_is_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("before")
    (tmp_path / "link").symlink_to(path)

    def broken_off() -> None:
        with aside.writing(str(path)) as given:
            Path(given).write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert path.read_text() == "before"
    with aside.writing(str(tmp_path / "link")) as given:
        Path(given).write_text("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert sorted(os.listdir(tmp_path)) == ["a", "link"]
    with aside.writing(os.devnull) as given:
        assert given == os.devnull
