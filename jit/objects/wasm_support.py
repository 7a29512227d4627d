"""What processors do in one instruction and WebAssembly has no instruction for: 128 bits, and the rest of floats.

LLVM calls these by their names in its own library, which is not linked. The C library's ``exp log log10 pow`` are not among them:
their last bit is that of the library that Python itself calls, so kernels that need them are left out (``left_out``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hyper.jit.kernel import ir

if TYPE_CHECKING:
    from hyper.jit.kernel.ir import Step

_MATHEMATICS: Final = frozenset({"exp", "log", "log10", "pow"})
_ZEROS: Final = "declare i64 @llvm.ctlz.i64(i64, i1)\n"

SUPPORTED: Final = frozenset({"__multi3", "__ashlti3", "__lshrti3", "__ashrti3", "fmod"})
"""The functions that ``wasm_support`` may define, which LLVM must find by their names."""

_WIDE: Final = r"""
; The product of 64 bits by 64, all of it, from four of 32 by 32.
define void @__multi3(ptr %out, i64 %al, i64 %ah, i64 %bl, i64 %bh) nounwind {
  %a0 = and i64 %al, 4294967295
  %a1 = lshr i64 %al, 32
  %b0 = and i64 %bl, 4294967295
  %b1 = lshr i64 %bl, 32
  %p00 = mul i64 %a0, %b0
  %p01 = mul i64 %a0, %b1
  %p10 = mul i64 %a1, %b0
  %p11 = mul i64 %a1, %b1
  %carry = lshr i64 %p00, 32
  %m0 = add i64 %p10, %carry
  %m0.low = and i64 %m0, 4294967295
  %m0.high = lshr i64 %m0, 32
  %m1 = add i64 %p01, %m0.low
  %m1.high = lshr i64 %m1, 32
  %h0 = add i64 %p11, %m0.high
  %h1 = add i64 %h0, %m1.high
  %m1.up = shl i64 %m1, 32
  %p00.low = and i64 %p00, 4294967295
  %low = or i64 %m1.up, %p00.low
  %x = mul i64 %al, %bh
  %y = mul i64 %ah, %bl
  %h2 = add i64 %h1, %x
  %high = add i64 %h2, %y
  store i64 %low, ptr %out
  %out.high = getelementptr inbounds i64, ptr %out, i32 1
  store i64 %high, ptr %out.high
  ret void
}

define void @__ashlti3(ptr %out, i64 %low, i64 %high, i32 %by) nounwind {
  %by.w = zext i32 %by to i64
  %by.6 = and i64 %by.w, 63
  %far = icmp uge i64 %by.w, 64
  %none = icmp eq i64 %by.6, 0
  %back = sub i64 64, %by.6
  %back.6 = and i64 %back, 63
  %low.s = shl i64 %low, %by.6
  %high.s = shl i64 %high, %by.6
  %over.s = lshr i64 %low, %back.6
  %over = select i1 %none, i64 0, i64 %over.s
  %high.o = or i64 %high.s, %over
  %low.r = select i1 %far, i64 0, i64 %low.s
  %high.r = select i1 %far, i64 %low.s, i64 %high.o
  store i64 %low.r, ptr %out
  %out.high = getelementptr inbounds i64, ptr %out, i32 1
  store i64 %high.r, ptr %out.high
  ret void
}

define void @__lshrti3(ptr %out, i64 %low, i64 %high, i32 %by) nounwind {
  %by.w = zext i32 %by to i64
  %by.6 = and i64 %by.w, 63
  %far = icmp uge i64 %by.w, 64
  %none = icmp eq i64 %by.6, 0
  %back = sub i64 64, %by.6
  %back.6 = and i64 %back, 63
  %low.s = lshr i64 %low, %by.6
  %high.s = lshr i64 %high, %by.6
  %over.s = shl i64 %high, %back.6
  %over = select i1 %none, i64 0, i64 %over.s
  %low.o = or i64 %low.s, %over
  %low.r = select i1 %far, i64 %high.s, i64 %low.o
  %high.r = select i1 %far, i64 0, i64 %high.s
  store i64 %low.r, ptr %out
  %out.high = getelementptr inbounds i64, ptr %out, i32 1
  store i64 %high.r, ptr %out.high
  ret void
}

