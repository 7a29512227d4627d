"""The policy of tiers as a machine: bounded against any trace, quick where a tier pays, patient where it flaps."""

from __future__ import annotations

import random
from typing import Final

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hyper.jit.policy.machine import Policy, Settings, Step

SETTINGS: Final = Settings()


class Epoch(msgspec.Struct, frozen=True):
    """Calls of one kind: how many, their size, seconds a unit at tier 0, 1 and 2; in each how many calls a guard fails."""

    calls: int
    size: int
    costs: tuple[float, float, float]
    guard: int = 0


class Trace(msgspec.Struct, frozen=True):
    """What the world does: ``compiles`` are the real seconds of the two compiles, ``estimates`` what is thought of them before."""

    epochs: tuple[Epoch, ...]
    compiles: tuple[float, float]
    estimates: tuple[float, float]


class Outcome(msgspec.Struct, frozen=True):
    """Seconds with the policy and at tier 0 alone, how many attempts there were, and the bound of the module's docstring."""

    taken: float
    alone: float
    compiles: int
    switches: int
    tier: int
    bound: float


def simulate(trace: Trace, noise: random.Random | None = None) -> Outcome:
    """Run a trace, with a compile taking effect when its time has passed, and counted in full."""
    policy = Policy(tuple(Step(each) for each in trace.estimates), SETTINGS)
    now = taken = alone = 0.0
    compiles = switches = 0
    pending: tuple[int, float, float] | None = None
    risk = 0.0
    for epoch in trace.epochs:
        risk = max(risk, _risk(epoch, trace))
        for call in range(epoch.calls):
            if pending is not None and now >= pending[1]:
                policy.compile_ended(pending[0], pending[2])
                pending = None
            decision = policy.before(epoch.size)
            if decision.compile is not None:
                policy.compile_began(decision.compile)
                cost = trace.compiles[decision.compile - 1]
                pending = (decision.compile, now + cost, cost)
                taken += cost
                compiles += 1
            wave = noise.uniform(0.7, 1.3) if noise else 1.0
            base = epoch.costs[0] * epoch.size * wave
            spent = epoch.costs[decision.tier] * epoch.size * wave
            alone += base
            switches += decision.action == "switch"
            if decision.tier and epoch.guard and call % epoch.guard == 0:
                failed = now + spent
                lower = base
                policy.guard_failed(decision.tier, epoch.size, now, failed, failed + lower)
                spent += lower
            else:
                policy.ran(decision.tier, epoch.size, now, now + spent)
            now += spent
            taken += spent
    sizes = len({epoch.size.bit_length() for epoch in trace.epochs})
    bound = (1 + SETTINGS.share) * alone + len(trace.epochs) * sizes * risk
    return Outcome(taken, alone, compiles, switches, policy.tier(trace.epochs[-1].size), bound)


def _risk(epoch: Epoch, trace: Trace) -> float:
    """The most that one attempt costs: a compile, the window, and the calls between the probes of both tiers below."""
    call = max(epoch.costs) * epoch.size
    return max(trace.compiles) + 2 * (SETTINGS.window + (SETTINGS.probe + 4) * call)


COSTS: Final = st.floats(1e-7, 1e-2)
EPOCHS: Final = st.builds(
    Epoch,
    st.integers(1, 2_000),
    st.sampled_from((1, 1, 1, 100, 4_000)),
    st.tuples(COSTS, COSTS, COSTS),
    st.sampled_from((0, 0, 1, 2, 7, 40)),
)
TRACES: Final = st.builds(
    Trace,
    st.lists(EPOCHS, min_size=1, max_size=6).map(tuple),
    st.tuples(st.floats(1e-4, 5.0), st.floats(1e-4, 5.0)),
    st.tuples(st.floats(1e-4, 1.0), st.floats(1e-4, 1.0)),
)


@settings(max_examples=150, deadline=None)
@given(TRACES)
def test_no_trace_is_slower_than_tier_0_by_more_than_the_bound(trace: Trace) -> None:
    outcome = simulate(trace)
    assert outcome.taken <= outcome.bound


def test_seeded_traces_with_noise_stay_within_the_bound() -> None:
    for seed in range(150):
        draw = random.Random(seed)
        epochs = tuple(
            Epoch(
                draw.randrange(1, 3_000),
                draw.choice((1, 1, 64, 5_000)),
                tuple(10 ** draw.uniform(-7, -2) for _ in range(3)),  # type: ignore[arg-type]
                draw.choice((0, 0, 0, 1, 3, 20)),
            )
            for _ in range(draw.randrange(1, 6))
        )
        compiles = (10 ** draw.uniform(-3, 1), 10 ** draw.uniform(-3, 1))
        trace = Trace(epochs, compiles, (0.05, 0.1))
        outcome = simulate(trace, random.Random(seed))
        assert outcome.taken <= outcome.bound, (seed, trace, outcome)


