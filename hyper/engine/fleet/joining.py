"""How a build joins a fleet, and tells those who listen what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.base.events import Event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.base.events import Emitter
    from hyper.distributed.dispatch.protocol import News
    from hyper.engine.executors.fleet import Fleet
    from hyper.engine.options import Options

REGISTRY: Final = "hyper.engine.fleet.registry:registry"
"""Where a dispatcher finds the stages: it loads them, and not the build."""
_SHARED: Final = "HYPER_CACHE_"


def join_fleet(
    options: Options, environment: Mapping[str, str], emitter: Emitter, place: str = ""
) -> Fleet | None:
    """The fleet that a build may use; ``None`` where it is not to, or there is none. Nothing is started or asked yet.

    ``place`` is where a dispatcher finds the stages, by default those of this compiler.
    """
    if not options.distributing:
        return None
    from hyper.distributed.packages import BUILD, missing
    from hyper.distributed.settings import VARIABLES, fleet_url

    url = options.fleet_url or fleet_url(environment)
    if not url or missing(BUILD):
        emitter.emit(Event("fleet:outage", reason="missing" if url else "unconfigured"))
        return None
    from hyper import __version__
    from hyper.cache.remote.settings import shown_address
    from hyper.distributed.dispatch.protocol import Hello
    from hyper.engine.executors.fleet import Fleet

    hello = Hello(
        place=place or REGISTRY,
        project=options.project,
        environment={
            name: value
            for name, value in environment.items()
            if name in VARIABLES or name.startswith(_SHARED)
        },
        url=options.fleet_url,
        waits=not environment.get("CI"),
        version=__version__,
    )
    return Fleet(hello, Announcer(emitter, shown_address(url)))


class Announcer:
    """Makes events of what a dispatcher says: what went wrong is told once, and so is who joined."""

    def __init__(self, emitter: Emitter, server: str) -> None:
        self._emitter = emitter
        self._server = server
        self._told: set[str] = set()
        self._workers = 0

    def news(self, news: News) -> None:
        """Who is there has changed."""
        if not news.on:
            self._once(Event("fleet:outage", reason=news.reason, path=self._server))
            return
        if news.others:
            self._once(Event("fleet:others", total=news.others, path=self._server))
        self._workers = len(news.workers)
        if self._workers:
            slots = max(news.slots.values(), default=0)
            self._once(Event("fleet:joined", workers=self._workers, total=slots, path=self._server))

    def moved(self, out: int, done: int) -> None:
        """So many items are out, and so many came back so far."""
        self._emitter.emit(Event("fleet:progress", workers=self._workers, total=out, done=done))

    def _once(self, event: Event) -> None:
        if event.name not in self._told:
            self._told.add(event.name)
            self._emitter.emit(event)
