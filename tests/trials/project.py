"""A generated tree that is edited as people do, and builds of it with what was kept and without."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from hyper.bench.edits import Edits, apply, write_tree
from hyper.engine.compiler import create_hyper_compiler
from tests.trust.command import digests

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hyper.engine.result import Result


class Project:
    """A folder with ``src``, built into ``out`` with a cache at ``cache``, each time in a new session, as by a new process."""

    def __init__(self, folder: Path, units: int, seed: int) -> None:
        self.folder = folder
        self.source = folder / "src"
        self.out = folder / "out"
        self.cache = folder / "cache"
        self.outages: list[str] = []
        self.parsed = 0
        self._work = Edits(units, seed)
        write_tree(str(self.source), self._work.files())
        self._expected: Mapping[str, str] | None = None

    def edit(self, times: int = 1) -> None:
        """What somebody does to the tree next."""
        for _ in range(times):
            apply(str(self.source), self._work.next())
        self._expected = None

    def build(self, environment: Mapping[str, str] | None = None, **options: Any) -> Result:
        """Build in this process. Raises ``AssertionError`` where the compiler finds errors."""
        self.outages, self.parsed = [], 0
        given = {"out": str(self.out), "cache": str(self.cache), "incremental": True} | options
        with create_hyper_compiler(environment=environment or {}, **given) as compiler:
            compiler.on("cache:outage", lambda event: self.outages.append(event.reason))
            compiler.on("file:parsed", self._count)
            result = compiler.compile(str(self.source))
        # Not the result itself: what pytest would show of it has no end.
        assert [item.message for item in result.errors] == []
        return result

    def _count(self, _event: object) -> None:
        self.parsed += 1

    def expected(self) -> Mapping[str, str]:
        """The digests of what the sources come to without anything kept."""
        if self._expected is None:
            clean = self.folder / "clean"
            shutil.rmtree(clean, ignore_errors=True)
            self.build(out=str(clean), incremental=False)
            self._expected = digests(clean)
        return self._expected

    def is_right(self, out: Path | None = None) -> bool:
        """Whether an output is what the sources come to."""
        return digests(out or self.out) == self.expected()
