"""Commands that are interrupted at any moment leave what was there or what they make, and no litter."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.checkout import ROOT, STOREFRONT, copy_of
from tests.trust.command import (
    LONG,
    Ended,
    digests,
    hyper,
    is_complete,
    start,
    stop_after,
)

if TYPE_CHECKING:
    from pathlib import Path

INTERRUPTS = 20 if LONG else 2
STARTS = 200 if LONG else 4
UNKEPT = {"HYPER_INCREMENTAL": "off"}


def is_answered(ended: Ended) -> bool:
    """Whether an interrupted command ended as it should. Before it runs, Python ends itself, in one way or the other."""
    if ended.code in {0, 130}:
        return ended.text in {"", "hyper: interrupted\n"}
    early = ", in command\n" not in ended.text and "hyper: interrupted" not in ended.text
    unready = ("Fatal Python error: init_", "Could not import runpy")
    return early and (ended.code == -signal.SIGINT or ended.text.startswith(unready))


@pytest.mark.parametrize("command", ["build", "test", "fmt", "import"])
def test_interrupted_commands(command: str, tmp_path: Path) -> None:
    moments = random.Random(command)
    source = tmp_path / "src"
    copy_of(STOREFRONT, source)
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
    # The handlers that `test` imports would have bytecode beside them.
    found_by_test = {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(source))),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
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
    copy_of(STOREFRONT, tmp_path / "src")
    began = time.perf_counter()
    hyper(tmp_path, "doctor")
    seconds = time.perf_counter() - began
    for _ in range(STARTS):
        process = start(tmp_path, "build", "src", "-o", "out", "--package", "shop", more=UNKEPT)
        ended = stop_after(process, moments.uniform(0.0, seconds), signal.SIGINT)
        assert is_answered(ended), ended
