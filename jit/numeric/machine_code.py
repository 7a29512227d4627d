"""Numeric functions through numba: one call with Python's numbers, and a loop over columns of NumPy.

numba is imported when the first function is compiled, never before.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hyper.jit.numeric.source import NotNumericError
from hyper.jit.numeric.support import LIBRARY, TEXT, c_function, surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.jit.numeric.source import Kind, Number
    from hyper.jit.numeric.unit import Unit

_TYPES: Final[dict[Kind, str]] = {"bool": "boolean", "int": "int64", "float": "float64"}
_LEAN: Final[dict[str, Any]] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
_INNER: Final[dict[str, Any]] = {**_LEAN, "no_cpython_wrapper": True}
_ONE_AT_A_TIME: Final = threading.Lock()
_SUPPORT: Final = ("float_mod", "float_floordiv", "nearest_even", "float_pow")


class CheckFailedError(Exception):
    """A check of compiled code did not hold; its argument is the number of the site."""


class Code(NamedTuple):
    """A compiled function: ``call`` takes numbers of exactly its kinds, and raises ``CheckFailedError`` with the site."""

    unit: Unit
    call: Callable[..., Any]

    @property
    def fixed(self) -> dict[int, Number]:
        """The arguments that are constants of the code, by their place."""
        return self.unit.constants


def is_installed() -> bool:
    """Whether numba can be imported, without doing it."""
    return importlib.util.find_spec("numba") is not None


def expected_seconds() -> float:
    """How long the first compile of a function is expected to take: with numba's own start, or without."""
    return 0.15 if "numba" in sys.modules else 0.8


def scalar_code(unit: Unit) -> Code:
    """Code for one call. Raises ``NotNumericError`` where a function of the C library is not to be had."""
    main = unit.main
    params = ", ".join(f"a{place}" for place in range(len(main.kinds)))
    text = (
        f"def entry({params}):\n"
        f"    status, value = {main.name}({params})\n"
        "    if status != 0:\n"
        "        raise CheckFailedError(status)\n"
        "    return value\n"
    )
    signature = f"{_TYPES[main.result]}({_kinds(main.kinds)})"
    entry = _compiled(unit, text, "entry", signature)
    (made,) = entry.overloads.values()
    return Code(unit, made.entry_point)


def rows_code(unit: Unit, columns: tuple[bool, ...]) -> Callable[..., int]:
    """A loop over rows: ``rows(*arguments, out, status, start, stop)`` gives the number of rows whose status is not 0.

    ``columns`` tells which arguments are arrays, contiguous, one item a row; the others are the same for all rows.
    ``status`` is an int32 a row. It runs without the interpreter's lock.
    """
    main = unit.main
    names = [f"a{place}" for place in range(len(columns))]
    given = ", ".join(
        f"{name}[i]" if column else name for name, column in zip(names, columns, strict=True)
    )
    text = (
        f"def rows({', '.join(names)}, out, status, start, stop):\n"
        "    failed = 0\n"
        "    for i in range(start, stop):\n"
        f"        code, value = {main.name}({given})\n"
        "        out[i] = value\n"
        "        status[i] = code\n"
        "        if code != 0:\n"
        "            failed += 1\n"
        "    return failed\n"
    )
    from numba import types

    # What is only read may be memory that may not be written.
    given_types = [
        types.Array(getattr(types, _TYPES[kind]), 1, "C", readonly=True)
        if column
        else getattr(types, _TYPES[kind])
        for kind, column in zip(main.kinds, columns, strict=True)
    ]
    out = types.Array(getattr(types, _TYPES[main.result]), 1, "C")
    status = types.Array(types.int32, 1, "C")
    signature = types.int64(*given_types, out, status, types.int64, types.int64)
    rows: Callable[..., int] = _compiled(unit, text, "rows", signature)
    return rows


def _kinds(kinds: tuple[Kind, ...]) -> str:
    return ", ".join(_TYPES[kind] for kind in kinds)


def _compiled(unit: Unit, text: str, name: str, signature: Any) -> Any:
    """The functions of a unit and one more, with all but that one reachable from compiled code only."""
    import numba
    import numpy as np

    with _ONE_AT_A_TIME:
        space = surroundings() | {
            "CheckFailedError": CheckFailedError,
            "np_floor": np.floor,
            "__name__": __name__,
        }
        _add_support("".join(made.text for made in unit.functions), space)
        for each in _SUPPORT:
            space[each] = numba.njit(**_INNER)(space[each])
        for made in unit.functions:
            exec(compile(made.text, "<numeric>", "exec"), space)  # noqa: S102  # made above from a syntax tree
            types = f"Tuple((int64, {_TYPES[made.result]}))({_kinds(made.kinds)})"
            space[made.name] = numba.njit(types, **_INNER)(space[made.name])
        exec(compile(text, "<entry>", "exec"), space)  # noqa: S102  # likewise
        return numba.njit(signature, **_LEAN)(space[name])


def _add_support(text: str, space: dict[str, Any]) -> None:
    exec(compile(TEXT, "<support>", "exec"), space)  # noqa: S102  # our own text
    try:
        for each in LIBRARY:
            if f"c_{each}(" in text:
                space[f"c_{each}"] = c_function(each)
        if any(f"{each}(" in text for each in _SUPPORT):
            space |= {"c_fmod": c_function("fmod", 2), "c_pow": c_function("pow", 2)}
    except (AttributeError, OSError):
        raise NotNumericError("this system's C library is not to be found") from None
