"""Facts of the machine, without which a time says nothing."""

from __future__ import annotations

import contextlib
import os
import platform
from importlib import metadata
from typing import Any, Final

from hyper.engine.executors.cores import available_cores
from hyper.engine.lexing.library import NoLibrary, can_prepare, open_library
from hyper.engine.lexing.library import prepare as make_library

_PACKAGES: Final = (
    *("hypercompiler", "pydantic", "fastapi", "datamodel-code-generator"),
    *("llvmlite", "numba", "numpy", "numexpr", "polars", "duckdb", "pyarrow"),
    *("zen-engine", "cel-python", "common-expression-language", "cel-expr-python"),
    *("panzi-json-logic", "regopy", "wgpu", "xxhash"),
)


def prepare() -> None:
    """Make the text engine's library of this machine, where it can be made: it is made once, and builds are measured after that."""
    if open_library() is None and can_prepare():
        with contextlib.suppress(NoLibrary, OSError):
            make_library()


def facts() -> dict[str, Any]:
    """Python, system, processor, cores that may be used, bytes of memory, load of the last minute, the text engine, versions."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": available_cores(),
        "memory_bytes": _memory(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "text_engine": "absent" if open_library() is None else "prepared",
        "versions": {name: version(name) for name in _PACKAGES},
    }


def version(name: str) -> str | None:
    """The version of an installed package; ``None`` where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str | None:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            for line in stream:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or None


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
