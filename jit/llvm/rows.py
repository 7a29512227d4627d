"""The loop over rows around a kernel: columns in, columns and a status a row out.

``NAME.rows(columns, outputs, status, start, stop) -> failed``: ``columns`` and ``outputs`` are arrays of addresses (of a
``whole`` column: of the one item), ``status`` an ``int32`` a row, or null for a kernel that cannot fail. Rows ``start`` up to
``stop``, without it, are done; the number of those whose status is not 0 is given. A failed row's outputs are 0.

Where a kernel has a body for constants, rows are looked at a block at a time: those of a block in which the columns are nothing
but these run in a loop that has them built in, all others in the general one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.jit.llvm.functions import load, signature, store, symbol
from hyper.jit.llvm.operations import STORED, TYPES, constant

if TYPE_CHECKING:
    from hyper.jit.kernel.ir import Bodies, Column, Function, Kernel

BLOCK: Final = 64
"""Rows that are looked at together."""


def rows_symbol(kernel: Kernel) -> str:
    """The name under which the loop of a kernel is found in an object."""
    return f"{kernel.function}.rows"


def rows_text(kernel: Kernel, function: Function) -> str:
    """The function, and its loops: these take each address as a parameter, so that LLVM is told that none overlaps another."""
    name, bodies = kernel.function, kernel.bodies
    if bodies is None:
        inner = f'@"{name}.rows.loop"'
        return "\n".join([*_loop(kernel, function, inner, name), *_outer(kernel, inner), ""])
    held, general = f'@"{name}.rows.held"', f'@"{name}.rows.general"'
    lines = _loop(kernel, function, held, bodies.held)
    lines += _loop(kernel, function, general, bodies.general)
    lines += _differing(kernel, bodies)
    return "\n".join([*lines, *_choosing(kernel, held, general), ""])


def _loop(kernel: Kernel, function: Function, inner: str, body: str) -> list[str]:
    """The function ``inner``, which runs ``body`` for each row."""
    ins = [f"%c{place}" for place in range(len(kernel.columns))]
    outs = [f"%o{place}" for place in range(len(kernel.outputs))]
    pointers = [*ins, *outs, "%status"]
    given = ", ".join(f"ptr noalias nocapture {pointer}" for pointer in pointers)
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
    lines.append(f"  %code = call i32 {symbol(body)}({passed_text})")
    for place, output in enumerate(kernel.outputs):
        kind, storage = TYPES[function.results[place]], output.storage
        lines.append(f"  %y{place} = load {kind}, ptr %r{place}")
        lines.append(
            f"  %q{place} = getelementptr inbounds {STORED[storage]}, ptr %o{place}, i64 %i"
        )
        lines += [f"  {line}" for line in store(f"%y{place}", f"%q{place}", storage)]
    lines += _status(function)
    return [
        *lines,
        "  %i.next = add nsw i64 %i, 1",
        "  br label %head",
        "exit:",
        "  ret i64 %bad",
        "}",
    ]


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
    lines, passed = _addresses(kernel)
    lines.append(f"  %bad = call i64 {inner}(i64 %start, i64 %stop, {passed})")
    return [*lines, "  ret i64 %bad", "}"]


def _differing(kernel: Kernel, bodies: Bodies) -> list[str]:
    """Whether any row of a block differs from the constants. Where the first one does, no other is looked at."""
    places = [place for place, _ in bodies.constants]
    pointers = ", ".join(f"ptr noalias nocapture %c{place}" for place in places)
    name = f'@"{kernel.function}.rows.differ"'
    lines = [f"define internal i1 {name}(i64 %start, i64 %stop, {pointers}) nounwind {{", "entry:"]
    lines += _difference(kernel, bodies, "%start", "f")
    lines += [
        "  br i1 %differ.f, label %exit, label %head",
        "head:",
        "  %i = phi i64 [ %start, %entry ], [ %next, %row ]",
        "  %some = phi i1 [ false, %entry ], [ %more, %row ]",
        "  %left = icmp slt i64 %i, %stop",
        "  br i1 %left, label %row, label %exit",
        "row:",
        *_difference(kernel, bodies, "%i", "r"),
        "  %more = or i1 %some, %differ.r",
        "  %next = add nsw i64 %i, 1",
        "  br label %head",
        "exit:",
        "  %found = phi i1 [ true, %entry ], [ %some, %head ]",
        "  ret i1 %found",
        "}",
    ]
    return lines


def _difference(kernel: Kernel, bodies: Bodies, row: str, mark: str) -> list[str]:
    """The lines after which ``%differ.MARK`` tells whether a row is another."""
    lines, last = [], "false"
    for number, (place, value) in enumerate(bodies.constants):
        storage, at = kernel.columns[place].storage, f"%{mark}{number}"
        lines.append(
            f"  {at}.a = getelementptr inbounds {STORED[storage]}, ptr %c{place}, i64 {row}"
        )
        lines += [f"  {line}" for line in load(at, f"{at}.a", storage)]
        lines.append(f"  {at}.n = icmp ne {TYPES[value.kind]} {at}, {constant(value)}")
        name = f"%differ.{mark}" if number == len(bodies.constants) - 1 else f"{at}.o"
        lines.append(f"  {name} = or i1 {last}, {at}.n")
        last = name
    return lines


def _choosing(kernel: Kernel, held: str, general: str) -> list[str]:
    """The function that looks at a block of rows, and runs one of two loops over it."""
    assert kernel.bodies is not None
    lines, passed = _addresses(kernel)
    looked = ", ".join(f"ptr %c{place}" for place, _ in kernel.bodies.constants)
    return [
        *lines,
        "  br label %head",
        "head:",
        "  %at = phi i64 [ %start, %entry ], [ %end, %next ]",
        "  %bad = phi i64 [ 0, %entry ], [ %bad.next, %next ]",
        "  %more = icmp slt i64 %at, %stop",
        "  br i1 %more, label %block, label %exit",
        "block:",
        f"  %full = add nsw i64 %at, {BLOCK}",
        "  %last = icmp slt i64 %full, %stop",
        "  %end = select i1 %last, i64 %full, i64 %stop",
        f'  %differ = call i1 @"{kernel.function}.rows.differ"(i64 %at, i64 %end, {looked})',
        "  br i1 %differ, label %general, label %held",
        "held:",
        f"  %bad.h = call i64 {held}(i64 %at, i64 %end, {passed})",
        "  br label %next",
        "general:",
        f"  %bad.g = call i64 {general}(i64 %at, i64 %end, {passed})",
        "  br label %next",
        "next:",
        "  %bad.b = phi i64 [ %bad.h, %held ], [ %bad.g, %general ]",
        "  %bad.next = add i64 %bad, %bad.b",
        "  br label %head",
        "exit:",
        "  ret i64 %bad",
        "}",
    ]


def _addresses(kernel: Kernel) -> tuple[list[str], str]:
    """The head of the function that is called, with all addresses loaded, and how these are passed on."""
    lines = [
        f'define i64 @"{rows_symbol(kernel)}"(ptr %columns, ptr %outputs, ptr %status, i64 %start, i64 %stop) nounwind {{',
        "entry:",
    ]
    passed = []
    for array, count in (("columns", len(kernel.columns)), ("outputs", len(kernel.outputs))):
        for place in range(count):
            name = f"%{array[0]}{place}"
            lines.append(f"  {name}.a = getelementptr inbounds ptr, ptr %{array}, i64 {place}")
            lines.append(f"  {name} = load ptr, ptr {name}.a")
            passed.append(f"ptr {name}")
    passed.append("ptr %status")
    return lines, ", ".join(passed)
