"""Random source text in both tiers; what tier 1 is made of passes mypy strict and is what the formatter leaves."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from hyper.ir.lower import lower
from tests.check.expressions import ARGUMENTS, KINDS, PARAMS, WORLD, WRITTEN, typed
from tests.check.programs import examined
from tests.meaning.tiers import Tiers

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.ir.program import Program

NOW = datetime(2024, 5, 1, tzinfo=UTC)
CALCS = 1000 if os.environ.get("HYPER_LONG") else 60
SEEDS = range(20 if os.environ.get("HYPER_LONG") else 2)


def random_program(seed: int, count: int) -> Program:
    source = random.Random(seed)
    calcs: list[str] = []
    for _ in range(count):
        kind = source.choice(KINDS)
        body = typed(source, kind, source.randrange(1, 5))
        head = f"calc f{len(calcs)}({PARAMS}) -> {WRITTEN.get(kind, kind)}"
        text = f"{head}:\n    {body}\n"
        if not any(found.is_error for found in examined(f"{WORLD}\n{text}")[2]):
            calcs.append(text)
    world, checked, _ = examined("\n".join([WORLD, *calcs]))
    return lower(world, checked)


@pytest.mark.parametrize("seed", SEEDS)
def test_tiers_agree(seed: int, tmp_path: Path) -> None:
    tiers = Tiers(random_program(seed, CALCS), tmp_path)
    for name in tiers.program.definitions:
        if not name.startswith("m0.f") or name == "m0.fee":
            continue
        params = tiers.interpreter.params(name)
        args = [tiers.interpreter.read_argument(ARGUMENTS, param, kind) for param, kind in params]
        assert tiers.one(name, args, NOW) == tiers.zero(name, args, NOW), name
    tiers.forget()


def test_types_hold(tmp_path: Path) -> None:
    tiers = Tiers(random_program(7, 40), tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", tiers.package],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
