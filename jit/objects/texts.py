"""Texts as constants of an extension module, and Python's objects that are made of them when it is loaded."""

from __future__ import annotations

from typing import Final


def literal(text: str) -> tuple[str, int]:
    """A text as a constant of LLVM with a NUL behind it, and its size."""
    data = text.encode() + b"\0"
    plain = {*range(0x20, 0x7F)} - {0x22, 0x5C}
    shown = "".join(chr(byte) if byte in plain else f"\\{byte:02X}" for byte in data)
    return f'c"{shown}"', len(data)


class Texts:
    """The texts of a module, made into Python's when it is loaded: names of attributes, and those that functions name."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._blocks: dict[tuple[str, ...], int] = {}

    def block(self, texts: tuple[str, ...]) -> int:
        """The place of the first of these texts, which stand one after another."""
        if texts not in self._blocks:
            self._blocks[texts] = len(self._texts)
            self._texts += texts
        return self._blocks[texts]

    def made(self) -> str:
        """The texts as constants, and the function that makes them."""
        count = len(self._texts)
        lines, entries = [], []
        for number, text in enumerate(self._texts):
            shown, size = literal(text)
            lines.append(f"@t{number} = private constant [{size} x i8] {shown}")
            entries.append(f"{_TEXT} {{ ptr @t{number}, i64 {size - 1} }}")
        body = f"[ {', '.join(entries)} ]" if entries else "zeroinitializer"
        lines.append(f"@texts = internal constant [{max(1, count)} x {_TEXT}] {body}")
        lines.append(f"@names = internal global [{max(1, count)} x ptr] zeroinitializer")
        return "\n".join([*lines, _NAMES_MAKE.replace("COUNT", str(count))])


_TEXT: Final = "{ ptr, i64 }"
_NAMES_MAKE: Final = """
define internal i1 @names_make() nounwind noinline {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %keep ]
  %more = icmp ult i64 %i, COUNT
  br i1 %more, label %body, label %done
body:
  %entry.p = getelementptr inbounds { ptr, i64 }, ptr @texts, i64 %i
  %size.p = getelementptr inbounds { ptr, i64 }, ptr %entry.p, i64 0, i32 1
  %data = load ptr, ptr %entry.p
  %size = load i64, ptr %size.p
  %text = call ptr @PyUnicode_FromStringAndSize(ptr %data, i64 %size)
  %some = icmp ne ptr %text, null
  br i1 %some, label %keep, label %lost
keep:
  %name.p = getelementptr inbounds ptr, ptr @names, i64 %i
  store ptr %text, ptr %name.p
  call void @PyUnicode_InternInPlace(ptr %name.p)
  %i.next = add i64 %i, 1
  br label %head
lost:
  ret i1 false
done:
  ret i1 true
}
"""
