"""The way of a build: stages as pure functions, called in order, with what each of them found.

``compile_front`` reads, parses, resolves, checks, lowers and analyses. It writes nothing.
A file that does not parse does not keep the others from being checked; lowering and what follows need a program without errors.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from hyper.base.diagnostics import Diagnostic, diagnostic, sort_key
from hyper.engine.executors import Inline
from hyper.engine.names import package_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hyper.base.fs import Files
    from hyper.engine.clock import Phases
    from hyper.engine.executors import Executor
    from hyper.engine.graph.partial import Partial
    from hyper.engine.options import Options
    from hyper.engine.parsed import Parsed
    from hyper.engine.parsing import Uncut
    from hyper.engine.training import Training
    from hyper.ir.interpreter.watch import Watch
    from hyper.ir.program import Program
    from hyper.ir.scenarios import ScenarioResult
    from hyper.lang.check import Checked
    from hyper.lang.symbols import Unit, World

    Parse: TypeAlias = Callable[
        [Sequence[tuple[str, bytes]], Phases, Executor], tuple[list[Parsed], list[Diagnostic]]
    ]


@dataclass(slots=True)
class Compilation:
    """What the stages made so far; ``None`` where a stage did not run."""

    units: list[Unit]
    diagnostics: list[Diagnostic]
    size: int = 0
    world: World | None = None
    checked: Checked | None = None
    program: Program | None = None
    scenarios: list[ScenarioResult] = field(default_factory=list)
    partial: Partial | None = None
    """Where only some units were compiled: which, and what is known of all. ``units`` is empty then."""

    training: Training | None = None
    """The profile that is built for; the same for all builds of a request."""

    @property
    def failed(self) -> bool:
        """Whether any stage found an error."""
        return any(item.is_error for item in self.diagnostics)


def read_all(
    files: Files, root: str, paths: Sequence[str], known: Mapping[str, bytes]
) -> tuple[list[tuple[str, bytes]], list[Diagnostic]]:
    """The bytes of each file that can be read; those ``known`` by path are not read again."""
    contents: list[tuple[str, bytes]] = []
    found: list[Diagnostic] = []
    for path in paths:
        try:
            data = known.get(path)
            contents.append(
                (path, files.read(posixpath.join(root, path)) if data is None else data)
            )
        except OSError as error:
            message = f"cannot read the file: {error.strerror or error}"
            found.append(diagnostic("E0901", message, file=path))
    return contents, found


def parse_all(
    contents: Sequence[tuple[str, bytes]],
    phases: Phases,
    executor: Executor,
    cut: Callable[[Mapping[str, bytes]], Uncut] | None = None,
) -> tuple[list[Parsed], list[Diagnostic]]:
    """Decode and parse files, in their order; and what is said of those that no process survives.

    ``cut`` cuts them all into tokens before, as far as it does.
    """
    from hyper.engine.parsing import Uncut, parse_files

    files = Uncut(dict(contents))
    if cut is not None:
        with phases.phase("lex", len(contents)):
            files = cut(files.files)
    with phases.counted("parse", len(contents)) as tell:
        return parse_files(files, executor, tell)


def compile_front(
    contents: Sequence[tuple[str, bytes]],
    phases: Phases,
    executor: Executor | None = None,
    parse: Parse = parse_all,
) -> Compilation:
    """From bytes to a checked program."""
    parsed, lost = parse(contents, phases, executor or Inline())
    state = Compilation([], lost, sum(len(data) for _, data in contents))
    for each in parsed:
        state.units.append(each.unit)
        state.diagnostics += each.diagnostics
    with phases.phase("resolve"):
        from hyper.lang.resolve import resolve

        state.world, found = resolve(state.units)
        state.diagnostics += found
    with phases.phase("check"):
        from hyper.lang.check import check

        state.checked = check(state.world)
        state.diagnostics += state.checked.diagnostics
    if not state.failed:
        _lower(state, state.world, state.checked, phases)
    state.diagnostics = ordered(state.diagnostics)
    return state


def _lower(state: Compilation, world: World, checked: Checked, phases: Phases) -> None:
    with phases.phase("lower"):
        from hyper.ir.lower import lower

        state.program = lower(world, checked)
        # Consts that call functions are evaluated there; one whose evaluation fails is an error.
        state.diagnostics += checked.failures
    with phases.phase("analyse"):
        from hyper.ir.analyse import analyse
        from hyper.lang.unused import unused

        state.diagnostics += unused(world)
        state.diagnostics += analyse(state.program, world)


def evaluate(
    state: Compilation,
    phases: Phases,
    executor: Callable[[], Executor] = Inline,
    *,
    externs: bool = False,
    watch: Watch | None = None,
) -> None:
    """Run the scenarios of a program without errors; those that reach user code only with ``externs``, and in this process.

    ``executor`` is asked for where there are any. A ``watch`` hears of all that they decide.
    """
    if state.program is None or state.failed:
        return
    with phases.phase("scenarios"):
        only = state.partial.stale if state.partial is not None else None
        if only is not None and not only:
            return  # what runs scenarios takes longer to load than a small edit to compile
        from hyper.engine.proving import Proof, run_scenarios

        proof = Proof(state.program, only, externs=externs, watch=watch)
        state.scenarios, lost = run_scenarios(proof, executor())
        state.diagnostics += lost
        for result in state.scenarios:
            state.diagnostics += result.diagnostics
        state.diagnostics = ordered(state.diagnostics)


def package_of(program: Program, options: Options) -> str:
    """The name of the package: as configured, else from the service, else ``app``."""
    service = program.service
    return options.package or package_name(service.name if service else "app")


def ordered(items: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics by place, each once."""
    return sorted(dict.fromkeys(items), key=sort_key)
