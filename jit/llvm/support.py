"""What kernels call: the operations that take more than an instruction, in LLVM, and the declarations of the rest.

Everything is in the module itself, but ``exp log log10 pow fmod`` of the C library's mathematics: no other library is needed
to load an object.
"""

from __future__ import annotations

import re
from typing import Final

_SOURCE: Final = r"""
; Python's a % b of floats, b != 0 (CPython's float_rem): the rest has the sign of the divisor.
define internal double @hk.floormod(double %a, double %b) alwaysinline {
  %rest = frem double %a, %b
  %none = fcmp oeq double %rest, 0.0
  %zero = call double @llvm.copysign.f64(double 0.0, double %b)
  %bneg = fcmp olt double %b, 0.0
  %rneg = fcmp olt double %rest, 0.0
  %differ = xor i1 %bneg, %rneg
  %moved = fadd double %rest, %b
  %other = select i1 %differ, double %moved, double %rest
  %result = select i1 %none, double %zero, double %other
  ret double %result
}

; Python's a // b of floats, b != 0 (CPython's _float_div_mod).
define internal double @hk.floordiv(double %a, double %b) alwaysinline {
  %rest = frem double %a, %b
  %less = fsub double %a, %rest
  %div = fdiv double %less, %b
  %some = fcmp une double %rest, 0.0
  %bneg = fcmp olt double %b, 0.0
  %rneg = fcmp olt double %rest, 0.0
  %differ = xor i1 %bneg, %rneg
  %down = and i1 %some, %differ
  %before = fsub double %div, 1.0
  %quotient = select i1 %down, double %before, double %div
  %floor = call double @llvm.floor.f64(double %quotient)
  %off = fsub double %quotient, %floor
  %far = fcmp ogt double %off, 0.5
  %next = fadd double %floor, 1.0
  %near = select i1 %far, double %next, double %floor
  %true = fdiv double %a, %b
  %zero = call double @llvm.copysign.f64(double 0.0, double %true)
  %is = fcmp une double %quotient, 0.0
  %result = select i1 %is, double %near, double %zero
  ret double %result
}

; Python's round(x, n) for a power of ten whose product with x is below 2**52. The product is taken with its error (Dekker), which
; decides where the rounded product is a half. The quotient of two whole numbers that are floats is then rounded once.
define internal double @hk.round_digits(double %x, double %power) alwaysinline {
  %p = fmul double %x, %power
  %xs = fmul double %x, 134217729.0
  %xd = fsub double %xs, %x
  %xh = fsub double %xs, %xd
  %xl = fsub double %x, %xh
  %ps = fmul double %power, 134217729.0
  %pd = fsub double %ps, %power
  %ph = fsub double %ps, %pd
  %pl = fsub double %power, %ph
  %hh = fmul double %xh, %ph
  %e1 = fsub double %hh, %p
  %hl = fmul double %xh, %pl
  %e2 = fadd double %e1, %hl
  %lh = fmul double %xl, %ph
  %e3 = fadd double %e2, %lh
  %ll = fmul double %xl, %pl
  %error = fadd double %e3, %ll
  %q = call double @llvm.roundeven.f64(double %p)
  %off = fsub double %p, %q
  %size = call double @llvm.fabs.f64(double %off)
  %half = fcmp oeq double %size, 0.5
  %more = fcmp ogt double %error, 0.0
  %less = fcmp olt double %error, 0.0
  %above = fadd double %p, 0.5
  %below = fsub double %p, 0.5
  %up = select i1 %more, double %above, double %q
  %down = select i1 %less, double %below, double %up
  %whole = select i1 %half, double %down, double %q
  %signed = call double @llvm.copysign.f64(double %whole, double %x)
  %result = fdiv double %signed, %power
  ret double %result
}

define internal i1 @hk.is_finite(double %a) alwaysinline {
  %size = call double @llvm.fabs.f64(double %a)
  %is = fcmp olt double %size, 0x7FF0000000000000
  ret i1 %is
}

define internal i64 @hk.floordiv.i64(i64 %a, i64 %b) alwaysinline {
  %q = sdiv i64 %a, %b
  %r = srem i64 %a, %b
  %some = icmp ne i64 %r, 0
  %signs = xor i64 %r, %b
  %differ = icmp slt i64 %signs, 0
  %down = and i1 %some, %differ
  %step = sext i1 %down to i64
  %result = add i64 %q, %step
  ret i64 %result
}

; The least int by -1 traps on x86: the rest by -1 is always 0.
define internal i64 @hk.floormod.i64(i64 %a, i64 %b) alwaysinline {
  %minus = icmp eq i64 %b, -1
  %by = select i1 %minus, i64 1, i64 %b
  %r = srem i64 %a, %by
  %some = icmp ne i64 %r, 0
  %signs = xor i64 %r, %by
  %differ = icmp slt i64 %signs, 0
  %up = and i1 %some, %differ
  %add = select i1 %up, i64 %by, i64 0
  %result = add i64 %r, %add
  ret i64 %result
}

; The half-even quotient of magnitudes, given the quotient towards zero and the rest, with a sign.
define internal i64 @hk.even.i64(i64 %q, i64 %r, i64 %d, i1 %negative) alwaysinline {
  %twice = shl i64 %r, 1
  %more = icmp ugt i64 %twice, %d
  %half = icmp eq i64 %twice, %d
  %odd = trunc i64 %q to i1
  %tie = and i1 %half, %odd
  %up = or i1 %more, %tie
  %step = zext i1 %up to i64
  %size = add i64 %q, %step
  %minus = sub i64 0, %size
  %result = select i1 %negative, i64 %minus, i64 %size
  ret i64 %result
}

define internal i64 @hk.div_even.i64(i64 %a, i64 %b) alwaysinline {
  %n = call i64 @llvm.abs.i64(i64 %a, i1 false)
  %d = call i64 @llvm.abs.i64(i64 %b, i1 false)
  %q = udiv i64 %n, %d
  %r = urem i64 %n, %d
  %signs = xor i64 %a, %b
  %negative = icmp slt i64 %signs, 0
  %result = call i64 @hk.even.i64(i64 %q, i64 %r, i64 %d, i1 %negative)
  ret i64 %result
}

define internal i64 @hk.scale_down.i64(i64 %a, i64 %d) alwaysinline {
  %n = call i64 @llvm.abs.i64(i64 %a, i1 false)
  %q = udiv i64 %n, %d
  %r = urem i64 %n, %d
  %negative = icmp slt i64 %a, 0
  %result = call i64 @hk.even.i64(i64 %q, i64 %r, i64 %d, i1 %negative)
  ret i64 %result
}

define internal i128 @hk.even.i128(i128 %q, i128 %r, i128 %d, i1 %negative) alwaysinline {
  %twice = shl i128 %r, 1
  %more = icmp ugt i128 %twice, %d
  %half = icmp eq i128 %twice, %d
  %odd = trunc i128 %q to i1
  %tie = and i1 %half, %odd
  %up = or i1 %more, %tie
  %step = zext i1 %up to i128
  %size = add i128 %q, %step
  %minus = sub i128 0, %size
  %result = select i1 %negative, i128 %minus, i128 %size
  ret i128 %result
}

; Four digits of 32 bits by a divisor below 2**30, as on paper: dividing 128 bits would call a library that is not linked.
define internal i128 @hk.short.i128(i128 %n, i64 %d) alwaysinline {
  %n3.w = lshr i128 %n, 96
  %n3 = trunc i128 %n3.w to i64
  %n2.w = lshr i128 %n, 64
  %n2.l = trunc i128 %n2.w to i64
  %n2 = and i64 %n2.l, 4294967295
  %n1.w = lshr i128 %n, 32
  %n1.l = trunc i128 %n1.w to i64
  %n1 = and i64 %n1.l, 4294967295
  %n0.l = trunc i128 %n to i64
  %n0 = and i64 %n0.l, 4294967295
  %q3 = udiv i64 %n3, %d
  %r3 = urem i64 %n3, %d
  %s2 = shl i64 %r3, 32
  %c2 = or i64 %s2, %n2
  %q2 = udiv i64 %c2, %d
  %r2 = urem i64 %c2, %d
  %s1 = shl i64 %r2, 32
  %c1 = or i64 %s1, %n1
  %q1 = udiv i64 %c1, %d
  %r1 = urem i64 %c1, %d
  %s0 = shl i64 %r1, 32
  %c0 = or i64 %s0, %n0
  %q0 = udiv i64 %c0, %d
  %t3 = shl i64 %q3, 32
  %high = or i64 %t3, %q2
  %t1 = shl i64 %q1, 32
  %low = or i64 %t1, %q0
  %high.w = zext i64 %high to i128
  %top = shl i128 %high.w, 64
  %low.w = zext i64 %low to i128
  %result = or i128 %top, %low.w
  ret i128 %result
}

; By a power of ten: in up to five parts of at most 10**9, whose product it is.
define internal i128 @hk.scale_down.i128(i128 %a, i64 %d0, i64 %d1, i64 %d2, i64 %d3, i64 %d4, i128 %d) alwaysinline {
  %n = call i128 @llvm.abs.i128(i128 %a, i1 false)
  %q0 = call i128 @hk.short.i128(i128 %n, i64 %d0)
  %q1 = call i128 @hk.short.i128(i128 %q0, i64 %d1)
  %q2 = call i128 @hk.short.i128(i128 %q1, i64 %d2)
  %q3 = call i128 @hk.short.i128(i128 %q2, i64 %d3)
  %q = call i128 @hk.short.i128(i128 %q3, i64 %d4)
  %back = mul i128 %q, %d
  %r = sub i128 %n, %back
  %negative = icmp slt i128 %a, 0
  %result = call i128 @hk.even.i128(i128 %q, i128 %r, i128 %d, i1 %negative)
  ret i128 %result
}

; Long division, a bit at a time, from the highest bit of the dividend.
define internal i128 @hk.long.i128(i128 %n, i128 %d) noinline {
entry:
  %zeros = call i128 @llvm.ctlz.i128(i128 %n, i1 false)
  %zeros.l = trunc i128 %zeros to i64
  %bits = sub i64 128, %zeros.l
  br label %head
head:
  %left = phi i64 [ %bits, %entry ], [ %at, %body ]
  %rest = phi i128 [ 0, %entry ], [ %rest.next, %body ]
  %q = phi i128 [ 0, %entry ], [ %q.next, %body ]
  %done = icmp eq i64 %left, 0
  br i1 %done, label %exit, label %body
body:
  %at = sub i64 %left, 1
  %at.w = zext i64 %at to i128
  %shifted = lshr i128 %n, %at.w
  %bit = and i128 %shifted, 1
  %twice = shl i128 %rest, 1
  %rest.new = or i128 %twice, %bit
  %fits = icmp uge i128 %rest.new, %d
  %less = sub i128 %rest.new, %d
  %rest.next = select i1 %fits, i128 %less, i128 %rest.new
  %q.twice = shl i128 %q, 1
  %one = zext i1 %fits to i128
  %q.next = or i128 %q.twice, %one
  br label %head
exit:
  ret i128 %q
}

define internal i128 @hk.div_even.i128(i128 %a, i128 %b) {
  %n = call i128 @llvm.abs.i128(i128 %a, i1 false)
  %d = call i128 @llvm.abs.i128(i128 %b, i1 false)
  %q = call i128 @hk.long.i128(i128 %n, i128 %d)
  %back = mul i128 %q, %d
  %r = sub i128 %n, %back
  %signs = xor i128 %a, %b
  %negative = icmp slt i128 %signs, 0
  %result = call i128 @hk.even.i128(i128 %q, i128 %r, i128 %d, i1 %negative)
  ret i128 %result
}

; The float nearest to a / b. Up to 2**53 both are floats and one division rounds once. Beyond, the quotient is taken to at least
; 55 bits, its lowest made odd where a rest is left, so that the one rounding to a float is that of the exact quotient.
define internal double @hk.ratio(i64 %a, i64 %b) {
entry:
  %n = call i64 @llvm.abs.i64(i64 %a, i1 false)
  %d = call i64 @llvm.abs.i64(i64 %b, i1 false)
  %either = or i64 %n, %d
  %small = icmp ult i64 %either, 9007199254740992
  br i1 %small, label %fast, label %slow
fast:
  %fa = sitofp i64 %a to double
  %fb = sitofp i64 %b to double
  %f = fdiv double %fa, %fb
  ret double %f
slow:
  %nz = call i64 @llvm.ctlz.i64(i64 %n, i1 false)
  %dz = call i64 @llvm.ctlz.i64(i64 %d, i1 false)
  %differ = sub i64 %nz, %dz
  %wanted = add i64 %differ, 55
  %positive = icmp sgt i64 %wanted, 0
  %shift = select i1 %positive, i64 %wanted, i64 0
  %shift.w = zext i64 %shift to i128
  %n.w = zext i64 %n to i128
  %d.w = zext i64 %d to i128
  %up = shl i128 %n.w, %shift.w
  %q = call i128 @hk.long.i128(i128 %up, i128 %d.w)
  %back = mul i128 %q, %d.w
  %some = icmp ne i128 %back, %up
  %sticky = zext i1 %some to i64
  %q.l = trunc i128 %q to i64
  %q.s = or i64 %q.l, %sticky
  %whole = uitofp i64 %q.s to double
  %exponent = sub i64 1023, %shift
  %bits = shl i64 %exponent, 52
  %scale = bitcast i64 %bits to double
  %size = fmul double %whole, %scale
  %signs = xor i64 %a, %b
  %negative = icmp slt i64 %signs, 0
  %minus = fneg double %size
  %signed = select i1 %negative, double %minus, double %size
  ret double %signed
}

; The order of an int and a float by value: -1, 0, 1, or 2 where the float is NaN.
define internal i64 @hk.compare_exact(i64 %a, double %b) {
entry:
  %nan = fcmp uno double %b, 0.0
  br i1 %nan, label %none, label %some
none:
  ret i64 2
some:
  %above = fcmp oge double %b, 0x43E0000000000000
  br i1 %above, label %less, label %not.above
less:
  ret i64 -1
not.above:
  %below = fcmp olt double %b, 0xC3E0000000000000
  br i1 %below, label %more, label %within
more:
  ret i64 1
within:
  %t = fptosi double %b to i64
  %lt = icmp slt i64 %a, %t
  br i1 %lt, label %less, label %not.lt
not.lt:
  %gt = icmp sgt i64 %a, %t
  br i1 %gt, label %more, label %same
same:
  %back = sitofp i64 %t to double
  %part.up = fcmp ogt double %b, %back
  %part.down = fcmp olt double %b, %back
  %up = sext i1 %part.up to i64
  %down = zext i1 %part.down to i64
  %result = or i64 %up, %down
  ret i64 %result
}
"""

