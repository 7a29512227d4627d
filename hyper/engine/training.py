"""A profile that a build uses: what of it speaks of the program as it is now, and what it makes other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.base.diagnostics import diagnostic
from hyper.ir.decisions import decisions, function_digest
from hyper.ir.frequency import order_module
from hyper.ir.program import CalcDef, RuleDef, TableDef
from hyper.jit.profiles import Profile, ProfileError, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.base.diagnostics import Diagnostic
    from hyper.emit.native.weights import Weights
    from hyper.engine.option_values import Effort
    from hyper.engine.options import Options
    from hyper.ir.program import Module, Program
    from hyper.jit.profiles import FunctionProfile


ENOUGH: Final = 100
"""Calls from which on it is no accident that an argument hardly ever changed."""


class Training:
    """A profile under an effort. ``full`` moves rows; ``light`` leaves every order as it was written, and tells kernels only which
    way branches mostly go, and which arguments hardly ever changed."""

    def __init__(self, profile: Profile, effort: Effort, label: str = "") -> None:
        self.profile = profile
        self.effort = effort
        self.label = label
        self.key = f"{effort} {profile.weights}"
        """Names all that makes an output other."""
        self.of: dict[str, FunctionProfile] = {}
        """What is known of each function as it is now, by qualified name: see ``fit``."""

    def fit(self, program: Program) -> list[Diagnostic]:
        """Find the functions that the profile speaks of. The others are left out, and counted in a warning."""
        self.of = {}
        stale: list[str] = []
        for digest, known in self.profile.functions.items():
            if not self._fits(program, digest, known):
                stale.append(known.name)
        if not stale:
            return []
        most = 5
        shown = ", ".join(f"`{name}`" for name in sorted(stale)[:most])
        more = f" and {len(stale) - most} more" if len(stale) > most else ""
        whole = len(self.profile.functions)
        message = (
            f"{len(stale)} of {whole} functions of the profile are left out, since they are not what they were "
            f"when it was recorded: {shown}{more}"
        )
        return [diagnostic("W0904", message, file=self.label)]

    def seconds(self) -> dict[str, float]:
        """How long each function took in recorded runs, at whatever tier, by qualified name: tier 0 takes no less."""
        return {
            name: sum(tier.nanoseconds for tier in known.tiers.values()) / 1e9
            for name, known in self.of.items()
        }

    def weights(self) -> Weights:
        """What the profile tells of branches, for kernels."""
        from hyper.emit.native.weights import Weights

        counts = {name: each.decisions for name, each in self.of.items() if each.decisions}
        constants = {name: each.constants for name, each in self.of.items() if each.calls >= ENOUGH}
        return Weights(counts, moves=self.effort == "full", constants=constants)

    def _fits(self, program: Program, digest: str, known: FunctionProfile) -> bool:
        try:
            definition = program.definitions[known.name]
        except LookupError:
            return False
        if not isinstance(definition, CalcDef | TableDef | RuleDef):
            return False
        if function_digest(known.name, definition) != digest:
            return False
        sizes = [decision.outcomes for decision in decisions(definition)]
        if known.decisions and [len(counts) for counts in known.decisions] != sizes:
            return False
        self.of[known.name] = known
        return True

    def arranged(self, module: Module, program: Program) -> Module:
        """A module of the program, after its passes, as the profile has it."""
        if self.effort != "full":
            return module

        def counts(name: str, table: TableDef) -> list[int] | None:
            known = self.of.get(name)
            if known is None or not known.decisions:
                return None
            written = program.definitions[name]
            assert isinstance(written, TableDef)
            # Passes remove rows, and never move one.
            by_line = {
                row.line: count for row, count in zip(written.rows, known.decisions[0], strict=True)
            }
            if len(by_line) != len(written.rows):
                return None
            return [by_line.get(row.line, 0) for row in table.rows]

        return order_module(module, program, counts)


def training_for(
    program: Program, options: Options, tell: Callable[[Diagnostic], object]
) -> Training:
    """The profile that is configured, for what runs from sources; ``tell`` hears what is wrong with it. An empty one where there
    is none."""
    empty = Training(Profile(), options.profile_effort)
    if options.profile is None or options.profile_effort == "none":
        return empty
    found = open_training(options.profile, options.profile_effort, options.profile)
    if not isinstance(found, Training):
        tell(found)
        return empty
    for item in found.fit(program):
        tell(item)
    return found


def open_training(path: str, effort: Effort, label: str) -> Training | Diagnostic:
    """The profile in a file; what is wrong with it is a warning, and the build goes on without it."""
    try:
        return Training(load(path), effort, label)
    except (OSError, ProfileError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        message = f"this profile is not used: {reason[:1].lower()}{reason[1:]}"
        return diagnostic("W0903", message, file=label)
