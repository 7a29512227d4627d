"""A Python extension module as LLVM text: a wrapper around each kernel that takes and gives Python's objects.

The module has ``function(index, fallback, module)``, which makes the function number ``index``, and ``slot(index, object)``, which
hands in the types and members that wrappers compare with. Where an argument is not what a kernel takes, or the kernel gives a
status that is not 0, the wrapper calls ``fallback``, which answers or raises. When it is loaded it asks the processor,
and is an ``ImportError`` where that lacks what the kernels need. Limited API, 64-bit builds of CPython 3.11 and later with a lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.jit.objects.boxed import DATE_SLOT, DECIMAL_SLOT
from hyper.jit.objects.boxing import TEXT
from hyper.jit.objects.boxing_decimals import DECIMALS
from hyper.jit.objects.leaves import Leaves
from hyper.jit.objects.texts import Texts, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.jit.objects.boxed import Boxed, Kind, Stored, Wrapper

NAME: Final = "_kernels"
"""The name of the extension module."""

_TYPES: Final = {"bool": "i8", "present": "i8", "float": "double", "wide": "i128"}
_LISTS: Final = frozenset({"list", "ints", "floats", "items"})
_FASTCALL_KEYWORDS: Final = 0x82
_FASTCALL: Final = 0x80


def extension_text(wrappers: Sequence[Wrapper], slots: int, supported: str) -> str:
    """The module's text. ``supported`` is the function that asks the processor."""
    parts = [TEXT, DECIMALS, f"declare i32 {_at(supported)}()"]
    parts += [f"@slots = internal global [{max(1, slots)} x ptr] zeroinitializer"]
    texts = Texts()
    for number, wrapper in enumerate(wrappers):
        parts += _declared(wrapper)
        parts.append(_Body(number, wrapper, texts).text())
    parts.append(_definitions(wrappers))
    parts.append(texts.made())
    parts.append(_module_text(len(wrappers), max(1, slots), supported))
    return "\n".join(parts)


def _at(symbol: str) -> str:
    return f'@"{symbol}"'


def _parameters(wrapper: Wrapper) -> list[str]:
    found = []
    for argument in wrapper.arguments:
        if argument.kind in {"list", "ints", "floats"}:
            found += ["i64", "i64"]
        elif argument.kind in {"items", "wide"}:
            found.append("ptr")
        else:
            found.append(_TYPES.get(argument.kind, "i64"))
    if wrapper.result.maybe:
        found.append("ptr")
    return found if wrapper.result.kind == "self" else [*found, "ptr"]


def _declared(wrapper: Wrapper) -> list[str]:
    return [f"declare i32 {_at(wrapper.symbol)}({', '.join(_parameters(wrapper))})"]


