"""How the items of a stage are worked off: here (``Inline``), or by processes beside this one too (``Processes``).

Whoever runs a stage gets the outcomes in the order of its items, and the same ones from every executor.
"""

from __future__ import annotations

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


def choose(processes: int) -> Executor:
    """An executor for at most so many processes, this one included. Nothing is loaded or started before it pays."""
    if processes <= 1:
        return Inline()
    from hyper.engine.executors.processes import Processes

    return Processes(processes)
