"""What compiles kernels here: told without loading it, since it shapes the key of each build that asks for native code."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hyper.engine.options import Options

ABSENT: Final = "none"
"""The toolchain where nothing can be compiled."""


def toolchain() -> str:
    """``llvmlite`` with its version, as its folder on Python's path tells it; ``none`` where there is none."""
    if sys.modules.get("llvmlite", sys) is None:
        return ABSENT  # who runs us has ruled it out
    return _installed(tuple(sys.path))


@cache
def _installed(path: tuple[str, ...]) -> str:
    for folder in path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if name.startswith("llvmlite-") and name.endswith(".dist-info"):
                return name.removesuffix(".dist-info").replace("-", " ")
    return ABSENT


def shape_of(options: Options) -> tuple[str, ...]:
    """All that shapes native code beside the sources."""
    keys = [profile.key for profile in options.profiles]
    return (toolchain(), *keys, "kernels", *(options.kernels or ("*",)))
