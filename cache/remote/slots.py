"""Where a name lies in a Redis Cluster."""

from __future__ import annotations

from binascii import crc_hqx
from typing import Final

SLOTS: Final = 16384


def slot_of(name: bytes) -> int:
    """The slot of a name: the CRC16 of what stands in its first braces, or of all of it, modulo 16384 (Redis Cluster
    Specification, "Key distribution model")."""
    begin = name.find(b"{")
    if begin >= 0:
        end = name.find(b"}", begin + 1)
        if end > begin + 1:
            name = name[begin + 1 : end]
    return crc_hqx(name, 0) % SLOTS
