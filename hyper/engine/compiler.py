"""The compiler as people use it: ``hyper_compile`` for one build, ``create_hyper_compiler`` for a session of many.

A build whose sources, options and compiler are as they were is answered from its record on disk (``incremental``); a session
also keeps what it parsed: a file whose bytes are as they were is not parsed again (``file:cached``).
"""

from __future__ import annotations

import os
import posixpath
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Self, overload

from hyper.base import digest
from hyper.base.events import Emitter, Event
from hyper.base.fs import Disk
from hyper.base.interrupts import comes_of_an_interrupt
from hyper.engine import pipeline
from hyper.engine.clock import Phases
from hyper.engine.collection import collection
from hyper.engine.discovery import discover, start_of
from hyper.engine.lexing.session import Lexing
from hyper.engine.option_values import parse_value
from hyper.engine.options import Configured, check_key, configure
from hyper.engine.pipeline import Compilation
from hyper.engine.result import Miss, Result
from hyper.engine.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from os import PathLike

    from hyper.base.diagnostics import Diagnostic
    from hyper.base.events import Listener
    from hyper.base.fs import Files
    from hyper.engine.batch.functions import Functions
    from hyper.engine.batch.result import BatchResult
    from hyper.engine.calls.loaded import Loaded
    from hyper.engine.executors import Executor
    from hyper.engine.incremental import Request
    from hyper.engine.lexing.arrays import Lexed
    from hyper.engine.memory import Memory
    from hyper.engine.options import Options
    from hyper.engine.parsed import Parsed
    from hyper.engine.record import Kind
    from hyper.gpu.engine import Fallback
    from hyper.ir.interpreter.watch import Watch
    from hyper.ir.program import Program

    Paths = str | PathLike[str] | Sequence[str | PathLike[str]] | None


