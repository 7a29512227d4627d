"""Real workers: ``hyper worker`` in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PATIENCE = 60.0


def environment(**variables: str) -> dict[str, str]:
    """The environment of this process without what concerns a fleet or a cache, and these variables."""
    ours = ("HYPER_QUEUE", "HYPER_CACHE", "HYPER_FLEET", "HYPER_PROJECT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "HYPER_PROJECT": "shop", **variables}


def completed(
    words: Sequence[str], folder: Path, seconds: float = PATIENCE, /, **variables: str
) -> subprocess.CompletedProcess[str]:
    """What became of a command in a folder, in an environment with these variables."""
    return subprocess.run(
        words,
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


class RunningWorker:
    """A worker that was started; ``events`` are those of its log so far, and ``text`` all that it wrote."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self._coming: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "hyper", "worker", "--max", "1", "--log", "json"),
                *("--log-level", "debug", *arguments),
            ],
            cwd=folder,
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        """All that it wrote."""
        return "".join(self.lines)

    def until(self, event: str) -> dict[str, Any]:
        """Wait for an event of its log. Fails where it ends before."""
        while True:
            found = self._coming.get(timeout=PATIENCE)
            assert found is not None, f"it ended before `{event}`:\n{self.text}"
            if found["event"] == event:
                return found

    def stop(self) -> int:
        """Tell it to end, wait for it, and give its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Wait until it ends."""
        code = self.process.wait(PATIENCE)
        self._thread.join(PATIENCE)
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self.lines.append(line)
                try:
                    found = json.loads(line)
                except ValueError:
                    continue
                self.events.append(found)
                self._coming.put(found)
        self._coming.put(None)
