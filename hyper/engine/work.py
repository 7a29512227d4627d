"""One compile under way: what was asked for, what is made, kept and written, and the result that it comes to."""

from __future__ import annotations

import os
import posixpath
import time
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from hyper.base import digest
from hyper.base.events import Event
from hyper.base.output import publish
from hyper.base.spare import Spare
from hyper.engine import manifest, pipeline
from hyper.engine.executors import Usage, choose
from hyper.engine.fleet.joining import join_fleet
from hyper.engine.metrics import measure, summed, tally
from hyper.engine.record import Outcome
from hyper.engine.result import Chunk, Output, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyper.base.diagnostics import Diagnostic
    from hyper.base.fs import Files
    from hyper.engine.clock import Phases
    from hyper.engine.discovery import Discovered
    from hyper.engine.emission import Emission
    from hyper.engine.executors import Executor
    from hyper.engine.incremental import Request
    from hyper.engine.lexing.arrays import Lexed
    from hyper.engine.options import Configured
    from hyper.engine.parsed import Parsed
    from hyper.engine.pipeline import Compilation
    from hyper.engine.training import Training


class Work:
    """One compile under way."""

    def __init__(
        self,
        files: Files,
        configured: Configured,
        found: Discovered,
        phases: Phases,
        environment: Mapping[str, str],
    ) -> None:
        self.files = files
        self.configured = configured
        self.phases = phases
        self._environment = environment
        self.root = found.root
        self.paths = found.paths
        self.diagnostics = [*configured.diagnostics, *found.diagnostics]
        self.usable = not any(item.is_error for item in self.diagnostics)
        self.contents: dict[str, bytes] = {}
        """The bytes of the sources that were read, by path."""
        self.sources: dict[str, str] = {}
        """The digests of all sources, by path."""
        self.lexed = (0, 0)
        """Bytes of sources that the text engine cut, and of those among them that it left to the reference lexer."""
        self.lexed_by: dict[str, int] = {}
        """Bytes that each of its back ends cut."""
        self.package: str | None = None
        self.outputs: list[Output] = []
        self.removed: list[str] = []
        self.chunks: list[Chunk] = []
        self.written_diagnostics: list[Diagnostic] = []
        self.parsed: dict[str, tuple[bytes, Parsed]] = {}
        """What this compile parsed, by path, with the bytes that it is the tree of."""
        self.request: Request | None = None
        self.training: Training | None = None
        """The profile that the build uses."""
        self.made: dict[str, bytes | None] = {}
        self.stale = False
        """Whether the output was found to be another than the one that was built upon, so that nothing was written."""
        self.emitted = b""
        """The record of what was emitted."""
        self.kept = True
        """Whether what comes of this is kept for later builds."""
        self.cached = 0
        self._executor: Executor | None = None
        self._processor = time.process_time()

    def train(self) -> None:
        """Use the profile that is configured; one that cannot be used is a warning."""
        options = self.configured.options
        if options.profile is None or options.profile_effort == "none":
            return
        from hyper.engine.training import Training, open_training

        found = open_training(options.profile, options.profile_effort, _shown(options.profile))
        if isinstance(found, Training):
            self.training = found
            self.configured = msgspec.structs.replace(self.configured, trained=found.key)
        else:
            self.diagnostics.append(found)

    @property
    def executor(self) -> Executor:
        """What runs stages; it is made when it is first needed."""
        if self._executor is None:
            self._executor = choose(
                self.configured.options.process_count,
                join_fleet(self.configured.options, self._environment, self.phases.emitter),
            )
        return self._executor

    def finish(self) -> None:
        """The stages are through: let the workers go, and tell what they did."""
        if self._executor is None:
            return
        self._executor.close()
        for span in self._executor.usage.spans:
            self.phases.emitter.emit(
                Event(
                    "worker:batch",
                    phase=span.stage,
                    total=span.items,
                    began=span.began,
                    seconds=span.seconds,
                    worker=span.worker,
                )
            )

    def write(self, emission: Emission) -> None:
        """Publish the files of the package with their manifest."""
        from hyper.engine.emitted import encode_emitted

        self.emitted = encode_emitted(emission.record)
        package = self.package or ""
        self.chunks = manifest.chunks_of(package, emission.files, emission.extra)
        digests = {path: file.digest for path, file in emission.files.items()}
        described = manifest.describe(
            package=package,
            targets=self.configured.options.target,
            sources=self.sources,
            outputs=digests,
            chunks=self.chunks,
            extra=emission.extra,
        )
        made = {path: file.data for path, file in emission.files.items()}
        facts = {path: (file.size, file.digest) for path, file in emission.files.items()}
        facts[manifest.NAME] = (len(described), digest.of_bytes(described))
        self.publish({**made, manifest.NAME: described}, facts)

    def publish(self, made: dict[str, bytes | None], facts: Mapping[str, tuple[int, str]]) -> None:
        """Make the package's folder hold these files, manifest included: ``None`` for one that stands there.

        ``facts`` are the size and the digest of each.
        """
        package = self.package or ""
        self.made = made
        out = self.configured.options.out
        folder = os.path.join(out, package)
        owned = partial(manifest.owned_by, self.files, folder)
        kept = [path for path, data in made.items() if data is None]
        request = self.request
        label = posixpath.join(_shown(out), package)
        if request is None:
            done = publish(self.files, folder, made, owned, label)
        else:
            done = publish(
                self.files,
                folder,
                made,
                owned,
                label,
                stands=partial(request.stands, kept) if kept else None,
                placed=partial(request.placed, package, facts, kept),
                spare=Spare(request.spare(folder), partial(manifest.owned_by, self.files)),
            )
        self.stale = done.stale
        self.written_diagnostics = list(done.diagnostics)
        if done.failed or done.stale:
            return
        fresh = set(done.written)
        self.removed = [f"{package}/{path}" for path in done.removed]
        self.outputs = [
            Output(
                f"{package}/{path}",
                *facts[path],
                "written" if path in fresh else "unchanged",
            )
            for path in sorted(made)
        ]

    @property
    def unwritable(self) -> bool:
        """Whether the output could not be written."""
        return any(item.is_error for item in self.written_diagnostics)

    def restore(self) -> Outcome | None:
        """Bring an earlier build of the same back from the store; ``None`` where that is not kept, or cannot be written."""
        restored = self.request.restore() if self.request is not None else None
        if self.request is None or restored is None:
            return None
        outcome, made = restored
        if made:
            self.package = outcome.package
            facts = {path: (size, content) for path, size, content in outcome.files}
            self.publish(dict(made), facts)
        if self.unwritable:
            # Building it shall say why.
            self.package, self.written_diagnostics = None, []
            return None
        self.request.record(outcome)
        return outcome

    def keep(self, state: Compilation, began: float) -> None:
        """Keep the outcome for later builds. One that could not be written is none."""
        if self.request is None or self.unwritable or not self.kept:
            return
        own = {*self.diagnostics, *self.written_diagnostics}
        self.request.keep(
            Outcome(
                success=not state.failed,
                package=self.package,
                diagnostics=[item for item in state.diagnostics if item not in own],
                stats=tally(state),
                chunks=self.chunks,
                files=[
                    (item.path.partition("/")[2], item.size, item.digest) for item in self.outputs
                ],
            ),
            (self.sources, self.contents),
            self.made,
            time.perf_counter() - began,
        )
        if not state.failed:
            self.request.keep_graph(state, (self.sources, self.contents), self.emitted)

    def has_cut(self, lexed: Lexed) -> None:
        """Note what the text engine did."""
        self.lexed, self.lexed_by = lexed.sizes, lexed.by

    def close(self) -> None:
        """Let go of the workers and the store, whatever came of the compile."""
        if self._executor is not None:
            self._executor.close()
        if self.request is not None:
            self.request.close()

    def replayed(self, outcome: Outcome, began: float) -> Result:
        """The result of an outcome that is in place."""
        outputs = self.outputs or [
            Output(f"{outcome.package}/{path}", size, content, "unchanged")
            for path, size, content in outcome.files
        ]
        found = [*self.diagnostics, *outcome.diagnostics, *self.written_diagnostics]
        seconds = time.perf_counter() - began
        return Result(
            success=outcome.success,
            diagnostics=pipeline.ordered(found),
            root=self.root,
            out=self.configured.options.out,
            folder=self.configured.folder,
            sources=self.paths,
            package=outcome.package,
            outputs=outputs,
            removed=self.removed,
            chunks=outcome.chunks,
            timing={**self.phases.seconds, "total": seconds},
            stats=outcome.stats | summed(outputs, self.removed),
            metrics=self._metrics(outcome.stats, seconds, len(self.paths), outcome.diagnostics),
            misses=self.request.misses if self.request is not None else [],
        )

    def _metrics(
        self, stats: dict[str, int], seconds: float, cached: int, found: Sequence[Diagnostic]
    ) -> dict[str, float]:
        processor = time.process_time() - self._processor
        failing = len({item.file for item in found if item.is_error} & set(self.paths))
        counters = self.request.counters if self.request is not None else {}
        kept = {f"cache_{name}": float(count) for name, count in counters.items()}
        if self.lexed[0]:
            kept |= {"lexed_bytes": float(self.lexed[0]), "lexed_left": float(self.lexed[1])}
            kept |= {f"lexed_by_{name}": float(size) for name, size in self.lexed_by.items()}
        usage = self._executor.usage if self._executor is not None else Usage()
        return measure(stats, seconds, processor, usage, cached=cached, failing=failing) | kept

    def result(self, state: Compilation, began: float) -> Result:
        """Put the outcome together."""
        seconds = time.perf_counter() - began
        stats = tally(state)
        return Result(
            success=not state.failed,
            diagnostics=state.diagnostics,
            root=self.root,
            out=self.configured.options.out,
            folder=self.configured.folder,
            sources=self.paths,
            package=self.package,
            outputs=self.outputs,
            removed=self.removed,
            chunks=self.chunks,
            timing={**self.phases.seconds, "total": seconds},
            stats=stats | summed(self.outputs, self.removed),
            metrics=self._metrics(stats, seconds, self.cached, state.diagnostics),
            misses=self.request.misses if self.request is not None else [],
            compilation=state,
        )


def _shown(path: str) -> str:
    """A path as messages show it: relative where it is below the working folder."""
    if os.path.isabs(path):
        near = os.path.relpath(path)
        path = path if near.startswith("..") else near
    return path.replace(os.sep, "/")
