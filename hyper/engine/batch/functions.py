"""The functions of one program over batches: kernels are compiled when they are first asked for, and kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from hyper.emit.native.unit import Unit
from hyper.emit.native.weights import NO_WEIGHTS, Weights
from hyper.engine.batch.layout import layout_of
from hyper.engine.batch.rows import LOCK, Package
from hyper.engine.batch.values import Decoder
from hyper.engine.evaluation import is_function
from hyper.engine.natives.toolchain import ABSENT, MISSING, toolchain, why_not
from hyper.engine.references import find
from hyper.ir.interpreter import Interpreter
from hyper.ir.scenarios import load_extern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.engine.batch.files import TableFile
    from hyper.engine.batch.layout import Layout
    from hyper.engine.batch.result import BatchResult
    from hyper.ir.program import Program
    from hyper.jit.batch import RowsKernel
    from hyper.jit.columns.binding import Binding
    from hyper.jit.columns.texts import Texts
    from hyper.jit.kernel import ir

_MOST_TEXTS: Final = 1 << 18
"""Different texts that are kept from one batch to the next."""
_PYTHON_ROWS: Final = 1 << 13
"""Rows of a file that are run in Python at once."""
SWITCHED_OFF: Final = "native code is switched off (jit)"


class Functions:
    """A program. ``level`` is the highest tier that runs: 0 the interpreter, 1 generated Python, 2 machine code, 3 that
    over several cores, ``cores`` at most; ``package`` the generated Python, where it is there already; ``weights`` what a profile
    tells of branches."""

    def __init__(
        self,
        program: Program,
        *,
        level: int = 3,
        cores: int = 1,
        package: Package | None = None,
        weights: Weights = NO_WEIGHTS,
    ) -> None:
        self.program = program
        self.level = level
        self.cores = cores
        self.unit = Unit(program, weights)
        self.interpreter = Interpreter(program, externs=load_extern)
        self._functions: dict[str, Function] = {}
        self._package = package

    @property
    def package(self) -> Package:
        """The generated Python."""
        with LOCK:
            if self._package is None:
                self._package = Package(self.program)
            return self._package

    def function(self, name: str) -> Function:
        """A calc, table, rule or extern, by its qualified name, or bare where one alone has it.

        Raises ``LookupError`` for a name that none has.
        """
        known = self._functions.get(name)
        if known is not None:
            return known
        full = find(self.program, name)
        if not is_function(self.program, full):
            raise LookupError(f'"{name}" is no calc, table or rule')
        with LOCK:
            if full not in self._functions:
                self._functions[full] = Function(self, full)
            return self._functions[full]


class Function:
    """One function over batches."""

    def __init__(self, functions: Functions, name: str) -> None:
        self.functions = functions
        self.name = name
        self.layout: Layout = layout_of(functions.unit, name)
        self.decoder = Decoder(self.layout, functions.interpreter, functions.unit.kinds)
        self.why, self.file, self.line = _why(self.layout, functions.level)
        self._kernel: tuple[RowsKernel, ir.Unit] | None = None
        self._binding: tuple[datetime, Binding] | None = None
        self._texts: Texts | None = None

    def kernel(self) -> tuple[RowsKernel, ir.Unit] | None:
        """The kernel with its unit, compiled now if it was not; ``None`` where there is none."""
        with LOCK:
            if self._kernel is None and not self.why:
                self.why = why_not()
                self._kernel = None if self.why else self._compiled()
            return self._kernel

    def _compiled(self) -> tuple[RowsKernel, ir.Unit]:
        from hyper.jit.batch import RowsKernel
        from hyper.jit.llvm.module import module_text
        from hyper.jit.llvm.target import Compiler, host

        unit = self.functions.unit.unit([self.name])
        loaded = Compiler(host()).load(module_text(unit, calls=False))
        (kernel,) = unit.kernels
        fails = next(each.fails for each in unit.functions if each.name == self.name)
        return RowsKernel(kernel, loaded, fails=fails), unit

    def batch(
        self, data: Any, *, now: datetime | None = None, cells: bool = False
    ) -> BatchResult | Iterator[BatchResult]:
        """Evaluate for each row of a table; for an iterator of tables, an iterator of results, each made when it is asked for.

        ``cells``: values are texts, as a text file has them. Raises ``ValueError`` for a column that is missing or of another
        type, ``TypeError`` for data that is no table; what is wrong with a row is among the errors of the result.
        """
        from hyper.jit.columns.tables import is_stream

        if now is not None and now.tzinfo is None:
            raise ValueError("now needs a time zone")
        moment = datetime.now(UTC) if now is None else now.astimezone(UTC)
        if is_stream(data):
            return (self.table(each, now=moment, cells=cells) for each in data)
        return self.table(data, now=moment, cells=cells)

    def table(self, data: Any, *, now: datetime, cells: bool = False) -> BatchResult:
        """As ``batch``, of one table."""
        from hyper.engine.batch.running import Run
        from hyper.jit.columns.tables import table_of

        return Run(self, table_of(data, cells=cells), now).result()

    def over_file(self, file: TableFile, *, now: datetime) -> Iterator[BatchResult]:
        """The results of the parts of a file, each made when it is asked for."""
        from hyper.engine.batch.running import Run
        from hyper.jit.columns.tables import Table

        for part in file.parts:
            if part.wrong:
                yield Run(self, Table({}, part.rows), now).unread(part.wrong)
                continue
            # Rows in Python take long: whoever waits hears of them sooner.
            step = max(1, part.rows if self.kernel() is not None else _PYTHON_ROWS)
            for start in range(0, max(1, part.rows), step):
                yield self.table(part.table.slice(start, step), now=now, cells=file.cells)

    def wrong_columns(self, path: str, now: datetime, error: ValueError) -> str:
        """What is wrong with the columns of a file, with those in mind that were not read as nothing asks for them."""
        from hyper.engine.batch.files import open_table

        try:
            next(self.over_file(open_table(path, list), now=now))
        except ValueError as whole:
            error = whole
        return str(error)

    def binding(self, now: datetime) -> Binding:
        """What binds tables to the columns. Defaults may read the clock."""
        from hyper.engine.batch.expected import expected_places
        from hyper.jit.columns.binding import Binding

        functions, layout = self.functions, self.layout
        with LOCK:
            if self._binding is not None and self._binding[0] == now:
                return self._binding[1]
            expected = expected_places(layout, functions.interpreter, functions.unit.kinds, now)
            made = Binding(
                layout.columns, layout.parts, expected, bare=layout.bare, opaque=layout.opaque
            )
            self._binding = now, made
            return made

    def known_texts(self) -> Texts:
        """A dictionary that begins with the texts of the kernel; that of before, while it is no burden."""
        from hyper.jit.columns.texts import Texts

        if self._texts is None or len(self._texts.names) > _MOST_TEXTS:
            kernel = self.kernel()
            self._texts = Texts(kernel[1].texts if kernel is not None else ())
        return self._texts


def _why(layout: Layout, level: int) -> tuple[str, str, int]:
    """Why a function does not run natively, with the place; empty where it does."""
    if layout.why is not None:
        return layout.why.reason, layout.why.file, layout.why.line
    if level < 2:
        return SWITCHED_OFF, "", 0
    if toolchain() == ABSENT:
        return MISSING, "", 0
    return "", "", 0
