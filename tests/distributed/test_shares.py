"""How much of a fleet each build takes, and how large its jobs are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.distributed.messages import MOST_ITEMS
from hyper.distributed.shares import (
    MOST_SECONDS,
    PERSON,
    Circumstances,
    Claim,
    items_of_a_job,
    shares,
)

CLAIMS = st.lists(
    st.builds(
        Claim,
        st.uuids().map(str),
        st.booleans(),
        st.none() | st.integers(0, 50),
    ),
    max_size=30,
    unique_by=lambda claim: claim.build,
)
NUMBERS = st.integers(0, 200)


@given(NUMBERS, CLAIMS)
def test_shares_sum_up(slots: int, claims: list[Claim]) -> None:
    given_ = shares(slots, claims)
    asking = [claim for claim in claims if claim.wants != 0]
    wanted = sum(1 << 40 if claim.wants is None else claim.wants for claim in claims)
    total = sum(given_.values())
    assert total == (min(max(2 * slots, len(asking)), wanted) if slots else 0)
    assert all(given_[claim.build] <= (claim.wants or 1 << 40) for claim in asking)


@given(st.integers(1, 200), CLAIMS)
def test_no_build_starves(slots: int, claims: list[Claim]) -> None:
    given_ = shares(slots, claims)
    assert all(given_[claim.build] >= 1 for claim in claims if claim.wants != 0)


@given(NUMBERS, CLAIMS)
def test_builds_alike_get_alike(slots: int, claims: list[Claim]) -> None:
    given_ = shares(slots, claims)
    for person in (False, True):
        alike = [
            given_[each.build] for each in claims if each.wants is None and each.person is person
        ]
        assert not alike or max(alike) - min(alike) <= 1
    people = [given_[each.build] for each in claims if each.wants is None and each.person]
    others = [given_[each.build] for each in claims if each.wants is None and not each.person]
    if people and others:
        assert min(people) >= min(max(others), PERSON * max(others) - PERSON)


@given(NUMBERS, CLAIMS, st.randoms(use_true_random=False))
def test_the_order_makes_no_difference(slots: int, claims: list[Claim], draw: object) -> None:
    mixed = list(claims)
    draw.shuffle(mixed)  # type: ignore[attr-defined]
    assert shares(slots, mixed) == shares(slots, claims)


@given(NUMBERS, CLAIMS, st.booleans())
def test_one_more_build_leaves_no_one_more(slots: int, claims: list[Claim], person: bool) -> None:
    before = shares(slots, claims)
    after = shares(slots, [*claims, Claim("one more", person)])
    if 2 * slots > len(claims):
        assert all(after[claim.build] <= before[claim.build] + 1 for claim in claims)


def test_a_person_comes_before_a_ci() -> None:
    given_ = shares(20, [Claim("ci"), Claim("person", person=True)])
    assert given_ == {"ci": 8, "person": 32}
    # What a build does not want is the others'.
    given_ = shares(20, [Claim("ci"), Claim("person", person=True, wants=5)])
    assert given_ == {"ci": 35, "person": 5}
    assert shares(1, [Claim(name) for name in "abc"]) == {"a": 1, "b": 1, "c": 1}
    assert shares(0, [Claim("a")]) == {"a": 0}


@given(
    st.builds(
        Circumstances,
        item=st.floats(0.0, 100.0),
        round_trip=st.floats(0.0, 1.0),
        slots=st.integers(0, 100_000),
        shards=st.integers(1, 64),
    ),
    st.integers(0, 2_000_000),
)
def test_sizes_of_jobs(how: Circumstances, left: int) -> None:
    items = items_of_a_job(how, left)
    assert 1 <= items <= min(max(left, 1), MOST_ITEMS)
    assert items == 1 or (items - 1) * how.item < max(MOST_SECONDS, how.round_trip)
    assert items_of_a_job(how, left + 1000) >= items


def test_sizes_that_are_asked_for() -> None:
    near = Circumstances(item=0.011, round_trip=0.004, slots=8)
    assert items_of_a_job(near, 100_000) == 23
    # Far away, the way has to be worth it.
    far = Circumstances(item=0.011, round_trip=0.05, slots=8)
    assert items_of_a_job(far, 100_000) == 91
    # At the end, nobody waits for the last one.
    assert items_of_a_job(near, 32) == 2
    assert items_of_a_job(near, 1) == 1
    # Thousands of slots would ask one queue for more than it hands out.
    crowd = Circumstances(item=0.011, round_trip=0.004, slots=4000)
    assert items_of_a_job(crowd, 10_000_000) == 364
    many = Circumstances(item=0.011, round_trip=0.004, slots=400, builds=10)
    assert items_of_a_job(many, 10_000_000) == 364
    sharded = Circumstances(item=0.011, round_trip=0.004, slots=4000, shards=8)
    assert items_of_a_job(sharded, 10_000_000) == 46
    # Large items go alone.
    assert items_of_a_job(Circumstances(item=9.0, round_trip=0.004, slots=8), 1000) == 1


@pytest.mark.parametrize("builds", [1, 3, 10])
def test_all_builds_end_at_their_share_of_the_time(builds: int) -> None:
    """Rounds in which each slot does one job: each build goes on in each round, and alike builds end together."""
    slots = 10
    left = {f"build {number}": 200 for number in range(builds)}
    ends: list[int] = []
    turn = 0
    while left:
        turn += 1
        given_ = shares(slots, [Claim(name, wants=wants) for name, wants in left.items()])
        done = dict.fromkeys(given_, 0)
        for place in range(slots):
            names = [name for name in sorted(given_) if done[name] < given_[name]]
            if names:
                done[min(names, key=lambda name: (done[name], (hash_of(name) + place) % 7))] += 1
        for name, count in done.items():
            left[name] -= count
            if left[name] <= 0:
                del left[name]
                ends.append(turn)
    assert max(ends) == 20 * builds
    assert min(ends) >= 20 * builds - 20


def hash_of(name: str) -> int:
    return sum(name.encode())
