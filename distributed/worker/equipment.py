"""What the jobs of a worker are done with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hyper.distributed.worker.aside import Aside

if TYPE_CHECKING:
    from hyper.distributed.blobs import Blobs
    from hyper.distributed.flights import SingleFlight
    from hyper.distributed.messages import Post
    from hyper.distributed.pool import Pool
    from hyper.distributed.stages import Registry
    from hyper.distributed.worker.builds import Builds
    from hyper.distributed.worker.log import Log
    from hyper.distributed.worker.status import Status


class Equipment:
    """The parts that all jobs of a worker share. ``lease`` is in seconds.

    ``ending`` is set when nothing more is begun, ``halted`` when what is under way is handed back.
    """

    def __init__(
        self,
        *,
        name: str,
        lease: float,
        post: Post,
        registry: Registry,
        flights: SingleFlight,
        blobs: Blobs,
        pool: Pool,
        builds: Builds,
        status: Status,
        log: Log,
    ) -> None:
        self.name = name
        self.lease = lease
        self.post = post
        self.registry = registry
        self.flights = flights
        self.blobs = blobs
        self.pool = pool
        self.builds = builds
        self.status = status
        self.log = log
        self.aside = Aside()
        self.ending = asyncio.Event()
        self.halted = asyncio.Event()
