"""A numeric function over columns of NumPy: row by row in Python, as a compiled loop, and that on several cores.

A batch is done slice by slice, each where the policy says, so that one large batch is promoted under way. Each combination of kinds
has tiers of its own.
"""

from __future__ import annotations

import itertools
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from hyper.jit.numeric import machine_code
from hyper.jit.numeric.source import NotNumericError, kind_of
from hyper.jit.numeric.text import shown_call
from hyper.jit.numeric.unit import Unit
from hyper.jit.policy.driver import CannotCompile, Deoptimisation, Driver
from hyper.jit.policy.machine import Policy, Settings, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from hyper.base.events import Listener
    from hyper.jit.numeric.source import Kind

    Array: TypeAlias = "np.ndarray[Any, Any]"
    Piece: TypeAlias = "Array | list[Any]"
    """Results of a slice: of one kind, else as they are."""

COMPILED: Final = 1
PARALLEL: Final = 2
_FIRST: Final = 1_000
_PYTHON_SECONDS: Final = 0.01
"""What a slice in Python takes about."""
_COMPILED_ROWS: Final = 1 << 18
_MOST_LADDERS: Final = 16
_KINDS: Final[dict[str, Kind]] = {"b": "bool", "i": "int", "f": "float"}
_DTYPES: Final = {"bool": "?", "int": "<i8", "float": "<f8"}


class Signature(NamedTuple):
    """The kinds of the arguments, and which are columns."""

    kinds: tuple[Kind, ...]
    columns: tuple[bool, ...]

    def __str__(self) -> str:
        """As people write it: ``int[], float``."""
        pairs = zip(self.kinds, self.columns, strict=True)
        return ", ".join(f"{kind}[]" if column else kind for kind, column in pairs)


class _Loop(NamedTuple):
    unit: Unit
    rows: Callable[..., int]


