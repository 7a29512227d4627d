"""The choice of a back end, as a function of figures."""

from __future__ import annotations

from math import inf, nan
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.gpu.choosing import (
    DEFAULTS,
    OPERATIONS,
    Candidate,
    Cost,
    Kind,
    Operation,
    Speeds,
    Use,
    allowed,
    pick,
    predict,
    working,
)

_SECONDS = st.floats(0, 10, allow_nan=False)
_SPEEDS = st.floats(1e3, 1e12)


@st.composite
def _candidates(draw: st.DrawFn) -> list[Candidate]:
    made = []
    for place in range(draw(st.integers(1, 5))):
        able = draw(st.lists(st.sampled_from(OPERATIONS), min_size=1, unique=True))
        costs = {name: Cost(draw(_SECONDS), draw(_SECONDS), draw(_SPEEDS)) for name in able}
        kind: Kind = draw(st.sampled_from(get_args(Kind)))
        transfer = 0.0 if kind == "processor" else draw(_SPEEDS)
        speeds = Speeds(kind, draw(_SECONDS), costs, transfer, measured=True)
        credit = draw(st.sampled_from((0.0, 0.5, 100.0)))
        made.append(Candidate(str(place), speeds, draw(st.booleans()), draw(st.booleans()), credit))
    return made


_SIZES = st.integers(0, 1 << 40)
_USES = st.sampled_from(get_args(Use))


@given(_candidates(), st.sampled_from(OPERATIONS), _SIZES, _USES)
def test_none_that_is_predicted_to_be_slower_is_picked(
    candidates: list[Candidate], operation: Operation, size: int, use: Use
) -> None:
    able = [each for each in candidates if operation in each.speeds.costs]
    found = pick(candidates, operation, size, use)
    if found is None:
        assert all(each.speeds.kind != "processor" for each in able)
        assert use != "on" or not able
        return
    assert found in able
    rivals = allowed(candidates, operation, use)
    best = min(predict(each, operation, size) for each in rivals)
    assert predict(found, operation, size) == best


@given(_candidates(), st.sampled_from(OPERATIONS), _SIZES)
def test_software_never_wins_by_itself(
    candidates: list[Candidate], operation: Operation, size: int
) -> None:
    found = pick(candidates, operation, size, "auto")
    assert found is None or found.speeds.kind != "software"
    found = pick(candidates, operation, size, "off")
    assert found is None or found.speeds.kind == "processor"


@given(_candidates(), st.sampled_from(OPERATIONS), _SIZES)
def test_where_devices_are_on_one_works(
    candidates: list[Candidate], operation: Operation, size: int
) -> None:
    found = pick(candidates, operation, size, "on")
    devices = any(
        operation in each.speeds.costs and each.speeds.kind != "processor" for each in candidates
    )
    assert not devices or (found is not None and found.speeds.kind != "processor")


@given(_candidates(), _SIZES)
def test_what_is_not_open_yet_counts(candidates: list[Candidate], size: int) -> None:
    for each in candidates:
        for operation, cost in each.speeds.costs.items():
            warm = working(each.speeds, operation, size)
            ready = each._replace(opened=True, ready=True)
            assert predict(ready, operation, size) == warm
            shut = each._replace(opened=False, ready=False, credit=0.0)
            whole = each.speeds.opening + cost.first + warm
            assert predict(shut, operation, size) == pytest.approx(whole)
            assert warm <= predict(each, operation, size) <= max(warm, whole * (1 + 1e-9))


def _speeds(kind: Kind, opening: float, speed: float, transfer: float = 0.0) -> Speeds:
    return Speeds(kind, opening, {"cut": Cost(0.5, 0.001, speed)}, transfer)


def test_a_device_is_opened_for_what_pays_only() -> None:
    cpu = Candidate("cpu", _speeds("processor", 0.0, 1e8), opened=True, ready=True)
    gpu = Candidate("gpu", _speeds("device", 1.5, 1e10, 1e9))
    # 10 ns a byte against 1.1 and two seconds at once: even at some 225 MB.
    for size, name in ((1000, "cpu"), (10**8, "cpu"), (2 * 10**8, "cpu"), (3 * 10**8, "gpu")):
        found = pick([cpu, gpu], "cut", size, "auto")
        assert found is not None
        assert found.name == name
    opened = gpu._replace(opened=True, ready=True)
    found = pick([cpu, opened], "cut", 10**6, "auto")
    assert found is not None
    assert found.name == "gpu"
    # What a session has lost by not having it open counts against its start-up.
    found = pick([cpu, gpu._replace(credit=2.0)], "cut", 10**6, "auto")
    assert found is not None
    assert found.name == "gpu"


def test_without_measurements_no_device_is_opened_for_less_than_would_pay() -> None:
    shut = [Candidate(name, speeds) for name, speeds in DEFAULTS.items()]
    for operation in OPERATIONS:
        for size in (0, 1000, 10**6, 10**8):
            found = pick(shut, operation, size, "auto")
            assert found is not None
            assert found.name == "native"
    # Nor is numba compiled in memory where the plain loops are done before.
    without = [each for each in shut if each.name in {"numba", "plain"}]
    for size, name in ((10**5, "plain"), (10**8, "numba")):
        found = pick(without, "cut", size, "auto")
        assert found is not None
        assert found.name == name


def test_defaults_are_sound() -> None:
    assert all(speeds.sound() and not speeds.measured for speeds in DEFAULTS.values())
    assert set(DEFAULTS["native"].costs) == set(DEFAULTS["plain"].costs) == set(OPERATIONS)


@pytest.mark.parametrize(
    "change",
    [
        {"opening": -1.0},
        {"opening": nan},
        {"transfer": inf},
        {"costs": {"cut": Cost(0.0, 0.0, 0.0)}},
        {"costs": {"cut": Cost(0.0, 0.0, inf)}},
        {"costs": {"cut": Cost(nan, 0.0, 1.0)}},
        {"costs": {"cut": Cost(0.0, -1e-9, 1.0)}},
        {"costs": {"cut": Cost(0.0, 0.0, 1.0, ((0, 1.0),))}},
        {"costs": {"cut": Cost(0.0, 0.0, 1.0, ((1, nan),))}},
        {"costs": {"dig": Cost(0.0, 0.0, 1.0)}},
    ],
)
def test_figures_that_nobody_can_have_measured(change: dict[str, object]) -> None:
    fine = Speeds("processor", 0.0, {"cut": Cost(0.0, 0.0, 1.0)})
    assert fine.sound()
    assert not msgspec.structs.replace(fine, **change).sound()
