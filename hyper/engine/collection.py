"""Python's collector of cycles during a build."""

from __future__ import annotations

import contextlib
import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def collection(*, on: bool) -> Iterator[None]:
    """Leave it alone meanwhile, unless ``on``: a build makes hundreds of thousands of objects and few cycles."""
    collects = gc.isenabled()
    if not on:
        if collects:
            settled.make_room()
        gc.disable()
    try:
        yield
    finally:
        if collects:
            # The next new object would make the collector go through all that the build left: a fifth of the time of a
            # large one. Frozen and thawed, they count as old, which the collector then leaves alone: see ``_Settled``.
            if not on and gc.get_freeze_count() == 0:
                gc.freeze()
                gc.unfreeze()
                settled.note()
            gc.enable()


class _Settled:
    """How much this process held when its cycles were last looked through, or after its first build."""

    def __init__(self) -> None:
        self.blocks = 0

    def note(self) -> None:
        """A build is over."""
        self.blocks = self.blocks or sys.getallocatedblocks()

    def make_room(self) -> None:
        """Look through all that is old when as much again is there: what builds left in cycles would stay for ever."""
        if 0 < 2 * self.blocks < sys.getallocatedblocks():
            gc.collect()
            self.blocks = sys.getallocatedblocks()


settled = _Settled()
