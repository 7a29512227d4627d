"""Kernels in four tiers, profiles, promotion and deoptimisation, native objects and their loader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyper.jit.numeric.decorator import tiered

__all__ = ["tiered"]


def __getattr__(name: str) -> Any:
    if name == "tiered":
        from hyper.jit.numeric.decorator import tiered

        return tiered
    raise AttributeError(f"module 'hyper.jit' has no attribute {name!r}")
