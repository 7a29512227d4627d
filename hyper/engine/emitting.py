"""The emission of a compile: of all files, or of those only that an edit makes other ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hyper.base import digest
from hyper.base.fs import read_regular
from hyper.engine.emission import Before, Emission, emit
from hyper.engine.emitted import decode_emitted
from hyper.engine.stamps import vouches
from hyper.ir.stored import stored_program

if TYPE_CHECKING:
    from hyper.engine.clock import Phases
    from hyper.engine.graph.kept import Graph
    from hyper.engine.incremental import Request
    from hyper.engine.options import Options
    from hyper.engine.pipeline import Compilation
    from hyper.ir.program import Module, Program


def emit_all(
    state: Compilation, package: str, options: Options, request: Request | None, phases: Phases
) -> Emission:
    """The files of the package's folder, manifest not included. The compilation has a program without errors."""
    assert state.program is not None
    with phases.phase("emit"):
        before = _before(state, package, options, request)
        if before is not None and request is not None:
            emission = _again(state.program, package, options, before)
            standing = request.standing()
            if emission is not None and all(
                file.data is not None or (path in standing and standing[path].digest == file.digest)
                for path, file in emission.files.items()
            ):
                return emission
        return emit(state.program, package, options.target)


def _again(program: Program, package: str, options: Options, before: Before) -> Emission | None:
    """What an edit makes other; ``None`` where the record says what cannot be."""
    try:
        return emit(program, package, options.target, before)
    except (StopIteration, LookupError):
        # What is kept of a build has its digest, and may lie all the same: it is then worth nothing.
        return None


def _before(
    state: Compilation, package: str, options: Options, request: Request | None
) -> Before | None:
    """The emission of the last build, where only some units were compiled since and all that it made stands."""
    found = request.emitted(package) if request is not None and state.partial is not None else None
    if found is None or request is None or state.partial is None:
        return None
    data, graph = found
    try:
        record = decode_emitted(data)
    except ValueError:
        return None
    standing = request.standing()

    def output(path: str) -> bytes | None:
        try:
            read, status = read_regular(os.path.join(options.out, package, path))
        except OSError:
            return None
        known = standing.get(path)
        if known is None or not (vouches(known, status) or digest.of_bytes(read) == known.digest):
            return None
        return read

    return Before(record, _program(graph), state.partial.differing, output)


def _program(graph: Graph) -> Program:
    """The program that a graph is of."""
    rows = {row.module: row for row in graph.index.rows}

    def load(name: str) -> Module:
        return graph.module(rows[name])

    return stored_program([row.index for row in graph.index.rows], load)
