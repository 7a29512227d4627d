"""What is made of measured builds of a fleet."""

from __future__ import annotations

import msgspec
import pytest

from hyper.bench.fleet.figures import Built, figure


def test_a_core_that_only_works_is_efficient() -> None:
    """Two cores that do in 5 s what one does in 10 are as good as can be, however long the rest takes."""
    alone = figure("alone", "python", [Built(wall=12.0, handed=10.0, driver=12.0)])
    assert alone.efficiency is None
    assert alone.overhead_seconds_per_job is None
    runs = [
        Built(wall=wall, handed=5.0, driver=6.0, workers=(5.0,), work=4.9, jobs=10, overhead=0.02)
        for wall in (9.0, 7.0, 8.0)
    ]
    found = figure("one", "python", runs, workers=1, cores=2, alone=alone)
    assert found.efficiency == 1.0
    assert found.overhead_seconds_per_job == pytest.approx(0.002)
    assert (found.wall_seconds, found.wall_range, found.runs) == (8.0, (7.0, 9.0), 3)
    assert found.worker_cpu_seconds == [5.0]


def test_what_is_no_worker_and_no_build_is_counted_apart() -> None:
    alone = figure("alone", "python", [Built(wall=20.0, handed=16.0, driver=10.0)])
    run = Built(
        wall=7.0,
        handed=5.0,
        driver=6.0,
        dispatcher=1.0,
        redis=0.75,
        network=0.25,
        workers=(4.0,),
        jobs=1,
    )
    found = figure("one", "python", [run], workers=1, cores=2, alone=alone)
    assert found.efficiency == pytest.approx(8.0 / (2 * 5.0 - 2.0))
    assert found.cpu_over_alone == pytest.approx((6.0 + 4.0) / 10.0)


def test_a_fleet_that_did_nothing_is_neither_efficient_nor_not() -> None:
    """Nothing was handed out, so that there is no goal that could be met."""
    alone = figure("alone", "python", [Built(wall=1.0, handed=0.5, driver=1.0)])
    run = Built(wall=1.0, handed=0.5, driver=1.1, dispatcher=0.1, redis=0.1, workers=(0.1,))
    found = figure("one", "python", [run], workers=1, cores=2, alone=alone)
    assert found.efficiency is None
    assert found.overhead_seconds_per_job is None
    assert found.overhead_cpu_seconds_per_job is None
    assert found.cpu_over_alone == pytest.approx(1.2)


def test_a_build_shorter_than_what_stands_beside_it_has_no_efficiency() -> None:
    alone = figure("alone", "python", [Built(wall=1.0, handed=0.2, driver=1.0)])
    run = Built(wall=1.0, handed=0.2, driver=1.1, dispatcher=0.4, workers=(0.3,), jobs=2)
    run = msgspec.structs.replace(run, overhead=0.02, work_cpu=0.1)
    found = figure("one", "python", [run], workers=1, cores=2, alone=alone)
    assert found.efficiency is None
    assert found.overhead_seconds_per_job == pytest.approx(0.01)
    assert found.overhead_cpu_seconds_per_job == pytest.approx(0.1)
