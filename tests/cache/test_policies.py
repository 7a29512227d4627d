"""What every eviction policy promises, checked against a plain dictionary."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.cache.policies.arc import ARC
from hyper.cache.policies.lfu import LFU
from hyper.cache.policies.lru import LRU
from hyper.cache.policies.named import POLICIES, default
from hyper.cache.policies.s3fifo import S3FIFO
from hyper.cache.policies.tinylfu import TinyLFU

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.cache.policies.protocol import Policy

KEYS: Final = tuple(hashlib.sha256(bytes([number])).digest() for number in range(24))


def guarded(make: Callable[[int], Policy]) -> Callable[[int], Policy]:
    return lambda capacity: TinyLFU(make(capacity), keys=4)


MAKERS: Final[dict[str, Callable[[int], Policy]]] = {
    "lru": LRU,
    "lfu": LFU,
    "arc": ARC,
    "s3fifo": S3FIFO,
    "tinylfu lru": guarded(LRU),
    "tinylfu lfu": guarded(LFU),
    "tinylfu arc": guarded(ARC),
    "tinylfu s3fifo": guarded(S3FIFO),
    "the default": default,
}

policies = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())

steps = st.lists(
    st.tuples(
        st.sampled_from(["admit", "admit", "admit", "touch", "touch", "remove"]),
        st.sampled_from(KEYS),
        st.integers(0, 60),
    ),
    max_size=120,
)


def apply(policy: Policy, step: tuple[str, bytes, int]) -> list[bytes]:
    operation, key, size = step
    if operation == "admit":
        return policy.admit(key, size)
    if operation == "touch":
        policy.touch(key)
    else:
        policy.remove(key)
    return []


@policies
@given(capacity=st.integers(1, 120), script=steps)
def test_a_policy_keeps_account(
    make: Callable[[int], Policy], capacity: int, script: list[tuple[str, bytes, int]]
) -> None:
    policy = make(capacity)
    assert policy.capacity == capacity
    resident: dict[bytes, int] = {}
    for step in script:
        operation, key, size = step
        before = dict(resident)
        gone = apply(policy, step)
        if operation == "admit":
            resident[key] = max(size, 1)
            assert size <= capacity or gone == [key], (
                "what is too large is refused, for nobody's life"
            )
            if before.get(key) == max(size, 1):
                assert gone == [], "what is there already costs nothing"
        elif operation == "remove":
            resident.pop(key, None)
        assert len(gone) == len(set(gone))
        for leaving in gone:
            del resident[leaving]  # raises for a key that was not there
        assert policy.used == sum(resident.values()) <= policy.capacity
        assert len(policy) == len(resident)
        assert {other for other in KEYS if other in policy} == set(resident)
        assert dict(policy.victims()) == resident
        assert sum(1 for _ in policy.victims()) == len(resident), "each victim once"


@policies
@given(capacity=st.integers(1, 120), script=steps)
def test_the_same_calls_give_the_same_answers(
    make: Callable[[int], Policy], capacity: int, script: list[tuple[str, bytes, int]]
) -> None:
    one, other = make(capacity), make(capacity)
    for step in script:
        assert apply(one, step) == apply(other, step)
        list(other.victims())  # asking changes nothing
    assert list(one.victims()) == list(other.victims())


@policies
@given(capacity=st.integers(1, 120), script=steps)
def test_nothing_leaves_while_there_is_room(
    make: Callable[[int], Policy], capacity: int, script: list[tuple[str, bytes, int]]
) -> None:
    policy = make(capacity)
    for operation, key, size in script:
        room = policy.capacity - policy.used
        assert not apply(policy, (operation, key, size)) or max(size, 1) > room


@policies
def test_sizes_and_capacities_that_are_none(make: Callable[[int], Policy]) -> None:
    policy = make(100)
    with pytest.raises(ValueError, match="-1 bytes"):
        policy.admit(KEYS[0], -1)
    assert len(policy) == 0
    with pytest.raises(ValueError, match="0 bytes"):
        make(0)


@policies
def test_empty_values_are_bounded_too(make: Callable[[int], Policy]) -> None:
    policy = make(10)
    for key in KEYS:
        policy.admit(key, 0)
    assert len(policy) <= 10


@policies
def test_a_key_that_grew_past_the_capacity_leaves(make: Callable[[int], Policy]) -> None:
    policy = make(100)
    assert policy.admit(KEYS[0], 10) == []
    assert policy.admit(KEYS[1], 10) == []
    assert policy.admit(KEYS[0], 101) == [KEYS[0]]
    assert KEYS[0] not in policy
    assert KEYS[1] in policy


@policies
def test_a_store_that_lost_everything_starts_over(make: Callable[[int], Policy]) -> None:
    policy = make(100)
    for key in KEYS:
        policy.admit(key, 9)
    for key in KEYS:
        policy.remove(key)
    assert (policy.used, len(policy)) == (0, 0)
    assert policy.admit(KEYS[0], 9) == []


def order(policy: Policy) -> list[bytes]:
    return [key for key, _ in policy.victims()]


A, B, C, D, E, F = KEYS[:6]


def test_lru_evicts_what_was_not_used_longest() -> None:
    policy = LRU(30)
    for key in (A, B, C):
        policy.admit(key, 10)
    policy.touch(A)
    assert order(policy) == [B, C, A]
    assert policy.admit(D, 15) == [B, C]


def test_lfu_evicts_what_was_used_least() -> None:
    policy = LFU(40)
    for key in (A, B, C, D):
        policy.admit(key, 10)
    for key in (A, A, B, C, A):
        policy.touch(key)
    assert order(policy) == [D, B, C, A]
    policy.remove(C)
    assert policy.admit(E, 30) == [D, B]
    assert policy.admit(F, 10) == [E], "counts are of this stay only"


def test_arc_follows_its_ghosts() -> None:
    policy = ARC(40)
    for key in (A, B):
        policy.admit(key, 10)
        policy.touch(key)  # often
    for key in (C, D):
        policy.admit(key, 10)
    assert policy.admit(E, 10) == [C], "the target of what was used once is 0 at first"
    assert policy.admit(C, 10) == [D], "its ghost moves the target to 10, and 20 are still more"
    assert order(policy) == [A, B, C, E], "at its target, what was used once is spared"
    assert policy.admit(F, 10) == [A]


def test_arc_resists_a_scan() -> None:
    policy = ARC(100)
    for _ in range(3):
        for key in KEYS[:8]:
            policy.admit(key, 10)
    for number in range(500):
        policy.admit(hashlib.sha256(b"scan %d" % number).digest(), 10)
    assert all(key in policy for key in KEYS[:8])


def test_arc_remembers_no_more_than_it_may() -> None:
    policy = ARC(100)
    for number in range(2000):
        policy.admit(hashlib.sha256(b"%d" % (number % 37)).digest(), number % 23)
        ghosts = (policy._once_ghosts, policy._often_ghosts)
        assert policy._once.used + ghosts[0].used <= 100
        assert policy.used + ghosts[0].used + ghosts[1].used <= 200
        for queue in (policy._once, policy._often, *ghosts):
            assert queue.used == sum(queue.entries.values())
        for one, other in pairwise([*ghosts, policy._once, policy._often, ghosts[0]]):
            assert not one.entries.keys() & other.entries.keys()


def test_s3fifo_sends_keys_of_one_use_away_first() -> None:
    policy = S3FIFO(100)
    for key in KEYS[:10]:
        policy.admit(key, 10)
    policy.touch(A)
    policy.touch(A)
    assert policy.admit(KEYS[10], 10) == [B], (
        "the oldest was used twice, and goes on to the main queue"
    )
    assert policy.admit(B, 10) == [C], "a ghost comes back to the main queue"
    for number in range(50):
        policy.admit(hashlib.sha256(b"scan %d" % number).digest(), 10)
    assert A in policy
    assert B in policy


def test_s3fifo_gives_a_round_for_each_use() -> None:
    policy = S3FIFO(20)
    policy.admit(A, 1)
    policy.touch(A)
    policy.touch(A)
    policy.admit(B, 20)  # A goes on to the main queue and B, which fills everything, pushes it out
    assert A not in policy
    policy.admit(A, 1)
    assert B not in policy


def test_s3fifo_remembers_no_more_than_it_may() -> None:
    policy = S3FIFO(100)
    for number in range(2000):
        policy.admit(hashlib.sha256(b"%d" % (number % 37)).digest(), number % 23)
        assert policy._ghosts.used <= 90
        assert not policy._ghosts.entries.keys() & policy._counts.keys()


def test_tinylfu_refuses_what_is_rarer() -> None:
    policy = TinyLFU(LRU(30), keys=64)
    for key in (A, B, C):
        policy.admit(key, 10)
        policy.touch(key)
    assert policy.admit(D, 10) == [D]
    assert policy.admit(D, 10) == [D], "as frequent is not more frequent"
    assert policy.admit(D, 10) == [A]


def test_tinylfu_weighs_all_victims() -> None:
    policy = TinyLFU(LRU(30), keys=64)
    for key in (A, B, C):
        policy.admit(key, 10)
    for _ in range(3):
        assert policy.admit(D, 30) == [D]
    assert policy.admit(D, 30) == [A, B, C]


def test_tinylfu_forgets() -> None:
    policy = TinyLFU(LRU(10), keys=8)
    policy.admit(A, 10)
    for _ in range(40):
        policy.touch(A)
    admitted = [policy.admit(B, 10) == [A] for _ in range(120)]
    assert not admitted[0]
    assert any(admitted)


def test_tinylfu_does_not_stand_in_the_way_of_what_is_there() -> None:
    policy = TinyLFU(LRU(30), keys=64)
    for key in (A, B):
        policy.admit(key, 10)
        policy.touch(key)
    assert policy.admit(A, 25) == [B], "it is asked about what is new only"
    assert policy.admit(A, 31) == [A]


def test_policies_have_names() -> None:
    assert {name: POLICIES[name](9).capacity for name in POLICIES} == dict.fromkeys(
        [
            "lru",
            "lfu",
            "arc",
            "s3fifo",
            "tinylfu+lru",
            "tinylfu+lfu",
            "tinylfu+arc",
            "tinylfu+s3fifo",
        ],
        9,
    )
