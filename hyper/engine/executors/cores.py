"""How many cores this process may use."""

from __future__ import annotations

import os
from typing import Final

_QUOTA: Final = "/sys/fs/cgroup/cpu.max"


def available_cores() -> int:
    """The cores that the scheduler gives us: as many as are there, less by affinity or by the quota of a container."""
    affine = hasattr(os, "sched_getaffinity")
    count = len(os.sched_getaffinity(0)) if affine else os.cpu_count() or 1
    try:
        with open(_QUOTA, encoding="ascii") as stream:
            quota, period = stream.read().split()
        return max(1, min(count, round(int(quota) / int(period))))
    except (OSError, ValueError):
        return count
