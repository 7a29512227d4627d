"""The functions of an extension module that follow attributes of Python's objects to what a kernel takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from hyper.jit.objects.boxed import DATE_SLOT, DECIMAL_SLOT
from hyper.jit.objects.ways import Way, Ways, zero

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hyper.jit.objects.boxed import Boxed, Stored
    from hyper.jit.objects.texts import Texts

ITEM_BYTES: Final[dict[Stored, int]] = {"i8": 1, "i32": 4, "i64": 8, "i128": 16, "double": 8}


class Leaves:
    """The functions of one wrapper; ``made`` are their texts."""

    def __init__(self, number: int, texts: Texts) -> None:
        self._number = number
        self._texts = texts
        self._known: dict[object, str] = {}
        self.made: list[str] = []

    def _function(self, key: object, text: Callable[[str], list[str]]) -> str:
        name = self._known.get(key)
        if name is None:
            name = self._known[key] = f"@l{self._number}.{len(self._known)}"
            self.made.append("\n".join([*text(name), "}", ""]))
        return name

    def walk(self, path: tuple[str, ...]) -> str:
        """A function from an object to what attributes lead to, held for who calls; null where they do not lead there."""

        def text(name: str) -> list[str]:
            steps = _Steps(self._texts)
            steps.follow(path, ())
            steps.line(f"call void @Py_IncRef(ptr %o{len(path)})")
            steps.leave(len(path), f"ret ptr %o{len(path)}")
            steps.lose("ret ptr null")
            return [f"define internal ptr {name}(ptr %o0) nounwind {{", *steps.lines]

        return self._function(("walk", path), text)

    def leaf(self, boxed: Boxed, stored: Stored) -> str:
        """A function that writes the number of what attributes lead to from an object; false where there is none."""

        def text(name: str) -> list[str]:
            steps = _Steps(self._texts)
            last = len(boxed.path)
            steps.follow(boxed.path, boxed.maybe)
            steps.box(boxed, f"%o{last}", stored)
            steps.leave(last, "ret i1 %k")
            steps.lose("ret i1 false")
            steps.nothing(boxed.maybe, f"store {stored} {zero(stored)}, ptr %out")
            held = ", ptr %held" if boxed.among else ""
            head = f"define internal i1 {name}(ptr %o0, ptr %out{held}) nounwind {{"
            return [head, "entry:", *steps.lines]

        key = ("leaf", stored, *(getattr(boxed, each) for each in _SHAPE))
        return self._function(key, text)

    def leaves(self, group: Sequence[tuple[Boxed, Stored]]) -> str:
        """A function from an object that does as ``leaf`` for several, each to an address of its own: attributes that ways have in
        common are read once. Of no text among others, whose order counts."""
        ways = tuple(
            Way(boxed.path, boxed.maybe, self.leaf(replace(boxed, path=(), maybe=()), to), to)
            for boxed, to in group
        )
        return self._function(("leaves", *ways), Ways(self._texts, ways).text)

    def gather(self, item: Boxed) -> str:
        """A function from a list and its size to the number of each item, in memory of its own; null where one has none."""
        leaf = self.leaf(item, item.stored)
        body = _GATHER.replace("LEAF", leaf).replace("BYTES", str(ITEM_BYTES[item.stored]))
        key = ("gather", leaf)
        return self._function(key, lambda name: body.replace("NAME", name).split("\n"))


_SHAPE: Final = ("kind", "precision", "scale", "slot", "count", "path", "maybe", "texts", "among")
_GATHER: Final = """\
define internal ptr NAME(ptr %list, i64 %size) nounwind {
entry:
  %bytes = mul i64 %size, BYTES
  %memory = call ptr @PyMem_Malloc(i64 %bytes)
  %none = icmp eq ptr %memory, null
  br i1 %none, label %no, label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i.next, %stored ]
  %more = icmp slt i64 %i, %size
  br i1 %more, label %body, label %end
body:
  %item = call ptr @PyList_GetItem(ptr %list, i64 %i)
  %some = icmp ne ptr %item, null
  br i1 %some, label %take, label %gone
take:
  %offset = mul i64 %i, BYTES
  %at = getelementptr inbounds i8, ptr %memory, i64 %offset
  call void @Py_IncRef(ptr %item)
  %ok = call i1 LEAF(ptr %item, ptr %at)
  call void @Py_DecRef(ptr %item)
  br i1 %ok, label %stored, label %free
stored:
  %i.next = add i64 %i, 1
  br label %head
end:
  ret ptr %memory
gone:
  call void @PyErr_Clear()
  br label %free
free:
  call void @PyMem_Free(ptr %memory)
  br label %no
