"""The sketches keep their bounds, and refuse bytes that are none of theirs."""

from __future__ import annotations

import hashlib
import math
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.cache.sketches import bloom, count_min, hyperloglog
from hyper.cache.sketches.bloom import KeyFilter
from hyper.cache.sketches.count_min import DEPTH, MOST, CountMin
from hyper.cache.sketches.hyperloglog import PRECISION, Distinct
from hyper.cache.sketches.sealed import SketchError, seal, unseal

ROOT: Final = Path(__file__).resolve().parents[2]


def key(number: int, of: str = "") -> bytes:
    return hashlib.sha256(f"{of} {number}".encode()).digest()


digests = st.binary(min_size=32, max_size=32)


class TestBloom:
    @given(keys=st.sets(digests, max_size=80), later=st.sets(digests, max_size=80))
    def test_what_was_added_is_never_surely_absent(
        self, keys: set[bytes], later: set[bytes]
    ) -> None:
        made = KeyFilter.of(keys, epoch=1)
        made.update(later)  # may be more than the filter has room for
        read = KeyFilter.from_bytes(made.to_bytes())
        for each in keys | later:
            assert not made.surely_absent(each)
            assert not read.surely_absent(each)
        assert read.worth_asking(sorted(keys | later)) == sorted(keys | later)

    @pytest.mark.parametrize("rate", [0.1, 0.01, 0.001])
    def test_the_rate_of_false_positives_is_within_its_bound(self, rate: float) -> None:
        many = 20_000
        made = KeyFilter(0, 8_000, rate)
        made.update(key(number) for number in range(8_000))
        seeming = len(made.worth_asking(key(number, "absent") for number in range(many)))
        # Three standard deviations of a binomial count with the promised rate.
        assert seeming <= many * rate + 3 * math.sqrt(many * rate)

    def test_a_new_filter_has_nothing(self) -> None:
        made = KeyFilter(7, 100)
        assert made.surely_absent(key(1))
        assert (len(made), made.epoch, made.capacity, made.error_rate) == (0, 7, 100, 0.01)

    def test_a_full_filter_sends_every_question_on(self) -> None:
        made = KeyFilter(0, 2)
        for number in range(3):
            made.add(key(number))
        assert not made.surely_absent(key(99))
        assert not KeyFilter.from_bytes(made.to_bytes()).surely_absent(key(99))

    def test_it_is_small(self) -> None:
        made = KeyFilter(0, 100_000, 0.01)
        assert len(made.to_bytes()) < 100_000 * 10 / 8

    def test_what_it_says_of_itself_is_read_back(self) -> None:
        made = KeyFilter.of([key(1), key(2)], epoch=2**64 - 1, error_rate=0.001)
        read = KeyFilter.from_bytes(made.to_bytes())
        assert (read.epoch, read.capacity, read.error_rate, len(read)) == (2**64 - 1, 64, 0.001, 2)
        assert read.to_bytes() == made.to_bytes()
        read.add(key(3))
        made.add(key(3))
        assert read.to_bytes() == made.to_bytes()

    @pytest.mark.parametrize(
        ("epoch", "capacity", "rate"),
        [
            (-1, 1, 0.01),
            (2**64, 1, 0.01),
            (0, 0, 0.01),
            (0, 2**24 + 1, 0.01),
            (0, 1, 0.0),
            (0, 1, 0.6),
        ],
    )
    def test_numbers_have_bounds(self, epoch: int, capacity: int, rate: float) -> None:
        with pytest.raises(ValueError, match=r"an? (epoch|capacity|error rate)"):
            KeyFilter(epoch, capacity, rate)

    @given(data=st.binary(max_size=200))
    def test_other_bytes_are_refused(self, data: bytes) -> None:
        with pytest.raises(SketchError):
            KeyFilter.from_bytes(data)
        with pytest.raises(SketchError):
            KeyFilter.from_bytes(bloom.KIND + data)
        with pytest.raises(SketchError):
            KeyFilter.from_bytes(seal(bloom.KIND, data))

    @given(at=st.integers(0, 200), bit=st.integers(0, 7))
    def test_a_flipped_bit_is_noticed(self, at: int, bit: int) -> None:
        data = bytearray(KeyFilter.of([key(1)], epoch=3).to_bytes())
        data[at % len(data)] ^= 1 << bit
        with pytest.raises(SketchError):
            KeyFilter.from_bytes(bytes(data))

    @pytest.mark.parametrize(
        ("capacity", "rate", "count"),
        [
            (2**32 - 1, 0.01, 0),  # would take gigabytes
            (2**24, 1e-6, 0),
            (64, math.nan, 0),
            (64, math.inf, 0),
            (64, 5e-324, 0),
            (64, -0.5, 0),
            (64, 0.01, 65),
            (65, 0.01, 0),
            (0, 0.01, 0),
        ],
    )
    def test_a_header_that_lies_is_refused(self, capacity: int, rate: float, count: int) -> None:
        contents = unseal(bloom.KIND, KeyFilter(0, 64).to_bytes())
        lying = struct.pack("<QIdI", 0, capacity, rate, count) + contents[24:]
        with pytest.raises(SketchError):
            KeyFilter.from_bytes(seal(bloom.KIND, lying))

    def test_another_way_from_keys_to_bits_is_refused(self) -> None:
        contents = bytearray(unseal(bloom.KIND, KeyFilter(0, 64).to_bytes()))
        contents[24] ^= 1  # the mark of the hash functions
        with pytest.raises(SketchError, match="other bits"):
            KeyFilter.from_bytes(seal(bloom.KIND, bytes(contents)))

    def test_another_version_is_refused(self) -> None:
        data = KeyFilter(0, 64).to_bytes()[:-32]
        newer = data[:4] + b"\x02" + data[5:]
        with pytest.raises(SketchError, match="version"):
            KeyFilter.from_bytes(newer + hashlib.sha256(newer).digest())


