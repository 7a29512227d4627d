"""What a build without errors knows of its units, kept for the next."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from hyper.engine.graph.kept import Index, save
from hyper.engine.graph.rows import Making, Place, Row
from hyper.ir.stored import encode_module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.base.diagnostics import Diagnostic
    from hyper.engine.graph.kept import Graph, Saved
    from hyper.engine.pipeline import Compilation

_NOWHERE = Place(0, 0, 0, b"")


class Kept(NamedTuple):
    """What a graph is kept with: see ``kept.Index``."""

    compiler: str
    key: str = ""
    emitted: bytes = b""

    def of(self, rows: list[Row], *, given: bool) -> Index:
        """The index of rows."""
        return Index(self.compiler, self.key, [], rows, self.emitted, given)


def keep(
    folder: str,
    kept: Kept,
    state: Compilation,
    sources: tuple[Mapping[str, str], Mapping[str, bytes]],
    before: Graph | None,
) -> Saved | None:
    """Keep the graph of a build in a folder; gives what was written, ``None`` where it could not be.

    ``sources`` are the digests of all and the bytes of those that were read, by path; ``before`` is the graph that the build began
    with.
    """
    if state.partial is not None:
        rows = _skipping(state.partial.rows, state)
        blobs = {name: encode_module(module) for name, module in state.partial.modules.items()}
        given = before is not None and before.index.given
        return save(folder, kept.of(rows, given=given), blobs, before)
    if state.program is None or state.world is None or state.checked is None:
        return None
    digests, contents = sources
    modules = {module.name: module for module in state.program.modules}
    by_path: dict[str, list[Diagnostic]] = {}
    for item in state.diagnostics:
        by_path.setdefault(item.file, []).append(item)
    making = Making(state.world, state.checked)
    skipped = _skipped(state)
    rows = []
    for unit in state.units:
        source = (digests[unit.path], len(contents[unit.path]))
        rows.append(
            making.row(
                unit,
                modules[unit.name],
                source,
                skipped=skipped[unit.name],
                diagnostics=by_path.get(unit.path, ()),
                place=_NOWHERE,
            )
        )
    rows.sort(key=lambda row: row.module)
    blobs = {name: encode_module(module) for name, module in modules.items()}
    return save(folder, kept.of(rows, given=False), blobs, None)


def _skipped(state: Compilation) -> Counter[str]:
    return Counter(each.module for each in state.scenarios if each.outcome == "skipped")


def _skipping(rows: list[Row], state: Compilation) -> list[Row]:
    """The rows, with the number of scenarios that were skipped this time."""
    stale = state.partial.stale if state.partial is not None else ()
    skipped = _skipped(state)
    return [
        msgspec.structs.replace(row, skipped=skipped[row.module]) if row.module in stale else row
        for row in rows
    ]
