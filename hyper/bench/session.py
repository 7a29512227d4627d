"""A session in a process of its own: one compiler that builds again and again, as a server or an editor would use it."""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, Self

from hyper.bench.dialogue import Dialogue, say
from hyper.bench.processes import Run
from hyper.bench.report import BenchError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Session:
    """Starts the process; ``build`` asks it for one build. A context, at whose end the process ends."""

    def __init__(self, tree: str, options: Mapping[str, Any]) -> None:
        self._dialogue = Dialogue("hyper.bench.session", "a session")
        try:
            self._dialogue.ask({"tree": tree, "options": options})
        except BaseException as error:
            self._dialogue.__exit__(type(error))
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self._dialogue.__exit__(failure)

    def build(self) -> Run:
        """One build: seconds from the question to the answer. Raises ``BenchError`` where it fails."""
        began = time.perf_counter()
        answer = self._dialogue.ask({})
        wall = time.perf_counter() - began
        if not answer["success"]:
            raise BenchError(f"a build in a session failed: {answer['message']}")
        return Run(wall, answer["cpu"], int(answer["peak"]))


def main() -> int:
    """Answer each line on stdin: the first makes the session, each other one builds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks is interrupted too, and ends us
    from hyper.engine.compiler import Compiler

    first = json.loads(sys.stdin.readline())
    with Compiler(**first["options"]) as compiler:
        say({})
        for _ in sys.stdin:
            began = time.process_time()
            result = compiler.compile(first["tree"])
            say(
                {
                    "success": result.success,
                    "message": result.errors[0].message if result.errors else None,
                    "cpu": time.process_time() - began,
                    "peak": result.metrics.get("peak_memory", 0),
                }
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
