"""``hyper cache``: what is kept between builds: look at it, prove it, make it smaller, remove it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hyper.base.fs import Disk
from hyper.cache import census
from hyper.cache.sketches.hyperloglog import ERROR
from hyper.cli.console import UsageError
from hyper.cli.main import FAILED, OK
from hyper.cli.session import counted, sized
from hyper.engine import ownership, spares
from hyper.engine.discovery import start_of
from hyper.engine.graph import care
from hyper.engine.option_values import OptionError, parse_value
from hyper.engine.options import check_key, configure
from hyper.engine.record import Records
from hyper.engine.store import Sharing, cache_folder, disk_layer, open_remote

if TYPE_CHECKING:
    import argparse

    from hyper.cache.disk import DiskLayer
    from hyper.cli.console import Console
    from hyper.engine.options import Options

_OPTIONS = ("cache", "cache_size", "cache_age")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do what was asked with the cache of the project here."""
    given = {key: getattr(arguments, key, None) for key in _OPTIONS}
    try:
        settings = {
            check_key(key): parse_value(key, value)
            for key, value in given.items()
            if value is not None
        }
    except OptionError as error:
        raise UsageError(error.message, error.suggestion) from None
    files = Disk()
    configured = configure(files, start_of(files, []), os.environ, settings)
    folder = cache_folder(configured)
    if any(item.is_error for item in configured.diagnostics):
        console.diagnostics(configured.diagnostics, lambda _file, _line: None)
        return FAILED
    if folder is None or not os.path.isdir(folder):
        return _nothing(console, arguments.action, folder)
    layer = disk_layer(folder, configured.options)
    try:
        figures = _ACTIONS[arguments.action](layer, Records(folder), console)
        if arguments.action == "stats":
            figures |= _census(folder, configured.options, console)
        elif arguments.action == "clear":
            census.forget(folder)
    except OSError as error:
        console.remark(f"hyper: cannot change {folder}: {error.strerror or error}")
        return FAILED
    finally:
        layer.close()
    failed = bool(figures.get("dropped"))
    if console.json:
        console.object({"success": not failed, "action": arguments.action, "figures": figures})
    return FAILED if failed else OK


def _nothing(console: Console, action: str, folder: str | None) -> int:
    if console.json:
        console.object({"success": True, "action": action, "figures": {}})
    where = f" in {os.path.relpath(folder)}" if folder is not None else ", the cache is off"
    console.say(f"nothing is kept{where}: call this in the folder of a project's hyper.toml")
    return OK


def _stats(layer: DiskLayer, records: Records, console: Console) -> dict[str, Any]:
    stats = layer.stats()
    paint = console.palette
    console.say(f"{paint.strong}{os.path.relpath(os.path.dirname(layer.folder))}{paint.reset}")
    names = len(records.names())
    folder = os.path.dirname(records.folder)
    graphs, taken = len(care.graphs(folder)), care.size(folder)
    console.say(f"  records   {counted(names, 'file')} of the last builds")
    console.say(f"  graphs    {counted(graphs, 'tree')} as units, {sized(taken)}")
    console.say(
        f"  store     {counted(stats.actions, 'action')} and {counted(stats.blobs, 'blob')}"
        f" that took {stats.cost:.1f} s to make"
    )
    console.say(
        f"  size      {sized(stats.disk_bytes)} on disk for {sized(stats.value_bytes)},"
        f" of {sized(stats.max_bytes)} allowed"
    )
    return {"records": names, "graphs": graphs, "graph_bytes": taken} | stats._asdict()


def _census(folder: str, options: Options, console: Console) -> dict[str, Any]:
    """How many units, actions and machines builds have had here, and on all machines that share."""
    there = census.kept(folder)
    if there is None:
        return {}
    everywhere = _everywhere(options, console) or there.shared
    figures: dict[str, Any] = {}
    try:
        for prefix, where, each in (
            ("built", "built", there.here),
            ("shared", "by all", everywhere),
        ):
            if each is None:
                continue
            counts = each.counts()
            figures |= {f"{prefix}_{name}": number for name, number in counts.items()}
            units, actions, machines = (
                counted(number, name.removesuffix("s")) for name, number in counts.items()
            )
            console.say(
                f"  {where:<10}about {units} in {actions} on {machines}, ± {200 * ERROR:.1f} %"
            )
    except ImportError:
        console.remark("hyper: to count what was built needs pip install 'hypercompiler[cache]'")
        return {}
    return figures | {"standard_error": ERROR}


def _everywhere(options: Options, console: Console) -> census.Census | None:
    """The census of all machines as the shared cache has it now, where there is one."""
    try:
        remote = open_remote(options, Sharing(os.environ, lambda _reason: None))
    except OptionError as error:
        console.remark(f"hyper: {error.message}")
        return None
    if remote is None:
        return None
    try:
        found = remote.census()
        if remote.counters["errors"]:
            console.remark("hyper: the shared cache does not answer; shown is what it said last")
        return found
    finally:
        remote.close()


def _verify(layer: DiskLayer, records: Records, console: Console) -> dict[str, Any]:
    done = layer.verify()
    graphs, lost = care.verify(os.path.dirname(records.folder), records.compiler())
    dropped = done.dropped + lost
    verdict = f"{counted(dropped, 'bad one')} dropped" if dropped else "all are good"
    read = sized(done.bytes_read)
    entries = counted(done.entries, "entry", "entries")
    console.say(f"read {entries}, {read}, and {counted(graphs, 'graph')}: {verdict}")
    return done._asdict() | {"graphs": graphs, "dropped": dropped}


def _prune(layer: DiskLayer, records: Records, console: Console) -> dict[str, Any]:
    done = layer.prune()
    swept = records.sweep(layer.max_age)
    folder = os.path.dirname(records.folder)
    graphs = care.sweep(folder, layer.max_age)
    ownership.sweep(folder)
    spares.sweep(folder, layer.max_age)
    evicted = counted(done.evicted, "entry", "entries")
    console.say(
        f"removed {evicted}, {counted(swept, 'record')} and {counted(graphs, 'graph')}:"
        f" {sized(done.bytes_before)} before, {sized(done.bytes_after)} now"
    )
    if done.errors:
        segments = counted(done.errors, "segment")
        console.remark(
            f"hyper: {segments} of the store could not be read or copied: left as before"
        )
    return {"records": swept, "graphs": graphs} | done._asdict()


def _clear(layer: DiskLayer, records: Records, console: Console) -> dict[str, Any]:
    stats = layer.stats()
    layer.clear()
    removed = records.clear()
    folder = os.path.dirname(records.folder)
    graphs = care.clear(folder)
    spares.clear(folder)
    size = sized(stats.disk_bytes)
    console.say(f"removed {counted(stats.actions + stats.blobs, 'entry', 'entries')}, {size}")
    return {
        "records": removed,
        "graphs": graphs,
        "actions": stats.actions,
        "blobs": stats.blobs,
    }


_ACTIONS = {"stats": _stats, "verify": _verify, "prune": _prune, "clear": _clear}
