"""The types of what kernels are given, by one letter each, and the signatures of all kernels."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Final, TypeAlias

Bytes: TypeAlias = MutableSequence[int]
"""Unsigned 8-bit integers: letter ``B``."""
Shorts: TypeAlias = MutableSequence[int]
"""Unsigned 16-bit integers: letter ``H``."""
Ints: TypeAlias = MutableSequence[int]
"""Signed 32-bit integers: letter ``i``."""
Places: TypeAlias = MutableSequence[int]
"""Signed 64-bit integers: letter ``q``."""
Longs: TypeAlias = MutableSequence[int]
"""Unsigned 64-bit integers: letter ``Q``. None meets a signed one in one operation: numba would make both floats."""

WIDTHS: Final = {"B": 1, "H": 2, "i": 4, "q": 8, "Q": 8}

SIGNATURES: Final[dict[str, str]] = {
    "count": "Bnn",
    "cut": "BnnBHniiH",
    "cut_together": "BnBHiiiiH",
    "histogram": "Bnq",
    "lay_out": "BiniBnBiBiBiiiBi",
    "lines": "Biniii",
    "name_kinds": "HnnBBB",
    "reach": "iininii",
    "search": "BinBiniinii",
    "validate": "BQini",
    "xxh64": "BqnQQQ",
}
"""The parameters of each kernel: letters of arrays, ``n`` for a number. All give a number."""
