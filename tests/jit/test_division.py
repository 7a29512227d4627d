"""What divisions of 128 bits call, which LLVM made itself."""

from __future__ import annotations

import ctypes
import itertools

import pytest

from hyper.jit.llvm.division import DIVISION, divided
from hyper.jit.llvm.target import Compiler, host

pytest.importorskip("llvmlite")

_OPERATIONS = ("udiv", "urem", "sdiv", "srem")
_NUMBERS = (
    0, 1, 2, 7, 10**12 - 1, 2**63, 2**64 - 1, 2**64, 10**28 - 1, 2**127 - 1, 2**127, 2**127 + 5,
    2**128 - 10**20, 2**128 - 1,
)  # fmt: skip


def _kernel(operation: str) -> str:
    return f"""
define void @{operation}(ptr %a, ptr %b, ptr %out) {{
  %n = load i128, ptr %a, align 8
  %d = load i128, ptr %b, align 8
  %found = {operation} i128 %n, %d
  store i128 %found, ptr %out, align 8
  ret void
}}
"""


def _signed(number: int) -> int:
    return number - 2**128 if number >= 2**127 else number


def _expected(operation: str, a: int, b: int) -> int:
    if operation[0] == "u":
        return a // b if operation == "udiv" else a % b
    one, other = _signed(a), _signed(b)
    quotient = abs(one) // abs(other) * (1 if (one < 0) == (other < 0) else -1)
    return (quotient if operation == "sdiv" else one - quotient * other) % 2**128


@pytest.mark.parametrize("level", ["0", "3"])
def test_they_divide_as_numbers_do(level: str) -> None:
    text = "".join(map(_kernel, _OPERATIONS))
    loaded = Compiler(host(), level).load(text)  # type: ignore[arg-type]
    for operation in _OPERATIONS:
        call = ctypes.CFUNCTYPE(None, *[ctypes.c_char_p] * 2, ctypes.c_void_p)(
            loaded.address(operation)
        )
        for a, b in itertools.product(_NUMBERS, _NUMBERS):
            if b == 0:
                continue
            out = ctypes.create_string_buffer(16)
            call(a.to_bytes(16, "little"), b.to_bytes(16, "little"), ctypes.addressof(out))
            found = int.from_bytes(out.raw, "little")
            assert found == _expected(operation, a, b), (operation, a, b)


def test_they_are_added_only_where_something_divides() -> None:
    assert divided("define void @f() {\n  ret void\n}\n") is None
    text = _kernel("sdiv")
    assert divided(text) == text + DIVISION
