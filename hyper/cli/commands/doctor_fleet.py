"""What ``hyper doctor`` tells of a fleet: whether one is configured, reached, and of use to this compiler."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.distributed import packages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.distributed.roster import Worker
    from hyper.distributed.settings import FleetSettings
    from hyper.engine.options import Options

_SECONDS: Final = 3.0


class FleetState(NamedTuple):
    """``ok`` or ``absent``, what there is to say, and what to do about it."""

    state: str
    detail: str
    advice: str | None = None


def look_at_fleet(options: Options, environment: Mapping[str, str]) -> FleetState:
    """Look for the fleet of the project. Its server is asked, and that takes three seconds at most."""
    missing = packages.missing(packages.BUILD)
    if missing:
        return FleetState("absent", f"{missing} not installed", f"optional: {packages.INSTALL}")
    from hyper.distributed.settings import open_settings

    try:
        settings = open_settings(options.project, environment, options.fleet_url)
    except ValueError as error:
        return FleetState("absent", str(error), "see docs/distributed.md for the variables")
    if settings is None:
        advice = "optional: HYPER_QUEUE_URL says where its server is (docs/distributed.md)"
        return FleetState("absent", "no server is named", advice)
    return asyncio.run(_asked(settings))


async def _asked(settings: FleetSettings) -> FleetState:
    from hyper.cache.remote.settings import shown_address
    from hyper.cli.console import FLEET_REASONS
    from hyper.distributed.client import connect, disconnect
    from hyper.distributed.dispatch.outages import TROUBLE, reason_of
    from hyper.distributed.roster import read_workers

    server = shown_address(settings.url)
    client = connect(settings, text=False, timeout=_SECONDS)
    try:
        async with asyncio.timeout(_SECONDS):
            workers = await read_workers(client, settings.names, tidy=False)
    except TROUBLE as error:
        advice = "builds go on without it; see docs/distributed.md"
        why = FLEET_REASONS[reason_of(error)]
        return FleetState("absent", f"{server} cannot be used: {why}", advice)
    finally:
        await disconnect(client)
    return _told(server, workers)


def _told(server: str, workers: list[Worker]) -> FleetState:
    from hyper.cli.session import counted
    from hyper.engine.identity import identity

    own = identity()
    ours = [worker for worker in workers if worker.identity == own]
    others = len(workers) - len(ours)
    told = f"{len(ours)} of this version, with {counted(sum(each.slots for each in ours), 'slot')}"
    if others:
        told += f", {others} of another"
    if ours:
        return FleetState("ok", f"workers at {server}: {told}")
    advice = "start them where they are to work: hyper worker"
    return FleetState("absent", f"no worker of use at {server}: {told}", advice)
