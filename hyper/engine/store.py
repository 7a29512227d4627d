"""The engine's side of the store: outcomes under the digests of their actions, and the bytes that they name.

The store is opened when it is first asked, and whatever is wrong with it costs time only.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from hyper.engine.record import Outcome, make_cache_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyper.cache.protocol import Layer


class Store:
    """The content store and the action cache of a project. Digests are hexadecimal, as everywhere in the engine."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._layer: Layer | None = None

    def outcome(self, key: str) -> Outcome | None:
        """The outcome of an action, or ``None``."""
        layer = self._open(make=False)
        if layer is None:
            return None
        raw = bytes.fromhex(key)
        value = layer.get_many("action", [raw]).get(raw)
        if value is None:
            return None
        try:
            return msgspec.msgpack.decode(value, type=Outcome)
        except (msgspec.DecodeError, RecursionError):
            return None

    def blobs(self, digests: Sequence[str]) -> dict[str, bytes]:
        """The bytes that are there, by digest. What is no digest is not there."""
        layer = self._open(make=False) if digests else None
        if layer is None:
            return {}
        raw = {_key(each): each for each in digests}
        raw.pop(b"", None)
        return {raw[key]: data for key, data in layer.get_many("blob", list(raw)).items()}

    def keep(self, key: str, outcome: Outcome, blobs: Mapping[str, bytes], seconds: float) -> None:
        """Keep an outcome and the bytes of all that it names."""
        layer = self._open(make=True)
        if layer is None:
            return
        layer.put_many("blob", {bytes.fromhex(name): data for name, data in blobs.items()}, seconds)
        layer.put_many("action", {bytes.fromhex(key): msgspec.msgpack.encode(outcome)}, seconds)

    def close(self) -> None:
        """Make lasting what was kept."""
        if self._layer is not None:
            self._layer.close()
            self._layer = None

    def _open(self, *, make: bool) -> Layer | None:
        """The layer; without ``make``, only where an earlier build made its folder."""
        if self._layer is None and (make or os.path.isdir(self._folder)):
            from hyper.cache.disk import DiskLayer

            try:
                make_cache_folder(os.path.dirname(self._folder))
            except OSError:
                return None
            self._layer = DiskLayer(self._folder)
        return self._layer


def _key(digest: str) -> bytes:
    try:
        return bytes.fromhex(digest)
    except ValueError:
        return b""