define void @__ashrti3(ptr %out, i64 %low, i64 %high, i32 %by) nounwind {
  %by.w = zext i32 %by to i64
  %by.6 = and i64 %by.w, 63
  %far = icmp uge i64 %by.w, 64
  %none = icmp eq i64 %by.6, 0
  %back = sub i64 64, %by.6
  %back.6 = and i64 %back, 63
  %low.s = lshr i64 %low, %by.6
  %high.s = ashr i64 %high, %by.6
  %sign = ashr i64 %high, 63
  %over.s = shl i64 %high, %back.6
  %over = select i1 %none, i64 0, i64 %over.s
  %low.o = or i64 %low.s, %over
  %low.r = select i1 %far, i64 %high.s, i64 %low.o
  %high.r = select i1 %far, i64 %sign, i64 %high.s
  store i64 %low.r, ptr %out
  %out.high = getelementptr inbounds i64, ptr %out, i32 1
  store i64 %high.r, ptr %out.high
  ret void
}
"""

_REST: Final = r"""
; The rest of a / b towards zero, with the sign of a: exact, so it is every library's. The significands are divided as on paper, up
; to eleven powers of two at a time. What has no rest (by 0, of an infinity, with NaN) is NaN.
define double @fmod(double %a, double %b) nounwind "no-builtins" {
entry:
  %a.bits = bitcast double %a to i64
  %b.bits = bitcast double %b to i64
  %sign = and i64 %a.bits, -9223372036854775808
  %x = and i64 %a.bits, 9223372036854775807
  %y = and i64 %b.bits, 9223372036854775807
  %endless = icmp uge i64 %x, 9218868437227405312
  %b.nan = icmp ugt i64 %y, 9218868437227405312
  %b.zero = icmp eq i64 %y, 0
  %odd.1 = or i1 %endless, %b.nan
  %odd = or i1 %odd.1, %b.zero
  br i1 %odd, label %none, label %some
none:
  %product = fmul double %a, %b
  %nan = fdiv double %product, %product
  ret double %nan
some:
  %less = icmp ult i64 %x, %y
  br i1 %less, label %itself, label %split
itself:
  ret double %a
split:
  %x.e = lshr i64 %x, 52
  %y.e = lshr i64 %y, 52
  %x.f = and i64 %x, 4503599627370495
  %y.f = and i64 %y, 4503599627370495
  %x.normal = icmp ne i64 %x.e, 0
  %y.normal = icmp ne i64 %y.e, 0
  %x.one = or i64 %x.f, 4503599627370496
  %y.one = or i64 %y.f, 4503599627370496
  %x.m = select i1 %x.normal, i64 %x.one, i64 %x.f
  %y.m = select i1 %y.normal, i64 %y.one, i64 %y.f
  %x.s = select i1 %x.normal, i64 %x.e, i64 1
  %y.s = select i1 %y.normal, i64 %y.e, i64 1
  br label %reduce
reduce:
  %at = phi i64 [ %x.s, %split ], [ %at.next, %step ]
  %m = phi i64 [ %x.m, %split ], [ %m.next, %step ]
  %rest = urem i64 %m, %y.m
  %last = icmp sle i64 %at, %y.s
  br i1 %last, label %done, label %step
step:
  %apart = sub i64 %at, %y.s
  %near = icmp ult i64 %apart, 11
  %by.at = select i1 %near, i64 %apart, i64 11
  %m.next = shl i64 %rest, %by.at
  %at.next = sub i64 %at, %by.at
  br label %reduce
done:
  %zero = icmp eq i64 %rest, 0
  br i1 %zero, label %nothing, label %normal
nothing:
  %nothing.f = bitcast i64 %sign to double
  ret double %nothing.f
normal:
  %zeros = call i64 @llvm.ctlz.i64(i64 %rest, i1 true)
  %wanted = sub i64 %zeros, 11
  %room = sub i64 %y.s, 1
  %short = icmp ugt i64 %wanted, %room
  %by = select i1 %short, i64 %room, i64 %wanted
  %shifted = shl i64 %rest, %by
  %e.left = sub i64 %room, %by
  %e = shl i64 %e.left, 52
  %size = add i64 %shifted, %e
  %bits = or i64 %size, %sign
  %result = bitcast i64 %bits to double
  ret double %result
}
"""


def rest_text() -> str:
    """The text of ``fmod`` alone, for what has no C library."""
    return f"{_REST}{_ZEROS}"


def wasm_support(text: str) -> str:
    """What the text of a module needs besides itself; nothing for most."""
    parts = []
    if re.search(r"\bi128\b|mul\.with\.overflow", text):
        parts.append(_WIDE)
    if "frem " in text:
        parts.append(_REST)
        if "@llvm.ctlz.i64" not in text:
            parts.append(_ZEROS)
    return "".join(parts)


def left_out(unit: ir.Unit) -> dict[str, str]:
    """The kernels that WebAssembly cannot compute to the last bit, each with the operation why, callees' included."""
    found: dict[str, str] = {}
    for function in unit.functions:
        own = sorted(_operations(function.body) & _MATHEMATICS)
        called = [found[name] for name in sorted(ir.calls(function.body)) if name in found]
        for reason in [*own, *called][:1]:
            found[function.name] = reason
    return {
        kernel.function: found[kernel.function]
        for kernel in unit.kernels
        if kernel.function in found
    }


def without(unit: ir.Unit, names: set[str]) -> ir.Unit:
    """The unit without these kernels, and without what only they called."""
    kernels = tuple(kernel for kernel in unit.kernels if kernel.function not in names)
    known = {function.name: function for function in unit.functions}
    reached, waiting = set[str](), [name for kernel in kernels for name in kernel.needs]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += ir.calls(known[name].body)
    functions = tuple(function for function in unit.functions if function.name in reached)
    return ir.Unit(functions, kernels, unit.sites, unit.texts)


def _operations(steps: tuple[Step, ...]) -> set[str]:
    found, waiting = set[str](), [steps]
    while waiting:
        for step in waiting.pop():
            match step:
                case ir.Op():
                    found.add(step.name)
                case ir.When(_, then, orelse):
                    waiting += [then, orelse]
                case ir.Loop() | ir.Scope():
                    waiting.append(step.body)
                case _:
                    pass
    return found
