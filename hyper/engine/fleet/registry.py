"""The registry of this compiler: what it can do for builds on other machines."""

from __future__ import annotations

from typing import Final

from hyper.distributed.stages import Registry
from hyper.engine.fleet.checking import CHECK
from hyper.engine.identity import identity

PLACE: Final = "hyper.engine.fleet.registry:registry"


def registry() -> Registry:
    """The registry. Raises ``OSError`` where the compiler's own sources cannot be read."""
    stages = (CHECK,)
    return Registry(PLACE, identity(), {stage.name: stage for stage in stages}, {}, _warm)


def _warm() -> None:
    """Load what the stages import."""
    from hyper.engine.compiler import Compiler

    Compiler().initialize()
