"""Object files of x86-64 as one shared library, without a linker: the same bytes on each machine, and nothing to install.

It knows what LLVM writes for position-independent code of our kernels, and refuses all else. What no object defines is looked
for in the process that loads the library. There are no section headers: nothing that a loader needs is in them.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_PAGE: Final = 0x1000
_ALLOC, _WRITE, _EXECUTE = 2, 1, 4
_PROGBITS, _SYMTAB, _RELA, _NOBITS = 1, 2, 4, 8
_R, _RX, _RW = 4, 5, 6
_SEGMENTS: Final = (_R, _RX, _RW)
_HEADERS: Final = 64 + 5 * 56

_ABS64, _PC32, _PLT32, _GLOB_DAT, _RELATIVE = 1, 2, 4, 6, 8
_GOT: Final = frozenset({9, 41, 42})
"""Relocations of an address that is read from a table."""
_ZEROS: Final = 1 << 22
"""Bytes of an object that are not in its file, at most: it may come from elsewhere, and say of its parts what it likes."""
_JUMP: Final = b"\xff\x25"
_STUB: Final = 8


class LinkError(ValueError):
    """Objects that cannot be linked: a fault of who made them."""


class _Symbol(NamedTuple):
    """A symbol of one object: its name, its section's number there, and its offset in it; section 0 for one of another's."""

    name: str
    section: int
    value: int
    is_global: bool


class _Relocation(NamedTuple):
    """A place in a section, the kind of address that goes there, of which symbol of the object, and what is added."""

    section: int
    offset: int
    kind: int
    symbol: int
    addend: int


class _Section:
    """A section that is loaded: its bytes, and where they come to lie."""

    def __init__(self, data: bytes, flags: int, alignment: int) -> None:
        self.data = bytearray(data)
        self.segment = _RX if flags & _EXECUTE else _RW if flags & _WRITE else _R
        self.alignment = max(1, alignment)
        self.address = 0


class _Object:
    """One object file, read."""

    def __init__(self, data: bytes) -> None:
        if data[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<HH", data, 16) != (1, 62):
            raise LinkError("this is no object of x86-64")
        self.sections: dict[int, _Section] = {}
        self.symbols: list[_Symbol] = []
        self.relocations: list[_Relocation] = []
        self._left = 2 * len(data) + _ZEROS
        (start,) = struct.unpack_from("<Q", data, 40)
        count, names_at = struct.unpack_from("<HH", data, 60)
        heads = [struct.unpack_from("<IIQQQQIIQQ", data, start + 64 * at) for at in range(count)]
        names = self._part(data, heads[names_at])
        for number, (name, kind, flags, _, _, size, *_rest, alignment, _) in enumerate(heads):
            if flags & _ALLOC and size and not _text(names, name).startswith(".eh_frame"):
                if alignment > _PAGE:
                    raise LinkError(f"a section wants an alignment of {alignment}")
                body = self._part(data, heads[number])
                self.sections[number] = _Section(body, flags, alignment)
            elif kind == _SYMTAB:
                texts = self._part(data, heads[heads[number][6]])
                for entry in struct.iter_unpack("<IBBHQQ", self._part(data, heads[number])):
                    self.symbols.append(
                        _Symbol(_text(texts, entry[0]), entry[3], entry[4], entry[1] >> 4 != 0)
                    )
        for head in heads:
            if head[1] == _RELA and head[7] in self.sections:
                for offset, info, addend in struct.iter_unpack("<QQq", self._part(data, head)):
                    kind, symbol = info & 0xFFFFFFFF, info >> 32
                    self.relocations.append(_Relocation(head[7], offset, kind, symbol, addend))

    def _part(self, data: bytes, head: tuple[int, ...]) -> bytes:
        """The bytes of a section. Those that are all zero are not in the file."""
        _, kind, _, _, start, size, *_ = head
        self._left -= size
        if self._left < 0:
            raise LinkError("its parts are larger than the object")
        if kind == _NOBITS:
            return bytes(size)
        if start + size > len(data):
            raise LinkError("it ends before its parts do")
        return data[start : start + size]


def _text(table: bytes, at: int) -> str:
    return table[at : table.index(b"\0", at)].decode()


def link(objects: Sequence[bytes], exports: Collection[str]) -> bytes:
    """The shared library of these objects, in which ``exports`` can be found by name.

    Raises ``LinkError``, also for bytes that are no whole object.
    """
    try:
        return _Link([_Object(data) for data in objects], sorted(exports)).image()
    except LinkError:
        raise
    except (struct.error, LookupError, OverflowError, ValueError) as error:
        # What an object says of itself leads outside of it.
        raise LinkError(f"an object is malformed: {error}") from error


class _Link:
    """One library under way."""

    def __init__(self, objects: list[_Object], exports: list[str]) -> None:
        self._objects = objects
        self._exports = exports
        self._defined: dict[str, tuple[_Object, _Symbol]] = {}
        for each in objects:
            for symbol in each.symbols:
                if symbol.is_global and symbol.section:
                    if symbol.name in self._defined:
                        raise LinkError(f"{symbol.name} is defined twice")
                    self._defined[symbol.name] = each, symbol
        missing = [name for name in exports if name not in self._defined]
        if missing:
            raise LinkError(f"{missing[0]} is not defined")
        self._imports: dict[str, int] = {}
        """Names that others define, each with its number among the dynamic symbols."""
        self._slots: dict[str, int] = {}
        """Names whose address is read from the table, each with its place there."""
        self._stubs: dict[str, int] = {}
        """Functions of others that are called, each with its place among the jumps."""
        self._dynamic: list[tuple[int, int, int]] = []
        self._count_all()

    def _count_all(self) -> None:
        """Find out what the tables hold, so that their sizes are known."""
        self._fixed = 0
        for each in self._objects:
            for relocation in each.relocations:
                symbol = each.symbols[relocation.symbol]
                own = self._owner(each, symbol) is not None
                if not own:
                    self._imports.setdefault(symbol.name, len(self._imports) + 1)
                if relocation.kind == _ABS64:
                    self._fixed += 1
                elif relocation.kind in _GOT:
                    self._slots.setdefault(self._key(each, symbol, relocation), len(self._slots))
                elif relocation.kind == _PLT32 and not own:
                    self._stubs.setdefault(symbol.name, len(self._stubs))
                    self._slots.setdefault(symbol.name, len(self._slots))
                elif relocation.kind not in {_PC32, _PLT32} or not own:
                    raise LinkError(f"{symbol.name}: relocation {relocation.kind}")

    def _owner(self, each: _Object, symbol: _Symbol) -> tuple[_Object, _Symbol] | None:
        if symbol.section:
            return each, symbol
        return self._defined.get(symbol.name)

    def _key(self, each: _Object, symbol: _Symbol, relocation: _Relocation) -> str:
        """What a slot of the table is for: a name that all objects know, else a place in one of them."""
        if symbol.is_global:
            return symbol.name
        number = self._objects.index(each)
        return f"\0{number} {relocation.symbol}"

    def _address(self, each: _Object, symbol: _Symbol) -> int:
        found = self._owner(each, symbol)
        if found is None or found[1].section not in found[0].sections:
            raise LinkError(f"{symbol.name} lies nowhere")
        return found[0].sections[found[1].section].address + found[1].value

    def image(self) -> bytes:
        """Lay everything out, then write it."""
        names, offsets = self._names()
        symbols = 1 + len(self._imports) + len(self._exports)
        tables = {
            "hash": 8 + 4 * (1 + symbols),
            "symbols": 24 * symbols,
            "names": len(names),
            "relocations": 24 * (self._fixed + len(self._slots)),
        }
        at = _HEADERS
        places: dict[str, int] = {}
        for name, size in tables.items():
            places[name] = at = _aligned(at, 8)
            at += size
        bounds: list[tuple[int, int]] = []
        for number, segment in enumerate(_SEGMENTS):
            first = 0 if segment == _R else _aligned(at, 64)
            at = max(first, at)
            shift = number * _PAGE
            at = self._placed(segment, at, shift)
            if segment == _RX:
                places["stubs"] = (at := _aligned(at, 16)) + shift
                at += _STUB * len(self._stubs)
            if segment == _RW:
                places["slots"] = (at := _aligned(at, 16)) + shift
                at += 8 * len(self._slots)
                places["dynamic"] = at + shift
                at += 16 * 10
            bounds.append((first, at))
        self._relocate(places)
        image = bytearray(at)
        for each in self._objects:
            for section in each.sections.values():
                shift = _SEGMENTS.index(section.segment) * _PAGE
                start = section.address - shift
                image[start : start + len(section.data)] = section.data
        self._fill(image, places, offsets, names, bounds)
        return bytes(image)

    def _names(self) -> tuple[bytes, dict[str, int]]:
        data = bytearray(b"\0")
        offsets: dict[str, int] = {}
        for name in (*self._imports, *self._exports):
            offsets[name] = len(data)
            data += name.encode() + b"\0"
        return bytes(data), offsets

    def _placed(self, segment: int, at: int, shift: int) -> int:
        for each in self._objects:
            for section in each.sections.values():
                if section.segment == segment:
                    at = _aligned(at, section.alignment)
                    section.address = at + shift
                    at += len(section.data)
        return at

    def _relocate(self, places: dict[str, int]) -> None:
        """Write addresses where they are known; note those that the loader has to write."""
        slots: dict[str, tuple[int, int]] = {}
        for each in self._objects:
            for relocation in each.relocations:
                symbol = each.symbols[relocation.symbol]
                section = each.sections[relocation.section]
                here = section.address + relocation.offset
                own = self._owner(each, symbol) is not None
                target = self._address(each, symbol) if own else 0
                imported = self._imports.get(symbol.name, 0) if not own else 0
                if relocation.kind == _ABS64:
                    kind = (imported << 32 | _ABS64) if imported else _RELATIVE
                    self._dynamic.append((here, kind, target + relocation.addend))
                    continue
                if relocation.kind in _GOT:
                    key = self._key(each, symbol, relocation)
                    slots[key] = imported, target
                    target = places["slots"] + 8 * self._slots[key]
                elif imported:
                    slots[symbol.name] = imported, 0
                    target = places["stubs"] + _STUB * self._stubs[symbol.name]
                struct.pack_into(
                    "<i", section.data, relocation.offset, target + relocation.addend - here
                )
        for key, (imported, target) in slots.items():
            kind = (imported << 32 | _GLOB_DAT) if imported else _RELATIVE
            self._dynamic.append((places["slots"] + 8 * self._slots[key], kind, target))

    def _fill(
        self,
        image: bytearray,
        places: dict[str, int],
        offsets: dict[str, int],
        names: bytes,
        bounds: list[tuple[int, int]],
    ) -> None:
        """Write the headers and the tables."""
        dynamic = places["dynamic"] - 2 * _PAGE
        struct.pack_into(
            "<4sBBBBQHHIQQQIHHHHHH",
            image, 0,
            b"\x7fELF", 2, 1, 1, 0, 0, 3, 62, 1, 0, 64, 0, 0, 64, 56, 5, 0, 0, 0,
        )  # fmt: skip
        heads = [
            (1, flags, first, first + number * _PAGE, last - first, _PAGE)
            for number, (flags, (first, last)) in enumerate(zip(_SEGMENTS, bounds, strict=True))
        ]
        heads.append((2, _RW, dynamic, places["dynamic"], 16 * 10, 8))
        heads.append((0x6474E551, _RW, 0, 0, 0, 16))  # the stack is not executable
        for number, (kind, flags, offset, address, size, alignment) in enumerate(heads):
            struct.pack_into(
                "<IIQQQQQQ", image, 64 + 56 * number,
                kind, flags, offset, address, address, size, size, alignment,
            )  # fmt: skip
        self._fill_symbols(image, places, offsets)
        image[places["names"] : places["names"] + len(names)] = names
        for number, entry in enumerate(self._dynamic):
            struct.pack_into("<QQq", image, places["relocations"] + 24 * number, *entry)
        for name, place in self._stubs.items():
            at = places["stubs"] - _PAGE + _STUB * place
            distance = places["slots"] + 8 * self._slots[name] - (places["stubs"] + _STUB * place)
            image[at : at + _STUB] = _JUMP + struct.pack("<i", distance - 6) + b"\xcc\xcc"
        entries = (
            (4, places["hash"]), (5, places["names"]), (6, places["symbols"]), (10, len(names)),
            (11, 24), (7, places["relocations"]), (8, 24 * len(self._dynamic)), (9, 24),
            (30, 8), (0, 0),
        )  # fmt: skip
        for number, pair in enumerate(entries):
            struct.pack_into("<QQ", image, dynamic + 16 * number, *pair)

    def _fill_symbols(
        self, image: bytearray, places: dict[str, int], offsets: dict[str, int]
    ) -> None:
        count = 1 + len(self._imports) + len(self._exports)
        # One bucket, in which all symbols stand one after another.
        chain = [*range(2, count), 0] if count > 1 else []
        struct.pack_into(
            f"<II{1 + count}I", image, places["hash"], 1, count, min(1, count - 1), 0, *chain
        )
        for name, number in self._imports.items():
            at = places["symbols"] + 24 * number
            struct.pack_into("<IBBHQQ", image, at, offsets[name], 0x10, 0, 0, 0, 0)
        for number, name in enumerate(self._exports, 1 + len(self._imports)):
            address = self._address(*self._defined[name])
            at = places["symbols"] + 24 * number
            struct.pack_into("<IBBHQQ", image, at, offsets[name], 0x12, 0, 1, address, 0)


def _aligned(at: int, alignment: int) -> int:
    return -(-at // alignment) * alignment
