"""Builds that are killed at any moment leave the old output or the new one, and the next build is right."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import pytest

from tests.checkout import STOREFRONT, copy_of
from tests.trials.project import Project
from tests.trust.command import (
    LONG,
    Ended,
    digests,
    environment,
    hyper,
    is_complete,
    start,
    stop_after,
)

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from benchmarks.remote_server import RedisServer

KILLS: Final = 200 if LONG else 6
BUILD: Final = ("build", "src", "-o", "out")


def count(ended: Ended, did: Counter[str]) -> None:
    """Count how a build ended."""
    ends = {-signal.SIGKILL: "builds killed", -signal.SIGINT: "interrupted", 130: "interrupted"}
    did[ends.get(ended.code, "over before")] += 1


def changed(folder: Path) -> None:
    """Other sources: a module less, a module more, a field more."""
    (folder / "reporting.intent").unlink(missing_ok=True)
    (folder / "extra.intent").write_text("intent extra\n\nentity Extra:\n    x: int\n")


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, dict[str, str]]]:
    """Two states of the sources, each with what a clean build makes of it."""
    found = []
    for name in ("one", "two"):
        folder = tmp_path_factory.mktemp(name)
        source = folder / "src"
        copy_of(STOREFRONT, source)
        if name == "two":
            changed(source)
        done = hyper(folder, "build", "src", "-o", "out", "--package", "shop")
        assert done.code == 0, done.text
        found.append((source, digests(folder / "out")))
    return found


@pytest.fixture(scope="module")
def seconds(
    variants: list[tuple[Path, dict[str, str]]], tmp_path_factory: pytest.TempPathFactory
) -> float:
    """About how long a build takes here: within that time the moments are chosen."""
    began = time.perf_counter()
    out = tmp_path_factory.mktemp("timed")
    hyper(out, "build", str(variants[0][0]), "-o", str(out / "out"), "--package", "shop")
    return time.perf_counter() - began


@pytest.mark.parametrize("fresh", [True, False], ids=["first build", "build over another"])
def test_killed_builds(
    fresh: bool,
    variants: list[tuple[Path, dict[str, str]]],
    seconds: float,
    tmp_path: Path,
    did: Counter[str],
) -> None:
    moments = random.Random(7 + fresh)
    out = tmp_path / "out"
    for number in range(KILLS // 2):
        source, wanted = variants[number % 2]
        if fresh:
            shutil.rmtree(out, ignore_errors=True)
        before = digests(out / "shop") if (out / "shop").exists() else {}
        process = start(tmp_path, "build", str(source), "-o", "out", "--package", "shop")
        # Most of what can break is at the end, where files are written.
        share = moments.uniform(0.5, 1.1) if number % 4 else moments.uniform(0.0, 1.0)
        count(stop_after(process, seconds * share, signal.SIGKILL), did)
        after = digests(out / "shop") if (out / "shop").exists() else {}
        new = {path.removeprefix("shop/"): value for path, value in wanted.items()}
        assert after in (before, new)
        assert not after or is_complete(out / "shop")
        assert len(list(out.glob(".*"))) <= 1 if out.exists() else True
        if number % 3 == 2 or number == KILLS // 2 - 1:
            done = hyper(tmp_path, "build", str(source), "-o", "out", "--package", "shop")
            assert done.code == 0, done.text
            assert digests(out) == wanted
            assert [path.name for path in out.iterdir()] == ["shop"]
    run = [sys.executable, "-B", "-W", "error", "-c", "import shop.api"]
    subprocess.run(run, cwd=out, env=environment({"PYTHONPATH": ""}), check=True, timeout=120)


class Sharing:
    """A project whose builds share what they make through a server that comes and goes."""

    def __init__(self, folder: Path, server: RedisServer, did: Counter[str]) -> None:
        self.project = Project(folder, 6, 5)
        self._server = server
        self._did = did
        self._moments = random.Random(11)
        self._settings = {
            "HYPER_INCREMENTAL": "on",
            "HYPER_CACHE": str(self.project.cache),
            "HYPER_CACHE_URL": server.url,
            "HYPER_CACHE_KEYS": f"k:{'ab' * 32}",
        }
        began = time.perf_counter()
        assert hyper(folder, *BUILD, more=self._settings).code == 0
        self._seconds = time.perf_counter() - began
        self._up = True

    def round(self, number: int) -> None:
        """Edit, lose something, kill a build and perhaps the server, and build again."""
        project, moments = self.project, self._moments
        project.edit(moments.choice((0, 1, 1, 2)))
        self._lose()
        before = self._made()
        process = start(project.folder, *BUILD, more=self._settings)
        # Builds that are answered from the cache are over early.
        left = moments.uniform(0.0, self._seconds * moments.choice((0.3, 0.5, 1.0)))
        if self._up and number % 3 == 1:
            first = moments.uniform(0.0, left)
            left -= first
            try:
                process.wait(timeout=first)
            except subprocess.TimeoutExpired:
                self._did["servers killed in a build"] += 1
            self._server.kill()
            self._up = False
        by = signal.SIGINT if number % 5 == 4 else signal.SIGKILL
        count(stop_after(process, left, by), self._did)
        assert self._made() in (before, dict(project.expected()))
        if project.out.exists():
            assert len([path for path in project.out.iterdir() if path.name[0] == "."]) <= 1
        self._restart()
        if number % 3 == 2:
            project.edit()
        self.finish()

    def finish(self) -> None:
        """The next build, which nobody kills: it ends and is right."""
        done = hyper(self.project.folder, *BUILD, more=self._settings)
        assert done.code == 0, done.text
        assert self.project.is_right()
        (package,) = self.project.out.iterdir()
        assert is_complete(package)

    def _made(self) -> dict[str, str]:
        """What is in the output, hidden remains of killed builds aside; all of it belongs together."""
        out = self.project.out
        packages = list(out.glob("[!.]*")) if out.exists() else []
        assert all(is_complete(package) for package in packages)
        return {path: digest for path, digest in digests(out).items() if not path.startswith(".")}

    def _lose(self) -> None:
        """Take something away, so that builds do all that they can do: compile, restore and find everything in place."""
        cache, moments = self.project.cache, self._moments
        inside = sorted(path for path in cache.rglob("*") if path.is_dir())
        part = (moments.choice(inside),) if inside else ()
        for path in moments.choice(((), (), (self.project.out,), part, (cache, self.project.out))):
            self._did["folders lost"] += path.exists()
            shutil.rmtree(path, ignore_errors=True)

    def _restart(self) -> None:
        """Half of the time a server that was killed is there again, empty."""
        if not self._up and self._moments.random() < 0.5:
            self._server.start()
            self._did["servers started empty"] += 1
            self._up = True


def test_killed_builds_that_share(server: RedisServer, tmp_path: Path, did: Counter[str]) -> None:
    sharing = Sharing(tmp_path, server, did)
    for number in range(KILLS):
        sharing.round(number)
    assert {path.name for path in tmp_path.iterdir()} == {"src", "out", "clean", "cache"}
    assert not list(sharing.project.source.rglob(".hyper"))