class Compiler:
    """A session. Options are those of ``hyper.engine.options.Options``, and hold for every compile unless it says otherwise.

    Not for two threads at once. Raises ``OptionError`` for an option that does not exist or cannot have its value; every
    other mistake is a diagnostic of the result.
    """

    def __init__(
        self,
        *,
        files: Files | None = None,
        environment: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        self._files = files or Disk()
        self._environment = os.environ if environment is None else environment
        self._arguments = _checked(options)
        self._emitter = Emitter()
        self._memory: Memory | None = None
        """What is at hand of earlier compiles."""
        self._lexing = Lexing(self._fell_back)
        self._functions: tuple[str, Functions] | None = None
        """The functions of the last batch, by what they were made of."""

    def on(self, event: str, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with each such event, or with every one for ``"*"``. Returns what ends that."""
        return self._emitter.on(event, listener)

    def initialize(self) -> Self:
        """Load the stages now rather than at the first compile."""
        import hyper.emit.openapi
        import hyper.emit.python
        import hyper.ir.analyse
        import hyper.ir.lower
        import hyper.ir.scenarios  # noqa: F401  # loading is the point

        return self

    def shutdown(self) -> None:
        """Forget what was kept, and the listeners. The session can be used again."""
        self._memory = None
        self._lexing.close()
        self._functions = None
        self._emitter.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def compile(self, paths: Paths = None, **options: Any) -> Result:
        """Build the package from files, folders and globs, and write it beneath ``out``.

        Nothing is written where there is an error. ``result.success`` tells.
        """
        return self._run(paths, options, self._build, "build")

    def check(
        self,
        paths: Paths = None,
        *,
        externs: bool = False,
        watch: Watch | None = None,
        **options: Any,
    ) -> Result:
        """Find what is wrong and run the scenarios, those that reach user code only with ``externs``. Writes nothing.

        A ``watch`` hears of all that they decide; all scenarios run then.
        """

        def scenarios(state: Compilation, work: Work) -> None:
            pipeline.evaluate(
                state, work.phases, lambda: work.executor, externs=externs, watch=watch
            )

        return self._run(paths, options, scenarios, None if externs or watch else "check")

    def analyse(self, paths: Paths = None, **options: Any) -> Result:
        """As ``check``, without running the scenarios."""
        return self._run(paths, options, lambda _state, _work: None)

    def functions(self, paths: Paths = None, **options: Any) -> Functions:
        """The functions of the sources as they are now, for batches. What was compiled of them is kept while they stay so.

        Raises ``SourceError`` where something is wrong with the sources, and ``ModuleNotFoundError`` without NumPy.
        """
        from hyper.engine.batch.functions import Functions
        from hyper.engine.training import training_for

        program, chosen = self._program(paths, options)
        weights = training_for(program, chosen, self._tell).weights()
        return Functions(program, level=chosen.jit_level, cores=chosen.batch_cores, weights=weights)

    def _tell(self, item: Diagnostic) -> None:
        self._emitter.emit(Event("diagnostic", path=item.file, diagnostic=item))

    def load(self, paths: Paths = None, **options: Any) -> Loaded:
        """The functions of the sources as they are now, to be called by name: interpreted at first, then at the tier that pays, up
        to the option ``jit``. The session's listeners hear of tiers.

        Raises ``SourceError`` where something is wrong with the sources.
        """
        from hyper.engine.calls.loaded import Loaded
        from hyper.engine.training import training_for

        program, chosen = self._program(paths, options)
        training = training_for(program, chosen, self._tell)
        return Loaded(
            program,
            level=chosen.jit_level,
            listener=self._emitter.emit,
            earlier=training.seconds(),
            weights=training.weights(),
        )

    def _program(self, paths: Paths, options: Mapping[str, Any]) -> tuple[Program, Options]:
        """What the sources say, and the options for them. Raises ``SourceError``."""
        from hyper.engine.batch.sources import SourceError

        result = self.analyse(paths, **options)
        program = result.compilation.program if result.compilation is not None else None
        if not result.success or program is None:
            raise SourceError(result.diagnostics)
        return program, self.options(paths, **options)

    def options(self, paths: Paths = None, **options: Any) -> Options:
        """The options that hold for sources."""
        start = start_of(self._files, _as_list(paths))
        given = {**self._arguments, **_checked(options)}
        return configure(self._files, start, self._environment, given).options

    @overload
    def batch(
        self,
        name: str,
        data: Iterator[Any],
        paths: Paths = None,
        *,
        now: datetime | None = None,
        **options: Any,
    ) -> Iterator[BatchResult]: ...

    @overload
    def batch(
        self,
        name: str,
        data: Any,
        paths: Paths = None,
        *,
        now: datetime | None = None,
        **options: Any,
    ) -> BatchResult: ...

    def batch(
        self,
        name: str,
        data: Any,
        paths: Paths = None,
        *,
        now: datetime | None = None,
        **options: Any,
    ) -> BatchResult | Iterator[BatchResult]:
        """Evaluate a calc, table or rule for each row of a table, or of each table of a stream. See ``Function.batch``.

        The sources are read each time; kernels are compiled again where one of them has changed. Raises ``SourceError`` where
        something is wrong with the sources, ``LookupError`` for a name that no function has.
        """
        from hyper.engine.batch.sources import fingerprint

        arguments = {**self._arguments, **_checked(options)}
        work = self._prepare(_as_list(paths), arguments)
        try:
            key = fingerprint(self._files, work)
        finally:
            work.close()
        if self._functions is None or self._functions[0] != key:
            self._functions = key, self.functions(paths, **options)
        return self._functions[1].function(name).batch(data, now=now)

    async def compile_async(self, paths: Paths = None, **options: Any) -> Result:
        """``compile`` on a thread of its own, for servers."""
        import asyncio

        return await asyncio.to_thread(self.compile, paths, **options)

    def _run(
        self,
        paths: Paths,
        options: Mapping[str, Any],
        finish: Callable[[Compilation, Work], None],
        kind: Kind | None = None,
    ) -> Result:
        began = time.perf_counter()
        self._emitter.emit(Event("compilation:start"))
        work = self._prepare(_as_list(paths), {**self._arguments, **_checked(options)})
        if kind == "build" and work.configured.options.profile is not None:
            work.train()
        self._remember(work)
        try:
            result = self._replay(work, kind, began)
            if result is None:
                with collection(on=work.configured.options.collecting):
                    state = self._made(work, finish)
                    work.finish()
                    with work.phases.phase("keep"):
                        work.keep(state, began)
                result = work.result(state, began)
        except BaseException:
            # Who interrupts a build does not want to wait for what it does beside.
            self._lexing.abandon()
            raise
        finally:
            work.close()
            self._lexing.finish()
        if self._memory is not None:
            self._memory.forget_gone(self._files, work.root, work.paths)
            result.metrics |= self._memory.figures
        if self._emitter.listens("diagnostic"):
            for item in result.diagnostics:
                self._emitter.emit(Event("diagnostic", path=item.file, diagnostic=item))
        seconds = result.timing["total"]
        self._emitter.emit(Event("compilation:end", seconds=seconds, success=result.success))
        return result

    def _remember(self, work: Work) -> None:
        """Have the memory that the options of a compile ask for."""
        if self._memory is not None or work.configured.options.remembering:
            from hyper.engine.memory import memory_for

            self._memory = memory_for(work.configured.options, self._memory)
            if self._memory is not None:
                self._memory.began()

    def _replay(self, work: Work, kind: Kind | None, began: float) -> Result | None:
        """The result of before, where nothing that it depends on has changed."""
        keeps = kind is not None and work.configured.options.keeping and work.usable
        if kind is None or not keeps or not isinstance(self._files, Disk):
            return None
        from hyper.engine.incremental import open_request
        from hyper.engine.store import Sharing

        with work.phases.phase("compare"):
            at_hand = self._memory.layer() if self._memory is not None else None
            sharing = Sharing(self._environment, self._without, at_hand)
            work.request = open_request(kind, work.configured, work.root, work.paths, sharing)
            outcome = work.request.replay() if work.request is not None else None
        if outcome is None:
            for miss in work.request.misses if work.request is not None else ():
                self._emitter.emit(Event("cache:miss", path=miss.path, reason=miss.reason))
            with work.phases.phase("restore"):
                outcome = work.restore()
        if outcome is None:
            return None
        if self._emitter.listens("file:cached"):
            for path in work.paths:
                self._emitter.emit(Event("file:cached", phase="compare", path=path))
        for output in work.outputs:
            if output.state == "written":
                self._emitter.emit(Event("file:written", phase="restore", path=output.path))
        return work.replayed(outcome, began)

    def _without(self, reason: str) -> None:
        from hyper.engine.store import OWN_OUTAGES

        server = ""
        if reason not in OWN_OUTAGES:
            from hyper.cache.remote.settings import shown_address

            server = shown_address(self._environment.get("HYPER_CACHE_URL", ""))
        self._emitter.emit(Event("cache:outage", reason=reason, path=server))

    def _fell_back(self, fallback: Fallback) -> None:
        reason = f"{fallback.backend}: {fallback.reason}"
        self._emitter.emit(Event("text:fallback", phase=fallback.operation, reason=reason))

    def _prepare(self, paths: list[str], arguments: Mapping[str, Any]) -> Work:
        phases = Phases(self._emitter)
        with phases.phase("discover"):
            start = start_of(self._files, paths)
            configured = configure(self._files, start, self._environment, arguments)
            found = discover(self._files, paths, _source(configured, paths))
        return Work(self._files, configured, found, phases, self._environment)

    def _made(self, work: Work, finish: Callable[[Compilation, Work], None]) -> Compilation:
        """Compile what an edit needs, or everything, and finish it."""
        if work.request is not None and work.usable:
            made = self._made_of_kept(work, work.request, finish)
            if isinstance(made, Compilation):
                return made
            if made:
                self._missed(work, [Miss("", f"all files are compiled: {made}")])
            work.cached, work.contents = 0, {}
        state = self._front(work)
        if work.usable:
            finish(state, work)
        return state

    def _made_of_kept(
        self, work: Work, request: Request, finish: Callable[[Compilation, Work], None]
    ) -> Compilation | str:
        """What an edit comes to, else why everything has to be compiled; an empty text where nothing is kept."""
        from hyper.engine.graph.kept import LostError

        try:
            state = self._edit(work, request)
            if isinstance(state, str):
                return state
            finish(state, work)
        except LostError:
            # What is kept is read as it is needed, and may turn out not to be there.
            request.drop_graph()
            return "what was kept is not whole"
        except Exception as error:
            # What others share may lie in any way, and with it trip any stage. Of what is all our own it is a fault, of a listener
            # its owner's, and an interrupt is one in whatever form it comes.
            ours = error is self._emitter.failure or comes_of_an_interrupt(error)
            if ours or not request.is_given:
                raise
            request.drop_graph()
            return f"what was shared does not hold ({type(error).__name__})"
        return "there are errors" if state.failed else state

    def _edit(self, work: Work, request: Request) -> Compilation | str:
        """What an earlier build of the same sources knew, with the units compiled that an edit touches; else why that cannot be."""
        with work.phases.phase("graph"):
            graph = request.graph()
        if request.remark:
            self._missed(work, [Miss("", request.remark)])
        if graph is None:
            return ""
        from hyper.engine.graph.edit import compile_edit
        from hyper.engine.graph.partial import Sources

        known = request.read
        digests = request.digests

        def read(path: str) -> bytes:
            data = known.get(path)
            if data is None:
                data = self._files.read(posixpath.join(work.root, path))
            work.contents[path] = data
            return data

        sources = Sources(digests, read, partial(self._parse, work))
        state = compile_edit(graph, sources, work.diagnostics, work.phases)
        if isinstance(state, str):
            return state
        why = state.partial.why if state.partial is not None else {}
        said = {miss.path for miss in request.misses}
        self._missed(work, [Miss(path, why[path]) for path in sorted(why) if path not in said])
        work.sources = digests
        work.cached = len(digests) - len(why)
        if self._emitter.listens("file:cached"):
            for path in digests:
                if path not in why:
                    self._emitter.emit(Event("file:cached", phase="graph", path=path))
        return state

    def _missed(self, work: Work, misses: list[Miss]) -> None:
        if work.request is not None:
            work.request.misses += misses
        for miss in misses:
            self._emitter.emit(Event("cache:miss", path=miss.path, reason=miss.reason))

    def _front(self, work: Work) -> Compilation:
        if not work.usable:
            return Compilation([], list(work.diagnostics))
        with work.phases.phase("read"):
            known = work.request.read if work.request is not None else {}
            contents, found = pipeline.read_all(self._files, work.root, work.paths, known)
        work.contents = dict(contents)
        work.sources = {path: digest.of_bytes(data) for path, data in contents}
        parse = partial(self._parse_all, work)
        state = pipeline.compile_front(contents, work.phases, work.executor, parse)
        state.diagnostics = pipeline.ordered([*work.diagnostics, *found, *state.diagnostics])
        if found:
            state.program = None
        return state

    def _parse(self, work: Work, path: str, data: bytes) -> Parsed:
        """One file, as an edit asks for it."""
        from hyper.engine.parsing import parse_unit

        def parse(fresh: Sequence[tuple[str, bytes]]) -> tuple[list[Parsed], list[Diagnostic]]:
            return [parse_unit(*file) for file in fresh], []

        return self._at_hand(work, [(path, data)], parse)[0][0]

    def _parse_all(
        self,
        work: Work,
        contents: Sequence[tuple[str, bytes]],
        phases: Phases,
        executor: Executor,
    ) -> tuple[list[Parsed], list[Diagnostic]]:
        def parse(fresh: Sequence[tuple[str, bytes]]) -> tuple[list[Parsed], list[Diagnostic]]:
            def tell(lexed: Lexed) -> None:
                work.has_cut(lexed)
                for name, size in lexed.by.items():
                    self._emitter.emit(Event("text:cut", phase="lex", worker=name, total=size))

            cut = self._lexing.cutting(work.configured.options, fresh, tell, forks=True)
            return pipeline.parse_all(fresh, phases, executor, cut)

        return self._at_hand(work, contents, parse)

    def _at_hand(
        self,
        work: Work,
        contents: Sequence[tuple[str, bytes]],
        parse: Callable[[Sequence[tuple[str, bytes]]], tuple[Sequence[Parsed], list[Diagnostic]]],
    ) -> tuple[list[Parsed], list[Diagnostic]]:
        """What this compile or the session has of the files as they are, and the others parsed."""
        memory = self._memory
        known: dict[str, Parsed] = {}
        digests: dict[str, str] = {}
        for path, data in contents:
            again = work.parsed.get(path)
            if again is not None and again[0] == data:
                known[path] = again[1]
            elif memory is not None:
                digests[path] = digest.of_bytes(data)
                kept = memory.parsed(work.root, path, digests[path])
                if kept is not None:
                    known[path] = kept
                    work.cached += 1
                    self._emitter.emit(Event("file:cached", phase="parse", path=path))
        fresh = {path: data for path, data in contents if path not in known}
        made, lost = parse([*fresh.items()])
        for parsed in made:
            path = parsed.unit.path
            known[path] = parsed
            work.parsed[path] = (fresh[path], parsed)
            if memory is not None:
                memory.keep(work.root, digests[path], parsed, len(fresh[path]))
            self._emitter.emit(Event("file:parsed", phase="parse", path=path))
        return [known[path] for path, _ in contents if path in known], lost

    def _build(self, state: Compilation, work: Work) -> None:
        pipeline.evaluate(state, work.phases, lambda: work.executor)
        if state.program is None or state.failed:
            return
        from hyper.engine.emitting import emit_all

        options = work.configured.options
        if options.kernels and not {"native", "library"}.isdisjoint(options.target):
            from hyper.engine.natives.emission import unknown_kernels

            wrong = unknown_kernels(state.program, options.kernels)
            if wrong:
                state.diagnostics = pipeline.ordered([*state.diagnostics, *wrong])
                return
        package = pipeline.package_of(state.program, options)
        if work.training is not None:
            state.diagnostics += work.training.fit(state.program)
            state.training = work.training
        made = partial(emit_all, state, package, options)
        for request in (work.request, None):
            emission = made(request, work.phases, executor=lambda: work.executor)
            if emission.lost:
                work.kept = False
                return
            work.package = package
            with work.phases.phase("write"):
                work.write(emission)
            if not work.stale:
                break
            # Another build was quicker, and what it left is not what this one built upon.
        natives = emission.natives
        if natives is not None:
            state.diagnostics += natives.remarks()
            # What could not be made, although the key says that it can, is nobody's answer.
            work.kept = not natives.failure
        state.diagnostics = pipeline.ordered([*state.diagnostics, *work.written_diagnostics])
        for output in work.outputs:
            if output.state == "written":
                self._emitter.emit(Event("file:written", phase="write", path=output.path))


def create_hyper_compiler(**options: Any) -> Compiler:
    """Make a session: see ``Compiler``."""
    return Compiler(**options)


def hyper_compile(paths: Paths = None, **options: Any) -> Result:
    """Build once: ``hyper_compile("intents/", out="dist")``. See ``Compiler.compile``."""
    with Compiler(memory=0) as compiler:
        return compiler.compile(paths, **options)


createHyperCompiler = create_hyper_compiler  # noqa: N816  # the name that is part of the API
hyperCompile = hyper_compile  # noqa: N816  # likewise


@overload
def batch(
    paths: Paths, name: str, data: Iterator[Any], *, now: datetime | None = None, **options: Any
) -> Iterator[BatchResult]: ...


@overload
def batch(
    paths: Paths, name: str, data: Any, *, now: datetime | None = None, **options: Any
) -> BatchResult: ...


def batch(
    paths: Paths, name: str, data: Any, *, now: datetime | None = None, **options: Any
) -> BatchResult | Iterator[BatchResult]:
    """As ``Compiler.batch``, of a session that ends."""
    with Compiler(**options) as compiler:
        return compiler.functions(paths).function(name).batch(data, now=now)


__all__ = [
    "Compiler",
    "Result",
    "batch",
    "createHyperCompiler",
    "create_hyper_compiler",
    "hyperCompile",
    "hyper_compile",
]


def _as_list(paths: Paths) -> list[str]:
    if paths is None:
        return []
    if isinstance(paths, str | os.PathLike):
        return [os.fspath(paths)]
    return [os.fspath(path) for path in paths]


def _checked(options: Mapping[str, Any]) -> dict[str, Any]:
    given = {check_key(key): value for key, value in options.items()}
    return {key: parse_value(key, value) for key, value in given.items() if value is not None}


def _source(configured: Configured, paths: Sequence[str]) -> str | None:
    """The source root that was configured; without paths, that or the configuration's folder."""
    source = configured.options.source
    if source is None and not paths and configured.folder is not None:
        return os.path.relpath(configured.folder)
    return source
