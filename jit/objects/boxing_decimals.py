"""Python's decimals as numbers of their smallest unit and back, in LLVM. ``boxing`` declares what they call."""

from __future__ import annotations

from typing import Final

_DECIMAL: Final = r"""
; A decimal of exactly this scale and below the limit, as a number of its smallest unit. No other, nor minus zero.
; The limit is at most MOST: a digit beyond it gives a sum that is within the unsigned numbers.
define internal i1 @NAME_in(ptr %object, i64 %scale, KIND %limit, ptr %out) nounwind noinline {
entry:
  %size.p = alloca i64
  %text = call ptr @PyObject_Str(ptr %object)
  %none = icmp eq ptr %text, null
  br i1 %none, label %error, label %look
look:
  %data = call ptr @PyUnicode_AsUTF8AndSize(ptr %text, ptr %size.p)
  %nodata = icmp eq ptr %data, null
  br i1 %nodata, label %undo, label %sign
sign:
  %size = load i64, ptr %size.p
  %first = load i8, ptr %data
  %minus = icmp eq i8 %first, 45
  %start = zext i1 %minus to i64
  %short = icmp slt i64 %size, CHARACTERS
  br i1 %short, label %head, label %no
head:
  %i = phi i64 [ %start, %sign ], [ %i.next, %digit.in ], [ %i.dot, %dot.in ]
  %sum = phi KIND [ 0, %sign ], [ %sum.next, %digit.in ], [ %sum, %dot.in ]
  %after = phi i64 [ -1, %sign ], [ %after.next, %digit.in ], [ 0, %dot.in ]
  %more = icmp slt i64 %i, %size
  br i1 %more, label %body, label %end
body:
  %at = getelementptr inbounds i8, ptr %data, i64 %i
  %byte = load i8, ptr %at
  %digit.8 = sub i8 %byte, 48
  %is = icmp ult i8 %digit.8, 10
  br i1 %is, label %digit, label %dot
digit:
  %full = icmp sge KIND %sum, %limit
  br i1 %full, label %no, label %digit.in
digit.in:
  %tenfold = mul KIND %sum, 10
  %digit.wide = zext i8 %digit.8 to KIND
  %sum.next = add KIND %tenfold, %digit.wide
  %seen = icmp sge i64 %after, 0
  %one = zext i1 %seen to i64
  %after.next = add i64 %after, %one
  %i.next = add i64 %i, 1
  br label %head
dot:
  %isdot = icmp eq i8 %byte, 46
  %fresh = icmp slt i64 %after, 0
  %fine = and i1 %isdot, %fresh
  br i1 %fine, label %dot.in, label %no
dot.in:
  %i.dot = add i64 %i, 1
  br label %head
end:
  %some = icmp sgt i64 %after, 0
  %places = select i1 %some, i64 %after, i64 0
  %same = icmp eq i64 %places, %scale
  %below = icmp ult KIND %sum, %limit
  %zero = icmp eq KIND %sum, 0
  %minuszero = and i1 %zero, %minus
  %plus = xor i1 %minuszero, true
  %ok.1 = and i1 %same, %below
  %ok = and i1 %ok.1, %plus
  %negative = sub KIND 0, %sum
  %value = select i1 %minus, KIND %negative, KIND %sum
  store KIND %value, ptr %out, align 8
  call void @Py_DecRef(ptr %text)
  ret i1 %ok
no:
  call void @Py_DecRef(ptr %text)
  ret i1 false
undo:
  call void @Py_DecRef(ptr %text)
  br label %error
error:
  call void @PyErr_Clear()
  ret i1 false
}

; The digits from the last on, with a point before the last ``scale`` of them and one at least before that.
define internal ptr @NAME_text(KIND %value, i64 %scale) nounwind noinline {
entry:
  %buffer = alloca [48 x i8]
  %minus = icmp slt KIND %value, 0
  %negated = sub KIND 0, %value
  %size = select i1 %minus, KIND %negated, KIND %value
  %least = add i64 %scale, 1
  br label %head
head:
  %rest = phi KIND [ %size, %entry ], [ %rest.next, %digit ]
  %at = phi i64 [ 48, %entry ], [ %at.digit, %digit ]
  %count = phi i64 [ 0, %entry ], [ %count.next, %digit ]
  %some = icmp ne KIND %rest, 0
  %few = icmp slt i64 %count, %least
  %more = or i1 %some, %few
  br i1 %more, label %body, label %end
body:
  %reached = icmp eq i64 %count, %scale
  %behind = icmp ne i64 %count, 0
  %point = and i1 %reached, %behind
  %room = sext i1 %point to i64
  %at.point = add i64 %at, %room
  br i1 %point, label %dot, label %digit
dot:
  %dot.p = getelementptr inbounds i8, ptr %buffer, i64 %at.point
  store i8 46, ptr %dot.p
  br label %digit
digit:
DIVIDED  %tenfold = mul KIND %rest.next, 10
  %last = sub KIND %rest, %tenfold
  %last.8 = trunc KIND %last to i8
  %char = add i8 %last.8, 48
  %at.digit = sub i64 %at.point, 1
  %char.p = getelementptr inbounds i8, ptr %buffer, i64 %at.digit
  store i8 %char, ptr %char.p
  %count.next = add i64 %count, 1
  br label %head
end:
  %sign = sext i1 %minus to i64
  %start = add i64 %at, %sign
  br i1 %minus, label %signed, label %done
signed:
  %sign.p = getelementptr inbounds i8, ptr %buffer, i64 %start
  store i8 45, ptr %sign.p
  br label %done
done:
  %first = getelementptr inbounds i8, ptr %buffer, i64 %start
  %length = sub i64 48, %start
  %text = call ptr @PyUnicode_FromStringAndSize(ptr %first, i64 %length)
  ret ptr %text
}
"""
_SHORT: Final = "  %rest.next = udiv i64 %rest, 10\n"
_LONG: Final = """\
  %w3.l = lshr i128 %rest, 96
  %w3 = trunc i128 %w3.l to i64
  %w2.l = lshr i128 %rest, 64
  %w2.o = trunc i128 %w2.l to i64
  %w2 = and i64 %w2.o, 4294967295
  %w1.l = lshr i128 %rest, 32
  %w1.o = trunc i128 %w1.l to i64
  %w1 = and i64 %w1.o, 4294967295
  %w0.o = trunc i128 %rest to i64
  %w0 = and i64 %w0.o, 4294967295
  %q3 = udiv i64 %w3, 10
  %r3 = urem i64 %w3, 10
  %s2 = shl i64 %r3, 32
  %n2 = or i64 %s2, %w2
  %q2 = udiv i64 %n2, 10
  %r2 = urem i64 %n2, 10
  %s1 = shl i64 %r2, 32
  %n1 = or i64 %s1, %w1
  %q1 = udiv i64 %n1, 10
  %r1 = urem i64 %n1, 10
  %s0 = shl i64 %r1, 32
  %n0 = or i64 %s0, %w0
  %q0 = udiv i64 %n0, 10
  %q3.l = zext i64 %q3 to i128
  %q3.s = shl i128 %q3.l, 96
  %q2.l = zext i64 %q2 to i128
  %q2.s = shl i128 %q2.l, 64
  %q1.l = zext i64 %q1 to i128
  %q1.s = shl i128 %q1.l, 32
  %q0.l = zext i64 %q0 to i128
  %q32 = or i128 %q3.s, %q2.s
  %q10 = or i128 %q1.s, %q0.l
  %rest.next = or i128 %q32, %q10
"""
_WIDE_OUT: Final = """
define internal ptr @wide_out(i128 %value, i64 %scale, ptr %type) nounwind noinline {
  %text = call ptr @wide_text(i128 %value, i64 %scale)
  %none = icmp eq ptr %text, null
  br i1 %none, label %lost, label %make
make:
  %object = call ptr (ptr, ...) @PyObject_CallFunctionObjArgs(ptr %type, ptr %text, ptr null)
  call void @Py_DecRef(ptr %text)
  ret ptr %object
lost:
  ret ptr null
}
"""


def _decimal(**words: str) -> str:
    text = _DECIMAL
    for word, value in words.items():
        text = text.replace(word, value)
    return text


DECIMALS: Final = (
    _decimal(NAME="decimal", KIND="i64", CHARACTERS="22", MOST="10**18", DIVIDED=_SHORT)
    # Division of two words would be a function of the compiler's library: it is done by halves of a word.
    + _decimal(NAME="wide", KIND="i128", CHARACTERS="42", MOST="10**37", DIVIDED=_LONG)
    + _WIDE_OUT
)
"""Decimals in one word, and in two."""
