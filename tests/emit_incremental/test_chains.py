"""After every edit, what is emitted from the record of the build before is what is emitted from nothing."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Final

import pytest

from hyper.bench.edits import KINDS, Edits
from tests.emit_incremental import trees
from tests.emit_incremental.builds import Builds
from tests.emit_incremental.mutations import mutated

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS: Final = 10 if os.environ.get("HYPER_LONG") else 1


@pytest.mark.parametrize(("size", "seed", "length"), [(10, 1, 12 * ROUNDS), (20, 2, 8)])
def test_chains_of_recorded_edits(size: int, seed: int, length: int) -> None:
    edits = Edits(size, seed)
    sources = dict(edits.files())
    builds = Builds()
    builds.build(sources)
    kinds = [*KINDS, *(None for _ in range(length - len(KINDS)))]
    for kind in kinds:
        for path, text in edits.next(kind).changes.items():
            if text is None:
                del sources[path]
            else:
                sources[path] = text
        builds.build(sources)
        assert len(builds.made) < len(builds.outputs)


@pytest.mark.parametrize("sources", [trees.storefront, trees.everything])
@pytest.mark.parametrize("seed", range(2 * ROUNDS))
def test_chains_of_changed_definitions(sources: Callable[[], dict[str, str]], seed: int) -> None:
    draws = random.Random(seed)
    program = trees.program_of(sources())
    builds = Builds()
    builds.build_program(program)
    for _ in range(8):
        program = mutated(program, draws)
        builds.build_program(program)


def test_a_chain_on_a_real_description() -> None:
    draws = random.Random(1)
    program = trees.real("museum")
    builds = Builds()
    builds.build_program(program)
    for _ in range(6 * ROUNDS):
        program = mutated(program, draws)
        builds.build_program(program)


def test_keys_that_nobody_reads_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is as good as before: nothing is made again for it, and nothing is missed."""
    edits = Edits(8, 5)
    sources = dict(edits.files())
    builds = Builds()
    builds.build(sources)
    first = builds.keys
    monkeypatch.setattr("hyper.engine.emitted._SLACK", -(10**9))
    assert builds.build(sources) == []
    assert builds.keys == first
    for _ in range(3):
        for path, text in edits.next("rename").changes.items():
            if text is None:
                del sources[path]
            else:
                sources[path] = text
        assert builds.build(sources) != []
        assert builds.build(sources) == []
    fresh = Builds()
    fresh.build(sources)
    assert builds.keys == fresh.keys
