"""``hyper worker status``: which workers and builds are there, and what waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from hyper.base.render import printable
from hyper.cli.commands.worker import fleet_settings, why_not
from hyper.cli.main import FAILED, OK
from hyper.cli.session import counted
from hyper.engine.identity import identity

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console
    from hyper.distributed.overview import Overview


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Tell it; 1 where the server does not answer."""
    settings = fleet_settings(arguments)
    from hyper.cache.remote.settings import shown_address
    from hyper.distributed.dispatch.outages import TROUBLE
    from hyper.distributed.overview import look

    try:
        found = asyncio.run(look(settings))
    except TROUBLE as error:
        console.failed("fleet", why_not(shown_address(settings.url), error))
        return FAILED
    ours = identity()
    if console.json:
        console.object({"success": True, "identity": ours} | msgspec.to_builtins(found))
    else:
        _tell(found, ours, console)
    return OK


def _tell(found: Overview, ours: str, console: Console) -> None:
    paint = console.palette
    slots = sum(each.slots for each in found.workers)
    busy = sum(each.busy for each in found.workers)
    console.say(
        f"{counted(len(found.workers), 'worker')}, {busy} of {counted(slots, 'process', 'processes')} busy,"
        f" {counted(len(found.builds), 'build')}"
    )
    for each in found.workers:
        remark = "" if each.identity == ours else f"  {paint.warning}another version{paint.reset}"
        if each.draining:
            remark += f"  {paint.warning}draining{paint.reset}"
        words = (each.platform, each.processor, each.version, *each.grades)
        # Anybody who can write there can say this.
        what = printable(" ".join(filter(None, words)))
        console.say(
            f"  {each.name:<32} {each.busy}/{each.slots} busy, {each.done:,} done  {what}{remark}"
        )
    for build in found.builds:
        remark = "" if build.identity == ours else f"  {paint.warning}another version{paint.reset}"
        where = printable(f"{build.host} {build.version}")
        console.say(f"  {build.name:<32} builds on {where}{remark}")
    for queue in found.queues:
        if queue.waiting or queue.active:
            console.say(f"  {queue.queue:<32} {queue.waiting} waiting, {queue.active} taken")
