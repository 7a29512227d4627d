"""Kernels as data: structured control flow over values that are numbered, and variables that can be set.

A function gives a status: 0, or the number of the site that failed, or minus that of a guard that did not hold (then the caller
must ask a lower tier). Values are defined once, before they are used, in the block that uses them or one around it. What an
operation asks of its operands (a divisor that is not zero, a sum that fits) is for who builds the kernel to have checked.
Frozen and serialisable.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["bool", "int", "wide", "float"]
"""``int`` is signed 64-bit, ``wide`` signed 128-bit, ``float`` binary64."""

Storage: TypeAlias = Literal["u8", "i32", "i64", "i128", "f64"]
"""How an item of a column lies in memory, little-endian; ``u8`` is a bool, 0 or 1. ``i128`` is two 64-bit words, low first."""

KIND_OF: Final[dict[Storage, Kind]] = {
    "u8": "bool",
    "i32": "int",
    "i64": "int",
    "i128": "wide",
    "f64": "float",
}
"""The kind that an item is loaded as."""

ITEM_BYTES: Final[dict[Storage, int]] = {"u8": 1, "i32": 4, "i64": 8, "i128": 16, "f64": 8}


class Imm(msgspec.Struct, frozen=True):
    """A constant: digits for ``int`` and ``wide``, ``0`` or ``1`` for ``bool``, ``float.hex()`` for ``float``."""

    kind: Kind
    text: str


Operand: TypeAlias = int | Imm
"""The number of a value, or a constant."""

CheckedName: TypeAlias = Literal["add", "sub", "mul"]


class Op(msgspec.Struct, frozen=True, tag_field="op", tag="op"):
    """``dest = name(args)``; ``OPERATIONS`` tells the names. ``kind`` is that of ``dest``."""

    dest: int
    name: str
    args: tuple[Operand, ...]
    kind: Kind


class Checked(msgspec.Struct, frozen=True, tag_field="op", tag="checked"):
    """Arithmetic of ``int`` that fails at ``site`` where the result does not fit."""

    dest: int
    name: CheckedName
    args: tuple[Operand, Operand]
    site: int


class Load(msgspec.Struct, frozen=True, tag_field="op", tag="load"):
    """``dest`` is the item at ``index`` of the pointer parameter ``param`` (its place among the parameters)."""

    dest: int
    param: int
    index: Operand
    storage: Storage


class Get(msgspec.Struct, frozen=True, tag_field="op", tag="get"):
    """``dest`` is what variable ``var`` holds now."""

    dest: int
    var: int
    kind: Kind


class Set(msgspec.Struct, frozen=True, tag_field="op", tag="set"):
    """Variable ``var`` holds ``value`` from now on."""

    var: int
    value: Operand


class Fail(msgspec.Struct, frozen=True, tag_field="op", tag="fail"):
    """The function ends with status ``site`` where ``condition`` holds. A guard's status is negative."""

    condition: Operand
    site: int
    guard: bool = False


class When(msgspec.Struct, frozen=True, tag_field="op", tag="when"):
    """One of two blocks. ``weights`` tell how often each was taken, where that is known: they change no result."""

    condition: Operand
    then: tuple[Step, ...]
    orelse: tuple[Step, ...] = ()
    weights: tuple[int, int] | None = None


class Loop(msgspec.Struct, frozen=True, tag_field="op", tag="loop"):
    """``index`` goes from ``start`` up to, without, ``stop``."""

    index: int
    start: Operand
    stop: Operand
    body: tuple[Step, ...]


class Scope(msgspec.Struct, frozen=True, tag_field="op", tag="scope"):
    """Steps that a ``Break`` may leave."""

    body: tuple[Step, ...]


class Break(msgspec.Struct, frozen=True, tag_field="op", tag="break"):
    """Leaves the innermost loop or scope where ``condition`` holds."""

    condition: Operand


class Call(msgspec.Struct, frozen=True, tag_field="op", tag="call", omit_defaults=True):
    """Another function of the module; a status that is not 0 is this function's too. Pointer parameters are given as
    the places of the caller's own. ``apart``: it is not made part of the caller."""

    dests: tuple[int, ...]
    function: str
    args: tuple[Operand, ...]
    kinds: tuple[Kind, ...]
    apart: bool = False


class Return(msgspec.Struct, frozen=True, tag_field="op", tag="return"):
    """The results; the last step of a function, nowhere else."""

    values: tuple[Operand, ...]


Step: TypeAlias = (
    Op | Checked | Load | Get | Set | Fail | When | Loop | Scope | Break | Call | Return
)


class Param(msgspec.Struct, frozen=True):
    """A parameter, known within as the value ``value``: a number of ``kind``, or where ``pointer`` is given the address of
    items stored so (then ``kind`` is what they are loaded as)."""

    name: str
    value: int
    kind: Kind
    pointer: Storage | None = None


class Function(msgspec.Struct, frozen=True):
    """``values`` is one more than the highest number used; ``variables`` are the kinds of the variables, each 0 at the start.
    ``fails`` tells whether any status but 0 can come. ``reorders`` allows sums, products and quotients of floats to be taken
    together in another order, and to be rounded once where two are."""

    name: str
    params: tuple[Param, ...]
    results: tuple[Kind, ...]
    variables: tuple[Kind, ...]
    values: int
    body: tuple[Step, ...]
    fails: bool
    reorders: bool = False


