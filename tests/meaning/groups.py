"""Many random programs in one build: a module each, with functions and inputs of its own, that come of its seed alone.

What one program costs is then mostly its own: the runtime of a package, the support functions of kernels, a module of
WebAssembly, a link and a process of an emulator are paid for once by all of a group.
"""

from __future__ import annotations

import collections
import random
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hyper.ir.program import CalcDef, Module, Program, RuleDef, TableDef
from hyper.ir.text import dump_node
from hyper.ir.types import Dec, ListOf
from hyper.ir.verify import verify
from tests.meaning.back_ends import BACK_ENDS, Subject, compare
from tests.meaning.data import data_module
from tests.meaning.expressions import WHOLE
from tests.meaning.native_programs import NATIVE
from tests.meaning.programs import module
from tests.meaning.shrinking import Case, differs, shrunk
from tests.meaning.values import calm, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.ir.types import Type
    from tests.meaning.back_ends import BackEnd, Compared, Difference

NOW: Final = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
MOST_FUNCTIONS: Final = 6
ROWS: Final = 12
_WAYS: Final = ("host-O3", "host-O0", "x86-64-O0", "x86-64-O3", "host-O0", "tuned", "x86-64-O0")
"""How kernels are compiled, in turn; of each, calls, rows and the engine's batches."""
_OTHERS: Final = (
    "library-calls", "wasm-O2", "library-rows", "wasm-O0", "aarch64-O2", "compiled-package",
)  # fmt: skip
"""What is asked of a part of the groups, in turn."""
OTHERS_EVERY: Final = 4
_HUGE: Final = 4000


class Drawn(NamedTuple):
    """The program of a seed, and where the draws of its inputs go on."""

    seed: int
    module: Module
    source: random.Random


class Tried(NamedTuple):
    """What a group gave: counts, and differences with the seeds of their programs."""

    counts: collections.Counter[str]
    differences: list[tuple[int, str]]


def drawn(seed: int) -> Drawn:
    """One to six functions: of the part of the language that has a native form, or for every fourth seed of all of it."""
    source = random.Random(seed)
    dialect = WHOLE if seed % 4 == 3 else NATIVE
    count = source.randrange(1, MOST_FUNCTIONS + 1)
    return Drawn(seed, module(f"p{seed}", source, count, 1 + seed % 3, dialect), source)


def extreme(source: random.Random, kind: Type, items: int = 150) -> Any:
    """A value of a type; a decimal has all its digits, a list so many times as many items, or thousands of times."""
    found = value(source, kind)
    if isinstance(kind, Dec) and kind.precision:
        most = Decimal(10**kind.precision - 1)
        return source.choice((most, -most)).scaleb(-kind.scale, Context(prec=28))
    if isinstance(kind, ListOf):
        return found * (_HUGE if source.random() < 0.01 else items)
    return found


def inputs(source: random.Random, kinds: Sequence[Type]) -> list[list[Any]]:
    """Rows of arguments: at limits and beside them in turn, the last two as large as can be."""
    rows = [[(calm if row % 2 else value)(source, kind) for kind in kinds] for row in range(ROWS)]
    rows[-2:] = [[extreme(source, kind, items) for kind in kinds] for items in (12, 150)]
    return rows


def asked(group: int) -> list[BackEnd]:
    """The back ends of a group: the package, one way of compiling, and now and then a machine or an interface that is not ours."""
    way = _WAYS[group % len(_WAYS)]
    names = {"package", f"package-{way}", *(f"{kind}-{way}" for kind in _KINDS)}
    if group % OTHERS_EVERY == 0:
        names.add(_OTHERS[group // OTHERS_EVERY % len(_OTHERS)])
    return [each for each in BACK_ENDS if each.name in names]


_KINDS: Final = ("scalar", "batches", "engine")


class Given(NamedTuple):
    """A program with its rows, by function, and what tier 0 gives for them."""

    program: Program
    rows: dict[str, list[list[Any]]]
    expected: dict[str, list[Any]]


def given(programs: Sequence[Drawn], made: Program, subject: Subject) -> Given:
    """The rows of programs, with what they give."""
    found = Given(made, {}, {})
    for each in programs:
        for definition in each.module.definitions:
            assert isinstance(definition, CalcDef | TableDef | RuleDef)
            name = f"{each.module.name}.{definition.name}"
            found.rows[name], found.expected[name] = answered(each.source, subject, name)
    return found


def answered(
    source: random.Random, subject: Subject, name: str
) -> tuple[list[list[Any]], list[Any]]:
    """Rows for a function, and what tier 0 gives; without those that are too expensive for it."""
    rows = inputs(source, [kind for _, kind in subject.interpreter.params(name)])
    outcomes = subject.expected(name, rows, NOW)
    kept = [at for at, outcome in enumerate(outcomes) if not _is_too_expensive(outcome)]
    return [rows[at] for at in kept], [outcomes[at] for at in kept]


def tried(seeds: Sequence[int], back_ends: Sequence[BackEnd] | None = None) -> Tried:
    """The programs of these seeds in tier 0 and in back ends."""
    programs = [drawn(seed) for seed in seeds]
    made = Program([data_module(), *(each.module for each in programs)])
    assert verify(made) == []
    with Subject(made) as subject:
        rows = given(programs, made, subject)
        found = compare(subject, rows.rows, rows.expected, NOW, back_ends)
    differences = [(_seed(each.function), _shown(rows, each)) for each in found.differences]
    return Tried(_counted(rows, subject, found), differences)


def _seed(function: str) -> int:
    return int(function.partition(".")[0].removeprefix("p"))


def _counted(rows: Given, subject: Subject, found: Compared) -> collections.Counter[str]:
    outcomes = [each for of_function in rows.expected.values() for each in of_function]
    errors = sum(isinstance(each, tuple) and each[0] in {"error", "refused"} for each in outcomes)
    counts = collections.Counter(
        {
            "programs": len(rows.program.modules) - 1,
            "functions": len(rows.rows),
            "with a native form": len(subject.kernels.natives),
            "values": len(outcomes) - errors,
            "errors": errors,
            "same": sum(found.same.values()),
            "guarded": sum(found.guarded.values()),
        }
    )
    counts.update({f"same in {name}": count for name, count in found.same.items()})
    return counts


def reduced(seed: int) -> str | None:
    """The failure of a seed's program with as little as still fails; ``None`` where it does not fail."""
    one = drawn(seed)
    made = Program([data_module(), one.module])
    with Subject(made) as subject:
        rows = given([one], made, subject)
        found = compare(subject, rows.rows, rows.expected, NOW)
    if not found.differences:
        return None
    first = found.differences[0]
    back_end = next(each for each in BACK_ENDS if each.name == first.back_end)
    case = Case(one.module, first.function, rows.rows[first.function])
    case = shrunk(case, lambda other: differs(other, back_end, NOW))
    text = "\n".join(dump_node(each) for each in case.module.definitions)
    return f"{first.back_end}: {first.function} of {case.rows}\n{text}"


def _is_too_expensive(outcome: Any) -> bool:
    return isinstance(outcome, tuple) and outcome[1:2] == ("too_expensive",)


def _shown(rows: Given, difference: Difference) -> str:
    text = dump_node(rows.program.definitions[difference.function])
    row = rows.rows[difference.function][difference.row] if difference.row >= 0 else ""
    return f"{difference}\n{text}\n{row}"