class Columns:
    """A function over columns. ``cores`` is how many work at most."""

    def __init__(
        self,
        function: Callable[..., Any],
        settings: Settings,
        listener: Listener | None = None,
        *,
        compiles: bool = True,
        cores: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
        start: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self.function: Any = function
        self.ladders: dict[Signature, Driver] = {}
        self._settings = settings
        self._listener = listener
        self._compiles = compiles
        self._cores = cores or os.cpu_count() or 1
        self._clock = clock
        self._start = start

    def over(self, *arguments: Any) -> Array:
        """The results of all rows. Arguments are columns of NumPy of one length, or numbers that are the same for all rows.

        Where the function raises for a row, that is raised. The results are of bool, int64 or float64 where all are of that kind,
        else they are objects. Raises ``ValueError`` for other columns, and ``ModuleNotFoundError`` without NumPy.
        """
        given, signature, rows = _read(arguments)
        driver = None if signature is None else self._ladder(signature)
        if driver is None or signature is None:
            return _joined([_in_python(self.function, given, 0, rows)])
        if driver.tier(rows) or driver.code:
            self._hold(driver)
        columns = _converted(given, signature)
        pieces: list[Piece] = []
        done, unit = 0, _PYTHON_SECONDS / _FIRST
        while done < rows or not pieces:
            left = rows - done
            tier = driver.before(rows, left / max(1, rows)).tier
            loop = driver.code.get(COMPILED) if tier else None
            tier = 0 if loop is None else tier
            most = max(1, int(_PYTHON_SECONDS / unit)) if loop is None else _COMPILED_ROWS
            count = min(left, most * self._cores if tier == PARALLEL else most)
            began = self._clock()
            if loop is None:
                pieces.append(_in_python(self.function, given, done, done + count))
                unit = max(1e-9, (self._clock() - began) / max(1, count))
            else:
                cores = self._cores if tier == PARALLEL else 1
                piece, status = _compiled(loop, columns, done, done + count, cores)
                pieces.append(self._repaired(driver, tier, loop, given, (done, piece, status)))
            spent = self._clock() - began
            driver.ran(tier, rows, 0.0, spent * rows / max(1, count), count / max(1, rows))
            done += count
        return _joined(pieces)

    def _ladder(self, signature: Signature) -> Driver | None:
        driver = self.ladders.get(signature)
        if driver is None and self._compiles and len(self.ladders) < _MOST_LADDERS:
            steps = (Step(machine_code.expected_seconds(), 20.0), Step(1e-4, 1.5))
            driver = Driver(
                f"{self.function.__qualname__}({signature})",
                Policy(steps, self._settings),
                [lambda: self._compile(signature), self._spread],
                listener=self._listener,
                clock=self._clock,
                start=self._start,
                first=1,
            )
            driver = self.ladders.setdefault(signature, driver)
        return driver

    def _compile(self, signature: Signature) -> _Loop:
        try:
            unit = Unit(self.function, signature.kinds)
            return _Loop(unit, machine_code.rows_code(unit, signature.columns))
        except NotNumericError as error:
            place = f"{self.function.__code__.co_filename}:{error.line}: " if error.line else ""
            raise CannotCompile(f"{place}{error.reason}") from None

    def _spread(self) -> int:
        if self._cores < 2:
            raise CannotCompile("there is one core")
        return self._cores

    def _hold(self, driver: Driver) -> None:
        """Drop code that no longer fits what it was made for."""
        loop = driver.code.get(COMPILED)
        for held in loop.unit.held if loop is not None else ():
            if not held.stands():
                driver.note(Deoptimisation(COMPILED, f"`{held.name}` is no longer what it was"))
                driver.withdraw(COMPILED)
                return

    def _repaired(
        self,
        driver: Driver,
        tier: int,
        loop: _Loop,
        given: Sequence[Any],
        made: tuple[int, Array, Array],
    ) -> Piece:
        """The results of a slice, with the rows that compiled code left to Python."""
        first, piece, status = made
        places = status.nonzero()[0].tolist()
        found: Piece = piece
        for place in places[:1]:
            site = loop.unit.sites[int(status[place]) - 1]
            row = [each[first + place].item() if _is_column(each) else each for each in given]
            call = shown_call(self.function.__name__, row)
            why = Deoptimisation(tier, site.reason, site.file, site.line, call)
            driver.note(why, len(places))
        for place in places:
            row = [each[first + place].item() if _is_column(each) else each for each in given]
            value = self.function(*row)
            if not isinstance(found, list) and kind_of(value) != loop.unit.main.result:
                found = piece.tolist()
            found[place] = value
        return found


def _is_column(argument: Any) -> bool:
    return hasattr(argument, "dtype") and getattr(argument, "ndim", 0) == 1


def _read(arguments: Sequence[Any]) -> tuple[list[Any], Signature | None, int]:
    """The arguments, their signature where all are of kinds that compile, and how many rows they have."""
    try:
        import numpy as np
    except ModuleNotFoundError:
        message = "columns need NumPy: pip install 'hypercompiler[jit]'"
        raise ModuleNotFoundError(message, name="numpy") from None
    given = [_plain(np, each) for each in arguments]
    lengths = {len(each) for each in given if _is_column(each)}
    if len(lengths) != 1 or any(isinstance(each, np.ndarray) and each.ndim != 1 for each in given):
        raise ValueError(
            "columns are arrays of NumPy of one dimension and of one length; one at least is needed"
        )
    kinds = [_kind(each) for each in given]
    known = tuple(kind for kind in kinds if kind is not None)
    fits = len(known) == len(kinds)
    signature = Signature(known, tuple(map(_is_column, given))) if fits else None
    return given, signature, lengths.pop()


def _plain(np: Any, argument: Any) -> Any:
    """A number of NumPy as one of Python; what is like a column as an array, since series are indexed by their labels."""
    if isinstance(argument, np.generic | np.ndarray) and argument.ndim == 0:
        return argument.item()
    is_array = isinstance(argument, np.ndarray)
    return np.asarray(argument) if _is_column(argument) and not is_array else argument


def _kind(argument: Any) -> Kind | None:
    if not _is_column(argument):
        return kind_of(argument)
    if hasattr(argument, "mask"):
        return None  # Python gives the function ``None`` for what is masked
    dtype = argument.dtype
    if dtype.kind == "u" and dtype.itemsize < 8:
        return "int"
    return _KINDS.get(dtype.kind) if dtype.itemsize <= 8 else None


def _converted(given: Sequence[Any], signature: Signature) -> list[Any]:
    import numpy as np

    return [
        np.ascontiguousarray(each, _DTYPES[kind]) if column else each
        for each, kind, column in zip(given, signature.kinds, signature.columns, strict=True)
    ]


def _in_python(function: Any, given: Sequence[Any], start: int, stop: int) -> Piece:
    columns = [
        each[start:stop].tolist() if _is_column(each) else itertools.repeat(each) for each in given
    ]
    values = [function(*row) for row in zip(*columns, strict=False)]
    kinds = {kind_of(value) for value in values}
    if len(kinds) != 1 or None in kinds:
        return values
    import numpy as np

    (kind,) = kinds
    assert kind is not None
    return np.array(values, _DTYPES[kind])


def _compiled(
    loop: _Loop, columns: Sequence[Any], start: int, stop: int, cores: int
) -> tuple[Array, Array]:
    """The results of a slice, and their status."""
    import numpy as np

    count = stop - start
    out = np.empty(count, _DTYPES[loop.unit.main.result])
    status = np.empty(count, np.int32)
    parts = [each[start:stop] if _is_column(each) else each for each in columns]
    edges = [count * place // cores for place in range(cores + 1)]

    def part(bounds: tuple[int, int]) -> int:
        return loop.rows(*parts, out, status, *bounds)

    if cores == 1:
        part((0, count))
    else:
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(part, itertools.pairwise(edges)))
    return out, status


def _joined(pieces: list[Piece]) -> Array:
    """All results as one column."""
    import numpy as np

    filled = [piece for piece in pieces if len(piece)]
    if not filled:
        return np.empty(0, np.float64)
    arrays = [piece for piece in filled if not isinstance(piece, list)]
    if len(arrays) == len(filled) and len({piece.dtype for piece in arrays}) == 1:
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    values = [
        value
        for piece in filled
        for value in (piece if isinstance(piece, list) else piece.tolist())
    ]
    found = np.empty(len(values), object)
    found[:] = values
    return found
