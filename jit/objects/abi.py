"""What a library of kernels offers to C: names, types and numbers that stay, and the LLVM text behind them.

A function of the kernel ``shop.pricing.total`` is ``shop__pricing__total`` (one call) and ``shop__pricing__total__rows``
(columns). Its number is a status: 0, or one that ``PREFIX_site`` tells the code, message, file and line of. A negative status is
not an error: the kernel leaves these values to the Python function. ``VERSION`` is another where these rules are.
"""

from __future__ import annotations

import hashlib
import keyword
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.jit.kernel import ir
from hyper.jit.llvm.module import scalar_symbol, scalar_types
from hyper.jit.llvm.rows import rows_symbol
from hyper.jit.objects.cpuid import supported_text
from hyper.jit.objects.texts import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hyper.jit.hardware import Profile
    from hyper.jit.kernel.ir import Column, Kind, Output, Storage

VERSION: Final = 1
"""The version of the rules by which kernels are called from C."""

_PREFIX: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COMMON: Final = ("abi_version", "unit", "supported", "site", "text")
_PLAIN: Final = re.compile(r"[^A-Za-z0-9_]")
_KEYWORDS: Final = (
    "alignas alignof auto bool break case char const constexpr continue default do double else enum"
    " extern false float for goto if inline int long nullptr register restrict return short signed"
    " sizeof static struct switch thread_local true typedef typeof union unsigned void volatile"
    " while asm class delete new this template typename private public protected virtual friend"
    " operator namespace using try catch throw explicit export mutable linux unix"
)
_C_WORDS: Final = frozenset(_KEYWORDS.split())


