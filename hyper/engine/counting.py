"""What builds add to the census of ``hyper.cache.census``: the units that they compiled, the actions that they did, and where.

A build that was answered from what is kept adds nothing, and loads none of this.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from hyper.cache import census
from hyper.engine.ownership import machine
from hyper.engine.record import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.cache.remote import RedisLayer


class Tally:
    """What one build has done. Digests are hexadecimal."""

    def __init__(self) -> None:
        self._seen = census.Census()
        self._some = False

    def add(self, units: Iterable[str], actions: Iterable[str]) -> None:
        """Count units by the digests of their bytes, and actions by their keys."""
        self._seen.add("units", map(bytes.fromhex, units))
        self._seen.add("actions", map(bytes.fromhex, actions))
        self._some = True

    def close(self, folder: str, remote: RedisLayer | None) -> None:
        """Add it to the census of a cache's folder, and to that of all machines where a build may write to the shared cache.

        What cannot be kept is not counted. The shared census is asked where it does not have all of ours yet, as it last was,
        and once a day, since it ends when nobody adds to it.
        """
        if not self._some:
            return
        with contextlib.suppress(OSError):
            self._seen.add("machines", [machine()])
        with contextlib.suppress(OSError):
            there = census.record(folder, self._seen)
            if remote is None or not _is_due(there):
                return
            shared = remote.share_census(there.here)
            if shared is not None:
                census.record_shared(folder, shared, time.time())


def _is_due(there: census.Kept) -> bool:
    if there.shared is None or abs(time.time() - there.when) > DAY:
        return True
    return not there.shared.covers(there.here)
