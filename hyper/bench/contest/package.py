"""A package that is built with machine code, for what calls and loads it."""

from __future__ import annotations

import os
from typing import Final

from hyper.bench.contest.kernels import SOURCE
from hyper.bench.processes import HYPER, once

PACKAGE: Final = "contestants"
MODULE: Final = "contest"
CALLED: Final = (
    SOURCE
    + """
calc is_adult(age: int) -> bool:
    age >= 18

calc share(amount: decimal(14, 2), rate: decimal(5, 4)) -> decimal(14, 2):
    amount * rate
"""
)


def build(folder: str) -> str:
    """Build it beneath a folder, for a processor of this machine's level; the folder that it lies in. Raises ``BenchError``."""
    tree, out = os.path.join(folder, "tree"), os.path.join(folder, "out")
    os.mkdir(tree)
    with open(os.path.join(tree, f"{MODULE}.intent"), "w", encoding="utf-8") as stream:
        stream.write(CALLED)
    words = ("--package", PACKAGE, "--target", "python,native", "--no-cache")
    once((*HYPER, "build", tree, "-o", out, *words))
    return out
