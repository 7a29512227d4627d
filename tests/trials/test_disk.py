"""Disks that are full or read-only, and builds that share one: a clear error or a slower build, never a wrong one."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from tests.small_disk import fill, small_disk
from tests.trials.project import Project
from tests.trust.command import LONG, digests, hyper, is_complete, start, stop_after

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from pathlib import Path

BUILD: Final = ("build", "src", "-o", "out")
STEPS: Final = 40 if LONG else 3
PAIRS: Final = 40 if LONG else 2


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project that was built once, whose permissions are mended in the end."""
    made = Project(tmp_path, 8, 6)
    made.build()
    yield made
    subprocess.run(["chmod", "-R", "u+rwx", str(tmp_path)], check=True)


def kept(project: Project) -> dict[str, str]:
    """The variables with which a process builds with the project's cache."""
    return {"HYPER_INCREMENTAL": "on", "HYPER_CACHE": str(project.cache)}


def test_the_disk_of_the_output_fills(tmp_path: Path, did: Counter[str]) -> None:
    """A little more is free each time: until all fits the old output stays, and the error says why."""
    project = Project(tmp_path, 8, 7)
    with small_disk(project.out):
        project.build()
        before = digests(project.out)
        project.edit(8)
        codes = []
        for step in range(10 * STEPS):
            filler = fill(project.out, step * 400_000 // STEPS)
            done = hyper(tmp_path, *BUILD, more=kept(project))
            did["builds on a full disk"] += 1
            filler.unlink()
            codes.append(done.code)
            if done.code == 0:
                break
            assert (done.code, "[E0908]" in done.text) == (1, True), done.text
            assert "No space left" in done.text
            assert digests(project.out) == before
            assert len(list(project.out.iterdir())) == 1
        assert codes[0] == 1
        assert codes[-1] == 0
        assert project.is_right()


def test_the_disk_of_the_cache_fills(tmp_path: Path, did: Counter[str]) -> None:
    """Every build is right, whatever fits into the cache, and so is the next one."""
    project = Project(tmp_path, 8, 8)
    with small_disk(project.cache):
        project.build()
        for step in range(STEPS):
            project.edit()
            filler = fill(project.cache, (step % STEPS) * 100_000 // STEPS)
            done = hyper(tmp_path, *BUILD, more=kept(project))
            assert done.code == 0, done.text
            assert project.is_right()
            filler.unlink()
            project.edit(step % 2)
            project.build()
            assert project.is_right()
            did["builds on a full disk"] += 1


def test_files_cannot_grow(project: Project, did: Counter[str]) -> None:
    """Writes fail in their middle (``RLIMIT_FSIZE``), those of the output and of the cache alike."""
    for step in range(STEPS):
        before = digests(project.out)
        project.edit()
        done = hyper(
            project.folder, *BUILD, more=kept(project), largest_file=step * 60_000 // STEPS
        )
        did["builds whose files cannot grow"] += 1
        if done.code:
            assert (done.code, "[E0908]" in done.text) == (1, True), done.text
            assert digests(project.out) == before
        else:
            assert project.is_right()
        project.build()
        assert project.is_right()


@pytest.mark.parametrize("part", ["all", "folders", "files"])
def test_a_cache_that_cannot_be_written(part: str, project: Project, did: Counter[str]) -> None:
    kind = {"all": (), "folders": ("-type", "d"), "files": ("-type", "f")}[part]
    for _ in range(5 if LONG else 1):
        project.edit()
        find = ["find", str(project.cache), *kind, "-exec", "chmod", "a-w", "{}", "+"]
        subprocess.run(find, check=True)
        done = hyper(project.folder, *BUILD, more=kept(project), humble=True)
        assert done.code == 0, done.text
        assert project.is_right()
        did["builds with a cache that only reads"] += 1
        subprocess.run(["chmod", "-R", "u+w", str(project.cache)], check=True)
        project.edit()
        project.build()
        assert project.is_right()


def test_a_cache_that_cannot_be_read(project: Project, did: Counter[str]) -> None:
    for path in sorted(project.cache.rglob("*"))[:: 1 if LONG else 4]:
        if not path.exists():
            continue
        project.edit()
        mode = path.stat().st_mode
        path.chmod(0)
        done = hyper(project.folder, *BUILD, more=kept(project), humble=True)
        assert done.code == 0, done.text
        assert project.is_right()
        did["builds with something unreadable"] += 1
        if path.exists():
            path.chmod(mode)


def test_two_builds_at_once_on_one_cache(tmp_path: Path, did: Counter[str]) -> None:
    """Of two projects that are edited, into outputs of their own."""
    pair = [Project(tmp_path / name, 6, seed) for seed, name in enumerate(("one", "two"))]
    more = {"HYPER_INCREMENTAL": "on", "HYPER_CACHE": str(tmp_path / "cache")}
    for number in range(PAIRS):
        for project in pair:
            project.edit(number % 3)
        # The third builds the same as the first.
        third = ("build", "src", "-o", "other")
        both = [start(project.folder, *BUILD, more=more) for project in pair]
        both.append(start(pair[0].folder, *third, more=more))
        ended = [stop_after(process, 120, signal.SIGKILL) for process in both]
        assert [each.code for each in ended] == [0, 0, 0], ended
        assert all(project.is_right() for project in pair)
        assert pair[0].is_right(pair[0].folder / "other")
        did["builds at once"] += 3


def test_two_builds_at_once_into_one_output(tmp_path: Path, did: Counter[str]) -> None:
    pair = [Project(tmp_path / name, 4, seed) for seed, name in enumerate(("one", "two"))]
    made = []
    for project in pair:
        project.build(package="same")
        made.append(digests(project.out))
    assert made[0] != made[1]
    for _ in range(PAIRS):
        both = [
            start(tmp_path, "build", str(project.source), "-o", "out", "--package", "same")
            for project in pair
        ]
        assert [stop_after(process, 120, signal.SIGKILL).code for process in both] == [0, 0]
        assert digests(tmp_path / "out") in made
        assert is_complete(tmp_path / "out" / "same")
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["same"]
        did["builds at once"] += 2