def test_a_tier_that_pays_is_taken_and_kept() -> None:
    outcome = simulate(Trace((Epoch(1_000_000, 1, (1e-5, 1e-6, 2e-6)),), (0.05, 9.0), (0.05, 9.0)))
    assert (outcome.compiles, outcome.tier) == (1, 1)
    assert outcome.taken < 0.2 * outcome.alone


def test_the_best_tier_is_reached() -> None:
    outcome = simulate(Trace((Epoch(300_000, 100, (1e-6, 1e-7, 1e-8)),), (0.05, 0.1), (0.05, 0.1)))
    assert (outcome.compiles, outcome.tier) == (2, 2)
    assert outcome.taken < 0.12 * outcome.alone


def test_few_calls_compile_nothing() -> None:
    outcome = simulate(Trace((Epoch(1_000, 1, (1e-6, 1e-7, 1e-8)),), (0.05, 0.1), (0.05, 0.1)))
    assert outcome.compiles == 0
    assert outcome.taken == outcome.alone


def test_one_large_batch_compiles_before_it_runs() -> None:
    policy = Policy((Step(0.05),), SETTINGS)
    policy.ran(0, 1, 0.0, 1e-6)
    assert policy.before(1).compile is None
    assert policy.before(1, times=1_000_000).compile == 1


def test_a_slower_tier_is_left_and_tried_ever_less() -> None:
    trace = Trace((Epoch(200_000, 1, (1e-4, 1e-3, 1e-3)),), (0.01, 0.01), (0.01, 0.01))
    outcome = simulate(trace)
    assert outcome.tier == 0
    assert (
        2 <= outcome.switches <= 9
    )  # the back-off doubles: 20 s of calls, attempts at 0.2, 0.4, …
    assert outcome.taken < 1.02 * outcome.alone


def test_guards_that_fail_lead_back_and_do_not_flap() -> None:
    trace = Trace((Epoch(500_000, 1, (1e-5, 1e-6, 1e-6), 1),), (0.01, 0.01), (0.01, 0.01))
    outcome = simulate(trace)
    assert outcome.switches <= 7
    assert outcome.taken < 1.02 * outcome.alone


def test_the_back_off_is_bounded() -> None:
    policy = Policy((Step(0.0),), Settings(doublings=3))
    policy.compile_began(1)
    policy.compile_ended(1, 0.0)
    waits: list[float] = []
    now = last = 0.0
    while len(waits) < 8:
        decision = policy.before(1)
        cost = 0.02 if decision.tier else 0.001
        if decision.action == "switch":
            waits.append(now - last)
        policy.ran(decision.tier, 1, now, now + cost)
        if decision.tier:
            last = now + cost
        now += cost
    longest = 0.02 * 2**3 / 0.1
    assert waits[1] < waits[2] < waits[3] < waits[4]
    assert all(wait <= longest * 1.1 for wait in waits)


def test_a_faster_tier_0_is_noticed() -> None:
    fast = (Epoch(200_000, 1, (1e-5, 2e-6, 1)), Epoch(200_000, 1, (1e-7, 2e-6, 1)))
    outcome = simulate(Trace(fast, (0.01, 9.0), (0.01, 9.0)))
    assert outcome.tier == 0
    alone = simulate(Trace(fast[:1], (0.01, 9.0), (0.01, 9.0)))
    assert outcome.taken - alone.taken < 0.02 + 0.05


def test_a_compile_that_fails_is_not_tried_again() -> None:
    policy = Policy((Step(0.001),), SETTINGS)
    policy.ran(0, 1, 0.0, 5.0)
    assert policy.before(1).compile == 1
    policy.compile_began(1)
    assert policy.before(1).compile is None
    policy.compile_ended(1, 1.0, failed=True)
    policy.ran(0, 1, 6.0, 900.0)
    assert policy.before(1) == policy.before(1)
    assert policy.before(1).compile is None


def test_small_and_large_batches_have_tiers_of_their_own() -> None:
    policy = Policy((Step(0.0, 4.0),), SETTINGS)
    policy.compile_began(1)
    policy.compile_ended(1, 0.0)
    now = 0.0
    for _ in range(3_000):
        for size in (1, 4_096):
            tier = policy.before(size).tier
            cost = (1e-6 * size) if tier == 0 else (5e-5 + 1e-8 * size)
            policy.ran(tier, size, now, now + cost)
            now += cost
    assert (policy.tier(1), policy.tier(4_096)) == (0, 1)


def test_what_was_recorded_earlier_counts_as_spent() -> None:
    fresh, seeded = (
        Policy((Step(1.0),), SETTINGS, earlier) for earlier in (0.0, 2.0 / SETTINGS.share)
    )
    for policy, expected in ((fresh, None), (seeded, 1)):
        assert policy.before(1).compile is None, "nothing is known of what a call costs"
        policy.ran(0, 1, 0.0, 0.001)
        assert policy.before(1).compile == expected
