"""A process that stays, and answers one question a line: what is measured within it starts once."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any, Self

from hyper.bench.processes import environment
from hyper.bench.report import BenchError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Dialogue:
    """Starts ``python -m MODULE``; ``ask`` gives its answer. A context, at whose end the process ends."""

    def __init__(self, module: str, what: str, settings: Mapping[str, str] | None = None) -> None:
        self._what = what
        # What it leaves there goes with it, however it ends.
        self._folder = tempfile.TemporaryDirectory(prefix="hyper-bench-")
        self._process = subprocess.Popen(
            (sys.executable, "-m", module),
            env=environment(settings or {}) | {"TMPDIR": self._folder.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        try:
            if failure is not None:
                # It may be in the midst of a long answer, which nobody waits for.
                self._process.kill()
            self._process.communicate()
        finally:
            self._folder.cleanup()

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a question. Raises ``BenchError`` where the process ends instead."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = ""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            self._process.communicate()
            raise BenchError(f"{self._what} ended by itself")
        answer: dict[str, Any] = json.loads(line)
        return answer


def say(value: Mapping[str, Any]) -> None:
    """Answer, within the process."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
