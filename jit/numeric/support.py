"""What compiled functions call: Python's own arithmetic of floats, and the functions of its C library by their address.

The division of floats is that of CPython (``float_divmod`` in ``Objects/floatobject.c``), the power that of ``float_pow`` there.
The compiler's own forms of ``pow``, ``exp`` and the others may differ in the last digit.
"""

from __future__ import annotations

import ctypes
import math
import sys
from typing import Any, Final

LIBRARY: Final = (
    "exp", "log", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
)  # fmt: skip
"""Functions of one float that ``math`` takes from the C library as they are."""

TEXT: Final = """
def float_mod(a, b):
    m = c_fmod(a, b)
    if m != 0.0:
        if (b < 0.0) != (m < 0.0):
            m += b
    else:
        m = math.copysign(0.0, b)
    return m

def float_floordiv(a, b):
    m = c_fmod(a, b)
    d = (a - m) / b
    if m != 0.0 and (b < 0.0) != (m < 0.0):
        d -= 1.0
    if d != 0.0:
        f = float(np_floor(d))
        if d - f > 0.5:
            f += 1.0
        return f
    return math.copysign(0.0, a / b)

def nearest_even(x):
    if not (-4503599627370496.0 < x < 4503599627370496.0):
        return x
    f = np_floor(x)
    d = x - f
    if d > 0.5 or (d == 0.5 and c_fmod(f, 2.0) != 0.0):
        f += 1.0
    return f

def float_pow(a, b):
    if not (math.isfinite(a) and math.isfinite(b)):
        return 1, 0.0
    if b == 0.0 or a == 1.0:
        return 0, 1.0
    odd = math.fabs(c_fmod(b, 2.0)) == 1.0
    if a == 0.0:
        if b < 0.0:
            return 1, 0.0
        return 0, (a if odd else 0.0)
    negative = False
    if a < 0.0:
        if b != np_floor(b):
            return 1, 0.0
        negative = odd
        a = -a
        if a == 1.0:
            return 0, (-1.0 if negative else 1.0)
    r = c_pow(a, b)
    if not (2.2250738585072014e-308 <= r <= 1.7976931348623157e308):
        return 1, 0.0
    return 0, (-r if negative else r)
"""


def c_function(name: str, arguments: int = 1) -> Any:
    """A function of floats of the C library that ``math`` uses. Raises ``AttributeError`` and ``OSError`` where there is none."""
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    found = getattr(library, name)
    found.restype = ctypes.c_double
    found.argtypes = [ctypes.c_double] * arguments
    return found


def surroundings() -> dict[str, Any]:
    """The names that compiled text may use besides its own."""
    return {"math": math, "INF": math.inf, "NAN": math.nan}
