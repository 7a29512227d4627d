"""HyperCompiler: compiles trees of intent files into typed Python packages and API documents.

``hyperCompile`` and ``createHyperCompiler`` (``hyper_compile`` and ``create_hyper_compiler`` under PEP 8
names) are all that most programs need. They are loaded on first use, so that ``import hyper`` is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyper.engine.compiler import (
        Compiler,
        Result,
        batch,
        create_hyper_compiler,
        createHyperCompiler,
        hyper_compile,
        hyperCompile,
    )

__version__ = "0.1.0"

__all__ = [
    "Compiler",
    "Result",
    "__version__",
    "batch",
    "createHyperCompiler",
    "create_hyper_compiler",
    "hyperCompile",
    "hyper_compile",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from hyper.engine import compiler

        return getattr(compiler, name)
    raise AttributeError(f"module 'hyper' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
