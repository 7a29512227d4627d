"""A pool of sandboxed processes, in which a worker does the items of jobs.

``Pool`` (``pool.py``) is the asyncio side. It starts one clean process, the *zygote* (``zygote.py``), which loads the registry of
stages and forks the *children* (``child.py``) that do the work. A child has no network, no secrets and no files but the
installation and a working folder of its own (``sandbox/``): bytes come through a socket, and bytes go back.

What is here is loaded on first use, so that the zygote, which is in this package, loads no event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyper.distributed.pool.contract import Limits, PoolError, Ran, Task
    from hyper.distributed.pool.pool import Pool

__all__ = ["Limits", "Pool", "PoolError", "Ran", "Task"]


def __getattr__(name: str) -> Any:
    if name == "Pool":
        from hyper.distributed.pool import pool

        return pool.Pool
    if name in __all__:
        from hyper.distributed.pool import contract

        return getattr(contract, name)
    raise AttributeError(f"module 'hyper.distributed.pool' has no attribute {name!r}")
