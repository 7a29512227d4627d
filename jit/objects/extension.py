"""A Python extension module as LLVM text: a wrapper around each kernel that takes and gives Python's objects.

The module has ``function(index, fallback, module)``, which makes the function number ``index``, and ``slot(index, object)``, which
hands in the types and members that wrappers compare with. Where an argument is not what a kernel takes, or the kernel gives a
status that is not 0, the wrapper calls ``fallback``, which answers or raises. When it is loaded it asks the processor,
and is an ``ImportError`` where that lacks what the kernels need. Limited API, 64-bit builds of CPython 3.11 and later with a lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from hyper.jit.objects.boxing import TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME: Final = "_kernels"
"""The name of the extension module."""
DECIMAL_SLOT: Final = 0
DATE_SLOT: Final = 1
FIRST_SLOT: Final = 2
"""Slots from here on are members of enums."""

Kind: TypeAlias = Literal[
    "bool", "int", "float", "date", "decimal", "label", "list", "ints", "floats", "items"
]


class Boxed(msgspec.Struct, frozen=True):
    """What a Python object is as a number. ``place`` is that of the argument; a decimal has ``precision`` and ``scale``; a label
    is one of ``count`` members from slot ``slot`` on. A ``list``, or one of ``ints`` or ``floats``, is where its items begin and
    end; ``items`` is their address, ``place`` being that of the list among the arguments of the wrapper, which comes first."""

    kind: Kind
    place: int = 0
    precision: int = 0
    scale: int = 0
    slot: int = 0
    count: int = 0


class Wrapper(msgspec.Struct, frozen=True):
    """A function: its name and documentation in Python, the symbol that it calls, how many arguments it has, those that the
    kernel takes in its order, and its result."""

    name: str
    doc: str
    symbol: str
    arity: int
    arguments: tuple[Boxed, ...]
    result: Boxed


_TYPES: Final = {"bool": "i8", "float": "double"}
_FASTCALL_KEYWORDS: Final = 0x82
_FASTCALL: Final = 0x80


def extension_text(wrappers: Sequence[Wrapper], slots: int, supported: str) -> str:
    """The module's text. ``supported`` is the function that asks the processor."""
    parts = [TEXT, f"declare i32 {_at(supported)}()"]
    parts += [f"@slots = internal global [{max(1, slots)} x ptr] zeroinitializer"]
    for number, wrapper in enumerate(wrappers):
        parts += _declared(wrapper)
        parts.append(_wrapper_text(number, wrapper))
    parts.append(_definitions(wrappers))
    parts.append(_module_text(len(wrappers), max(1, slots), supported))
    return "\n".join(parts)


def _at(symbol: str) -> str:
    return f'@"{symbol}"'


def literal(text: str) -> tuple[str, int]:
    """A text as a constant of LLVM with a NUL behind it, and its size."""
    data = text.encode() + b"\0"
    plain = {*range(0x20, 0x7F)} - {0x22, 0x5C}
    shown = "".join(chr(byte) if byte in plain else f"\\{byte:02X}" for byte in data)
    return f'c"{shown}"', len(data)


def _parameters(wrapper: Wrapper) -> list[str]:
    found = []
    for argument in wrapper.arguments:
        if argument.kind in {"list", "ints", "floats"}:
            found += ["i64", "i64"]
        elif argument.kind == "items":
            found.append("ptr")
        else:
            found.append(_TYPES.get(argument.kind, "i64"))
    return [*found, "ptr"]


def _declared(wrapper: Wrapper) -> list[str]:
    return [f"declare i32 {_at(wrapper.symbol)}({', '.join(_parameters(wrapper))})"]


