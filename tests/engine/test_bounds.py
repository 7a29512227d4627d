"""Sums of products of sizes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hyper.engine.bounds import VAST, Atom, Bound, greatest, number, total, unknown

ATOMS = [Atom("a"), Atom("b.c"), Atom("n", "value")]
SIZES = st.fixed_dictionaries({atom: st.integers(0, 9) for atom in ATOMS})
BOUNDS = st.recursive(
    st.one_of(st.integers(0, 20).map(number), st.sampled_from(ATOMS).map(unknown)),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
    ),
    max_leaves=8,
)


def _at(bound: Bound, sizes: dict[Atom, int]) -> int:
    value = bound.maximum(sizes)
    assert value is not None
    return value


@given(BOUNDS, BOUNDS, SIZES)
def test_arithmetic_is_that_of_numbers(one: Bound, two: Bound, sizes: dict[Atom, int]) -> None:
    assert _at(one + two, sizes) == _at(one, sizes) + _at(two, sizes)
    assert _at(one * two, sizes) == _at(one, sizes) * _at(two, sizes)
    assert _at(one.either(two), sizes) >= max(_at(one, sizes), _at(two, sizes))


@given(BOUNDS, BOUNDS, SIZES)
def test_replacing_an_atom_is_evaluating_it(one: Bound, two: Bound, sizes: dict[Atom, int]) -> None:
    replaced = one.replace(lambda atom: two if atom == ATOMS[0] else unknown(atom))
    assert _at(replaced, sizes) == _at(one, {**sizes, ATOMS[0]: _at(two, sizes)})


def test_how_it_is_written() -> None:
    bound = number(12) + number(9) * unknown(Atom("order.lines")) * unknown(Atom("n", "value"))
    assert (
        str(bound) == "12 + 9 * n * length(order.lines)"
        or str(bound) == "12 + 9 * length(order.lines) * n"
    )
    assert str(number(0)) == "0"
    assert bound.maximum({}) is None


def test_what_would_double_with_every_factor_is_not_worked_out() -> None:
    product = number(1)
    for number_of in range(200):
        product *= unknown(Atom(f"a{number_of}")) + unknown(Atom(f"b{number_of}"))
    assert len(product.terms) <= 4096
    assert product.maximum(dict.fromkeys(ATOMS, 1)) is None
    assert "…" in str(product)
    power = unknown(ATOMS[0]) + number(1)
    for _ in range(200):
        power *= power
    assert len(power.terms) <= 4096
    assert power.maximum({ATOMS[0]: 1}) is None


def test_a_sum_of_too_much_has_no_end() -> None:
    parts = [unknown(Atom(f"a{each}")) for each in range(5000)]
    assert total(parts) == greatest(parts) == VAST
    assert VAST.maximum({}) is None
