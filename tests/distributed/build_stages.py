"""A stage as an engine has it and as a fleet does it, for tests of builds."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Final

from hyper.distributed.stages import Registry, RemoteStage
from hyper.engine.executors.protocol import Remote, Stage

PLACE: Final = "tests.distributed.build_stages:make"
OTHER: Final = "tests.distributed.build_stages:make_other"


def make(identity: str = "1" * 64) -> Registry:
    stage = RemoteStage("shout", b"".join, _shout_far)
    return Registry(PLACE, identity, {"shout": stage})


def make_other() -> Registry:
    return make("2" * 64)


def _shout_far(context: bytes, own: bytes) -> bytes:
    """What the stage does, but for items that are told to do otherwise where ``tests.distributed.inline_worker`` runs."""
    text = own.decode()
    if text.startswith("raise"):
        raise ValueError(text)
    if "inline_worker" in sys.argv[0]:
        if text.startswith("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if text.startswith("hang"):
            signal.pause()
    return context + own.upper()


def _work(context: bytes, item: str) -> str:
    return _shout_far(context, item.encode()).decode()


SHOUT: Final[Stage[bytes, str]] = Stage(
    "tests.distributed.build_stages:SHOUT",
    _work,
    str.encode,
    bytes.decode,
    Remote("shout", lambda context: [context], lambda _, item: item.encode()),
)


def _work_or_wait(context: str, item: str) -> str:
    """In another process, an item that is told to wait says that it is at it, and waits until it is told to go on."""
    if item == "wait" and os.path.basename(context) != str(os.getpid()):
        with open(f"{context}.at", "x"):
            pass
        while not os.path.exists(f"{context}.on"):
            time.sleep(0.01)
    return item.upper()


WAITING: Final[Stage[str, str]] = Stage(
    "tests.distributed.build_stages:WAITING",
    _work_or_wait,
    str.encode,
    bytes.decode,
    Remote("shout", lambda _: [], lambda _, item: item.encode()),
)
"""A stage whose context is a path that ends with the id of the process which asks."""