_DECLARED: Final = {
    "llvm.copysign.f64": "declare double @llvm.copysign.f64(double, double)",
    "llvm.floor.f64": "declare double @llvm.floor.f64(double)",
    "llvm.ceil.f64": "declare double @llvm.ceil.f64(double)",
    "llvm.roundeven.f64": "declare double @llvm.roundeven.f64(double)",
    "llvm.sqrt.f64": "declare double @llvm.sqrt.f64(double)",
    "llvm.fabs.f64": "declare double @llvm.fabs.f64(double)",
    "llvm.abs.i64": "declare i64 @llvm.abs.i64(i64, i1)",
    "llvm.abs.i128": "declare i128 @llvm.abs.i128(i128, i1)",
    "llvm.ctlz.i64": "declare i64 @llvm.ctlz.i64(i64, i1)",
    "llvm.ctlz.i128": "declare i128 @llvm.ctlz.i128(i128, i1)",
    "llvm.smin.i64": "declare i64 @llvm.smin.i64(i64, i64)",
    "llvm.smax.i64": "declare i64 @llvm.smax.i64(i64, i64)",
    "llvm.smin.i128": "declare i128 @llvm.smin.i128(i128, i128)",
    "llvm.smax.i128": "declare i128 @llvm.smax.i128(i128, i128)",
    "llvm.sadd.with.overflow.i64": "declare {i64, i1} @llvm.sadd.with.overflow.i64(i64, i64)",
    "llvm.ssub.with.overflow.i64": "declare {i64, i1} @llvm.ssub.with.overflow.i64(i64, i64)",
    "llvm.smul.with.overflow.i64": "declare {i64, i1} @llvm.smul.with.overflow.i64(i64, i64)",
    # What they may do is not said: with the hardware's flags on, they are as the interpreter's own calls.
    "exp": "declare double @exp(double) nounwind",
    "log": "declare double @log(double) nounwind",
    "log10": "declare double @log10(double) nounwind",
    "pow": "declare double @pow(double, double) nounwind",
}

_DEFINED: Final = {
    found[1]: found[0]
    for found in re.finditer(r"define internal \S+ @([\w.]+)\(.*?\n}\n", _SOURCE, re.DOTALL)
}
_CALLED: Final = {
    name: frozenset(re.findall(r"call \S+ @([\w.]+)\(", text)) for name, text in _DEFINED.items()
}


def support(names: set[str]) -> str:
    """The definitions and declarations of these functions and of all that they call, in one order."""
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend(_CALLED.get(name, ()))
    declared = [line for name, line in _DECLARED.items() if name in wanted]
    defined = [text for name, text in _DEFINED.items() if name in wanted]
    assert len(declared) + len(defined) == len(wanted), sorted(wanted)
    return "\n".join([*declared, "", *defined])
