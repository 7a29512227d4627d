"""Modules as bytes come back as they were, and a stored program is the same as one in memory."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from hyper.ir import nodes
from hyper.ir.index import index_of
from hyper.ir.program import AliasDef, CalcDef, EnumDef, MemberDef, Module, Program
from hyper.ir.stored import decode_module, encode_module, stored_program
from hyper.lang.markers import NO_MARKERS, Markers
from hyper.lang.types import BIGINT, INT, STRING, Lit
from tests.emit_incremental import trees

if TYPE_CHECKING:
    from collections.abc import Callable


def assert_same(module: Module) -> None:
    data = encode_module(module)
    back = decode_module(data)
    assert back == module
    # Equal structs may still differ: 1 and true, 1.0 and 1.00.
    assert encode_module(back) == data


@pytest.mark.parametrize(
    "sources", [trees.storefront, trees.everything, lambda: trees.generated(30, 7)]
)
def test_modules_come_back(sources: Callable[[], dict[str, str]]) -> None:
    for module in trees.program_of(sources()).modules:
        assert_same(module)


@pytest.mark.parametrize("name", ["museum", "adyen", "datadog"])
def test_modules_of_real_descriptions_come_back(name: str) -> None:
    for module in trees.real(name).modules:
        assert_same(module)


def module(*definitions: AliasDef | CalcDef | EnumDef) -> Module:
    return Module("m", "m.intent", "", (), definitions)


def test_ints_past_64_bits_come_back() -> None:
    marked = Markers(minimum=-(2**80), maximum=Decimal("1.50"))
    assert_same(
        module(
            AliasDef("A", BIGINT, marked, "", 1),
            AliasDef("B", Lit(2**70), NO_MARKERS, "é", 2),
            EnumDef("E", (MemberDef("x", 2**64, NO_MARKERS, "", 4),), NO_MARKERS, "", 3),
        )
    )


def test_lone_surrogates_come_back() -> None:
    marked = Markers(minimum=Decimal("1.0"))
    assert_same(
        module(
            AliasDef("A", STRING, NO_MARKERS, "\ud800 and é", 1),
            AliasDef("B", Lit("\udfff"), marked, "", 2),
            AliasDef("C", Lit(2**70), marked, "", 3),
        )
    )


def test_wire_values_keep_their_types() -> None:
    wires: tuple[str | int | bool, ...] = (1, True, 0, False, "1")
    members = tuple(MemberDef(f"m{at}", wire, NO_MARKERS, "", at) for at, wire in enumerate(wires))
    back = decode_module(encode_module(module(EnumDef("E", members, NO_MARKERS, "", 1))))
    (made,) = back.definitions
    assert isinstance(made, EnumDef)
    assert [type(member.wire) for member in made.members] == [int, bool, int, bool, str]


def test_deep_expressions_come_back() -> None:
    """Deeper than sources may nest, and than Python recurses by itself; 3.12 has 1,500 frames of C and no more."""
    value: nodes.Expr = nodes.Const(INT, "1")
    for _ in range(1_200):
        value = nodes.Unary(INT, "neg", value)
    body = (nodes.Return(value, 1),)
    data = encode_module(module(CalcDef("f", (), INT, body, False, False, NO_MARKERS, "", 1)))
    # The structs are nested too deeply to be compared.
    assert encode_module(decode_module(data)) == data


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b"\x81\xa4name\xa1m", b"\xff"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # whatever the message
        decode_module(data)


def test_a_stored_program_is_the_same() -> None:
    held = trees.program_of(trees.storefront())
    loaded: list[str] = []
    blobs = {found.name: encode_module(found) for found in held.modules}

    def load(name: str) -> Module:
        loaded.append(name)
        return decode_module(blobs[name])

    stored = stored_program([index_of(found) for found in reversed(held.modules)], load)
    assert stored.index == held.index
    assert list(stored.definitions) == list(held.definitions)
    assert loaded == []
    service = stored.service
    assert service == held.service
    assert service is not None
    (name,) = (name for name, found in held.definitions.items() if found == service)
    assert loaded == [stored.module_of(name)]
    assert dict(stored.definitions) == dict(held.definitions)
    assert stored.modules == held.modules
    assert {name: found.name for name, found in stored.home.items()} == {
        name: found.name for name, found in held.home.items()
    }
    assert sorted(loaded) == sorted(blobs)
    with pytest.raises(KeyError):
        stored.definitions[f"{loaded[0]}.Nothing"]
    assert stored.definitions.get(f"{loaded[0]}.Nothing") is None


def test_indexes_have_no_lines() -> None:
    sources = trees.storefront()
    held = trees.program_of(sources)
    moved = trees.program_of({path: f"# above\n\n{text}" for path, text in sources.items()})
    assert moved.modules != held.modules
    assert moved.index == held.index


def test_an_index_is_quick_to_read() -> None:
    import msgspec

    from hyper.ir.index import ModuleIndex

    held: Program = trees.program_of(trees.everything())
    data = msgspec.msgpack.encode(held.index)
    assert msgspec.msgpack.decode(data, type=list[ModuleIndex]) == held.index
