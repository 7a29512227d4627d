"""Columns as numbers of kernels: what is fast gives what is slow and plain, from any number of threads."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np

from hyper.jit.columns import numbers
from hyper.jit.columns.formats import number_at, stored
from hyper.jit.columns.numbers import read_array, scaled, units_read, words_read
from hyper.jit.columns.texts import Texts, Verdicts
from hyper.jit.kernel.ir import Format

if TYPE_CHECKING:
    import pytest

    from hyper.jit.columns.formats import Array, Read

WORD = 2**63


def _told(read: Read, count: int) -> list[int | None]:
    wrong = {int(place) for each in read.wrong for place in each.places}
    return [None if place in wrong else number_at(read.array, place) for place in range(count)]


def _units(made: random.Random, precision: int) -> list[int]:
    edges = [limit + by for limit in (0, WORD, -WORD, 10**precision) for by in (-1, 0, 1)]
    within = min(10 ** (precision + 1), 2**126)
    drawn = [made.choice([*edges, -(10**precision), made.randrange(-within, within)]) for _ in "12"]
    return [each for each in drawn if abs(each) < 2**127]


def test_decimals_of_any_scale_are_read_as_one_by_one() -> None:
    made = random.Random(4)
    for _ in range(3_000):
        precision = made.choice([1, 5, 18, 19, 20, 28, 37, 38])
        form = Format("decimal", precision, made.choice([precision, made.randint(0, precision)]))
        scale = made.choice([0, form.scale, made.randint(0, 38)])
        units = _units(made, precision)
        slow = _told(units_read(units, scale, form, []), len(units))
        assert _told(words_read(stored(units, wide=True), scale, form), len(units)) == slow
        if all(-WORD <= each < WORD for each in units):
            found = scaled(np.array(units, np.int64), scale, form, [])
            assert _told(found, len(units)) == slow


def test_decimals_of_19_digits_are_not_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(numbers, "units_read")
    form = Format("decimal", 19, 2)
    assert _told(words_read(stored([1, -1, WORD - 1], wide=True), 2, form), 3) == [1, -1, WORD - 1]


def test_what_lies_anywhere_in_memory_is_copied_to_where_kernels_may_read_it() -> None:
    words = np.frombuffer(b"\0" * 33, np.int64, 4, 1)
    floats = words.view(np.float64)
    assert not words.flags.aligned
    for read in (
        words_read(words.reshape(2, 2), 0, Format("decimal", 28)),
        read_array(words, Format("int"), Texts()),
        read_array(floats, Format("float"), Texts()),
    ):
        assert read.array.flags.aligned
        assert read.array.flags.c_contiguous


class _Overtaken(Verdicts):
    """Whenever room was made for more texts, another thread has just made less."""

    @property
    def _known(self) -> Array:
        return self._left

    @_known.setter
    def _known(self, known: Array) -> None:
        self._left = known[:3]


def test_room_that_another_thread_made_for_fewer_texts_is_not_relied_on() -> None:
    verdicts, names = _Overtaken(), [f"t{number}" for number in range(9)]

    def check(text: str) -> str | None:
        return "odd" if int(text[1:]) % 2 else None

    for codes, odd in (([8, 1, 2], [1]), ([3, 8], [0]), ([2], []), ([], [])):
        found = list(verdicts.of(check, np.array(codes, np.int32), names))
        assert [at.tolist() for _, at in found] == ([odd] if odd else [])