Meaning: TypeAlias = Literal["bool", "int", "float", "date", "decimal", "label", "text", "offset"]


class Format(msgspec.Struct, frozen=True):
    """What the numbers of a column stand for. ``date``: days since 1970-01-01. ``decimal``: a whole number of the smallest
    unit at ``scale``, of at most ``precision`` digits. ``label``: a place in ``labels``. ``text``: a place in the texts of
    the unit, or beyond them any number that is another for each other text. ``offset``: an index of items."""

    meaning: Meaning
    precision: int = 0
    scale: int = 0
    labels: tuple[str | int | bool, ...] = ()


Role: TypeAlias = Literal["value", "offsets", "items", "whole"]


class Column(msgspec.Struct, frozen=True):
    """What a parameter of a kernel takes from a batch. ``value``: one item a row. ``offsets``: two parameters, the item at
    the row and the one after it, where a list of the row begins and ends. ``items``: the address of all items of all lists.
    ``whole``: the same number for each row.

    ``path`` names the fields from the parameter, with dots; ``[]`` after a list, and ``?`` at the end of the column
    that tells whether a value is there."""

    path: str
    role: Role
    storage: Storage
    format: Format


class Output(msgspec.Struct, frozen=True):
    """A result: ``path`` as of a column, from the whole result, which is the empty path."""

    path: str
    storage: Storage
    format: Format


class Site(msgspec.Struct, frozen=True):
    """Where and why a kernel failed: an error code, its message, and the place in the source (line from 1)."""

    code: str
    message: str
    file: str
    line: int


class Bodies(msgspec.Struct, frozen=True):
    """What a function does as two others: ``held``, where columns are ``constants``, by their places, and ``general``, whatever
    they are."""

    held: str
    general: str
    constants: tuple[tuple[int, Imm], ...]


class Kernel(msgspec.Struct, frozen=True, omit_defaults=True):
    """A function that can be called from outside, scalar by scalar or over rows: its columns in the order of its parameters,
    and how each result is stored. ``bodies`` are for rows, which choose between them once for many."""

    function: str
    columns: tuple[Column, ...]
    outputs: tuple[Output, ...]
    bodies: Bodies | None = None

    @property
    def needs(self) -> frozenset[str]:
        """The functions that it calls itself."""
        bodies = self.bodies
        own = frozenset({self.function})
        return own if bodies is None else own | {bodies.held, bodies.general}


class Unit(msgspec.Struct, frozen=True):
    """A module: functions by name, callees before callers; the kernels; the sites, number 1 first; the texts."""

    functions: tuple[Function, ...]
    kernels: tuple[Kernel, ...]
    sites: tuple[Site, ...]
    texts: tuple[str, ...] = ()


INT_OPERATIONS: Final = frozenset(
    {
        "add", "sub", "mul", "neg", "abs", "min", "max",
        "floordiv",  # int only; divisor not 0, not -1 under the least int
        "floormod",  # int only; divisor not 0
        "div_even",  # half-even quotient; divisor not 0, both magnitudes below 2**62 (int) or 2**126 (wide)
        "scale_down",  # half-even by a power of ten; the second operand is its constant exponent, at most 18 (int) or 37 (wide)
    }
)  # fmt: skip
FLOAT_OPERATIONS: Final = frozenset(
    {
        "add", "sub", "mul", "div", "neg", "abs", "floordiv", "floormod",
        "sqrt", "rint", "floor", "ceil", "exp", "log", "log10", "pow",
        "round_digits",  # half-even, of the exact value, to parts of the second, a power of ten to 10**22; the product below 2**52
    }
)  # fmt: skip
COMPARISONS: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
"""Of two operands of one kind; of floats ``ne`` is true for NaN, the others are not."""
LOGIC: Final = frozenset({"and", "or", "xor", "not"})
CONVERSIONS: Final[dict[str, tuple[tuple[Kind, ...], Kind]]] = {
    "widen": (("int",), "wide"),
    "narrow": (("wide",), "int"),  # the low 64 bits
    "to_float": (("int",), "float"),  # nearest
    "to_int": (("float",), "int"),  # towards zero; must be within 64 bits
    "from_bool": (("bool",), "int"),
    "ratio": (("int", "int"), "float"),  # the float nearest to the quotient; divisor not 0
    "compare_exact": (("int", "float"), "int"),  # -1, 0, 1, or 2 for NaN
    "is_nan": (("float",), "bool"),
    "is_finite": (("float",), "bool"),
}
"""Operands and result of each."""


def calls(steps: tuple[Step, ...]) -> set[str]:
    """The names of the functions that these steps call."""
    found: set[str] = set()
    waiting = [steps]
    while waiting:
        for step in waiting.pop():
            match step:
                case Call():
                    found.add(step.function)
                case When(_, then, orelse):
                    waiting += [then, orelse]
                case Loop() | Scope():
                    waiting.append(step.body)
                case _:
                    pass
    return found
