"""What compiles kernels here: told without loading it, since it shapes the key of each build that asks for native code."""

from __future__ import annotations

import os
import shutil
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hyper.engine.options import Options

ABSENT: Final = "none"
"""The toolchain where nothing can be compiled."""
_ADVICE: Final = "pip install --force-reinstall 'hypercompiler[jit]'"
MISSING: Final = "llvmlite is not installed: pip install 'hypercompiler[jit]'"


def toolchain() -> str:
    """``llvmlite`` with its version, as its folder on Python's path tells it; ``none`` where there is none."""
    if sys.modules.get("llvmlite", sys) is None:
        return ABSENT  # who runs us has ruled it out
    return _installed(tuple(sys.path))


def why_not() -> str:
    """Why nothing can be compiled here, for people, with what to do; empty where it can. Loads what compiles."""
    if toolchain() == ABSENT:
        return MISSING
    from hyper.jit.llvm.target import host

    try:
        host()
    except ImportError as error:
        told = str(error).strip().partition("\n")[0]
        return f"llvmlite is installed, and cannot be loaded: {told}; {_ADVICE}"
    return ""


@cache
def _installed(path: tuple[str, ...], name: str = "llvmlite") -> str:
    for folder in path:
        try:
            names = sorted(os.listdir(folder or "."))  # an update that broke off leaves two
        except OSError:
            continue
        for each in names:
            known, ending = os.path.splitext(each)
            if known.startswith(f"{name}-") and ending in {".dist-info", ".egg-info"}:
                return known.replace("-", " ")
    return ABSENT


def linker_of(choice: str) -> str:
    """What links, told without running it: by the version of the wheel, or the file of the program."""
    if choice in {"auto", "lld"}:
        wheel = _installed(tuple(sys.path), "ziglang")
        system = shutil.which("ld.lld") if wheel == ABSENT else None
        if wheel != ABSENT or system is not None:
            return _program(system) if system is not None else wheel
        if choice == "lld":
            return ABSENT
    if choice in {"own", "none"}:
        return choice
    compiler = shutil.which("cc")
    return _program(compiler) if compiler is not None else ABSENT


def _program(path: str) -> str:
    path = os.path.realpath(path)
    return f"{path} {os.path.getsize(path)}"


def shape_of(options: Options) -> tuple[str, ...]:
    """All that shapes native code beside the sources."""
    keys = [profile.key for profile in options.profiles]
    kernels = options.kernels or ()
    shape = (toolchain(), f"{len(keys)} profiles", *keys, f"{len(kernels)} kernels", *kernels)
    if "library" not in options.target:
        return shape
    linker = linker_of(options.linker)
    making = (options.lto, str(options.codegen_units), options.linker, linker, str(options.strip))
    return (*shape, "library", *making)
