"""The disk layer: segments and packs of records, an SQLite index over them, pruning and verifying."""

from __future__ import annotations

from hyper.cache.disk.layer import MAX_AGE, MAX_BYTES, DiskLayer

__all__ = ["MAX_AGE", "MAX_BYTES", "DiskLayer"]
