"""Files read in parts: maps that are guarded, and which files stay open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hyper.cache import mapped
from hyper.cache.mapped import NEVER, MappedFile, MappedFiles, TruncatedError, worth_mapping
from hyper.cache.policies.lru import LRU
from tests.cache.entries import noise

ROOT = Path(__file__).resolve().parents[2]
MAPPED = pytest.mark.parametrize("map_from", [1, NEVER])


@MAPPED
def test_parts_of_a_file(tmp_path: Path, map_from: int) -> None:
    content = noise(1, 50_000)
    path = tmp_path / "file"
    path.write_bytes(content)
    file = MappedFile(str(path), map_from)
    assert (file.mapped > 0) == (map_from == 1)
    for offset, length in ((0, 50_000), (49_999, 1), (123, 4567), (50_000, 0)):
        assert file.read(offset, length) == content[offset : offset + length]
    assert file.read_some(49_000, 9000) == content[49_000:]
    file.close()
    file.close()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file"):
            MappedFile(str(path))


@MAPPED
@pytest.mark.parametrize(("offset", "length"), [(0, 101), (100, 1), (1 << 40, 1), (-1, 5), (5, -1)])
def test_what_is_not_there_is_an_error(
    tmp_path: Path, map_from: int, offset: int, length: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    file = MappedFile(str(path), map_from)
    with pytest.raises(TruncatedError, match="ends early"):
        file.read(offset, length)
    file.close()


TRUNCATE = """
import mmap, os, sys
from hyper.cache.mapped import MappedFile, TruncatedError
path = sys.argv[1]
file = MappedFile(path, map_from=1)
assert file.mapped == 1 << 20
naive = mmap.mmap(os.open(path, os.O_RDONLY), 0, access=mmap.ACCESS_READ)
os.truncate(path, 5000)
assert file.read(0, 5000) == bytes(5000)
try:
    file.read(500_000, 10)
except TruncatedError:
    print("an error")
if sys.argv[2] == "naive":
    naive[500_000:500_010]
"""


@pytest.mark.parametrize(("way", "code"), [("guarded", 0), ("naive", -signal.SIGBUS)])
def test_a_file_cut_short_under_its_map_is_an_error_and_no_crash(
    tmp_path: Path, way: str, code: int
) -> None:
    """The map without a guard is there to show that the machine would kill the process."""
    path = tmp_path / "file"
    path.write_bytes(bytes(1 << 20))
    done = subprocess.run(
        [sys.executable, "-c", TRUNCATE, str(path), way],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if way == "naive" and done.returncode == 0:
        pytest.skip("this system gives zeros past the end of a file where Linux sends SIGBUS")
    assert done.returncode == code, done.stderr
    if way == "guarded":
        assert done.stdout == "an error\n"


def test_small_files_are_read_and_large_ones_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "free_memory", lambda: 1000)
    assert not worth_mapping(99, 100)
    assert worth_mapping(100, 100)
    assert worth_mapping(250, 100)
    assert not worth_mapping(251, 100)
    assert not worth_mapping(0, 0)
    monkeypatch.setattr(mapped, "free_memory", lambda: None)
    assert worth_mapping(1 << 50, 100)


def test_free_memory_is_what_the_system_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "meminfo"
    said.write_text("MemTotal:  8000 kB\nMemAvailable:   1234 kB\n")
    monkeypatch.setattr(mapped, "_MEMORY", str(said))
    assert mapped.free_memory() == 1234 * 1024
    for text in ("", "MemAvailable:\n", "MemAvailable: much\n"):
        said.write_text(text)
        assert mapped.free_memory() is None
    said.unlink()
    assert mapped.free_memory() is None


def files_in(folder: Path, count: int, size: int) -> list[str]:
    paths = []
    for number in range(count):
        path = folder / f"{number}"
        path.write_bytes(noise(number, size))
        paths.append(str(path))
    return paths


def test_the_policy_decides_which_files_stay_mapped(tmp_path: Path) -> None:
    paths = files_in(tmp_path, 4, 1000)
    files = MappedFiles(LRU(3000), map_from=1)
    first = files.file(paths[0])
    for path in paths[1:3]:
        files.file(path)
    assert files.file(paths[0]) is first
    files.file(paths[3])
    assert len(files) == 3
    assert files.file(paths[0]) is first
    assert files.file(paths[1]).read(0, 1000) == noise(1, 1000)
    files.close()
    assert len(files) == 0


def test_a_file_that_the_policy_refuses_is_read_and_not_mapped(tmp_path: Path) -> None:
    paths = files_in(tmp_path, 3, 1000)
    files = MappedFiles(LRU(500), map_from=1)
    for number, path in enumerate(paths):
        file = files.file(path)
        assert file.mapped == 0
        assert file.read(0, 1000) == noise(number, 1000)
        assert len(files) == 1
    files.close()


def test_there_are_few_open_files_however_small_they_are(tmp_path: Path) -> None:
    files = MappedFiles(LRU(1 << 30), map_from=NEVER, most_open=5)
    for path in files_in(tmp_path, 12, 10):
        files.file(path)
    assert len(files) == 5
    files.close()


def test_removed_files_are_let_go(tmp_path: Path) -> None:
    paths = files_in(tmp_path, 3, 1000)
    files = MappedFiles(LRU(1 << 20), map_from=1)
    for path in paths:
        files.file(path)
    Path(paths[1]).unlink()
    assert files.file(paths[1]).read(0, 1000) == noise(1, 1000)
    files.forget_removed()
    assert len(files) == 2
    files.close()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        MappedFiles(LRU(100)).file(str(tmp_path / "none"))
