"""The emission of a compile: of all files, or of those only that an edit makes other ones."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from hyper.base import digest
from hyper.base.fs import read_regular
from hyper.engine.emission import Before, Emission, emit
from hyper.engine.emitted import decode_emitted
from hyper.engine.executors import Inline
from hyper.engine.pipeline import ordered
from hyper.engine.stamps import vouches
from hyper.ir.stored import stored_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.emit.native.weights import Weights
    from hyper.engine.clock import Phases
    from hyper.engine.executors import Executor
    from hyper.engine.graph.kept import Graph
    from hyper.engine.incremental import Request
    from hyper.engine.natives.emission import Natives
    from hyper.engine.options import Options
    from hyper.engine.pipeline import Compilation
    from hyper.ir.program import Module, Program


def emit_all(
    state: Compilation,
    package: str,
    options: Options,
    request: Request | None,
    phases: Phases,
    *,
    executor: Callable[[], Executor] = Inline,
) -> Emission:
    """The files of the package's folder, manifest not included. The compilation has a program without errors.

    ``executor`` is asked for where much is to be made. Where no process survives machine code, the compilation says so.
    """
    assert state.program is not None
    training = state.training
    with phases.phase("emit"):
        weights = training.weights() if training is not None else None
        made = partial(
            emit,
            state.program,
            package,
            options.target,
            natives=_natives(options, request, weights, executor),
            arranged=training.arranged if training is not None else None,
            weights=weights,
            executor=executor,
        )
        emission = _again(state, package, options, request, made) or made()
    if emission.lost:
        state.diagnostics = ordered([*state.diagnostics, *emission.lost])
    return emission


def _again(
    state: Compilation,
    package: str,
    options: Options,
    request: Request | None,
    made: Callable[..., Emission],
) -> Emission | None:
    """The emission with what an earlier build emitted; ``None`` where there is none, or some of it is lost."""
    before = _before(state, package, options, request)
    if before is None or request is None:
        return None
    return _whole(made(before=before), package, request)


def _natives(
    options: Options,
    request: Request | None,
    weights: Weights | None,
    executor: Callable[[], Executor],
) -> Natives | None:
    """What native code is made with; ``None`` where it is not asked for."""
    if not options.compiles:
        return None
    from hyper.emit.native.weights import NO_WEIGHTS
    from hyper.engine.natives.emission import Natives
    from hyper.engine.natives.toolchain import toolchain

    kept = request.objects() if request is not None else None
    making = None
    if "library" in options.target:
        from hyper.jit.objects.library import Making

        making = Making(options.lto, options.codegen_units, options.linker, options.strip)
    return Natives(
        options.profiles,
        options.kernels or (),
        toolchain(),
        kept,
        weights or NO_WEIGHTS,
        extends="native" in options.target,
        making=making,
        executor=executor,
    )


def _whole(emission: Emission, package: str, request: Request) -> Emission | None:
    """An emission of which what is as it was stands in the output, or is taken from the store; ``None`` where it is lost."""
    standing = request.standing_in(package)
    away = {
        path: file
        for path, file in emission.files.items()
        if file.data is None and (path not in standing or standing[path].digest != file.digest)
    }
    if not away:
        return emission
    found = request.outputs({file.digest: file.size for file in away.values()})
    if any(file.digest not in found for file in away.values()):
        return None
    taken = {path: file._replace(data=found[file.digest]) for path, file in away.items()}
    return emission._replace(files=emission.files | taken)


def _before(
    state: Compilation, package: str, options: Options, request: Request | None
) -> Before | None:
    """The emission of the build of the graph, where only some units were compiled since."""
    found = request.emitted() if request is not None and state.partial is not None else None
    if found is None or request is None or state.partial is None:
        return None
    data, graph = found
    try:
        record = decode_emitted(data)
    except ValueError:
        return None
    if record.package != package:
        return None
    document, size = "", 0
    if record.document is not None:
        document, size = record.document.digest, record.document.size

    def output(path: str) -> bytes | None:
        known = request.standing_in(package).get(path)
        if known is None or known.digest != document:
            return request.outputs({document: size}).get(document)
        try:
            read, status = read_regular(os.path.join(options.out, package, path))
        except OSError:
            return None
        return read if vouches(known, status) or digest.of_bytes(read) == document else None

    return Before(record, _program(graph), state.partial.differing, output)


def _program(graph: Graph) -> Program:
    """The program that a graph is of."""
    rows = {row.module: row for row in graph.index.rows}

    def load(name: str) -> Module:
        return graph.module(rows[name])

    return stored_program([row.index for row in graph.index.rows], load)
