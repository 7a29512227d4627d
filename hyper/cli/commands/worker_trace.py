"""``hyper worker trace``: what happened to an action or a job, event by event."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base.render import printable
from hyper.cli.commands.worker import fleet_settings, why_not
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from hyper.cli.console import Console
    from hyper.distributed.flights.contract import Event
    from hyper.distributed.settings import FleetSettings

_IDS: Final = (
    "the key of an action, 12 of its digits at least, or a job's id, "
    "as a worker logs them with --log-level debug"
)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Tell it; 1 where nothing is known of it, or the server does not answer."""
    settings = fleet_settings(arguments)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,159}", arguments.id, re.ASCII):
        raise UsageError(f"an ID is {_IDS}")
    from hyper.cache.remote.settings import shown_address
    from hyper.distributed.dispatch.outages import TROUBLE

    try:
        found = asyncio.run(_find(settings, arguments.id))
    except TROUBLE as error:
        return _failed(console, why_not(shown_address(settings.url), error))
    if not found:
        reason = f"nothing is known of {arguments.id}: an ID is {_IDS}; trails are kept for a day"
        return _failed(console, reason)
    if len(found) > 1:
        return _failed(console, f"{arguments.id} begins several actions: {', '.join(found)}")
    ((name, (kind, keys, events)),) = found.items()
    if console.json:
        told = [msgspec.to_builtins(event) for event in events]
        console.object({"success": True, "id": name, "kind": kind, "actions": keys, "events": told})
        return OK
    console.say(f"{console.palette.strong}{kind} {name}{console.palette.reset}")
    _tell(events, console)
    for key in keys:
        console.say(f"  action {key}")
    return OK


async def _find(
    settings: FleetSettings, name: str
) -> dict[str, tuple[str, Sequence[str], Sequence[Event]]]:
    """What is known by that name: what it is, its actions, its events."""
    from hyper.distributed.client import connect, disconnect
    from hyper.distributed.flights.server import Flights

    client = connect(settings, text=False, timeout=5.0)
    try:
        flights = Flights(client, settings.names, settings.keyring, demands=settings.demands)
        job = await flights.job_trail(name)
        if job is not None:
            return {name: ("job", job.keys, job.events)}
        if not re.fullmatch(r"[0-9a-f]{12,64}", name):
            return {}
        keys = [name] if len(name) == 64 else await flights.resolve(name)
        trails = {key: await flights.trail(key) for key in keys}
        return {key: ("action", (), trail) for key, trail in trails.items() if trail}
    finally:
        await disconnect(client)


def _tell(events: Sequence[Event], console: Console) -> None:
    first = events[0].at if events else 0
    if events:
        console.say(f"  began {_moment(first)}, by the server's clock")
    for event in events:
        after = f"+{(event.at - first) / 1000:.3f} s"
        token = f" #{event.token}" if event.token else ""
        # Anybody who can write there can say this.
        text = f"  {printable(event.text)}" if event.text else ""
        console.say(f"  {after:>12}  {event.kind:<10} {event.who}{token}{text}")


def _moment(milliseconds: int) -> str:
    """When it was; as a number where somebody wrote there what no calendar has."""
    try:
        told = datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return f"{milliseconds} ms"
    return told.replace("+00:00", "Z")


def _failed(console: Console, reason: str) -> int:
    console.failed("fleet", reason)
    return FAILED
