"""Processor time of processes with all that they started, as the kernel has it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PARENT = 1
_TIMES = slice(11, 15)
"""Those of the process and of the children that it waited for, in user space and in the kernel."""


def readable() -> bool:
    """Whether this system tells of processes in ``/proc``."""
    return os.path.exists("/proc/self/stat")


def seconds_of(roots: Iterable[int]) -> list[float]:
    """The seconds of each process, its descendants, and those of them that are over. A process that is gone has none."""
    ticks = os.sysconf("SC_CLK_TCK")
    found = _processes()
    return [sum(found[each][1] for each in _below(root, found)) / ticks for root in roots]


def tree_of(root: int) -> list[int]:
    """A process and its descendants, parents first; empty where it is gone."""
    return _below(root, _processes())


def _below(root: int, found: dict[int, tuple[int, int]]) -> list[int]:
    tree = [root] if root in found else []
    for each in tree:
        tree += [pid for pid, (parent, _) in found.items() if parent == each]
    return tree


def _processes() -> dict[int, tuple[int, int]]:
    """Parent and ticks of each process."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stream:
                words = stream.read().rpartition(b")")[2].split()
        except OSError:
            continue
        found[int(name)] = int(words[_PARENT]), sum(map(int, words[_TIMES]))
    return found
