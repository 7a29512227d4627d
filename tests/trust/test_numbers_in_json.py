"""A whole number in JSON is an integer however it is written, in tier 0 and in tier 1."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "entity Box:\n    n: int @range(0, 1000)\n\ncalc twice(box: Box) -> int:\n    box.n * 2\n"


@pytest.mark.parametrize(
    ("number", "answer"),
    [("1.0", 2), ("1e2", 200), ("-0.0", 0), ("1.5", None), ("true", None), ("1e300", None)],
)
def test_tiers_agree(number: str, answer: int | None, tmp_path: Path) -> None:
    (tmp_path / "box.intent").write_text(SOURCE, encoding="utf-8")
    for tier in ("0", "1"):
        run = subprocess.run(
            [
                *(sys.executable, "-m", "hyper", "run", "box.twice", str(tmp_path), "--json"),
                *("--tier", tier, "--args", f'[{{"n": {number}}}]'),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert json.loads(run.stdout).get("value") == answer, (tier, run.stdout, run.stderr)
