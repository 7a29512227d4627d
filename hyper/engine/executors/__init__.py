"""How the items of a stage are worked off: here (``Inline``), or by processes beside this one too, and by a fleet (``Processes``).

Whoever runs a stage gets the outcomes in the order of its items, and the same ones from every executor.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hyper.engine.executors.inline import Inline
from hyper.engine.executors.protocol import (
    DeadlyItem,
    Executor,
    Outcome,
    Remote,
    Stage,
    Usage,
    values,
)

if TYPE_CHECKING:
    from hyper.engine.executors.fleet import Fleet

__all__ = [
    "DeadlyItem",
    "Executor",
    "Inline",
    "Outcome",
    "Remote",
    "Stage",
    "Usage",
    "choose",
    "values",
]


def choose(processes: int, fleet: Fleet | None = None) -> Executor:
    """An executor for at most so many processes, this one included, and a fleet. Nothing is loaded or started before it pays."""
    if os.name != "posix":
        fleet = None
    if processes <= 1 and fleet is None:
        return Inline()
    from hyper.engine.executors.processes import Processes

    return Processes(processes, fleet=fleet)
