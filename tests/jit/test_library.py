"""Libraries in pieces: whatever is divided and inlined, what is computed is the same; and libraries of other processors."""

from __future__ import annotations

import ctypes
import struct
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from hyper.jit.hardware import resolve
from hyper.jit.llvm.target import Compiler, processor
from hyper.jit.objects.library import LTO, Lto, Making, linked, objects, pieces
from hyper.jit.objects.link import LinkError, linker
from tests.check.programs import program
from tests.jit.libraries import of_program
from tests.jit.test_abi import PROGRAM, compiler
from tests.jit.test_abi import linked as linked_object

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.jit.objects.abi import Interface

pytest.importorskip("llvmlite")

COST = """
calc cost(quantity: int, price: decimal(12, 2)) -> decimal(14, 2):
    quantity * price
"""
TOTAL = """
use m0 (cost)

calc total(a: int, b: int, price: decimal(12, 2)) -> decimal(14, 2):
    cost(a, price) + cost(b, price)
calc rest(a: float) -> float: (a + 0.5) % 3.0
"""


def two_modules() -> Interface:
    return of_program(program(COST, TOTAL))


def loaded(made: Interface, making: Making, folder: Path) -> Any:
    compiler()
    profile = resolve("x86-64")
    path = folder / f"{making.lto}{making.codegen_units}.so"
    try:
        path.write_bytes(linked(made, objects(made, profile, making), profile, making))
    except LinkError as error:
        pytest.skip(str(error))
    return ctypes.CDLL(str(path))


def answers(library: Any) -> list[Any]:
    number, rest = ctypes.c_int64(), ctypes.c_double()
    found: list[Any] = []
    for args in ((2, 3, 150), (2**62, 3, 150)):
        given = [ctypes.c_int64(arg) for arg in args]
        status = library.m1__total(*given, ctypes.byref(number))
        found.append((status, number.value if not status else None))
    status = library.m1__rest(ctypes.c_double(-7.25), ctypes.byref(rest))
    return [*found, (status, rest.value)]


@pytest.mark.parametrize("lto", LTO)
def test_pieces_compute_the_same(lto: Lto, tmp_path: Path) -> None:
    made = two_modules()
    for count in (0, 1, 2, 9):
        library = loaded(made, Making(lto=lto, codegen_units=count), tmp_path)
        first, second, third = answers(library)
        assert first == (0, 750)
        assert second[0] != 0
        assert third == (0, (-7.25 + 0.5) % 3.0)
        assert not hasattr(library, "kernel:m0.cost")


def test_the_own_linker_needs_nothing(tmp_path: Path) -> None:
    made = two_modules()
    for count in (1, 0):
        making = Making(lto="off", codegen_units=count, linker="own")
        assert answers(loaded(made, making, tmp_path))[0] == (0, 750)
    with pytest.raises(LinkError, match="x86-64 only"):
        linked(made, [], resolve("aarch64"), making)


def test_how_a_unit_is_divided() -> None:
    made, profile = two_modules(), resolve("x86-64")
    known = {
        (lto, count): pieces(made, profile, Making(lto=lto, codegen_units=count))
        for lto in LTO
        for count in (0, 1, 3)
    }
    assert {each: len(found) for each, found in known.items()} == {
        ("off", 0): 3,
        ("off", 1): 2,
        ("off", 3): 4,
        ("unit", 0): 3,
        ("unit", 1): 2,
        ("unit", 3): 4,
        ("program", 0): 1,
        ("program", 1): 1,
        ("program", 3): 1,
    }
    off, unit = known["off", 0][2].text, known["unit", 0][2].text
    assert 'declare i32 @"kernel:m0.cost"' in off
    assert 'define internal i32 @"kernel:m0.cost"' in unit
    assert known["off", 0][1].hidden == {"kernel:m0.cost"}


def test_an_edit_makes_other_pieces_of_what_is_changed_only() -> None:
    profile = resolve("x86-64")
    before = of_program(program(COST, TOTAL))
    after = of_program(program(COST, TOTAL.replace("% 3.0", "% 5.0")))
    for lto, count in (("off", 1), ("unit", 1), ("program", 1)):
        making = Making(lto=lto)  # type: ignore[arg-type]
        olds = {piece.text for piece in pieces(before, profile, making)}
        fresh = [piece for piece in pieces(after, profile, making) if piece.text not in olds]
        assert len(fresh) == count + (
            lto != "program"
        )  # the digest of the unit is in a piece of its own


@pytest.mark.parametrize("level", ["0", "1", "2", "3", "s"])
def test_levels_of_optimisation_make_other_code(level: Any) -> None:
    made = of_program(program(PROGRAM))
    profile = msgspec.structs.replace(resolve("x86-64-v3"), opt_level=level)
    (piece,) = pieces(made, profile, Making(lto="program"))
    plain = msgspec.structs.replace(profile, opt_level="0" if level != "0" else "2")
    assert piece.compiled(profile) == piece.compiled(profile)
    assert piece.compiled(profile) != piece.compiled(plain)


def test_what_a_profile_is_tuned_for_and_how_wide_vectors_are_shapes_code() -> None:
    text = of_program(program("calc f(a: float, b: float) -> float: a * b + a"))
    codes = set()
    for tune, width in (("", 0), ("znver4", 0), ("", 128), ("", 256)):
        profile = msgspec.structs.replace(resolve("x86-64-v4"), tune=tune, vector_width=width)
        (piece,) = pieces(text, profile, Making(lto="program"))
        codes.add(Compiler(processor(profile), "3").assembly(piece.text))
    assert len(codes) >= 3


def test_symbols_are_stripped() -> None:
    made, profile = two_modules(), resolve("x86-64")
    compiler()
    parts = objects(made, profile, Making())
    lean = linked(made, parts, profile, Making())
    named = linked(made, parts, profile, Making(strip=False))
    assert b"m1.total.rows.loop" in named
    assert b"m1.total.rows.loop" not in lean
    assert len(lean) < len(named)


def test_a_library_for_aarch64_is_linked_and_needs_nothing_beyond_the_c_library() -> None:
    try:
        linker("lld", "aarch64")
    except LinkError as error:
        pytest.skip(str(error))
    made, profile = of_program(program(PROGRAM)), resolve("aarch64")
    parts = objects(made, profile, Making())
    data = linked(made, parts, profile, Making())
    assert data == linked(made, objects(made, profile, Making()), profile, Making())
    kind, machine = struct.unpack_from("<HH", data, 16)
    assert (data[:6], kind, machine) == (b"\x7fELF\x02\x01", 3, 183)
    assert all(name.encode() in data for name in made.exported)
    with pytest.raises(LinkError, match="does not link for aarch64"):
        linker("cc", "aarch64")


def test_one_object_is_what_a_library_of_one_piece_is_made_of() -> None:
    made, profile = two_modules(), resolve("x86-64")
    (part,) = objects(made, profile, Making(lto="program"))
    assert linked_object(part, "auto") == linked(made, [part], profile, Making())
