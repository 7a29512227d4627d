"""The far side: a process that confines itself, and then does items until its socket is closed."""

from __future__ import annotations

import os
import shutil
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hyper.distributed.pool import frames
from hyper.distributed.pool.frames import Answer, Begin, Confined, Loaded
from hyper.distributed.pool.sandbox import bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.distributed.pool.contract import Limits
    from hyper.distributed.pool.frames import Fault
    from hyper.distributed.stages import RemoteStage

MOST_REASON: Final = 1000


class Child:
    """Does the items of tasks, one after the other."""

    def __init__(
        self, channel: int, folder: str, stages: Mapping[str, RemoteStage[Any]], limits: Limits
    ) -> None:
        self._channel = channel
        self._folder = folder
        self._stages = stages
        self._limits = limits
        self._contexts: dict[bytes, Any] = {}
        self._run: Callable[[Any, bytes], bytes] | None = None
        self._context: Any = None
        self._loaded = Loaded("failed", "no task has begun", 0)

    def serve(self) -> None:
        """Work until the other side closes."""
        frames.write(self._channel, Confined())
        while (data := frames.read(self._channel)) is not None:
            message = frames.to_child.decode(data)
            del data
            bounds.set_alarm(self._limits.seconds)
            if isinstance(message, Begin):
                self._loaded = self._begin(message)
                answer: Loaded | Answer = self._loaded
            else:
                answer = self._do(message.index, message.data)
            del message
            bounds.set_alarm(0.0)
            frames.write(self._channel, answer)

    def _begin(self, task: Begin) -> Loaded:
        """Nothing of an earlier task stays but the contexts that it loaded."""
        self._run = self._context = None
        for key in task.drop:
            self._contexts.pop(key, None)
        blobs = [self._blob() for _ in range(task.blobs or 0)]
        _empty(self._folder)
        stage = self._stages.get(task.stage)
        if stage is None:
            return Loaded("failed", f"there is no stage {task.stage[:80]}", bounds.peak_memory())
        if task.blobs is not None:
            loaded, fault, reason = _attempt(partial(stage.load, blobs))
            if fault:
                reason = f"its context cannot be loaded: {reason}"[:MOST_REASON]
                return Loaded(fault, reason, bounds.peak_memory())
            self._contexts[task.key] = loaded
        self._run, self._context = stage.run, self._contexts.get(task.key)
        return Loaded("", "", bounds.peak_memory())

    def _blob(self) -> bytes:
        data = frames.read(self._channel)
        if data is None:
            raise ConnectionError("the pool is gone")
        return data

    def _do(self, index: int, data: bytes) -> Answer:
        run, context = self._run, self._context
        if run is None:
            return Answer(index, self._loaded.fault, b"", 0.0, 0.0, 0, self._loaded.reason)
        began, before = time.perf_counter(), time.process_time()
        result, fault, reason = _attempt(lambda: self._checked(run(context, data)))
        cpu, seconds = time.process_time() - before, time.perf_counter() - began
        return Answer(index, fault, result or b"", seconds, cpu, bounds.peak_memory(), reason)

    def _checked(self, result: Any) -> bytes:
        if not isinstance(result, bytes):
            raise TypeError(f"the stage gave a {type(result).__name__}, and no bytes")
        if len(result) > self._limits.result:
            raise ValueError(
                f"the result has {len(result)} bytes, and may have {self._limits.result}"
            )
        return result


def _attempt(work: Callable[[], Any]) -> tuple[Any, Fault, str]:
    """What work gives, or what became of it."""
    try:
        return work(), "", ""
    except MemoryError:
        pass
    except BaseException as error:  # noqa: BLE001  # whatever a stage raises, even to end the process, is an answer
        return None, "failed", _told(error)
    # Outside of the handler, all that the work had is free again.
    return None, "memory", "it needs more memory than it may have"


def _told(error: BaseException) -> str:
    name = type(error).__name__
    try:
        said = str(error)
    except Exception:  # noqa: BLE001  # an exception of a stage may not even be told
        said = ""
    text = f"{name}: {said}" if said else name
    return text.encode("utf-8", "replace").decode()[:MOST_REASON]


def _empty(folder: str) -> None:
    with os.scandir(folder) as entries:
        for entry in [*entries]:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)
