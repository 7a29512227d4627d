"""``hyper worker``: the daemon that works for the builds of other machines."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from typing import TYPE_CHECKING, Any, Final

from hyper.base.fs import Disk
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED
from hyper.cli.numbers import real, whole
from hyper.distributed import packages
from hyper.engine.discovery import start_of
from hyper.engine.executors.cores import available_cores
from hyper.engine.option_values import OptionError, parse_value
from hyper.engine.options import configure

if TYPE_CHECKING:
    import argparse

    from hyper.cli.console import Console
    from hyper.distributed.names import Names
    from hyper.distributed.settings import FleetSettings

_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LOOPBACK: Final = "127.0.0.1"
_MOST_PROCESSES: Final = 100_000
_MOST_JOBS: Final = 100_000
_MOST_SECONDS: Final = 999_999
_LEAST_SECONDS: Final = 1.0
_LEAST_MEMORY: Final = 1_000_000
"""With less, items that are harmless end their processes, and are set aside for the whole fleet."""


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Work until told to end."""
    settings = fleet_settings(arguments)
    from hyper import __version__
    from hyper.distributed.pool import Limits, PoolError
    from hyper.distributed.worker.daemon import Daemon, Options
    from hyper.distributed.worker.log import Log
    from hyper.engine.fleet.registry import registry

    if arguments.idle is not None and not arguments.once:
        raise UsageError("--idle is for --once: without it a worker waits for as long as it runs")
    least = whole("--min", arguments.least, 1, 0, _MOST_PROCESSES)
    cores = max(least, available_cores())
    most = whole("--max", arguments.most, cores, 1, _MOST_PROCESSES)
    if least > most:
        raise UsageError(f"--min {least} is more than --max {most}")
    host, port = _place(arguments.http)
    options = Options(
        name=_name(arguments.name),
        least=least,
        most=most,
        shards=whole("--shards", arguments.shards, 1, 1, 64),
        once=arguments.once,
        idle=_seconds(arguments.idle, 10.0, "--idle"),
        drain=_seconds(arguments.drain, 30.0, "--drain"),
        port=port,
        host=host,
        limits=Limits(
            seconds=_seconds(arguments.seconds, 120.0, "--seconds", _LEAST_SECONDS),
            memory=_size(arguments.memory),
        ),
        ahead=whole("--ahead", arguments.ahead, 2, 1, 64),
        jobs_per_process=whole(
            "--jobs-per-process", arguments.jobs_per_process, 1000, 1, _MOST_JOBS
        ),
    )
    log = Log("json" if arguments.log == "json" else "text", arguments.log_level)

    async def work() -> dict[str, Any]:
        daemon = Daemon(settings, registry(), options, log, __version__)
        await daemon.run()
        return daemon.figures()

    try:
        figures = asyncio.run(work())
    except (OSError, PoolError, UnicodeError) as error:
        said = (error.strerror if isinstance(error, OSError) else None) or str(error)
        if isinstance(error, (socket.gaierror, UnicodeError)):
            # Only the address of its page is looked up before a server is waited for.
            said = f"--http {arguments.http}: {said}"
        console.failed("fleet", f"the worker cannot run: {said}")
        return FAILED
    if console.json:
        console.object({"success": True, "worker": options.name, "figures": figures})
    return 0


def fleet_settings(arguments: argparse.Namespace) -> FleetSettings:
    """Where the fleet is. Raises ``UsageError`` where nothing says it, or what is said is wrong."""
    missing = packages.missing(packages.WORKER)
    if missing:
        raise UsageError(f"{missing} is missing: {packages.INSTALL}")
    from hyper.distributed.settings import open_settings

    environment = dict(os.environ)
    if arguments.fleet is not None:
        environment["HYPER_FLEET"] = arguments.fleet
    try:
        settings = open_settings(_project(arguments), environment, arguments.redis)
    except ValueError as error:
        raise UsageError(f"the fleet: {error}") from None
    if settings is None:
        raise UsageError(
            "no server is named: give --redis redis://HOST:6379, or set HYPER_QUEUE_URL"
        )
    return settings


def why_not(where: str, error: Exception) -> str:
    """Why a server is of no use, in words and by the kind of its error; neither has a password or what the server said in it."""
    from hyper.cli.console import FLEET_REASONS
    from hyper.distributed.client import kind_of
    from hyper.distributed.dispatch.outages import reason_of

    return f"{where} cannot be used: {FLEET_REASONS[reason_of(error)]} ({kind_of(error)})"


def fleet_names(arguments: argparse.Namespace) -> Names:
    """How everything of the fleet is called, wherever it is. Raises ``UsageError``."""
    from hyper.distributed.names import Names
    from hyper.distributed.settings import FLEET

    fleet = arguments.fleet or os.environ.get("HYPER_FLEET") or FLEET
    try:
        return Names(_project(arguments), fleet)
    except ValueError as error:
        raise UsageError(f"the fleet: {error}") from None


def _project(arguments: argparse.Namespace) -> str:
    given = {} if arguments.project is None else {"project": arguments.project}
    files = Disk()
    try:
        found = configure(files, start_of(files, []), os.environ, given)
    except OptionError as error:
        raise UsageError(error.message, error.suggestion) from None
    wrong = [each.message for each in found.diagnostics if each.severity == "error"]
    if wrong:
        # What is wrong may be the project's name: nobody joins another project by mistake.
        raise UsageError(wrong[0])
    return found.options.project


def _name(given: str | None) -> str:
    if given is not None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", given, re.ASCII):
            raise UsageError("a worker is named with up to 80 letters, digits, `.`, `_` and `-`")
        return given
    host = _NOT_PLAIN.sub("-", socket.gethostname()).strip("-.") or "worker"
    return f"{host[:60]}-{os.getpid()}"


def _place(text: str | None) -> tuple[str, int | None]:
    """The address and the port of ``[HOST:]PORT``; by itself a port is one of the loopback."""
    if not text:
        return _LOOPBACK, None
    host, _, number = text.rpartition(":")
    port = whole("--http", number, 0, 0, 65535)
    return host.removeprefix("[").removesuffix("]") or _LOOPBACK, port


def _seconds(text: str | None, default: float, option: str, least: float = 0.0) -> float:
    return real(option, text, default, least, _MOST_SECONDS, of="seconds")


def _size(text: str | None) -> int:
    if text is None:
        return 2 << 30
    try:
        size: int = parse_value("cache_size", text)
    except OptionError:
        raise UsageError(f"--memory is a size such as 2GB, not {text!r}") from None
    if size < _LEAST_MEMORY:
        raise UsageError(f"--memory is at least {_LEAST_MEMORY // 1_000_000}MB, not {text!r}")
    return size
