"""All back ends as one: work goes to the one that is predicted to be done first, and is done again elsewhere where that fails."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from hyper.gpu import choosing
from hyper.gpu.backend import BackendError
from hyper.gpu.choosing import DEFAULTS, TWINS, Candidate
from hyper.gpu.results import PiecesError
from hyper.gpu.sources import Opened, Settings, native, sources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyper.base.token_table import TokenTable
    from hyper.gpu.arena import Arena
    from hyper.gpu.backend import Backend
    from hyper.gpu.choosing import Operation, Speeds, Use
    from hyper.gpu.compiled.loops import Loops
    from hyper.gpu.graphs import Graph
    from hyper.gpu.patterns import Patterns
    from hyper.gpu.results import Lines, Matches, Pieces, TokenArrays
    from hyper.gpu.sources import Source

_T = TypeVar("_T")


class Fallback(NamedTuple):
    """A back end that could not do an operation, and is not asked again: for that operation, or where it is lost for any."""

    backend: str
    operation: Operation
    reason: str


class TextEngine:
    """The operations of ``hyper.gpu.backend.Backend``, and ``tokens``, on whichever back end is predicted to be fastest.

    What it opens it keeps until ``close()``. Threads may share it. ``more`` of an operation is how many bytes are to follow by
    the same one, which what has to be opened counts for.
    """

    name = "auto"

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        loops: Loops | None = None,
        measured: Mapping[str, Speeds] | None = None,
        tell: Callable[[Fallback], None] | None = None,
        offered: Mapping[str, Source] | None = None,
    ) -> None:
        """``loops`` are those of the native library, ``measured`` what ``hyper.gpu.measurements`` found on this machine.

        ``tell`` hears once of each back end that failed. ``offered`` are other back ends than the ones that there are.
        """
        self.settings = settings or Settings()
        self.done: Counter[tuple[Operation, str]] = Counter()
        """Bytes that each back end did, by operation and name."""
        self._tell = tell
        self._measured = dict(measured or {})
        self._sources = dict(sources(self.settings) if offered is None else offered)
        self._opened: dict[str, Opened] = {}
        self._ready: set[tuple[str, str]] = set()
        self._credit: defaultdict[str, float] = defaultdict(float)
        self._barred: set[tuple[str, str]] = set()
        self._lock = threading.RLock()
        if loops is not None:
            self.hand_in(loops)

    def hand_in(self, loops: Loops) -> None:
        """Use the loops of a native library."""
        with self._lock:
            if "native" not in self._opened:
                self._sources = {
                    name: each for name, each in self._sources.items() if name not in TWINS
                }
                self._sources["native"] = native(loops)
                self._opened["native"] = self._sources["native"].open()

    def close(self) -> None:
        """Give the device back, and forget what is open. A device is not opened again."""
        with self._lock:
            for name, each in self._opened.items():
                if each.kind != "processor":
                    self._lose(name)
            self._opened.clear()
            self._ready.clear()

    def predicted(self, operation: Operation, size: int) -> float:
        """Seconds that an operation on so many bytes is predicted to take here."""
        with self._lock:
            chosen = self._pick(operation, size, self.settings.gpu)
        return choosing.predict(chosen, operation, size)

    def lines(self, arena: Arena, *, more: int = 0) -> Lines:
        """Find the lines of the files of an arena."""
        return self._run("lines", arena.size, more, lambda on: on.lines(arena))

    def cut(self, arena: Arena, table: TokenTable, *, more: int = 0) -> Pieces:
        """Cut the files of an arena into pieces."""
        return self._run("cut", arena.size, more, lambda on: on.cut(arena, table))

    def tokens(self, arena: Arena, table: TokenTable, *, more: int = 0) -> TokenArrays:
        """Cut the files of an arena into tokens. No file may have the separator in it (``arena.plain()``).

        A device whose pieces do not tile the files has failed.

        :raises PiecesError: where the table is one that cuts no such pieces.
        """
        from hyper.gpu.compiled.backend import CompiledBackend, lay_out

        use = self.settings.gpu
        name, pieces = self._done("cut", arena.size, more, use, lambda on: on.cut(arena, table))

        def laid_out(on: Backend) -> TokenArrays:
            if not isinstance(on, CompiledBackend):
                message = f"{on.name} lays nothing out"
                raise BackendError(message)
            return lay_out(on.loops, arena, table, pieces)

        try:
            return self._run("lay_out", arena.size, more, laid_out)
        except PiecesError as error:
            if self._speeds(name).kind == "processor":
                raise
            with self._lock:
                self._fail(name, "cut", BackendError(str(error)))
        _, pieces = self._done("cut", arena.size, more, "off", lambda on: on.cut(arena, table))
        return self._run("lay_out", arena.size, more, laid_out)

    def search(self, arena: Arena, patterns: Patterns, *, more: int = 0) -> Matches:
        """Find patterns in the files of an arena."""
        return self._run("search", arena.size, more, lambda on: on.search(arena, patterns))

    def hash(
        self, data: bytes, ranges: Sequence[int], seed: int = 0, *, more: int = 0
    ) -> memoryview:
        """Hash ranges of bytes by XXH64."""
        size = 16 * len(ranges) + sum(ranges[1::2]) - sum(ranges[::2])
        return self._run("hash", size, more, lambda on: on.hash(data, ranges, seed))

    def reach(self, graph: Graph, seeds: Sequence[int], *, more: int = 0) -> memoryview:
        """Find the distance of each node of a graph from the nearest seed."""
        size = 4 * (len(graph.offsets) + len(graph.targets))
        return self._run("reach", size, more, lambda on: on.reach(graph, seeds))

    def histogram(self, arena: Arena, *, more: int = 0) -> memoryview:
        """Count the bytes of the files of an arena."""
        return self._run("histogram", arena.size, more, lambda on: on.histogram(arena))

    def validate(self, arena: Arena, *, more: int = 0) -> memoryview:
        """Find in each file of an arena where it first is no UTF-8."""
        return self._run("validate", arena.size, more, lambda on: on.validate(arena))

    def _run(self, operation: Operation, size: int, more: int, work: Callable[[Backend], _T]) -> _T:
        return self._done(operation, size, more, self.settings.gpu, work)[1]

    def _done(
        self, operation: Operation, size: int, more: int, use: Use, work: Callable[[Backend], _T]
    ) -> tuple[str, _T]:
        """The name of the back end that did the work in the end, and what it found."""
        while True:
            with self._lock:
                name = self._pick(operation, size + more, use).name
                backend = self._open(name, operation)
            if backend is None:
                continue
            try:
                found = work(backend)
            except BackendError as error:
                with self._lock:
                    self._fail(name, operation, error)
                use = "off"
                continue
            with self._lock:
                self._ready.add((name, operation))
                self.done[operation, name] += size
                self._owe(name, operation, size)
            return name, found

    def _pick(self, operation: Operation, size: int, use: Use) -> Candidate:
        while True:
            found = choosing.pick(self._candidates(operation), operation, size, use)
            if found is None:
                message = f"there is no back end left for {operation}"
                raise BackendError(message)
            if found.opened or not self._sources[found.name].missing():
                return found
            self._bar(found.name)
            if found.speeds.kind != "processor" and use == "on":
                self._report(found.name, operation, f"{found.name} is not installed")

    def _candidates(self, operation: Operation) -> list[Candidate]:
        return [
            Candidate(
                name,
                self._speeds(name),
                opened=name in self._opened
                or (source.loaded() and self._speeds(name).kind == "processor"),
                ready=(name, operation) in self._ready,
                credit=self._credit[name],
            )
            for name, source in self._sources.items()
            if not {(name, ""), (name, operation)} & self._barred
        ]

    def _speeds(self, name: str) -> Speeds:
        return self._measured.get(name) or DEFAULTS.get(name) or DEFAULTS["plain"]

    def _open(self, name: str, operation: Operation) -> Backend | None:
        """An open back end; None where another is to be picked now that it was opened."""
        known = self._opened.get(name)
        if known is not None:
            return known.backend
        speeds = self._speeds(name)
        try:
            opened = self._opened[name] = self._sources[name].open()
        except BackendError as error:
            # What is slower than another, or not there, is no device that failed.
            self._bar(name)
            if speeds.kind != "processor":
                self._report(name, operation, str(error))
            return None
        self._credit[name] = 0.0
        if opened.kind == "software" and self.settings.gpu != "on":
            self._bar(name)
            self._lose(name)
            return None
        if opened.device != speeds.device and self._measured.pop(name, None) is not None:
            # It is another device than the one that was measured: what is reckoned is another, too.
            return None
        return opened.backend

    def _fail(self, name: str, operation: Operation, error: BackendError) -> None:
        if {(name, ""), (name, operation)} & self._barred:
            return
        opened = self._opened.get(name)
        # A device that is well had too little memory for this operation alone.
        if opened is not None and getattr(opened.backend, "lost", "") is None:
            self._bar(name, operation)
        else:
            self._bar(name)
            if opened is not None:
                self._lose(name)
        self._report(name, operation, str(error))

    def _bar(self, name: str, operation: str = "") -> None:
        self._barred.add((name, operation))

    def _lose(self, name: str) -> None:
        opened = self._opened[name]
        self._opened = {key: each for key, each in self._opened.items() if key != name}
        self._bar(name)
        close = getattr(opened.backend, "close", None)
        if close is not None:
            close()

    def _report(self, name: str, operation: Operation, reason: str) -> None:
        if self._tell is not None:
            self._tell(Fallback(name, operation, reason))

    def _owe(self, name: str, operation: Operation, size: int) -> None:
        """What was measured to be faster once it is open gains what it would have saved: it is opened when that is its start-up."""
        candidates = self._candidates(operation)
        spent = choosing.working(self._speeds(name), operation, size)
        for each in choosing.allowed(candidates, operation, self.settings.gpu):
            if each.speeds.measured and not (each.opened and each.ready):
                saved = spent - choosing.working(each.speeds, operation, size)
                self._credit[each.name] += max(0.0, saved)
