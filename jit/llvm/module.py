"""A unit of kernels as one LLVM module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.jit.kernel import ir
from hyper.jit.kernel.flatten import flattened
from hyper.jit.llvm.functions import FunctionText, signature, symbol
from hyper.jit.llvm.rows import rows_text
from hyper.jit.llvm.support import support

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from hyper.jit.kernel.ir import Function, Kernel, Kind, Unit

UNLIKELY = '!0 = !{!"branch_weights", i32 1, i32 1048576}'


def scalar_symbol(kernel: Kernel) -> str:
    """The name under which one call of a kernel is found in an object: ``status = f(parameters…, addresses of results…)``."""
    return f"{kernel.function}.call"


def module_text(unit: Unit, *, calls: bool = True, rows: bool = True) -> str:
    """The text of the module: the same for the same unit, byte by byte. Without ``calls`` no kernel can be called for one row,
    without ``rows`` none runs over rows: loops take longest to compile."""
    names = [function.name for function in unit.functions]
    return part_text(unit, names, copies=False, calls=calls, rows=rows)


def part_text(
    unit: Unit, names: Collection[str], *, copies: bool, calls: bool = True, rows: bool = True
) -> str:
    """The text of a module that has some of a unit's functions, with the kernels among them.

    The others that these call are found elsewhere by their symbols, or with ``copies`` are there as well. ``calls`` and
    ``rows`` are as of ``module_text``.
    """
    known = {function.name: function for function in unit.functions}
    needed: set[str] = set()
    parts: list[str] = []
    called = {name for kernel in unit.kernels if kernel.function in names for name in kernel.needs}
    for function in _reached(known, {*names, *called}, copies=copies):
        if copies or function.name in names:
            parts.append(FunctionText(flattened(function), known, needed).text())
        else:
            parts.append(f"declare i32 {symbol(function.name)}({', '.join(signature(function))})\n")
    for kernel in unit.kernels:
        if kernel.function not in names:
            continue
        function = known[kernel.function]
        if calls:
            parts.append(_scalar_text(kernel, function))
        if rows:
            parts.append(rows_text(kernel, function))
    return "\n".join([support(needed), *parts, UNLIKELY, ""])


def _reached(
    known: Mapping[str, Function], names: Collection[str], *, copies: bool
) -> list[Function]:
    """The functions of these names, and those that they call, at once or with ``copies`` in turn; callees before callers."""
    reached, waiting = set(names), list(names)
    while waiting:
        for name in ir.calls(known[waiting.pop()].body) - reached:
            reached.add(name)
            if copies:
                waiting.append(name)
    return [function for name, function in known.items() if name in reached]


def scalar_types(function: Function) -> list[str]:
    """The types that one call takes: bools are bytes and wide numbers are passed by address, as every C compiler agrees."""
    own = ["ptr" if param.pointer else _PASSED[param.kind] for param in function.params]
    return own + ["ptr"] * len(function.results)


_PASSED: Final[dict[Kind, str]] = {"bool": "i8", "int": "i64", "wide": "ptr", "float": "double"}


def _scalar_text(kernel: Kernel, function: Function) -> str:
    kinds = signature(function)
    given, lines, passed = [], [], []
    for place, kind in enumerate(kinds):
        name = f"%a{place}"
        if kind == "i1":
            given.append(f"i8 {name}.b")
            lines.append(f"  {name} = icmp ne i8 {name}.b, 0")
        elif kind == "i128":
            given.append(f"ptr {name}.p")
            lines.append(f"  {name} = load i128, ptr {name}.p, align 8")
        elif kind == "ptr" and place >= len(function.params):
            result = function.results[place - len(function.params)]
            given.append(f"ptr {name}{'.r' if result == 'bool' else ''}")
            if result == "bool":
                lines.append(f"  {name} = alloca i1")
                lines.append(f"  store i1 false, ptr {name}")
        else:
            given.append(f"{kind} {name}")
        passed.append(f"{kind} {name}")
    lines.append(f"  %code = call i32 {symbol(function.name)}({', '.join(passed)})")
    for place, result in enumerate(function.results, len(function.params)):
        if result == "bool":
            lines.append(f"  %m{place} = load i1, ptr %a{place}")
            lines.append(f"  %n{place} = zext i1 %m{place} to i8")
            lines.append(f"  store i8 %n{place}, ptr %a{place}.r")
    head = f'define i32 @"{scalar_symbol(kernel)}"({", ".join(given)}) nounwind {{'
    return "\n".join([head, *lines, "  ret i32 %code", "}", ""])
