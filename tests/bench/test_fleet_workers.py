"""A benchmark of a fleet that is told to end, and workers that do not come."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from hyper.bench.fleet import workers
from hyper.bench.fleet.worker import WorkerProcess
from hyper.bench.report import BenchError


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="a signal ends processes there")
def test_a_signal_leaves_by_the_way_of_exceptions() -> None:
    before = signal.getsignal(signal.SIGHUP)
    tidied = []

    def measure() -> None:
        with workers._tidy_when_told_to_end():
            try:
                os.kill(os.getpid(), signal.SIGHUP)
            finally:
                tidied.append(signal.getsignal(signal.SIGHUP) is not before)

    with pytest.raises(SystemExit) as ended:
        measure()
    assert ended.value.code == 128 + signal.SIGHUP
    assert tidied == [True]
    assert signal.getsignal(signal.SIGHUP) is before


@pytest.mark.skipif(sys.platform == "win32", reason="workers are POSIX's")
def test_a_worker_that_ends_says_why() -> None:
    """Its log is in the error, whether it is one of JSON or not."""
    worker = WorkerProcess("lost", ("--redis", "nonsense"), {})
    with pytest.raises(
        BenchError, match=r"did not say 'ready':\n.*the fleet: the address of the server.*redis://"
    ):
        worker.wait_for("ready")
    worker.kill()
    assert worker.code == 2
    assert worker.processes() == []