class _Body:
    """The text of one wrapper."""

    def __init__(self, number: int, wrapper: Wrapper, texts: Texts) -> None:
        self._wrapper = wrapper
        self._leaves = Leaves(number, texts)
        self._texts = texts
        head = f"define internal ptr @w{number}(ptr %self, ptr %args, i64 %n, ptr %kw) nounwind {{"
        self.lines = [head, "entry:"]
        self._taken_last: list[str] = []
        """What lets go of all that was taken, in that order."""
        self._together = _together(wrapper)

    def line(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def need(self, condition: str, label: str) -> None:
        """Go on where a condition holds, else leave it to Python."""
        self.line(f"br i1 {condition}, label %{label}, label %again{len(self._taken_last)}")
        self.lines.append(f"{label}:")

    def text(self) -> str:
        wrapper = self._wrapper
        for number, argument in enumerate(wrapper.arguments):
            kind = _TYPES.get(argument.kind, "i64")
            self.line(f"%s{number} = alloca {kind}")
        self.line(f"%result = alloca {_TYPES.get(wrapper.result.kind, 'i64')}")
        self.line("%there = alloca i8")
        several = max((argument.among for argument in wrapper.arguments), default=0)
        if several:
            self.line(f"%held = alloca [{several} x ptr]")
            self.line(f"store [{several} x ptr] zeroinitializer, ptr %held")
            self._taken_last.append(f"call void @texts_out(ptr %held, i64 {several})")
        self.line(f"%ordered = alloca [{max(1, wrapper.arity)} x ptr]")
        self.line("%unnamed = icmp eq ptr %kw, null")
        self.line("br i1 %unnamed, label %placed, label %named")
        self.lines.append("placed:")
        self.line(f"%many = icmp eq i64 %n, {wrapper.arity}")
        self.line(f"br i1 %many, label %shaped, label %again{len(self._taken_last)}")
        self.lines.append("named:")
        names = f"i64 {self._texts.block(wrapper.names)}, i64 {len(wrapper.names)}"
        self.line(f"%fit = call i1 @ordered(ptr %args, i64 %n, ptr %kw, {names}, ptr %ordered)")
        self.line(f"br i1 %fit, label %shaped, label %again{len(self._taken_last)}")
        self.lines.append("shaped:")
        self.line("%given = phi ptr [ %args, %placed ], [ %ordered, %named ]")
        passed = [text for number in range(len(wrapper.arguments)) for text in self._taken(number)]
        if wrapper.result.maybe:
            passed.append("ptr %there")
        if wrapper.result.kind != "self":
            passed.append("ptr %result")
        given = ", ".join(passed)
        self.line(f"%status = call i32 {_at(wrapper.symbol)}({given})")
        self.lines += [f"  {release}" for release in reversed(self._taken_last)]
        self.line("%good = icmp eq i32 %status, 0")
        # What fails does so in Python again: the error is then that of the function, with its traceback.
        self.line("br i1 %good, label %give, label %again0")
        self.lines.append("give:")
        self._given(wrapper.result)
        self._leave()
        return "\n".join([*self.lines, "}", "", *self._leaves.made])

    def _leave(self) -> None:
        """The ways to Python: one with nothing taken yet, one with the first list taken, and so on."""
        for depth in range(len(self._taken_last), 0, -1):
            self.lines.append(f"again{depth}:")
            self.line(self._taken_last[depth - 1])
            self.line(f"br label %again{depth - 1}")
        self.lines.append("again0:")
        self.line("%other = call ptr @again(ptr %self, ptr %args, i64 %n, ptr %kw)")
        self.line("ret ptr %other")

    def _taken(self, number: int) -> list[str]:
        """The operands of one argument."""
        argument = self._wrapper.arguments[number]
        if argument.kind == "items":
            return self._items(number, argument)
        self.line(f"%a{number} = getelementptr inbounds ptr, ptr %given, i64 {argument.place}")
        if argument.kind in {"list", "ints", "floats"} and argument.path:
            self._walked(number, argument)
        else:
            self.line(f"%o{number} = load ptr, ptr %a{number}")
        if argument.kind not in {"list", "ints", "floats"} and (
            argument.path or argument.maybe or argument.kind in {"text", "present"}
        ):
            return self._leaf(number, argument)
        match argument.kind:
            case "bool":
                return self._bool(number)
            case "label":
                return self._label(number, argument)
            case "list":
                return self._size(number)
            case "ints" | "floats":
                return self._list(number, argument.kind)
            case "decimal" | "wide":
                self._typed(number, DECIMAL_SLOT)
                limit = 10**argument.precision
                rest = f", i64 {argument.scale}, {argument.stored} {limit}"
            case "date":
                self._typed(number, DATE_SLOT)
                rest = ""
            case _:
                rest = ""
        self.line(f"%k{number} = call i1 @{argument.kind}_in(ptr %o{number}{rest}, ptr %s{number})")
        self.need(f"%k{number}", f"have{number}")
        return self._had(number, argument)

    def _had(self, number: int, argument: Boxed) -> list[str]:
        """The number of an argument, out of its own memory; one of two words is passed where it lies."""
        if argument.kind == "wide":
            return [f"ptr %s{number}"]
        kind = _TYPES.get(argument.kind, "i64")
        self.line(f"%v{number} = load {kind}, ptr %s{number}")
        return [f"{kind} %v{number}"]

    def _typed(self, number: int, slot: int) -> None:
        self.line(f"%ta{number} = getelementptr inbounds i8, ptr %o{number}, i64 8")
        self.line(f"%t{number} = load ptr, ptr %ta{number}")
        wanted = self._slot(f"%tw{number}", slot)
        self.line(f"%ti{number} = icmp eq ptr %t{number}, {wanted}")
        self.need(f"%ti{number}", f"typed{number}")

    def _slot(self, name: str, slot: int) -> str:
        self.line(f"{name}.p = getelementptr inbounds ptr, ptr @slots, i64 {slot}")
        self.line(f"{name} = load ptr, ptr {name}.p")
        return name

    def _filled(self, slot: str) -> str:
        """Leave it to Python where nothing was handed in for the slot of the result."""
        self.line(f"%filled = icmp ne ptr {slot}, null")
        self.line("br i1 %filled, label %box, label %again0")
        self.lines.append("box:")
        return slot

    def _bool(self, number: int) -> list[str]:
        self.line(f"%y{number} = icmp eq ptr %o{number}, @_Py_TrueStruct")
        self.line(f"%f{number} = icmp eq ptr %o{number}, @_Py_FalseStruct")
        self.line(f"%k{number} = or i1 %y{number}, %f{number}")
        self.need(f"%k{number}", f"have{number}")
        self.line(f"%v{number} = zext i1 %y{number} to i8")
        return [f"i8 %v{number}"]

    def _label(self, number: int, argument: Boxed) -> list[str]:
        """The place of a member among its enum's: one comparison of addresses each."""
        found = "-1"
        for place in range(argument.count):
            name = f"%m{number}.{place}"
            member = self._slot(name, argument.slot + place)
            self.line(f"{name}.i = icmp eq ptr %o{number}, {member}")
            self.line(f"{name}.v = select i1 {name}.i, i64 {place}, i64 {found}")
            found = f"{name}.v"
        self.line(f"%k{number} = icmp sge i64 {found}, 0")
        self.need(f"%k{number}", f"have{number}")
        return [f"i64 {found}"]

    def _list(self, number: int, kind: Kind) -> list[str]:
        floats = "true" if kind == "floats" else "false"
        self.line(f"%v{number} = call ptr @list_in(ptr %o{number}, ptr %s{number}, i1 {floats})")
        self.line(f"%k{number} = icmp ne ptr %v{number}, null")
        self.need(f"%k{number}", f"have{number}")
        self._taken_last.append(f"call void @PyMem_Free(ptr %v{number})")
        self.line(f"%n{number} = load i64, ptr %s{number}")
        return ["i64 0", f"i64 %n{number}"]

    def _size(self, number: int) -> list[str]:
        """Of a list whose items nobody looks at, how many there are."""
        self.line(f"%ta{number} = getelementptr inbounds i8, ptr %o{number}, i64 8")
        self.line(f"%t{number} = load ptr, ptr %ta{number}")
        self.line(f"%k{number} = icmp eq ptr %t{number}, @PyList_Type")
        self.need(f"%k{number}", f"have{number}")
        self.line(f"%n{number} = call i64 @PyList_Size(ptr %o{number})")
        return ["i64 0", f"i64 %n{number}"]

    def _leaf(self, number: int, argument: Boxed) -> list[str]:
        """What attributes lead to, or may be ``None``."""
        group = self._together.get(number, [number])
        if len(group) == 1:
            leaf = self._leaves.leaf(argument, self._stored(number))
            held = ", ptr %held" if argument.among else ""
            self.line(f"%k{number} = call i1 {leaf}(ptr %o{number}, ptr %s{number}{held})")
            self.need(f"%k{number}", f"have{number}")
        elif number == group[0]:
            parts = [(self._wrapper.arguments[each], self._stored(each)) for each in group]
            outs = "".join(f", ptr %s{each}" for each in group)
            taken = f"{self._leaves.leaves(parts)}(ptr %o{number}{outs})"
            self.line(f"%k{number} = call i1 {taken}")
            self.need(f"%k{number}", f"have{number}")
        return self._had(number, argument)

    def _stored(self, number: int) -> Stored:
        """How the number of an argument lies in its own memory."""
        argument = self._wrapper.arguments[number]
        return "i64" if _TYPES.get(argument.kind, "i64") == "i64" else argument.stored

    def _items(self, number: int, argument: Boxed) -> list[str]:
        """What each item of a list comes to, in memory of its own."""
        if argument.item is None:
            return [f"ptr %v{argument.place}"]
        gather = self._leaves.gather(argument.item)
        given = f"ptr %o{argument.place}, i64 %n{argument.place}"
        self.line(f"%v{number} = call ptr {gather}({given})")
        self.line(f"%k{number} = icmp ne ptr %v{number}, null")
        self.need(f"%k{number}", f"have{number}")
        self._taken_last.append(f"call void @PyMem_Free(ptr %v{number})")
        return [f"ptr %v{number}"]

    def _walked(self, number: int, argument: Boxed) -> None:
        """The list that attributes lead to, held until the kernel is through."""
        self.line(f"%b{number} = load ptr, ptr %a{number}")
        self.line(f"%o{number} = call ptr {self._leaves.walk(argument.path)}(ptr %b{number})")
        self.line(f"%l{number} = icmp ne ptr %o{number}, null")
        self.need(f"%l{number}", f"led{number}")
        self._taken_last.append(f"call void @Py_DecRef(ptr %o{number})")

    def _given(self, result: Boxed) -> None:
        if result.maybe:
            self.line("%is = load i8, ptr %there")
            self.line("%some = icmp ne i8 %is, 0")
            self.line("br i1 %some, label %value, label %none")
            self.lines += ["none:", "  call void @Py_IncRef(ptr @_Py_NoneStruct)"]
            self.lines += ["  ret ptr @_Py_NoneStruct", "value:"]
        if result.kind == "self":
            self.line("%b = load ptr, ptr %given")
            self.line("call void @Py_IncRef(ptr %b)")
            self.line("ret ptr %b")
            return
        kind = _TYPES.get(result.kind, "i64")
        self.line(f"%r = load {kind}, ptr %result")
        match result.kind:
            case "text":
                # A text that no one wrote down is that of an argument, which Python gives back.
                self.line(f"%listed = icmp ult i64 %r, {len(result.texts)}")
                self.line("br i1 %listed, label %box, label %again0")
                self.lines.append("box:")
                self.line(f"%place = add i64 %r, {self._texts.block(result.texts)}")
                self.line("%text.p = getelementptr inbounds ptr, ptr @names, i64 %place")
                self.line("%b = load ptr, ptr %text.p")
                self.line("call void @Py_IncRef(ptr %b)")
            case "bool":
                self.line("%t = icmp ne i8 %r, 0")
                self.line("%b = select i1 %t, ptr @_Py_TrueStruct, ptr @_Py_FalseStruct")
                self.line("call void @Py_IncRef(ptr %b)")
            case "float":
                self.line("%b = call ptr @PyFloat_FromDouble(double %r)")
            case "date":
                wanted = self._filled(self._slot("%rt", DATE_SLOT))
                self.line(f"%b = call ptr @date_out(i64 %r, ptr {wanted})")
            case "decimal" | "wide":
                wanted = self._filled(self._slot("%rt", DECIMAL_SLOT))
                given = f"{kind} %r, i64 {result.scale}, ptr {wanted}"
                self.line(f"%b = call ptr @{result.kind}_out({given})")
            case "label":
                self.line(f"%place = add i64 %r, {result.slot}")
                self.line("%member = getelementptr inbounds ptr, ptr @slots, i64 %place")
                self.line("%b = load ptr, ptr %member")
                self._filled("%b")
                self.line("call void @Py_IncRef(ptr %b)")
            case _:
                self.line("%b = call ptr @PyLong_FromLongLong(i64 %r)")
        self.line("ret ptr %b")


def _together(wrapper: Wrapper) -> dict[int, list[int]]:
    """Arguments of which the first attribute is the same, by the number of each."""
    groups: dict[tuple[int, str], list[int]] = {}
    for number, argument in enumerate(wrapper.arguments):
        # Texts that are compared with one another are taken in the order of the arguments.
        if argument.path and argument.kind not in _LISTS and not argument.among:
            groups.setdefault((argument.place, argument.path[0]), []).append(number)
    return {number: group for group in groups.values() for number in group}


_METHOD: Final = "{ ptr, ptr, i32, ptr }"


def _definitions(wrappers: Sequence[Wrapper]) -> str:
    """The table of methods from which functions are made."""
    lines, entries = [], []
    for number, wrapper in enumerate(wrappers):
        for kind, text in (("n", wrapper.name), ("d", wrapper.doc)):
            shown, size = literal(text)
            lines.append(f"@{kind}{number} = private constant [{size} x i8] {shown}")
        entries.append(
            f"{_METHOD} {{ ptr @n{number}, ptr @w{number}, i32 {_FASTCALL_KEYWORDS}, ptr @d{number} }}"
        )
    count = max(1, len(entries))
    body = f"[ {', '.join(entries)} ]" if entries else "zeroinitializer"
    lines.append(f"@functions = internal global [{count} x {_METHOD}] {body}")
    return "\n".join(lines)


def _module_text(functions: int, slots: int, supported: str) -> str:
    name, size = literal(NAME)
    return f"""
@m.name = private constant [{size} x i8] {name}
@m.function = private constant [9 x i8] c"function\\00"
@m.slot = private constant [5 x i8] c"slot\\00"
@m.lacks = private constant [51 x i8] c"this processor lacks what the kernels are made for\\00"
@m.index = private constant [12 x i8] c"no such one\\00"
@m.methods = internal global [3 x {_METHOD}] [
  {_METHOD} {{ ptr @m.function, ptr @make_function, i32 {_FASTCALL}, ptr null }},
  {_METHOD} {{ ptr @m.slot, ptr @set_slot, i32 {_FASTCALL}, ptr null }},
  {_METHOD} zeroinitializer ]
@m.definition = internal global {{ i64, ptr, ptr, i64, ptr, ptr, ptr, i64, ptr, ptr, ptr, ptr, ptr }} {{
  i64 1, ptr null, ptr null, i64 0, ptr null, ptr @m.name, ptr null, i64 -1, ptr @m.methods,
  ptr null, ptr null, ptr null, ptr null }}

define internal ptr @make_function(ptr %self, ptr %args, i64 %n) nounwind {{
  %index.p = alloca i64
  %three = icmp eq i64 %n, 3
  br i1 %three, label %read, label %no
read:
  %index.o = load ptr, ptr %args
  %int = call i1 @int_in(ptr %index.o, ptr %index.p)
  %index = load i64, ptr %index.p
  %inside = icmp ult i64 %index, {functions}
  %fine = and i1 %int, %inside
  br i1 %fine, label %make, label %no
make:
  %fallback.p = getelementptr inbounds ptr, ptr %args, i64 1
  %fallback = load ptr, ptr %fallback.p
  %module.p = getelementptr inbounds ptr, ptr %args, i64 2
  %module = load ptr, ptr %module.p
  %definition = getelementptr inbounds {_METHOD}, ptr @functions, i64 %index
  %made = call ptr @PyCFunction_NewEx(ptr %definition, ptr %fallback, ptr %module)
  ret ptr %made
no:
  %kind = load ptr, ptr @PyExc_IndexError
  call void @PyErr_SetString(ptr %kind, ptr @m.index)
  ret ptr null
}}

define internal ptr @set_slot(ptr %self, ptr %args, i64 %n) nounwind {{
  %index.p = alloca i64
  %two = icmp eq i64 %n, 2
  br i1 %two, label %read, label %no
read:
  %index.o = load ptr, ptr %args
  %int = call i1 @int_in(ptr %index.o, ptr %index.p)
  %index = load i64, ptr %index.p
  %inside = icmp ult i64 %index, {slots}
  %fine = and i1 %int, %inside
  br i1 %fine, label %set, label %no
set:
  %object.p = getelementptr inbounds ptr, ptr %args, i64 1
  %object = load ptr, ptr %object.p
  call void @Py_IncRef(ptr %object)
  %at = getelementptr inbounds ptr, ptr @slots, i64 %index
  %before = load ptr, ptr %at
  store ptr %object, ptr %at
  %none = icmp eq ptr %before, null
  br i1 %none, label %done, label %drop
drop:
  call void @Py_DecRef(ptr %before)
  br label %done
done:
  call void @Py_IncRef(ptr @_Py_TrueStruct)
  ret ptr @_Py_TrueStruct
no:
  %kind = load ptr, ptr @PyExc_IndexError
  call void @PyErr_SetString(ptr %kind, ptr @m.index)
  ret ptr null
}}

define ptr @PyInit_{NAME}() nounwind {{
  %can = call i32 {_at(supported)}()
  %yes = icmp ne i32 %can, 0
  br i1 %yes, label %names, label %no
names:
  %named = call i1 @names_make()
  br i1 %named, label %make, label %lost
lost:
  ret ptr null
make:
  %module = call ptr @PyModule_Create2(ptr @m.definition, i32 3)
  ret ptr %module
no:
  %kind = load ptr, ptr @PyExc_ImportError
  call void @PyErr_SetString(ptr %kind, ptr @m.lacks)
  ret ptr null
}}
"""
