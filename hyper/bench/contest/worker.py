"""The process of one contestant: it makes itself ready, then runs each time that it is asked, and saves its answers at the end.

It is told which module of this folder has its ``prepare(task)``.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from hyper.bench.contest.entry import AbsentError
from hyper.bench.dialogue import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.bench.contest.entry import Entry


def main() -> int:
    """Answer each line on stdin until there is none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks is interrupted too, and ends us
    first = json.loads(sys.stdin.readline())
    try:
        prepare = importlib.import_module(f"hyper.bench.contest.{first['module']}").prepare
        entry: Entry = prepare(first["task"])
    except ModuleNotFoundError as error:
        say({"absent": f"{error.name} is not installed"})
        return 0
    except AbsentError as error:
        say({"absent": str(error)})
        return 0
    say({"absent": None})
    gc.collect()
    gc.freeze()
    answer: Any = None
    for line in sys.stdin:
        question = json.loads(line)
        if "save" in question:
            np.savez(question["save"], *entry.answers(answer))
            say({})
            continue
        answer = None  # the memory of the last answer is free before the next
        began, cpu = time.perf_counter(), time.process_time()
        answer = entry.run()
        say(_taken(began, cpu, entry.calls))
    return 0


def _taken(began: float, cpu: float, calls: int) -> Mapping[str, Any]:
    """Seconds a call, and bytes at the peak of the process."""
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    scale = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
    return {"wall": wall / calls, "cpu": cpu / calls, "peak": peak}


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # what libraries say about their own end is nobody's answer
