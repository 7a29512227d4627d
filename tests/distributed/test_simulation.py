"""Simulated fleets: what must come of plans whose outcome can be told by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyper.distributed.names import queue_tag
from hyper.distributed.simulation.costs import Costs, Server, Work, measured, read_costs
from hyper.distributed.simulation.fleet import simulate
from hyper.distributed.simulation.plan import Plan
from hyper.distributed.simulation.resources import Line, node_of

if TYPE_CHECKING:
    from pathlib import Path

FREE = Server(
    add=0.0, job=0.0, ask=0.0, claim=0.0, publish=0.0, read=0.0, read_byte=0.0, write=0.0,
    write_byte=0.0, worker=0.0, queue=0.0,
)  # fmt: skip
WORK = Work(
    items=10.0, seconds=0.01, deviation=0.0, bytes_in=1000.0, bytes_out=1000.0, build_seconds=0.0
)
PLAIN = Costs(
    machine="none",
    server=FREE,
    dispatch_job=0.0,
    dispatch_item=0.0,
    worker_job=0.0,
    worker_item=0.0,
    process_item=0.0,
    start=0.0,
    works={"objects": WORK},
)


def costs(
    server: dict[str, float] | None = None, work: dict[str, float] | None = None, **more: float
) -> Costs:
    return msgspec.structs.replace(
        PLAIN,
        server=msgspec.structs.replace(FREE, **(server or {})),
        works={"objects": msgspec.structs.replace(WORK, **(work or {}))},
        **more,
    )


@given(
    st.builds(
        Plan,
        units=st.integers(1, 300),
        workers=st.integers(1, 20),
        slots=st.integers(1, 4),
        least=st.integers(0, 1),
        drivers=st.integers(1, 5),
        shards=st.sampled_from([1, 2, 16]),
        nodes=st.integers(1, 3),
        group=st.integers(1, 12),
        crashes=st.sampled_from([0.0, 200.0]),
        stalls=st.sampled_from([0.0, 200.0]),
        seed=st.integers(0, 1000),
    )
)
def test_all_is_done_once_whatever_happens(plan: Plan) -> None:
    outcome = simulate(plan, measured())
    assert outcome == simulate(plan, measured())
    assert outcome.items == round(plan.units * 11.6)
    assert outcome.actions * plan.group >= outcome.items
    assert 0.0 < outcome.efficiency <= 1.0
    assert max(outcome.server, outcome.line, outcome.build, outcome.dispatch) <= 1.0
    assert outcome.wall >= outcome.work / (plan.workers * plan.slots)
    assert plan.crashes or plan.stalls or outcome.repeated == 0
    hours = plan.workers * plan.slots * outcome.wall / 3600
    assert outcome.process_hours <= hours * 1.000001


@pytest.mark.parametrize(("workers", "slots"), [(1, 1), (1, 8), (10, 4), (50, 8)])
def test_where_nothing_costs_anything_all_processes_work(workers: int, slots: int) -> None:
    outcome = simulate(Plan(units=20_000, workers=workers, slots=slots, round_trip=0.0), costs())
    ideal = 20_000 * 10 * 0.01 / (workers * slots)
    assert ideal <= outcome.wall < 1.05 * ideal + 0.3
    assert outcome.limit == "workers"


def test_one_that_builds_is_the_limit_of_many_that_help() -> None:
    """Amdahl: what the build does itself does not get shorter."""
    outcome = simulate(Plan(units=1000, workers=100), costs(work={"build_seconds": 0.05}))
    assert 50.0 <= outcome.wall < 51.0
    assert outcome.limit == "build"
    four = simulate(Plan(units=1000, workers=100, drivers=4), costs(work={"build_seconds": 0.05}))
    assert 12.5 <= four.wall < 13.5


def test_one_core_of_the_server_is_the_limit_of_small_items() -> None:
    slow = costs({"claim": 0.001})
    one = simulate(Plan(units=3000, workers=100), slow)
    assert 30.0 <= one.wall < 32.0
    assert one.limit == "server"
    assert one.server > 0.95
    # Another queue on the same server is no other core; a cluster of four has four.
    sharded = simulate(Plan(units=3000, workers=100, shards=4), slow)
    assert sharded.wall == pytest.approx(one.wall, rel=0.05)
    cluster = simulate(Plan(units=3000, workers=100, shards=4, nodes=4), slow)
    assert cluster.wall < one.wall / 3
    grouped = simulate(Plan(units=3000, workers=100, group=10), slow)
    assert grouped.wall < one.wall / 5


def test_workers_that_are_only_there_cost_their_server() -> None:
    small = costs({"claim": 0.001, "worker": 0.005})
    few = simulate(Plan(units=500, workers=20), small)
    many = simulate(Plan(units=500, workers=120), small)
    assert many.wall > 1.8 * few.wall
    assert simulate(Plan(units=500, workers=120, nodes=4, shards=4), small).wall < few.wall / 2


def test_a_line_is_the_limit_of_large_items() -> None:
    outcome = simulate(
        Plan(units=1000, workers=100, bandwidth=1e7), costs(work={"bytes_in": 10_000.0})
    )
    # There and back, both ways, through one line.
    assert outcome.wall == pytest.approx(1000 * 10 * 2 * 11_000 / 1e7, rel=0.05)
    assert outcome.limit == "line"


def test_jobs_that_are_lost_are_done_again() -> None:
    calm = Plan(units=8000, workers=10, seed=3)
    rough = simulate(msgspec.structs.replace(calm, crashes=60.0, stalls=60.0, stall=30.0), costs())
    assert rough.repeated > 0
    assert rough.wall > simulate(calm, costs()).wall
    assert rough.work == pytest.approx(800.0)


def test_processes_are_there_when_they_are_needed() -> None:
    """A long wait for the build: few processes are paid for until work comes, and all of them then."""
    slow = costs(work={"build_seconds": 0.1})
    outcome = simulate(Plan(units=10_000, workers=4, slots=8), slow)
    assert outcome.wall < 1000.0 + 10_000 * 10 * 0.01 / 32 * 1.1 + 2
    assert outcome.process_hours * 3600 < 4 * 1000 + 32 * 60


def test_what_one_does_after_the_other() -> None:
    line = Line()
    assert line.serve(1.0, 2.0) == 3.0
    assert line.serve(2.0, 1.0) == 4.0
    assert line.serve(10.0, 1.0) == 11.0
    assert line.busy == 4.0


@pytest.mark.parametrize("nodes", [1, 3, 8])
def test_nodes_of_names_are_those_of_a_cluster(nodes: int) -> None:
    from redis.crc import key_slot

    for shard in range(64):
        tag = queue_tag("0123456789abcdef", "any", shard)
        slot = key_slot(f"hyper:shop:fleet:{{{tag}}}:wait".encode())
        assert node_of(tag, nodes) == slot * nodes // 16384


def test_costs_are_read_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "costs.json"
    file.write_text(json.dumps(msgspec.to_builtins(measured())))
    assert read_costs(file) == measured()
    for text in ("", "{}", "[1]", '{"machine": 1}'):
        file.write_text(text)
        with pytest.raises(ValueError, match="has no costs"):
            read_costs(file)
