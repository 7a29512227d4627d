"""Builds that are killed or interrupted at any moment leave the old output or the new one, and no litter."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.trust.command import (
    LONG,
    ROOT,
    Ended,
    digests,
    environment,
    hyper,
    is_complete,
    start,
    stop_after,
)

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 200 if LONG else 6
INTERRUPTS = 20 if LONG else 2
STARTS = 200 if LONG else 4
UNKEPT = {"HYPER_INCREMENTAL": "off"}
STOREFRONT = ROOT / "examples" / "storefront"


def is_answered(ended: Ended) -> bool:
    """Whether an interrupted command ended as it should. Before it runs, Python ends itself, in one way or the other."""
    if ended.code in {0, 130}:
        return ended.text in {"", "hyper: interrupted\n"}
    early = ", in command\n" not in ended.text and "hyper: interrupted" not in ended.text
    unready = ("Fatal Python error: init_", "Could not import runpy")
    return early and (ended.code == -signal.SIGINT or ended.text.startswith(unready))


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
        shutil.copytree(STOREFRONT, source)
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
    fresh: bool, variants: list[tuple[Path, dict[str, str]]], seconds: float, tmp_path: Path
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
        stop_after(process, seconds * share, signal.SIGKILL)
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


@pytest.mark.parametrize("command", ["build", "test", "fmt", "import"])
def test_interrupted_commands(command: str, tmp_path: Path) -> None:
    moments = random.Random(command)
    source = tmp_path / "src"
    shutil.copytree(STOREFRONT, source)
    for path in source.rglob("*.intent"):
        path.write_text(path.read_text().replace(": ", ":  "))
    ragged = digests(source)
    shutil.copytree(source, tmp_path / "copy")
    assert hyper(tmp_path, "fmt", "copy").code == 0
    formatted = digests(tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy")
    assert formatted != ragged
    spec = tmp_path / "api.json"
    hyper(tmp_path, "build", "src", "-o", "spec", "--package", "shop")
    shutil.copy(tmp_path / "spec" / "shop" / "openapi.json", spec)
    words = {
        "build": ["build", "src", "-o", "out", "--package", "shop"],
        "test": ["test", "src"],
        "fmt": ["fmt", "src"],
        "import": ["import", "openapi", "api.json", "-o", "out"],
    }[command]
    found_by_test = {"PYTHONPATH": os.pathsep.join((str(ROOT), str(source)))}
    for _ in range(INTERRUPTS):
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        process = start(tmp_path, *words, more=found_by_test)
        ended = stop_after(process, moments.uniform(0.05, 0.9), signal.SIGINT)
        assert is_answered(ended), ended
        names = {path.name for path in tmp_path.iterdir()}
        assert names <= {".hyper", "src", "spec", "api.json", "out"}
        found = digests(source)
        assert found.keys() == ragged.keys()
        assert all(value in (ragged[path], formatted[path]) for path, value in found.items())
        if command == "build" and (tmp_path / "out" / "shop").exists():
            assert is_complete(tmp_path / "out" / "shop")
        if (tmp_path / "out").exists():
            assert len(list((tmp_path / "out").glob(".*"))) <= 1


def test_interrupted_starts(tmp_path: Path) -> None:
    """Most of what an interrupt can break is half loaded."""
    moments = random.Random(3)
    shutil.copytree(STOREFRONT, tmp_path / "src")
    began = time.perf_counter()
    hyper(tmp_path, "doctor")
    seconds = time.perf_counter() - began
    for _ in range(STARTS):
        process = start(tmp_path, "build", "src", "-o", "out", "--package", "shop", more=UNKEPT)
        ended = stop_after(process, moments.uniform(0.0, seconds), signal.SIGINT)
        assert is_answered(ended), ended
