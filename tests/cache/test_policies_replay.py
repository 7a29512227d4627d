"""Traces are read as they were written, and replayed fairly."""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from typing import TYPE_CHECKING, Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import eviction
from benchmarks.synthetic_builds import Builds
from hyper.cache.policies.belady import belady
from hyper.cache.policies.lru import LRU
from hyper.cache.policies.named import POLICIES
from hyper.cache.policies.replay import footprint, replay
from hyper.cache.policies.trace import HEADER, Event, Op, TraceError, read, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

KEYS: Final = tuple(hashlib.sha256(bytes([number])).digest() for number in range(8))
A, B, C = KEYS[:3]


def gets(keys: Sequence[bytes], size: int = 10) -> list[Event]:
    return [Event("get", key, size, 1) for key in keys]


events = st.lists(
    st.builds(
        Event, st.sampled_from(get_args(Op)), st.binary(max_size=40), st.integers(0), st.integers(0)
    )
)


@given(made=events, source=st.text(st.characters(codec="ascii")))
def test_what_is_written_is_read_back(made: list[Event], source: str) -> None:
    kept = [event for event in made if event.key]
    text = "".join(write(kept, source))
    assert list(read(text.split("\n")[:-1])) == kept
    assert list(read(text.splitlines(keepends=True))) == kept


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ([], 1),
        (["hyper-cache-trace 2"], 1),
        ([HEADER, "get 00 1 1", "got 00 1 1"], 3),
        ([HEADER, "get 00 1"], 2),
        ([HEADER, "get 0 1 1"], 2),
        ([HEADER, "get zz 1 1"], 2),
        ([HEADER, "get 00 -1 1"], 2),
        ([HEADER, "get 00 1 1.5"], 2),
        ([HEADER, "get 00 ² 1"], 2),
        ([HEADER, "get 00 1 " + "9" * 5000], 2),
        ([HEADER, ""], 2),
    ],
)
def test_a_wrong_line_is_named(lines: list[str], line: int) -> None:
    with pytest.raises(TraceError) as caught:
        list(read(lines))
    assert caught.value.line == line


def test_a_replay_counts() -> None:
    tally = replay(
        LRU(20),
        [
            Event("get", A, 10, 7),
            Event("put", B, 10, 7),
            Event("get", B, 10, 5),
            Event("get", A, 10, 7),
            Event("get", C, 10, 7),  # B leaves
            Event("del", C, 0, 0),
            Event("get", C, 10, 7),
        ],
    )
    assert (tally.gets, tally.hits, tally.bytes_hit, tally.evicted) == (5, 2, 20, 1)
    assert (tally.cost_wanted, tally.cost_saved) == (33, 12)
    assert (tally.hit_ratio, tally.byte_ratio, tally.saved_ratio) == (0.4, 0.4, 12 / 33)


@pytest.mark.parametrize("resident", [(), (A,), (B,), (A, B), (A, B, C)])
def test_a_cost_is_saved_only_if_all_of_it_is_there(resident: tuple[bytes, ...]) -> None:
    policy = LRU(100)
    for key in resident:
        policy.admit(key, 10)
    wish = [Event("get", A, 10, 9), Event("and", B, 10, 0), Event("and", C, 10, 0)]
    tally = replay(policy, wish)
    assert tally.hits == len(resident)
    assert tally.cost_saved == (9 if len(resident) == 3 else 0)


def test_nothing_asked_is_nothing_won() -> None:
    tally = replay(LRU(1), [])
    assert (tally.hit_ratio, tally.byte_ratio, tally.saved_ratio) == (0.0, 0.0, 0.0)


def test_a_footprint_counts_each_key_once() -> None:
    assert footprint([*gets([A, B, A]), Event("put", A, 30, 0), Event("del", C, 0, 0)]) == 40


def best_possible(capacity: int, asked: Sequence[bytes]) -> int:
    """Most hits with values of one size, by trying everything."""
    states: dict[frozenset[bytes], int] = {frozenset(): 0}
    for key in asked:
        following: dict[frozenset[bytes], int] = {}
        for kept, hits in states.items():
            won = hits + (key in kept)
            for new in {kept, *(kept | {key} - {gone} for gone in kept | {key})}:
                if len(new) <= capacity and new <= kept | {key}:
                    following[new] = max(following.get(new, 0), won)
            if len(kept | {key}) <= capacity:
                following[kept | {key}] = max(following.get(kept | {key}, 0), won)
            for gone in kept:
                swapped = (kept - {gone}) | {key}
                following[swapped] = max(following.get(swapped, 0), won)
        states = following
    return max(states.values())


