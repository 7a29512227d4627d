"""How a function is run: whether it can be machine code, why not and where, and what a profile says that it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hyper.engine.evaluation import is_function
from hyper.engine.training import Training
from hyper.ir.program import TableDef

if TYPE_CHECKING:
    from hyper.ir.program import Program
    from hyper.jit.profiles import Profile


class Execution(msgspec.Struct, frozen=True):
    """Whether batches and single calls are machine code. ``reason`` is why the first of them that is not stays in Python, at its
    file and line; empty where both are."""

    batches: bool
    calls: bool
    reason: str = ""
    file: str = ""
    line: int = 0


class TierCounts(msgspec.Struct, frozen=True):
    """What was counted at a tier. ``guard_failures`` are the calls that it left to a lower one."""

    tier: int
    calls: int
    rows: int
    guard_failures: int
    nanoseconds: int


class LeftCall(msgspec.Struct, frozen=True):
    """Why calls were left to a lower tier than ``tier``, and one of them as ``value``."""

    tier: int
    reason: str
    file: str
    line: int
    value: str


class RowCount(msgspec.Struct, frozen=True):
    """How often a row of a table fitted; line 0 is for no row."""

    line: int
    count: int


class Recorded(msgspec.Struct, frozen=True):
    """What a profile says of a function: its tiers from the lowest, the rows of a table, and the JSON of arguments that were always
    the same. ``left`` says why calls were left to a lower tier. ``fits`` is false for a function that is
    not what it was."""

    fits: bool
    tiers: tuple[TierCounts, ...] = ()
    rows: tuple[RowCount, ...] = ()
    constants: dict[str, str] = {}
    left: tuple[LeftCall, ...] = ()

    @property
    def promotions(self) -> int:
        """How many tiers it climbed."""
        return max(0, len([each for each in self.tiers if each.calls]) - 1)


def execution_of(program: Program, name: str) -> Execution | None:
    """How far a function can go; ``None`` for what is none."""
    if not is_function(program, name):
        return None
    from hyper.emit.native.unit import Unit
    from hyper.emit.native.wrappers import wrappers
    from hyper.emit.python.names import Names
    from hyper.engine.batch.layout import layout_of

    why = layout_of(Unit(program), name).why
    if why is not None:
        return Execution(False, False, why.reason, why.file, why.line)
    names = Names(program, "package")
    left = wrappers(program.module_of(name), names, lambda each: each == name).left
    found = left.get(names.symbol(name))
    return Execution(True, found is None, *(found or ("", "", 0)))


def recorded_of(program: Program, name: str, profile: Profile) -> Recorded | None:
    """What a profile says of a function; ``None`` where it does not know the name."""
    training = Training(profile, "full")
    training.fit(program)
    known = training.of.get(name)
    if known is None:
        named = any(each.name == name for each in profile.functions.values())
        return Recorded(False) if named else None
    tiers = tuple(
        TierCounts(int(tier), each.calls, each.rows, each.guard_failures, each.nanoseconds)
        for tier, each in sorted(known.tiers.items())
    )
    constants = {param: text for param, text in known.constants.items() if text is not None}
    definition = program.definitions[name]
    rows: tuple[RowCount, ...] = ()
    if isinstance(definition, TableDef) and known.decisions:
        lines = [row.line for row in definition.rows]
        counts = known.decisions[0]
        lines += [0] * (len(counts) - len(lines))
        rows = tuple(RowCount(*each) for each in zip(lines, counts, strict=True))
    left = tuple(
        LeftCall(each.tier, each.reason, each.file, each.line, each.value) for each in known.left
    )
    return Recorded(True, tiers, rows, constants, left)
