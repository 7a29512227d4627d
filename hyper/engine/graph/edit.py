"""A build that follows an edit, as a compilation like any other: its program is that of all units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.engine.graph.partial import Partial, Sources, WholeError, compile_partial
from hyper.engine.pipeline import Compilation, ordered
from hyper.ir.stored import stored_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.base.diagnostics import Diagnostic
    from hyper.engine.clock import Phases
    from hyper.engine.graph.kept import Graph
    from hyper.ir.program import Module, Program


def compile_edit(
    graph: Graph, sources: Sources, diagnostics: Sequence[Diagnostic], phases: Phases
) -> Compilation | str:
    """Compile what an edit needs, or say why everything has to be. ``diagnostics`` are those of the build itself.

    Raises ``LostError`` where what is kept is not whole.
    """
    try:
        partial = compile_partial(graph, sources, phases)
        program = _program(graph, partial)
    except WholeError as error:
        return str(error)
    except OSError as error:
        return f"a file cannot be read: {error.strerror or error}"
    found = [item for row in partial.rows for item in row.diagnostics]
    state = Compilation([], ordered([*diagnostics, *found]), program=program)
    state.partial = partial
    return state


def _program(graph: Graph, partial: Partial) -> Program:
    rows = {row.module: row for row in partial.rows}

    def load(name: str) -> Module:
        module = partial.modules.get(name)
        return graph.module(rows[name]) if module is None else module

    return stored_program([row.index for row in partial.rows], load)