class TestCountMin:
    @given(st.lists(st.sampled_from([key(number) for number in range(40)]), max_size=400))
    def test_no_estimate_is_too_low(self, asked: list[bytes]) -> None:
        sketch = CountMin(16)
        for each in asked:
            assert sketch.add(each) == sketch.estimate(each)
        for each, times in Counter(asked).items():
            assert sketch.estimate(each) >= min(times, MOST)
        assert sketch.total == len(asked)

    @pytest.mark.parametrize("width", [256, 1024, 4096])
    def test_the_error_is_within_its_bound(self, width: int) -> None:
        sketch, times = CountMin(width), Counter[bytes]()
        for number in range(6 * width):
            each = key(int(width * 4 * (number * 0.6180339887 % 1.0) ** 3))
            times[each] += 1
            sketch.add(each)
        bound = math.e * sketch.total / width
        beyond = sum(
            sketch.estimate(each) - min(seen, MOST) > bound for each, seen in times.items()
        )
        assert beyond <= math.exp(-DEPTH) * len(times)

    def test_counts_stay_at_their_most(self) -> None:
        sketch = CountMin(4)
        for _ in range(300):
            last = sketch.add(key(1))
        assert last == sketch.estimate(key(1)) == MOST
        assert sketch.total == 300

    @given(st.lists(st.sampled_from([key(number) for number in range(9)]), max_size=300))
    def test_ageing_halves(self, asked: list[bytes]) -> None:
        sketch = CountMin(64)
        for each in asked:
            sketch.add(each)
        before = {each: sketch.estimate(each) for each in asked}
        sketch.halve()
        for each, estimate in before.items():
            assert sketch.estimate(each) == estimate // 2
        assert sketch.total == len(asked) // 2

    def test_its_size_is_known(self) -> None:
        assert (CountMin(1000).width, CountMin(1000).size) == (1024, 4096)
        for width in (0, 2**31 + 1):
            with pytest.raises(ValueError, match="width"):
                CountMin(width)

    def test_what_is_written_is_read_back(self) -> None:
        sketch = CountMin(64)
        for number in range(200):
            sketch.add(key(number % 30))
        read = CountMin.from_bytes(sketch.to_bytes())
        assert read.total == 200
        assert all(read.estimate(key(each)) == sketch.estimate(key(each)) for each in range(50))
        assert read.add(key(1)) == sketch.add(key(1))
        assert read.to_bytes() == sketch.to_bytes()

    @given(data=st.binary(max_size=80))
    def test_other_bytes_are_refused(self, data: bytes) -> None:
        for hostile in (data, seal(count_min.KIND, data), seal(b"HBLM", data)):
            with pytest.raises(SketchError):
                CountMin.from_bytes(hostile)

    @pytest.mark.parametrize("width", [0, 3, 8, 2**31, 2**32 - 1])
    def test_a_header_that_lies_is_refused(self, width: int) -> None:
        with pytest.raises(SketchError):
            CountMin.from_bytes(seal(count_min.KIND, struct.pack("<IQ", width, 0) + bytes(16)))

    def test_what_stands_before_the_digest_does_no_harm(self) -> None:
        plain, marked = CountMin(256), CountMin(256)
        for number in range(2_000):
            plain.add(key(number % 700))
            marked.add(b"action/" + key(number % 700))
        assert plain.to_bytes() == marked.to_bytes()

    def test_a_key_is_a_digest(self) -> None:
        with pytest.raises(struct.error):
            CountMin(4).add(b"short")