class _Body:
    """The text of one wrapper."""

    def __init__(self, number: int, wrapper: Wrapper) -> None:
        self._wrapper = wrapper
        head = f"define internal ptr @w{number}(ptr %self, ptr %args, i64 %n, ptr %kw) nounwind {{"
        self.lines = [head, "entry:"]
        self._lists: list[int] = []

    def line(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def need(self, condition: str, label: str) -> None:
        """Go on where a condition holds, else leave it to Python."""
        self.line(f"br i1 {condition}, label %{label}, label %again{len(self._lists)}")
        self.lines.append(f"{label}:")

    def text(self) -> str:
        wrapper = self._wrapper
        for number, argument in enumerate(wrapper.arguments):
            kind = _TYPES.get(argument.kind, "i64")
            self.line(f"%s{number} = alloca {kind}")
        self.line(f"%result = alloca {_TYPES.get(wrapper.result.kind, 'i64')}")
        self.line(f"%many = icmp eq i64 %n, {wrapper.arity}")
        self.line("%unnamed = icmp eq ptr %kw, null")
        self.line("%shape = and i1 %many, %unnamed")
        self.need("%shape", "shaped")
        passed = [text for number in range(len(wrapper.arguments)) for text in self._taken(number)]
        given = ", ".join([*passed, "ptr %result"])
        self.line(f"%status = call i32 {_at(wrapper.symbol)}({given})")
        for number in self._lists:
            self.line(f"call void @PyMem_Free(ptr %v{number})")
        self.line("%good = icmp eq i32 %status, 0")
        # What fails does so in Python again: the error is then that of the function, with its traceback.
        self.line("br i1 %good, label %give, label %again0")
        self.lines.append("give:")
        self._given(wrapper.result)
        self._leave()
        return "\n".join([*self.lines, "}", ""])

    def _leave(self) -> None:
        """The ways to Python: one with no list taken yet, one with the first taken, and so on."""
        for depth in range(len(self._lists), 0, -1):
            self.lines.append(f"again{depth}:")
            self.line(f"call void @PyMem_Free(ptr %v{self._lists[depth - 1]})")
            self.line(f"br label %again{depth - 1}")
        self.lines.append("again0:")
        self.line("%other = call ptr @again(ptr %self, ptr %args, i64 %n, ptr %kw)")
        self.line("ret ptr %other")

    def _taken(self, number: int) -> list[str]:
        """The operands of one argument."""
        argument = self._wrapper.arguments[number]
        if argument.kind == "items":
            return [f"ptr %v{argument.place}"]
        self.line(f"%a{number} = getelementptr inbounds ptr, ptr %args, i64 {argument.place}")
        self.line(f"%o{number} = load ptr, ptr %a{number}")
        match argument.kind:
            case "bool":
                return self._bool(number)
            case "label":
                return self._label(number, argument)
            case "list":
                return self._size(number)
            case "ints" | "floats":
                return self._list(number, argument.kind)
            case "decimal":
                self._typed(number, DECIMAL_SLOT)
                limit = 10**argument.precision
                rest = f", i64 {argument.scale}, i64 {limit}"
            case "date":
                self._typed(number, DATE_SLOT)
                rest = ""
            case _:
                rest = ""
        self.line(f"%k{number} = call i1 @{argument.kind}_in(ptr %o{number}{rest}, ptr %s{number})")
        self.need(f"%k{number}", f"have{number}")
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
        self._lists.append(number)
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

    def _given(self, result: Boxed) -> None:
        kind = _TYPES.get(result.kind, "i64")
        self.line(f"%r = load {kind}, ptr %result")
        match result.kind:
            case "bool":
                self.line("%t = icmp ne i8 %r, 0")
                self.line("%b = select i1 %t, ptr @_Py_TrueStruct, ptr @_Py_FalseStruct")
                self.line("call void @Py_IncRef(ptr %b)")
            case "float":
                self.line("%b = call ptr @PyFloat_FromDouble(double %r)")
            case "date":
                wanted = self._filled(self._slot("%rt", DATE_SLOT))
                self.line(f"%b = call ptr @date_out(i64 %r, ptr {wanted})")
            case "decimal":
                wanted = self._filled(self._slot("%rt", DECIMAL_SLOT))
                self.line(f"%b = call ptr @decimal_out(i64 %r, i64 {result.scale}, ptr {wanted})")
            case "label":
                self.line(f"%place = add i64 %r, {result.slot}")
                self.line("%member = getelementptr inbounds ptr, ptr @slots, i64 %place")
                self.line("%b = load ptr, ptr %member")
                self._filled("%b")
                self.line("call void @Py_IncRef(ptr %b)")
            case _:
                self.line("%b = call ptr @PyLong_FromLongLong(i64 %r)")
        self.line("ret ptr %b")


def _wrapper_text(number: int, wrapper: Wrapper) -> str:
    return _Body(number, wrapper).text()


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
  br i1 %yes, label %make, label %no
make:
  %module = call ptr @PyModule_Create2(ptr @m.definition, i32 3)
  ret ptr %module
no:
  %kind = load ptr, ptr @PyExc_ImportError
  call void @PyErr_SetString(ptr %kind, ptr @m.lacks)
  ret ptr null
}}
"""
