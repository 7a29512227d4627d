"""The log of a worker: what it bounds, and what it survives."""

from __future__ import annotations

import errno
import io
import json
import os
import select
from datetime import UTC, datetime, timedelta

import pytest

from hyper.distributed.worker.log import Log


class Clock:
    """Goes as it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class FullDisk(io.StringIO):
    """Takes nothing while it is full."""

    full = False

    def flush(self) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "no space left")


def test_what_others_cause_is_written_so_often_a_minute() -> None:
    clock, stream = Clock(), io.StringIO()
    log = Log("json", "info", stream, clock)
    for number in range(1000):
        log.seldom("warning", "refused", job=number)
    assert [json.loads(line)["job"] for line in stream.getvalue().splitlines()] == list(range(60))
    log.seldom("warning", "failed")
    clock.now += timedelta(minutes=1)
    log.seldom("warning", "refused", job="next")
    failed, refused = map(json.loads, stream.getvalue().splitlines()[60:])
    assert "left_out" not in failed
    assert (refused["job"], refused["left_out"]) == ("next", 940)
    # A clock that is put back keeps nothing silent.
    clock.now -= timedelta(days=1)
    log.seldom("warning", "refused", job="before")
    assert json.loads(stream.getvalue().splitlines()[-1])["job"] == "before"


def test_a_fact_has_one_line_and_no_control_over_a_terminal() -> None:
    stream = io.StringIO()
    Log("text", "info", stream, Clock()).event(
        "info", "refused", job="a\nb\x1b[2J\u2028\u202e\udc80", label="x" * 1_000_000
    )
    (line,) = stream.getvalue().splitlines()
    assert line.isprintable()
    assert len(line) < 1000


def test_a_full_disk_does_not_end_the_log() -> None:
    stream = FullDisk()
    log = Log("text", "info", stream, Clock())
    stream.full = True
    log.event("info", "lost")
    stream.full = False
    log.event("info", "there")
    assert stream.getvalue().endswith("there\n")


@pytest.mark.skipif(not hasattr(select, "poll"), reason="this system cannot tell")
def test_a_reader_that_stands_still_keeps_nobody_waiting() -> None:
    near, far = os.pipe()
    with open(near, "rb", buffering=0) as reader, open(far, "w", encoding="utf-8") as stream:
        log = Log("json", "info", stream)
        for number in range(10_000):
            log.event("info", "more than a pipe holds", number=number)
        told = len(reader.read(1 << 20).splitlines())
        assert 100 < told < 10_000
        log.event("info", "read again")
        assert json.loads(reader.read(1 << 20))["lines_lost"] == 10_000 - told
