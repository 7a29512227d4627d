"""One object of WebAssembly made into a module that loads as it is: it imports nothing, and shows its memory and functions.

What LLVM emits is nearly one: indices of functions and types are final, since there is one object. Left to do are the places of
constants in memory, a memory and a stack of its own, and the exports. The stack lies lowest, so that too much of it is a trap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE: Final = 65536
_STACK: Final = PAGE
"""Bytes of the stack: kernels do not call themselves, so its depth is that of the calls as they are written."""

_MAGIC: Final = b"\0asm\1\0\0\0"
_CUSTOM, _TYPE, _IMPORT, _FUNCTION, _MEMORY, _GLOBAL, _EXPORT = 0, 1, 2, 3, 5, 6, 7
_CODE, _DATA, _DATACOUNT = 10, 11, 12
_KEPT: Final = {_TYPE, _FUNCTION, _DATACOUNT, _CODE, _DATA}
_I32_CONST, _END = 0x41, 0x0B
_SYMBOL_TABLE: Final = 8
_UNDEFINED, _EXPLICIT_NAME = 0x10, 0x40
_FINAL_RELOCATIONS: Final = {0, 6, 7}
"""Of functions, types and globals: final as they are. 3, 4 and 5 are addresses."""
_ADDRESS_LEB, _ADDRESS_SLEB, _ADDRESS_I32 = 3, 4, 5


class WasmError(Exception):
    """An object that no module can be made of; what it asks for is the message."""


class _Symbol(NamedTuple):
    """A function: ``place`` is its own number. Data: ``place`` is that of its segment, -1 for none."""

    kind: int
    flags: int
    name: str
    place: int
    offset: int = 0


class _Bytes:
    """Reads numbers and names one after another."""

    def __init__(self, data: bytes, place: int = 0) -> None:
        self.data = data
        self.place = place

    def more(self) -> bool:
        return self.place < len(self.data)

    def byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def take(self, size: int) -> bytes:
        self.place += size
        return self.data[self.place - size : self.place]

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self) -> int:
        start = self.place
        value = self.number()
        bits = 7 * (self.place - start)
        return value - (1 << bits) if value >> (bits - 1) else value

    def name(self) -> str:
        return self.take(self.number()).decode()


def module_of(data: bytes, exported: Iterable[str], *, strip: bool = True) -> bytes:
    """The module of an object. ``exported`` are the functions that it shows; without ``strip`` it has the names of all.

    It has ``memory`` and the global ``__heap_base``, from which on memory is the caller's. Raises ``WasmError``, also for bytes
    that are no whole object.
    """
    try:
        return _module(data, exported, strip=strip)
    except (LookupError, OverflowError, ValueError) as error:
        # What an object says of itself leads outside of it.
        raise WasmError(f"an object is malformed: {error}") from error


def _module(data: bytes, exported: Iterable[str], *, strip: bool) -> bytes:
    sections = list(_sections(data))
    places: dict[int, int] = {}
    custom: dict[str, bytes] = {}
    for place, (number, body) in enumerate(sections):
        if number == _CUSTOM:
            reader = _Bytes(body)
            name = reader.name()
            custom[name] = body[reader.place :]
        else:
            places[number] = place
    if _IMPORT in places:
        _check_imports(sections[places[_IMPORT]][1])
    symbols = _symbols(custom["linking"])
    bodies = {number: bytearray(sections[place][1]) for number, place in places.items()}
    addresses = [address for address, _ in _segments(bytes(bodies.get(_DATA, b"\0")))]
    for name in ("reloc.CODE", "reloc.DATA"):
        if name in custom:
            place, entries = _relocations(custom[name])
            _relocate(bodies[sections[place][0]], entries, symbols, addresses)
    return _written(bodies, symbols, sorted(exported), strip=strip)


def _sections(data: bytes) -> Iterator[tuple[int, bytes]]:
    if data[:8] != _MAGIC:
        raise WasmError("no object of WebAssembly")
    reader = _Bytes(data, 8)
    while reader.more():
        number = reader.byte()
        yield number, reader.take(reader.number())


def _check_imports(body: bytes) -> None:
    """Only the memory and the pointer to the stack may be asked for, which the module gets as its own."""
    reader = _Bytes(body)
    for _ in range(reader.number()):
        reader.name()
        name, kind = reader.name(), reader.byte()
        if kind == 0:
            raise WasmError(f"it calls {name}, which WebAssembly does not have")
        if kind == 2:
            flags = reader.byte()
            reader.number()
            if flags & 1:
                reader.number()
        elif kind == 3 and name == "__stack_pointer":
            reader.take(2)
        else:
            raise WasmError(f"it asks for {name}")


def _symbols(body: bytes) -> list[_Symbol]:
    reader = _Bytes(body)
    version = reader.number()
    if version != 2:
        raise WasmError(f"its linking is of version {version}")
    while reader.more():
        kind, size = reader.byte(), reader.number()
        if kind == _SYMBOL_TABLE:
            return [_symbol(reader) for _ in range(reader.number())]
        reader.take(size)
    return []


def _symbol(reader: _Bytes) -> _Symbol:
    kind, flags = reader.byte(), reader.number()
    if kind == 1:
        name = reader.name()
        if flags & _UNDEFINED:
            return _Symbol(kind, flags, name, -1)
        index, offset = reader.number(), reader.number()
        reader.number()
        return _Symbol(kind, flags, name, index, offset)
    index = reader.number()
    named = kind != 3 and (not flags & _UNDEFINED or flags & _EXPLICIT_NAME)
    return _Symbol(kind, flags, reader.name() if named else "", index)


def _segments(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Where the segments of data lie behind the stack, and what is in them."""
    reader = _Bytes(body)
    for _ in range(reader.number()):
        if reader.number() != 0 or reader.byte() != _I32_CONST:
            raise WasmError("its data is of a kind that is not known")
        address = _STACK + reader.signed()
        reader.byte()  # the end of the expression
        yield address, reader.take(reader.number())


