"""Division of 128 bits, where LLVM made some itself.

No kernel divides 128 bits by an instruction. But where LLVM counts the turns of a loop that stops at a bound of decimals, it
divides that bound by a step, and what calls its own library for that: which is not linked, so that the call would go nowhere.
"""

from __future__ import annotations

import re
from typing import Any, Final

_WIDE: Final = re.compile(r" = [us](?:div|rem) (?:exact )?(?:<\d+ x )?i128 ")
_LONG: Final = """
define internal { i128, i128 } @hk.divided(i128 %n, i128 %d) noinline nounwind {
entry:
  br label %body
body:
  %left = phi i64 [ 128, %entry ], [ %at, %body ]
  %rest = phi i128 [ 0, %entry ], [ %rest.next, %body ]
  %q = phi i128 [ 0, %entry ], [ %q.next, %body ]
  %at = sub i64 %left, 1
  %at.w = zext i64 %at to i128
  %shifted = lshr i128 %n, %at.w
  %bit = and i128 %shifted, 1
  %over = icmp slt i128 %rest, 0
  %twice = shl i128 %rest, 1
  %rest.new = or i128 %twice, %bit
  %enough = icmp uge i128 %rest.new, %d
  %fits = or i1 %over, %enough
  %less = sub i128 %rest.new, %d
  %rest.next = select i1 %fits, i128 %less, i128 %rest.new
  %q.twice = shl i128 %q, 1
  %one = zext i1 %fits to i128
  %q.next = or i128 %q.twice, %one
  %done = icmp eq i64 %at, 0
  br i1 %done, label %exit, label %body
exit:
  %first = insertvalue { i128, i128 } undef, i128 %q.next, 0
  %both = insertvalue { i128, i128 } %first, i128 %rest.next, 1
  ret { i128, i128 } %both
}
"""
_UNSIGNED: Final = """
define internal i128 @__u{name}ti3(i128 %n, i128 %d) noinline nounwind {{
  %both = call {{ i128, i128 }} @hk.divided(i128 %n, i128 %d)
  %found = extractvalue {{ i128, i128 }} %both, {place}
  ret i128 %found
}}
"""
_SIGNED: Final = """
define internal i128 @__{name}ti3(i128 %n, i128 %d) noinline nounwind {{
  %n.minus = sub i128 0, %n
  %n.below = icmp slt i128 %n, 0
  %n.size = select i1 %n.below, i128 %n.minus, i128 %n
  %d.minus = sub i128 0, %d
  %d.below = icmp slt i128 %d, 0
  %d.size = select i1 %d.below, i128 %d.minus, i128 %d
  %both = call {{ i128, i128 }} @hk.divided(i128 %n.size, i128 %d.size)
  %found = extractvalue {{ i128, i128 }} %both, {place}
  %minus = sub i128 0, %found
  %below = {below}
  %result = select i1 %below, i128 %minus, i128 %found
  ret i128 %result
}}
"""
_BELOW_QUOTIENT: Final = "xor i1 %n.below, %d.below"
_BELOW_REST: Final = "and i1 %n.below, %n.below"
DIVISION: Final = "".join(
    (
        _LONG,
        _UNSIGNED.format(name="div", place=0),
        _UNSIGNED.format(name="mod", place=1),
        _SIGNED.format(name="div", place=0, below=_BELOW_QUOTIENT),
        _SIGNED.format(name="mod", place=1, below=_BELOW_REST),
    )
)
"""The functions that are called, by the names by which LLVM knows them."""


def divided(module: Any) -> str | None:
    """The text of an optimised module with what its divisions of 128 bits call; ``None`` where it has none."""
    text = str(module)
    return text + DIVISION if _WIDE.search(text) else None
