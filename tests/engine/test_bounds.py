"""Sums of products of sizes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hyper.engine.bounds import Atom, Bound, number, unknown

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
