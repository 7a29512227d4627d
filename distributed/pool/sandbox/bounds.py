"""Limits of the system on what a process takes: memory, processor, files, descriptors, processes."""

from __future__ import annotations

import math
import resource
import signal
from typing import Final

from hyper.distributed.pool.sandbox import kernel

_DESCRIPTORS: Final = 64
_GRACE: Final = 1.0
"""Seconds after which the system ends an item that the pool should have ended."""


def set_bounds(memory: int, file: int) -> None:
    """Bound this process, for good: so many bytes of memory beyond what it has mapped, and of a file that it writes."""
    bounds = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: file,
        resource.RLIMIT_NOFILE: _DESCRIPTORS,
        resource.RLIMIT_NPROC: 0,
    }
    mapped = _mapped()
    if mapped is not None:
        bounds[resource.RLIMIT_AS] = mapped + memory
    for kind, most in bounds.items():
        hard = resource.getrlimit(kind)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (value, value))


def _mapped() -> int | None:
    """The bytes of address space that this process has; ``None`` where the system does not say or does not bound them."""
    if not kernel.LINUX:
        return None
    with open("/proc/self/statm", "rb") as stream:
        return int(stream.read().split()[0]) * resource.getpagesize()


def set_alarm(seconds: float) -> None:
    """Have the system end this process after so many seconds, and a little; 0 for never."""
    if not seconds:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        return
    signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds + _GRACE)
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def peak_memory() -> int:
    """The most bytes of memory that this process had at once."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * 1024 if kernel.LINUX else peak
