"""The loop over rows around a kernel: columns in, columns and a status a row out.

``NAME.rows(columns, outputs, status, start, stop) -> failed``: ``columns`` and ``outputs`` are arrays of addresses (of a
``whole`` column: of the one item), ``status`` an ``int32`` a row, or null for a kernel that cannot fail. Rows ``start`` up to
``stop``, without it, are done; the number of those whose status is not 0 is given. A failed row's outputs are 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.jit.llvm.functions import load, signature, store, symbol
from hyper.jit.llvm.operations import STORED, TYPES

if TYPE_CHECKING:
    from hyper.jit.kernel.ir import Column, Function, Kernel


def rows_symbol(kernel: Kernel) -> str:
    """The name under which the loop of a kernel is found in an object."""
    return f"{kernel.function}.rows"


def rows_text(kernel: Kernel, function: Function) -> str:
    """Two functions: one takes each address as a parameter, so that LLVM is told that none overlaps another."""
    name = kernel.function
    ins = [f"%c{place}" for place in range(len(kernel.columns))]
    outs = [f"%o{place}" for place in range(len(kernel.outputs))]
    pointers = [*ins, *outs, "%status"]
    given = ", ".join(f"ptr noalias nocapture {pointer}" for pointer in pointers)
    inner = f'@"{name}.rows.loop"'
    lines = [f"define internal i64 {inner}(i64 %start, i64 %stop, {given}) nounwind noinline {{"]
    lines += ["entry:", *_results(kernel, function), *_wholes(kernel)]
    lines += [
        "  br label %head",
        "head:",
        "  %i = phi i64 [ %start, %entry ], [ %i.next, %row ]",
        "  %bad = phi i64 [ 0, %entry ], [ %bad.next, %row ]",
        "  %more = icmp slt i64 %i, %stop",
        "  br i1 %more, label %row, label %exit",
        "row:",
    ]
    args: list[str] = []
    for place, column in enumerate(kernel.columns):
        made, passed = _arguments(place, column)
        lines += [f"  {line}" for line in made]
        args += passed
    types = signature(function)
    args += [f"%r{place}" for place in range(len(kernel.outputs))]
    passed_text = ", ".join(f"{kind} {arg}" for kind, arg in zip(types, args, strict=True))
    lines += _cleared(kernel, function)
    lines.append(f"  %code = call i32 {symbol(name)}({passed_text})")
    for place, output in enumerate(kernel.outputs):
        kind, storage = TYPES[function.results[place]], output.storage
        lines.append(f"  %y{place} = load {kind}, ptr %r{place}")
        lines.append(
            f"  %q{place} = getelementptr inbounds {STORED[storage]}, ptr %o{place}, i64 %i"
        )
        lines += [f"  {line}" for line in store(f"%y{place}", f"%q{place}", storage)]
    lines += _status(function)
    lines += [
        "  %i.next = add nsw i64 %i, 1",
        "  br label %head",
        "exit:",
        "  ret i64 %bad",
        "}",
    ]
    return "\n".join([*lines, *_outer(kernel, inner), ""])


def _results(kernel: Kernel, function: Function) -> list[str]:
    return [
        f"  %r{place} = alloca {TYPES[function.results[place]]}"
        for place in range(len(kernel.outputs))
    ]


def _cleared(kernel: Kernel, function: Function) -> list[str]:
    if not function.fails:
        return []
    zeros = {"double": "0.0", "i1": "false"}
    kinds = [TYPES[kind] for kind in function.results]
    return [
        f"  store {kinds[place]} {zeros.get(kinds[place], '0')}, ptr %r{place}"
        for place in range(len(kernel.outputs))
    ]


def _wholes(kernel: Kernel) -> list[str]:
    lines = []
    for place, column in enumerate(kernel.columns):
        if column.role == "whole":
            lines += [f"  {line}" for line in load(f"%w{place}", f"%c{place}", column.storage)]
    return lines


def _arguments(place: int, column: Column) -> tuple[list[str], list[str]]:
    if column.role == "items":
        return [], [f"%c{place}"]
    if column.role == "whole":
        return [], [f"%w{place}"]
    stored = STORED[column.storage]
    made = [f"%ca{place} = getelementptr inbounds {stored}, ptr %c{place}, i64 %i"]
    made += load(f"%cx{place}", f"%ca{place}", column.storage)
    if column.role == "value":
        return made, [f"%cx{place}"]
    made.append(f"%cb{place} = getelementptr inbounds {stored}, ptr %ca{place}, i64 1")
    made += load(f"%cy{place}", f"%cb{place}", column.storage)
    return made, [f"%cx{place}", f"%cy{place}"]


def _status(function: Function) -> list[str]:
    if not function.fails:
        return ["  %bad.next = add i64 %bad, 0"]
    return [
        "  %sa = getelementptr inbounds i32, ptr %status, i64 %i",
        "  store i32 %code, ptr %sa",
        "  %failed = icmp ne i32 %code, 0",
        "  %failed.w = zext i1 %failed to i64",
        "  %bad.next = add i64 %bad, %failed.w",
    ]


def _outer(kernel: Kernel, inner: str) -> list[str]:
    lines = [
        f'define i64 @"{rows_symbol(kernel)}"(ptr %columns, ptr %outputs, ptr %status, i64 %start, i64 %stop) nounwind {{'
    ]
    passed = []
    for array, count in (("columns", len(kernel.columns)), ("outputs", len(kernel.outputs))):
        for place in range(count):
            name = f"%{array[0]}{place}"
            lines.append(f"  {name}.a = getelementptr inbounds ptr, ptr %{array}, i64 {place}")
            lines.append(f"  {name} = load ptr, ptr {name}.a")
            passed.append(f"ptr {name}")
    passed.append("ptr %status")
    lines.append(f"  %bad = call i64 {inner}(i64 %start, i64 %stop, {', '.join(passed)})")
    return [*lines, "  ret i64 %bad", "}"]
