"""What builds ask of their stores is written down, and can be replayed."""

from __future__ import annotations

import hashlib

from benchmarks.recorded_builds import Recorder, record
from hyper.bench.redis_server import executable
from hyper.cache.policies.lru import LRU
from hyper.cache.policies.replay import footprint, replay
from hyper.cache.policies.trace import Event, read, write


def key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def test_a_miss_is_written_when_its_value_is_put() -> None:
    recorder = Recorder()
    action, blob, source = key("action"), key("blob"), key("source")
    recorder.begin()
    recorder.asked("action", [action], {})
    recorder.put("blob", {blob: b"12", source: b"123"}, 0.0)
    recorder.put("action", {action: b"1"}, 0.25)
    recorder.begin()
    recorder.asked("blob", [source, key("never")], {source: b"123"})
    recorder.asked("action", [action], {action: b"1"})
    recorder.asked("blob", [blob], {blob: b"12"})
    assert recorder.events == [
        Event("put", b"b" + blob, 2, 0),
        Event("put", b"b" + source, 3, 0),
        Event("get", b"a" + action, 1, 250_000),
        Event("get", b"b" + source, 3, 0),
        Event("get", b"a" + action, 1, 250_000),
        Event("and", b"b" + blob, 2, 0),
    ]


def test_a_day_is_recorded() -> None:
    traces = record(4, 12, 1)
    assert set(traces) == {"developer", *(["shared"] if executable() else [])}
    for events in traces.values():
        assert list(read("".join(write(events, "a day")).splitlines())) == events
        tally = replay(LRU(footprint(events)), events)
        assert 0 < tally.hits <= tally.gets
        assert tally.cost_wanted > 0
