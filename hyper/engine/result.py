"""What a compile gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.base.diagnostics import Diagnostic
    from hyper.engine.pipeline import Compilation


class Output(msgspec.Struct, frozen=True):
    """A file of the output: its path from the output folder, its size in bytes, its SHA-256, and what this build did."""

    path: str
    size: int
    digest: str
    state: Literal["written", "unchanged"]


class Miss(msgspec.Struct, frozen=True):
    """Why something was done again: the file that it is about, from the source root or of the output; empty for the whole build."""

    path: str
    reason: str


class Chunk(msgspec.Struct, frozen=True):
    """A part of the package that loads as one: its name, the modules in it and the files, from the package's folder."""

    name: str
    modules: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class Result:
    """The outcome of a compile.

    ``root`` is the source root, ``sources`` are the files that were asked for, from it. ``diagnostics`` are sorted by place;
    their files are relative to ``root``, or names of the configuration in ``folder``. ``outputs`` and ``removed`` are relative
    to ``out``. ``timing`` has seconds by phase, and ``total``. ``stats`` counts what was compiled and made; ``metrics`` says
    what that cost; ``misses`` why the record of an earlier build did not do. ``compilation`` holds the stages' values for
    further questions, ``None`` where the build was answered from its record; it is in no JSON.
    """

    success: bool
    diagnostics: list[Diagnostic]
    root: str
    out: str
    folder: str | None = None
    package: str | None = None
    outputs: list[Output] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    timing: dict[str, float] = field(default_factory=dict)
    stats: dict[str, int] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    misses: list[Miss] = field(default_factory=list)
    sources: Sequence[str] = ()
    compilation: Compilation | None = None

    @property
    def errors(self) -> list[Diagnostic]:
        """The diagnostics that stopped the build."""
        return [item for item in self.diagnostics if item.is_error]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, without paths of the machine."""
        from hyper.base.reports import as_object

        return as_object(self.diagnostics) | {
            "success": self.success,
            "package": self.package,
            "outputs": msgspec.to_builtins(self.outputs),
            "removed": self.removed,
            "chunks": msgspec.to_builtins(self.chunks),
            "timing": self.timing,
            "stats": self.stats,
            "metrics": self.metrics,
            "misses": msgspec.to_builtins(self.misses),
        }
