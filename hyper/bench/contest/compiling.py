"""Making native code of one kernel, as a call or as a loop over rows: ours from the program, numba's from Python.

Run as ``python -m hyper.bench.contest.compiling LIBRARY FORM KERNEL FILE`` it does so once, in a process that does nothing else.
"""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Any, Final

from hyper.bench.contest.entry import Entry
from hyper.bench.contest.kernels import inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.bench.contest.entry import Array, Task
    from hyper.jit.kernel import ir
    from hyper.jit.llvm.target import Loaded

SIGNATURES: Final = {
    ("price", "call"): "f8(i8,f8,i4)",
    ("rate", "call"): "f8(i4,f8,i4)",
    ("eligible", "call"): "b1(i8,f8,f8,i8,i4,u1)",
    ("price", "loop"): "void(i8[::1],f8[::1],i4[::1],f8[::1])",
    ("rate", "loop"): "void(i4[::1],f8[::1],i4[::1],f8[::1])",
    ("eligible", "loop"): "void(i8[::1],f8[::1],f8[::1],i8[::1],i4[::1],u1[::1],u1[::1])",
}
"""Of those kernels whose rows cannot fail: what numba is given is then the plain function."""
_CHECKED: Final = 500


def prepare(task: Task) -> Entry:
    """``task["library"]`` compiles the kernel anew each time; its answers are those of the last function."""
    kernel, form = task["kernel"], task["form"]
    columns = list(inputs(kernel, _CHECKED, task["seed"]).values())
    act = _compiler(task["library"], form, kernel, task["file"])
    act()  # whatever is loaded once is loaded now
    return Entry(act, lambda compiled: [compiled(columns)])


def ours(kernel: str, form: str, stored: bytes) -> Callable[[], Callable[[list[Array]], Array]]:
    """From a stored module of a program to a function in memory."""
    from hyper.emit.native.unit import Unit
    from hyper.ir.program import Program
    from hyper.ir.stored import decode_module
    from hyper.jit.llvm.module import module_text, scalar_symbol
    from hyper.jit.llvm.rows import rows_symbol
    from hyper.jit.llvm.target import Compiler, host

    program = Program([decode_module(stored)])

    def compiled() -> Callable[[list[Array]], Array]:
        unit = Unit(program).unit([f"contest.{kernel}"])
        text = module_text(unit, calls=form == "call", rows=form == "loop")
        loaded = Compiler(host()).load(text)
        made = unit.kernels[0]
        if form == "loop":
            # In memory, and found: NumPy is for who applies it.
            assert loaded.address(rows_symbol(made))
            return lambda columns: _all(loaded, made, columns)
        symbol, storage = scalar_symbol(made), made.outputs[0].storage
        return lambda columns: _each(loaded, symbol, columns, storage)

    return compiled


_C: Final[Mapping[str, Any]] = {"i": ctypes.c_int64, "f": ctypes.c_double, "u": ctypes.c_uint8}


def _all(loaded: Loaded, kernel: ir.Kernel, columns: list[Array]) -> Array:
    from hyper.jit.batch import RowsKernel

    rows = RowsKernel(kernel, loaded, fails=False)
    return rows.run(columns, len(columns[0])).outputs[0]


def _each(loaded: Loaded, symbol: str, columns: list[Array], storage: str) -> Array:
    """A call for each row. An int of 32 bits is passed as one of 64."""
    import numpy as np

    kinds = [_C[column.dtype.kind] for column in columns]
    function = ctypes.CFUNCTYPE(ctypes.c_int32, *kinds, ctypes.c_void_p)(loaded.address(symbol))
    out = np.zeros(len(columns[0]), "u1" if storage == "u8" else "f8")
    for place, row in enumerate(zip(*columns, strict=True)):
        status = function(*(value.item() for value in row), out[place:].ctypes.data)
        assert status == 0
    return out


def by_numba(kernel: str, form: str) -> Callable[[], Callable[[list[Array]], Array]]:
    """``numba.njit`` with an explicit signature, of the same function."""
    import numba

    from hyper.bench.contest import by_hand

    function: Any = by_hand.LOOPS[kernel].function if form == "loop" else by_hand.CALLS[kernel]
    signature = SIGNATURES[kernel, form]

    def compiled() -> Callable[[list[Array]], Array]:
        made = numba.njit(signature, error_model="numpy")(function)
        return lambda columns: _applied(made, form, columns, by_hand.LOOPS[kernel].dtypes[0])

    return compiled


def _applied(made: Any, form: str, columns: list[Array], dtype: str) -> Array:
    import numpy as np

    out = np.empty(len(columns[0]), dtype)
    if form == "loop":
        made(*columns, out)
    else:
        out[:] = [made(*row) for row in zip(*columns, strict=True)]
    return out


def _compiler(
    library: str, form: str, kernel: str, path: str
) -> Callable[[], Callable[[list[Array]], Array]]:
    if library != "ours":
        return by_numba(kernel, form)
    with open(path, "rb") as stream:
        return ours(kernel, form, stream.read())


def main(library: str, form: str, kernel: str, path: str) -> int:
    """Compile once."""
    _compiler(library, form, kernel, path)()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
