"""A function of an extension module that follows several ways of attributes from one object at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hyper.jit.objects.boxed import Stored
    from hyper.jit.objects.texts import Texts


class Way(NamedTuple):
    """The attributes to an object, after which of them there may be none, the function that takes its number, and how that is
    stored."""

    path: tuple[str, ...]
    maybe: tuple[int, ...]
    leaf: str
    stored: Stored


class Ways:
    """Makes its text. Each object on a way is held until all that is read of it is read."""

    def __init__(self, texts: Texts, ways: Sequence[Way]) -> None:
        self._texts = texts
        self._ways = ways
        self._lines: list[str] = []
        self._objects = 0

    def text(self, name: str) -> list[str]:
        """The lines of the function but for its last brace: it takes the object, then an address for each number, and tells whether
        all have one."""
        outs = "".join(f", ptr %out{place}" for place in range(len(self._ways)))
        self._lines = [f"define internal i1 {name}(ptr %o0{outs}) nounwind {{", "entry:"]
        self._objects = 1
        self._object(0, 0, range(len(self._ways)))
        self._line("ret i1 true")
        self._lines += ["drop0:", "  ret i1 false"]
        return self._lines

    def _line(self, text: str) -> None:
        self._lines.append(f"  {text}")

    def _object(self, number: int, depth: int, places: Iterable[int]) -> None:
        """What is read of the object ``number``, after ``depth`` steps of the ways at these places."""
        some = []
        for place in places:
            way = self._ways[place]
            if len(way.path) == depth and depth not in way.maybe:
                self._leaf(number, place)  # also of what tells whether it is there
            else:
                some.append(place)
        if any(depth in self._ways[place].maybe for place in some):
            self._line(f"%none{number} = icmp eq ptr %o{number}, @_Py_NoneStruct")
            self._line(f"br i1 %none{number}, label %zero{number}, label %some{number}")
            self._lines.append(f"zero{number}:")
            for place in some:
                stored = self._ways[place].stored
                self._line(f"store {stored} {zero(stored)}, ptr %out{place}")
            self._line(f"br label %read{number}")
            self._lines.append(f"some{number}:")
            self._parts(number, depth, some)
            self._line(f"br label %read{number}")
            self._lines.append(f"read{number}:")
        else:
            self._parts(number, depth, some)

    def _parts(self, number: int, depth: int, places: Iterable[int]) -> None:
        inner: dict[str, list[int]] = {}
        for place in places:
            path = self._ways[place].path
            if len(path) == depth:
                self._leaf(number, place)
            else:
                inner.setdefault(path[depth], []).append(place)
        for name, beneath in inner.items():
            self._attribute(number, depth, name, beneath)

    def _leaf(self, number: int, place: int) -> None:
        leaf = self._ways[place].leaf
        self._line(f"%k{place} = call i1 {leaf}(ptr %o{number}, ptr %out{place})")
        self._line(f"br i1 %k{place}, label %have{place}, label %drop{number}")
        self._lines.append(f"have{place}:")

    def _attribute(self, number: int, depth: int, name: str, places: Sequence[int]) -> None:
        own = self._objects
        self._objects += 1
        self._line(f"%n{own}.p = getelementptr inbounds ptr, ptr @names, i64 {self._name(name)}")
        self._line(f"%n{own} = load ptr, ptr %n{own}.p")
        self._line(f"%o{own} = call ptr @PyObject_GetAttr(ptr %o{number}, ptr %n{own})")
        self._line(f"%e{own} = icmp ne ptr %o{own}, null")
        self._line(f"br i1 %e{own}, label %step{own}, label %lost{own}")
        self._lines += [f"lost{own}:", "  call void @PyErr_Clear()", f"  br label %drop{number}"]
        self._lines += [f"drop{own}:", f"  call void @Py_DecRef(ptr %o{own})"]
        self._lines += [f"  br label %drop{number}", f"step{own}:"]
        self._object(own, depth + 1, places)
        self._line(f"call void @Py_DecRef(ptr %o{own})")

    def _name(self, name: str) -> int:
        return self._texts.block((name,))


def zero(stored: Stored) -> str:
    """Nothing, as a number that is stored so."""
    return "0.0" if stored == "double" else "0"
