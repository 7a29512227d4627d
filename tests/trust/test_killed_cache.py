"""What killed and interrupted builds leave in the cache never makes a later build wrong."""

from __future__ import annotations

import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

from tests.trust.command import LONG, ROOT, digests, hyper, start, stop_after

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KILLS = 200 if LONG else 8
SOURCE = ROOT / "examples" / "storefront" / "money.intent"
BUILD = ("build", "src", "-o", "out", "--package", "shop")
CLEAN = ("build", "src", "-o", "clean", "--package", "shop", "--no-cache")


def write_variant(source: Path, number: int) -> None:
    """One of the states that the sources go through: with a module more, or without it."""
    extra = source / "extra.intent"
    if number % 3 == 0:
        extra.unlink(missing_ok=True)
    else:
        extra.write_text(f"intent extra\n\nentity Extra:\n    x{number}: int\n")


def lose(folder: Path, out: Path, moments: random.Random) -> None:
    """Take something away, so that builds do all that they can do: compile, restore and find everything in place."""
    lost = moments.choice([(), (out,), (folder / "store",), (folder / "records",), (folder, out)])
    for path in lost:
        shutil.rmtree(path, ignore_errors=True)


def clean(folder: Path, known: dict[int, Mapping[str, str]], number: int) -> Mapping[str, str]:
    """The digests of what a build without a cache makes of the present sources."""
    if number not in known:
        done = hyper(folder, *CLEAN)
        assert done.code == 0, done.text
        known[number] = digests(folder / "clean")
    return known[number]


def test_killed_builds_with_a_cache(tmp_path: Path) -> None:
    moments = random.Random(11)
    source, out, cache = tmp_path / "src", tmp_path / "out", tmp_path / "cache"
    source.mkdir()
    shutil.copy(SOURCE, source)
    kept = {"HYPER_INCREMENTAL": "on", "HYPER_CACHE": str(cache)}
    known: dict[int, Mapping[str, str]] = {}
    write_variant(source, 0)
    began = time.perf_counter()
    clean(tmp_path, known, 0)
    seconds = time.perf_counter() - began
    for kill in range(KILLS):
        # Every eighth time the sources are as they never were.
        number = kill if kill % 8 == 7 else moments.randrange(3)
        write_variant(source, number)
        lose(cache, out, moments)
        # Builds that are answered from the cache are over early.
        moment = moments.uniform(0.0, seconds * moments.choice([0.3, 1.1]))
        by = signal.SIGINT if kill % 5 == 4 else signal.SIGKILL
        stop_after(start(tmp_path, *BUILD, more=kept), moment, by)
        if kill % 3 == 2:
            number = moments.randrange(3)
            write_variant(source, number)
        done = hyper(tmp_path, *BUILD, more=kept)
        assert done.code == 0, done.text
        assert digests(out) == clean(tmp_path, known, number)
    assert {path.name for path in tmp_path.iterdir()} == {"src", "out", "clean", "cache"}
    assert not list(source.rglob(".hyper"))
