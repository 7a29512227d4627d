"""Workers of a fleet, each the daemon that users run, in a process that can be watched, counted and ended."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from hyper.bench.fleet.usage import seconds_of, tree_of
from hyper.bench.processes import HYPER, environment
from hyper.bench.report import BenchError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

READY_SECONDS: Final = 60.0
_END_SECONDS: Final = 45.0
_KEPT: Final = 400
_METRIC: Final = re.compile(r"^(hyper_worker_\S+) (\S+)$", re.MULTILINE)
_FETCH: Final = """\
import sys
from urllib.request import urlopen
with urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics", timeout=20) as answer:
    sys.stdout.buffer.write(answer.read())
"""


class WorkerProcess:
    """``hyper worker`` in a process of its own, whose log is read."""

    def __init__(
        self,
        name: str,
        words: Sequence[str],
        settings: Mapping[str, str],
        before: Sequence[str] = (),
    ) -> None:
        """Start it. ``words`` are those of the command after ``hyper worker``; ``settings`` its variables; ``before`` are words
        that put it somewhere else (``network.Machine.before``)."""
        self.name = name
        self._before = tuple(before)
        self._events: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._heard = threading.Condition()
        self._over = False
        self._process = subprocess.Popen(
            (*before, *HYPER, "worker", "--name", name, "--log", "json", "--http", "0", *words),
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The number of the daemon's process."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """How it ended; ``None`` while it runs."""
        return self._process.poll()

    @property
    def said(self) -> list[dict[str, Any]]:
        """The last events of its log; what is no event is one named ``text``."""
        with self._heard:
            return list(self._events)

    def wait_for(self, event: str, seconds: float = READY_SECONDS) -> dict[str, Any]:
        """The first event of a name, which is waited for. Raises ``BenchError`` with the log where it does not come."""

        def found() -> dict[str, Any] | None:
            return next((each for each in self._events if each.get("event") == event), None)

        with self._heard:
            self._heard.wait_for(lambda: found() is not None or self._over, seconds)
            answer = found()
            told = [json.dumps(each) for each in self._events]
        if answer is None:
            raise BenchError(f"worker {self.name} did not say {event!r}:\n" + "\n".join(told[-20:]))
        return answer

    def processes(self) -> list[int]:
        """The daemon and all that it started, the daemon first."""
        return tree_of(self.pid) if self.code is None else []

    def cpu(self) -> float:
        """Processor seconds of the daemon and all that it started, up to now."""
        return seconds_of([self.pid])[0]

    def metrics(self) -> dict[str, float]:
        """What it counts, as Prometheus would read it. Raises ``BenchError`` where it does not answer."""
        port = str(self.wait_for("starting")["http"])
        try:
            text = subprocess.run(
                (*self._before, sys.executable, "-c", _FETCH, port),
                check=True,
                capture_output=True,
                text=True,
                timeout=READY_SECONDS,
            ).stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise BenchError(f"worker {self.name} does not tell its metrics: {error}") from None
        return {name: float(value) for name, value in _METRIC.findall(text)}

    def kill(self) -> None:
        """End the daemon as a crash does (SIGKILL), and wait for that."""
        self._process.kill()
        self._wait()

    def stop(self) -> int:
        """Ask it to end, as a service manager does; the exit code. Raises ``BenchError`` where it does not end."""
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            told = "\n".join(json.dumps(each) for each in self.said[-20:])
            raise BenchError(f"worker {self.name} did not end:\n{told}") from None
        self._wait()
        return self._process.returncode

    def _wait(self) -> None:
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            for line in stream:
                try:
                    event = json.loads(line)
                except ValueError:
                    event = None
                if not isinstance(event, dict):
                    event = {"event": "text", "text": line.decode(errors="replace").rstrip()}
                with self._heard:
                    self._events.append(event)
                    self._heard.notify_all()
        with self._heard:
            self._over = True
            self._heard.notify_all()