@given(st.lists(st.sampled_from(KEYS[:5]), max_size=12), st.integers(1, 3), st.booleans())
def test_belady_is_the_optimum_of_values_of_one_size(
    asked: list[bytes], fitting: int, by_size: bool
) -> None:
    tally = belady(10 * fitting, gets(asked), by_size=by_size)
    assert tally.hits == best_possible(fitting, asked)


@pytest.mark.parametrize("make", POLICIES.values(), ids=POLICIES.keys())
@given(asked=st.lists(st.sampled_from(KEYS), max_size=80), fitting=st.integers(1, 6))
def test_no_policy_does_better_with_values_of_one_size(
    make: Callable[[int], LRU], asked: list[bytes], fitting: int
) -> None:
    assert replay(make(10 * fitting), gets(asked)).hits <= belady(10 * fitting, gets(asked)).hits


def test_belady_follows_puts_and_deletions() -> None:
    wanted = Event("get", A, 10, 1)
    assert belady(10, [wanted, Event("del", A, 0, 0), wanted]).hits == 0
    assert belady(10, [Event("put", A, 10, 1), wanted]).hits == 1
    assert belady(9, [Event("put", A, 10, 1), wanted]).hits == 0


def test_belady_by_size_keeps_many_small_values() -> None:
    small, large = KEYS[:4], KEYS[4]
    other = gets([KEYS[5]], 50)
    script = [*gets(small), *gets([large], 40), *other, *gets([large], 40), *gets(small)]
    assert belady(40, script).hits == 1
    assert belady(40, script, by_size=True).hits == 4


def test_a_seed_makes_one_trace() -> None:
    for make in (Builds.developer, Builds.integration, Builds.team):
        made = list(make(Builds(5, 30, 3), 4))
        assert made == list(make(Builds(5, 30, 3), 4))
        assert made != list(make(Builds(6, 30, 3), 4))
        sizes: dict[bytes, int] = {}
        for event in made:
            assert sizes.setdefault(event.key, event.size) == event.size


def test_a_machine_that_starts_empty_asks_for_everything() -> None:
    made = list(Builds(1, 30, 2).integration(2))
    stages = [event for event in made if event.op == "and"]
    assert len(stages) == 2 * 3 * 30
    first, second = ({e.key for e in part} for part in (stages[:90], stages[90:]))
    assert len(first & second) > 45, "most units are as they were"
    assert first != second


def test_the_benchmark_runs_on_a_recorded_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "day.trace.gz"
    trace.write_bytes(gzip.compress("".join(write(gets([A, B, A, C, A]), "a test")).encode()))
    out = tmp_path / "eviction.json"
    monkeypatch.setattr(sys, "argv", ["eviction", str(trace), "--out", str(out)])
    assert eviction.main() == 0
    report = json.loads(out.read_text())
    figures = report["traces"]["day.trace.gz"]
    assert (figures["events"], figures["keys"], figures["footprint_bytes"]) == (5, 3, 30)
    assert figures["sizes"]["80%"]["lru"]["objects"] == 0.4
    assert set(report["mean_saved"]) == {*eviction.CONTESTANTS, "bélády", "bélády by size"}
    assert "| lru |" in capsys.readouterr().out


def test_the_variants_of_admission_keep_account() -> None:
    for name in set(eviction.CONTESTANTS) - set(POLICIES):
        policy = eviction.CONTESTANTS[name](1000)
        resident: dict[bytes, int] = {}
        assert policy.capacity == 1000
        for event in Builds(1, 10, 1).developer(40):
            resident.pop(event.key, None)
            for gone in policy.admit(event.key, event.size % 300):
                resident.pop(gone, None)
            if event.key in policy:
                resident[event.key] = event.size % 300 or 1
            assert policy.used == sum(resident.values()) <= 1000
            assert dict(policy.victims()) == resident
            assert len(policy) == len(resident)