no:
  ret ptr null"""


class _Steps:
    """The body of one such function."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self.lines: list[str] = []
        self._steps = 0

    def line(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def follow(self, path: tuple[str, ...], maybe: tuple[int, ...]) -> None:
        """Go from attribute to attribute; each object is held until the end."""
        self._steps = len(path)
        for at in range(len(path) + 1):
            if at in maybe:
                self.line(f"%none{at} = icmp eq ptr %o{at}, @_Py_NoneStruct")
                self.line(f"br i1 %none{at}, label %zero{at}, label %some{at}")
                self.lines.append(f"some{at}:")
            if at < len(path):
                place = self._texts.block((path[at],))
                self.line(f"%n{at}.p = getelementptr inbounds ptr, ptr @names, i64 {place}")
                self.line(f"%n{at} = load ptr, ptr %n{at}.p")
                self.line(f"%o{at + 1} = call ptr @PyObject_GetAttr(ptr %o{at}, ptr %n{at})")
                self.line(f"%e{at} = icmp ne ptr %o{at + 1}, null")
                self.line(f"br i1 %e{at}, label %step{at + 1}, label %lost{at}")
                self.lines.append(f"step{at + 1}:")

    def leave(self, at: int, end: str) -> None:
        """Let go of the objects up to the one after ``at`` steps."""
        for number in range(at, 0, -1):
            self.line(f"call void @Py_DecRef(ptr %o{number})")
        self.line(end)

    def lose(self, end: str) -> None:
        """The ends for attributes that are not there."""
        for at in range(self._steps):
            self.lines.append(f"lost{at}:")
            self.line("call void @PyErr_Clear()")
            self.leave(at, end)

    def nothing(self, maybe: tuple[int, ...], store: str) -> None:
        """The ends for ``None`` on the way."""
        for at in maybe:
            self.lines.append(f"zero{at}:")
            self.line(store)
            self.leave(at, "ret i1 true")

    def box(self, boxed: Boxed, found: str, stored: Stored) -> None:
        """Put the number of an object into ``%out``; ``%k`` tells whether it has one."""
        match boxed.kind:
            case "bool":
                self.line(f"%yes = icmp eq ptr {found}, @_Py_TrueStruct")
                self.line(f"%no = icmp eq ptr {found}, @_Py_FalseStruct")
                self.line("%k = or i1 %yes, %no")
                self._store("i1", "%yes", stored)
            case "present":
                self.line(f"%yes = icmp ne ptr {found}, @_Py_NoneStruct")
                self.line("%k = or i1 %yes, true")
                self._store("i1", "%yes", stored)
            case "label":
                self._label(boxed, found, stored)
            case "text":
                place, count = self._texts.block(boxed.texts), len(boxed.texts)
                self.line(f"%known = call i64 @text_in(ptr {found}, i64 {place}, i64 {count})")
                if boxed.among:
                    given = f"i64 {count}, ptr %held, i64 {boxed.among - 1}"
                    self.line(f"%code = call i64 @text_among(ptr {found}, i64 %known, {given})")
                else:
                    self.line("%code = add i64 %known, 0")
                self.line("%k = icmp sge i64 %code, 0")
                self._store("i64", "%code", stored)
            case "decimal" | "wide":
                rest = f", i64 {boxed.scale}, {boxed.stored} {10**boxed.precision}"
                self._typed(DECIMAL_SLOT, found, f"@{boxed.kind}_in(ptr {found}{rest}, ptr %out)")
            case "date":
                self._typed(DATE_SLOT, found, f"@date_in(ptr {found}, ptr %out)")
            case kind:
                self.line(f"%k = call i1 @{kind}_in(ptr {found}, ptr %out)")

    def _store(self, kind: str, value: str, stored: Stored) -> None:
        if kind == stored:
            self.line(f"store {stored} {value}, ptr %out")
            return
        how = "zext" if kind == "i1" else "trunc"
        self.line(f"%number = {how} {kind} {value} to {stored}")
        self.line(f"store {stored} %number, ptr %out")

    def _label(self, boxed: Boxed, found: str, stored: Stored) -> None:
        code = "-1"
        for place in range(boxed.count):
            slot = boxed.slot + place
            self.line(f"%m{place}.p = getelementptr inbounds ptr, ptr @slots, i64 {slot}")
            self.line(f"%m{place} = load ptr, ptr %m{place}.p")
            self.line(f"%m{place}.i = icmp eq ptr {found}, %m{place}")
            self.line(f"%m{place}.v = select i1 %m{place}.i, i64 {place}, i64 {code}")
            code = f"%m{place}.v"
        self.line(f"%k = icmp sge i64 {code}, 0")
        self._store("i64", code, stored)

    def _typed(self, slot: int, found: str, call: str) -> None:
        """Only of an object that is exactly of the type in a slot."""
        self.line(f"%type.p = getelementptr inbounds i8, ptr {found}, i64 8")
        self.line("%type = load ptr, ptr %type.p")
        self.line(f"%wanted.p = getelementptr inbounds ptr, ptr @slots, i64 {slot}")
        self.line("%wanted = load ptr, ptr %wanted.p")
        self.line("%is = icmp eq ptr %type, %wanted")
        self.line("br i1 %is, label %boxing, label %unfit")
        self.lines += ["boxing:", f"  %taken = call i1 {call}", "  br label %done", "unfit:"]
        self.lines += ["  br label %done", "done:"]
        self.line("%k = phi i1 [ %taken, %boxing ], [ false, %unfit ]")