def _relocations(body: bytes) -> tuple[int, list[tuple[int, int, int, int]]]:
    """The section, and of each entry its kind, place, symbol and addend."""
    reader = _Bytes(body)
    place, entries = reader.number(), []
    for _ in range(reader.number()):
        kind, offset, index = reader.byte(), reader.number(), reader.number()
        if kind in {_ADDRESS_LEB, _ADDRESS_SLEB, _ADDRESS_I32}:
            entries.append((kind, offset, index, reader.signed()))
        elif kind not in _FINAL_RELOCATIONS:
            raise WasmError(f"it has a relocation of kind {kind}")
    return place, entries


def _relocate(
    body: bytearray,
    entries: list[tuple[int, int, int, int]],
    symbols: list[_Symbol],
    addresses: list[int],
) -> None:
    for kind, offset, index, addend in entries:
        symbol = symbols[index]
        if symbol.kind != 1 or symbol.place < 0:
            raise WasmError(f"it asks for {symbol.name}")
        address = addresses[symbol.place] + symbol.offset + addend
        if kind == _ADDRESS_I32:
            body[offset : offset + 4] = address.to_bytes(4, "little")
        else:
            # LLVM leaves five bytes for each, whatever the number; below 2**31 both forms are the same.
            low = [address >> shift & 0x7F | 0x80 for shift in (0, 7, 14, 21)]
            body[offset : offset + 5] = bytes([*low, address >> 28])


def _written(
    bodies: dict[int, bytearray], symbols: list[_Symbol], exported: list[str], *, strip: bool
) -> bytes:
    functions = {each.name: each.place for each in symbols if each.kind == 0}
    missing = [name for name in exported if name not in functions]
    if missing:
        raise WasmError(f"it has no {missing[0]}")
    data = list(_segments(bytes(bodies.get(_DATA, b"\0"))))
    end = max([_STACK, *(address + len(content) for address, content in data)])
    heap = (end + 15) // 16 * 16
    pages = (heap + PAGE - 1) // PAGE
    exports = [_name("memory") + b"\2\0", _name("__heap_base") + b"\3\1"]
    exports += [_name(name) + b"\0" + _leb(functions[name]) for name in exported]
    sections = {number: bytes(body) for number, body in bodies.items() if number in _KEPT}
    sections[_MEMORY] = b"\1\0" + _leb(pages)
    sections[_GLOBAL] = b"\2" + _global(1, _STACK) + _global(0, heap)
    sections[_EXPORT] = _vector(exports)
    if data:
        sections[_DATA] = _vector([_segment(address, content) for address, content in data])
    order = (_TYPE, _FUNCTION, _MEMORY, _GLOBAL, _EXPORT, _DATACOUNT, _CODE, _DATA)
    parts = [
        _MAGIC,
        *(_section(number, sections[number]) for number in order if number in sections),
    ]
    if not strip:
        named = [_leb(index) + _name(name) for name, index in functions.items() if name]
        names = b"\1" + _sized(_vector(sorted(named, key=lambda each: _Bytes(each).number())))
        parts.append(_section(_CUSTOM, _name("name") + names))
    return b"".join(parts)


def _segment(address: int, content: bytes) -> bytes:
    return bytes([0, _I32_CONST]) + _sleb(address) + bytes([_END]) + _sized(content)


def _global(changes: int, value: int) -> bytes:
    return bytes([0x7F, changes, _I32_CONST]) + _sleb(value) + bytes([_END])


def _section(number: int, body: bytes) -> bytes:
    return bytes([number]) + _sized(body)


def _vector(items: list[bytes]) -> bytes:
    return _leb(len(items)) + b"".join(items)


def _name(text: str) -> bytes:
    return _sized(text.encode())


def _sized(body: bytes) -> bytes:
    return _leb(len(body)) + body


def _leb(value: int) -> bytes:
    made = bytearray()
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def _sleb(value: int) -> bytes:
    """Of a number that is not negative: one more byte where the last would have the bit of the sign."""
    made = _leb(value)
    return made if not made[-1] & 0x40 else bytes([*made[:-1], made[-1] | 0x80, 0])
