"""Each operation of the kernel IR as lines of LLVM, or as a call of a support function."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.jit.kernel.ir import Imm, Kind, Storage

    Emit = Callable[[str, str, list[str]], list[str]]

TYPES: Final[dict[Kind, str]] = {"bool": "i1", "int": "i64", "wide": "i128", "float": "double"}
STORED: Final[dict[Storage, str]] = {
    "u8": "i8",
    "i32": "i32",
    "i64": "i64",
    "i128": "i128",
    "f64": "double",
}

_INT: Final = {"add": "add", "sub": "sub", "mul": "mul"}
_FLOAT: Final = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
_ARITHMETIC: Final = re.compile(r"= (fadd|fsub|fmul|fdiv) double")
_LOGIC: Final = {"and": "and", "or": "or", "xor": "xor"}
_SIGNED: Final = {"eq": "eq", "ne": "ne", "lt": "slt", "le": "sle", "gt": "sgt", "ge": "sge"}
_ORDERED: Final = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}
_CASTS: Final = {
    "widen": "sext i64 {} to i128",
    "narrow": "trunc i128 {} to i64",
    "to_float": "sitofp i64 {} to double",
    "to_int": "fptosi double {} to i64",
    "from_bool": "zext i1 {} to i64",
    "is_nan": "fcmp uno double {}, 0.0",
}
_FLOAT_INTRINSICS: Final = {
    "abs": "fabs",
    "sqrt": "sqrt",
    "rint": "roundeven",
    "floor": "floor",
    "ceil": "ceil",
}
_LIBM: Final = {"exp": 1, "log": 1, "log10": 1, "pow": 2}
_INT_INTRINSICS: Final = {"min": "smin", "max": "smax"}


def constant(value: Imm) -> str:
    """A constant as LLVM reads it; a float by its bits."""
    if value.kind == "float":
        return f"0x{struct.pack('>d', float.fromhex(value.text)).hex().upper()}"
    if value.kind == "bool":
        return "true" if value.text == "1" else "false"
    return value.text


def relaxed(line: str) -> str:
    """A line whose arithmetic of floats may be reordered: NaN, infinities and the sign of zero still count."""
    return _ARITHMETIC.sub(r"= \1 reassoc arcp contract double", line)


def operation(  # noqa: PLR0917  # what a line is made of
    name: str, kind: Kind, operand: Kind, dest: str, args: list[str], support: set[str]
) -> list[str]:
    """The lines of ``dest = name(args)``. ``operand`` is the kind of the first argument. What they call is added to ``support``."""
    if name in _CASTS:
        return [f"{dest} = {_CASTS[name].format(*args)}"]
    if name == "not":
        return [f"{dest} = xor i1 {args[0]}, true"]
    if name == "select":
        of = TYPES[kind]
        return [f"{dest} = select i1 {args[0]}, {of} {args[1]}, {of} {args[2]}"]
    if name in _SIGNED:
        test = f"fcmp {_ORDERED[name]}" if operand == "float" else f"icmp {_SIGNED[name]}"
        return [f"{dest} = {test} {TYPES[operand]} {', '.join(args)}"]
    if name in _LOGIC and kind == "bool":
        return [f"{dest} = {_LOGIC[name]} i1 {', '.join(args)}"]
    if operand == "float":
        return _float(name, kind, dest, args, support)
    return _int(name, kind, dest, args, support)


def _float(name: str, kind: Kind, dest: str, args: list[str], support: set[str]) -> list[str]:
    if name in _FLOAT:
        return [f"{dest} = {_FLOAT[name]} double {', '.join(args)}"]
    if name == "neg":
        return [f"{dest} = fneg double {args[0]}"]
    if name in _FLOAT_INTRINSICS:
        function = f"llvm.{_FLOAT_INTRINSICS[name]}.f64"
        support.add(function)
        return [f"{dest} = call double @{function}(double {args[0]})"]
    if name in _LIBM:
        support.add(name)
        given = ", ".join(f"double {arg}" for arg in args)
        # Not to be taken for what LLVM knows: it would fold and rewrite what the library computes.
        return [f"{dest} = call double @{name}({given}) nobuiltin"]
    function = f"hk.{name}"
    support.add(function)
    given = ", ".join(f"double {arg}" for arg in args)
    return [f"{dest} = call {TYPES[kind]} @{function}({given})"]


def _int(name: str, kind: Kind, dest: str, args: list[str], support: set[str]) -> list[str]:
    of = TYPES[kind]
    if name in _INT:
        return [f"{dest} = {_INT[name]} {of} {', '.join(args)}"]
    if name == "neg":
        return [f"{dest} = sub {of} 0, {args[0]}"]
    if name == "abs":
        function = f"llvm.abs.{of}"
        support.add(function)
        return [f"{dest} = call {of} @{function}({of} {args[0]}, i1 false)"]
    if name in _INT_INTRINSICS:
        function = f"llvm.{_INT_INTRINSICS[name]}.{of}"
        support.add(function)
        return [f"{dest} = call {of} @{function}({of} {args[0]}, {of} {args[1]})"]
    if name == "scale_down":
        function = f"hk.scale_down.{of}"
        support.add(function)
        if kind == "int":
            power = str(10 ** int(args[1]))
            return [f"{dest} = call {of} @{function}({of} {args[0]}, {of} {power})"]
        whole = int(args[1])
        parts = [10 ** min(9, max(0, whole - 9 * part)) for part in range(5)]
        given = ", ".join(f"i64 {part}" for part in parts)
        return [f"{dest} = call {of} @{function}({of} {args[0]}, {given}, {of} {10**whole})"]
    if name in {"ratio", "compare_exact"}:
        function = f"hk.{name}"
        support.add(function)
        second = "double" if name == "compare_exact" else "i64"
        return [f"{dest} = call {of} @{function}(i64 {args[0]}, {second} {args[1]})"]
    function = f"hk.{name}.{of}"
    support.add(function)
    given = ", ".join(f"{of} {arg}" for arg in args)
    return [f"{dest} = call {of} @{function}({given})"]