class TestHyperLogLog:
    @pytest.mark.parametrize("many", [0, 1, 10, 100, 1_000, 5_000, 12_000, 40_000])
    def test_the_error_is_within_its_bound(self, many: int) -> None:
        seen = Distinct()
        seen.update(key(number) for number in range(many))
        seen.update(key(number) for number in range(0, many, 3))
        # Three standard errors, and one for rounding.
        assert abs(seen.count() - many) <= 3 * 1.04 / math.sqrt(1 << PRECISION) * many + 1

    @given(st.sets(st.binary(max_size=9)), st.sets(st.binary(max_size=9)))
    def test_merged_is_the_union(self, here: set[bytes], there: set[bytes]) -> None:
        one, other, both = Distinct(), Distinct(), Distinct()
        one.update(sorted(here))
        other.update(sorted(there))
        both.update(sorted(here | there))
        one.merge(other)
        assert one == both
        one.merge(other)
        assert one == both
        assert one.to_bytes() == both.to_bytes()

    @given(st.sets(st.binary(max_size=9)))
    def test_what_is_written_is_read_back(self, items: set[bytes]) -> None:
        seen = Distinct()
        seen.update(sorted(items))
        read = Distinct.from_bytes(seen.to_bytes())
        assert read == seen
        read.add(b"and now a new one")
        read.merge(seen)

    def test_registers_are_those_of_the_library(self) -> None:
        from datasketch import HyperLogLogPlusPlus  # type: ignore[import-untyped]

        theirs = HyperLogLogPlusPlus(
            PRECISION,
            hashfunc=lambda item: int.from_bytes(
                hashlib.blake2b(item, digest_size=8).digest(), "little"
            ),
        )
        ours = Distinct()
        for number in range(20_000):
            theirs.update(key(number))
            ours.add(key(number))
        assert unseal(hyperloglog.KIND, ours.to_bytes())[1:] == theirs.reg.tobytes()
        assert ours.count() == round(theirs.count())

    @given(data=st.binary(max_size=200))
    def test_other_bytes_are_refused(self, data: bytes) -> None:
        with pytest.raises(SketchError):
            Distinct.from_bytes(data)
        with pytest.raises(SketchError):
            Distinct.from_bytes(seal(hyperloglog.KIND, data))

    def test_a_register_out_of_bounds_is_refused(self) -> None:
        registers = bytearray(1 << PRECISION)
        registers[5] = 64 - PRECISION + 2
        with pytest.raises(SketchError, match="bounds"):
            Distinct.from_bytes(seal(hyperloglog.KIND, bytes([PRECISION]) + registers))
        with pytest.raises(SketchError, match="kind"):
            Distinct.from_bytes(KeyFilter(0, 64).to_bytes())


def test_libraries_are_imported_where_they_are_used() -> None:
    code = """
import sys
from hyper.cache.policies.tinylfu import TinyLFU
from hyper.cache.policies.lru import LRU
from hyper.cache.sketches.bloom import KeyFilter
from hyper.cache.sketches.hyperloglog import Distinct
TinyLFU(LRU(100)).admit(bytes(32), 1)
seen = Distinct()
seen.add(b"one")
seen.merge(Distinct.from_bytes(seen.to_bytes()))
print(*{"numpy", "scipy", "datasketch", "pybloom_live", "bitarray", "asyncio"} & set(sys.modules))
KeyFilter(0, 10)
print(*{"numpy", "scipy", "datasketch", "asyncio"} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "\n\n"