class AbiError(ValueError):
    """A unit or a name that no library can be made of; the message says why."""


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a C function: its type, its name, and what it stands for."""

    type: str
    name: str
    about: str


class Entry(msgspec.Struct, frozen=True):
    """A kernel as C sees it. ``parameters`` are those of one call, the addresses of the results last."""

    kernel: ir.Kernel
    function: ir.Function
    symbol: str
    rows: str
    parameters: tuple[Parameter, ...]


class Left(msgspec.Struct, frozen=True):
    """A function that is not in a library, with the reason and its place in the source."""

    name: str
    reason: str
    file: str
    line: int


class Interface(msgspec.Struct, frozen=True):
    """A library: its prefix, its unit, its functions. ``digest`` names what was compiled, in the header and in the library."""

    prefix: str
    unit: ir.Unit
    entries: tuple[Entry, ...]
    digest: str
    left: tuple[Left, ...] = ()

    @property
    def common(self) -> tuple[str, ...]:
        """The functions that each library has."""
        return _common(self.prefix)

    @property
    def exported(self) -> tuple[str, ...]:
        """All symbols that can be seen from outside, sorted."""
        entries = (name for entry in self.entries for name in (entry.symbol, entry.rows))
        return tuple(sorted((*entries, *self.common)))


def interface(unit: ir.Unit, prefix: str, left: Sequence[Left] = ()) -> Interface:
    """What a library of a unit offers; ``prefix`` begins the names that are not those of kernels.

    Raises ``AbiError`` for a prefix that is no name in C.
    """
    if not _PREFIX.fullmatch(prefix):
        raise AbiError(f"{prefix!r} cannot begin the names of a C library: letters, digits and `_`")
    known = {function.name: function for function in unit.functions}
    names = symbols([kernel.function for kernel in unit.kernels], _common(prefix))
    entries = tuple(
        Entry(
            kernel,
            known[kernel.function],
            name,
            f"{name}__rows",
            tuple(_parameters(kernel, known[kernel.function], prefix)),
        )
        for kernel, name in zip(unit.kernels, names, strict=True)
    )
    digest = hashlib.sha256(b"%d\0" % VERSION + msgspec.json.encode(unit)).hexdigest()
    return Interface(prefix, unit, entries, digest, tuple(left))


def _common(prefix: str) -> tuple[str, ...]:
    return tuple(f"{prefix}_{name}" for name in _COMMON)


def symbols(names: Sequence[str], reserved: Sequence[str] = ()) -> list[str]:
    """The names in C of functions, in their order. Two that would have one name have a part of their digests behind."""
    plain = [_PLAIN.sub(_escaped, name.replace(".", "__")) for name in names]
    taken = Counter(each for name in plain for each in (name, f"{name}__rows"))
    taken.update(reserved)
    found = []
    for name, symbol in zip(names, plain, strict=True):
        clash = taken[symbol] > 1 or taken[f"{symbol}__rows"] > 1 or symbol in _C_WORDS
        found.append(f"{symbol}_{_short(name)}" if clash else symbol)
    return found


def _escaped(found: re.Match[str]) -> str:
    return f"_u{ord(found[0]):04x}_"


def _short(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]


STORED: Final[dict[Storage, str]] = {
    "u8": "uint8_t",
    "i32": "int32_t",
    "i64": "int64_t",
    "f64": "double",
}
_SCALAR: Final[dict[Kind, str]] = {"bool": "uint8_t", "int": "int64_t", "float": "double"}


def stored(storage: Storage, prefix: str) -> str:
    """The type in C of an item in memory."""
    return STORED.get(storage, f"{prefix}_wide")


def _parameters(kernel: ir.Kernel, function: ir.Function, prefix: str) -> Iterator[Parameter]:
    taken: set[str] = set()
    for column in kernel.columns:
        yield from _taken(column, prefix, taken)
    for output, kind in zip(kernel.outputs, function.results, strict=True):
        name = _unique(_named("result", output.path), taken)
        yield Parameter(f"{_SCALAR.get(kind, f'{prefix}_wide')} *", name, meaning(output))


def _taken(column: Column, prefix: str, taken: set[str]) -> Iterator[Parameter]:
    name = _named("", column.path.replace("[]", ""))
    if column.role == "offsets":
        for end in ("start", "stop"):
            chosen = _unique(f"{name}_{end}", taken)
            yield Parameter("int64_t ", chosen, f"where the items of {column.path} {_ENDS[end]}")
        return
    chosen = _unique(name, taken)
    told = meaning(column) if column.path == chosen else f"{column.path}, {meaning(column)}"
    if column.role == "items":
        of = f"const {stored(column.storage, prefix)} *"
        yield Parameter(of, chosen, f"all items: {told}")
    else:
        kind = ir.KIND_OF[column.storage]
        of = f"const {prefix}_wide *" if kind == "wide" else f"{_SCALAR[kind]} "
        yield Parameter(of, chosen, told)


_ENDS: Final = {"start": "begin", "stop": "end"}


def _named(head: str, path: str) -> str:
    """The name of what lies at a path; ``has_`` before that of whether it is there."""
    parts = [part for part in (head, path.removesuffix("?")) if part]
    return "_".join(["has", *parts] if path.endswith("?") else parts)


def _unique(name: str, taken: set[str]) -> str:
    plain = _PLAIN.sub(_escaped, name.replace(".", "_").replace("()", ""))
    if plain in _C_WORDS or keyword.iskeyword(plain) or plain[:1].isdigit():
        plain += "_"
    chosen, count = plain, 2
    while chosen in taken:
        chosen, count = f"{plain}_{count}", count + 1
    taken.add(chosen)
    return chosen


def meaning(column: Column | Output) -> str:
    """What the numbers of a column stand for, in words."""
    form = column.format
    match form.meaning:
        case "date":
            return "a date, in days since 1970-01-01"
        case "decimal":
            return f"a decimal of {form.precision} digits, as a number of units of 1e-{form.scale}"
        case "label":
            named = ", ".join(f"{place} = {label}" for place, label in enumerate(form.labels))
            return f"one of {named}"
        case "text":
            return "a text, as its place among PREFIX_text or another number beyond"
        case "bool":
            return "0 or 1"
        case "offset":
            return "a place among items"
        case found:
            return {"int": "a whole number", "float": "a float"}[found]


def common_text(made: Interface, profile: Profile) -> str:
    """The LLVM text of the functions that each library has."""
    prefix = made.prefix
    parts = [supported_text(f"{prefix}_supported", profile)]
    parts.append(f'define i32 @"{prefix}_abi_version"() nounwind {{\n  ret i32 {VERSION}\n}}\n')
    shown, size = literal(made.digest)
    parts += [f"@abi.unit = private constant [{size} x i8] {shown}"]
    parts.append(f'define ptr @"{prefix}_unit"() nounwind {{\n  ret ptr @abi.unit\n}}\n')
    return "\n".join([*parts, *_table(made)])


def entries_text(entries: Iterable[Entry]) -> str:
    """The LLVM text of what C calls for kernels that are in the same module."""
    return "\n".join(text for entry in entries for text in (_one(entry), _rows(entry)))


def _one(entry: Entry) -> str:
    types = scalar_types(entry.function)
    given = ", ".join(f"{kind} %a{place}" for place, kind in enumerate(types))
    return "\n".join(
        [
            f'define i32 @"{entry.symbol}"({given}) nounwind {{',
            f'  %status = call i32 @"{scalar_symbol(entry.kernel)}"({given})',
            "  ret i32 %status",
            "}",
            "",
        ]
    )


def _rows(entry: Entry) -> str:
    given = "ptr %columns, ptr %outputs, ptr %status, i64 %start, i64 %stop"
    return "\n".join(
        [
            f'define i64 @"{entry.rows}"({given}) nounwind {{',
            f'  %failed = call i64 @"{rows_symbol(entry.kernel)}"({given})',
            "  ret i64 %failed",
            "}",
            "",
        ]
    )


_SITE: Final = "{ i32, i32, ptr, ptr, ptr }"


def _table(made: Interface) -> list[str]:
    """The sites, each text once, and the texts, with the functions that give them."""
    unit, known, lines = made.unit, dict[str, str](), list[str]()

    def text(value: str) -> str:
        if value not in known:
            name = known[value] = f"@abi.t{len(known)}"
            shown, size = literal(value)
            lines.append(f"{name} = private unnamed_addr constant [{size} x i8] {shown}")
        return known[value]

    sites = [
        f"{_SITE} {{ i32 {number}, i32 {site.line}, ptr {text(site.code)}, ptr {text(site.message)}, "
        f"ptr {text(site.file)} }}"
        for number, site in enumerate(unit.sites, 1)
    ]
    texts = [f"ptr {text(value)}" for value in unit.texts]
    lines.append(f"@abi.sites = private constant [{len(sites)} x {_SITE}] [{', '.join(sites)}]")
    lines.append(f"@abi.texts = private constant [{len(texts)} x ptr] [{', '.join(texts)}]")
    size = "call i32 @llvm.abs.i32(i32 %status, i1 false)"
    return [
        *lines,
        "declare i32 @llvm.abs.i32(i32, i1)",
        f'define ptr @"{made.prefix}_site"(i32 %status) nounwind {{',
        f"  %number = {size}",
        "  %place = sub i32 %number, 1",
        *_found("i32", len(sites), f"[{len(sites)} x {_SITE}], ptr @abi.sites"),
        "  ret ptr %address",
        "none:",
        "  ret ptr null",
        "}",
        "",
        f'define ptr @"{made.prefix}_text"(i64 %place) nounwind {{',
        *_found("i64", len(texts), f"[{len(texts)} x ptr], ptr @abi.texts"),
        "  %value = load ptr, ptr %address",
        "  ret ptr %value",
        "none:",
        "  ret ptr null",
        "}",
        "",
    ]


def _found(kind: str, count: int, table: str) -> list[str]:
    return [
        f"  %inside = icmp ult {kind} %place, {count}",
        "  br i1 %inside, label %some, label %none",
        "some:",
        f"  %address = getelementptr inbounds {table}, i64 0, {kind} %place",
    ]
