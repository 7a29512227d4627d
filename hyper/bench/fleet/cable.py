"""A cable on which packets are late, for kernels that have no discipline for it: two TAP devices, and a process between them.

``python -m hyper.bench.fleet.cable ONE OTHER SECONDS`` makes the devices in its network namespace, prints a line, and passes frames
on until its input ends.
"""

from __future__ import annotations

import os
import select
import struct
import sys
import time
from collections import deque
from contextlib import suppress
from typing import Final

_SET_DEVICE: Final = 0x400454CA  # TUNSETIFF
_TAP: Final = 0x0002
_PLAIN: Final = 0x1000  # IFF_NO_PI: frames alone
_LARGEST: Final = 1 << 16


def open_device(name: str) -> int:
    """A new TAP device, as a file that does not block. Raises ``OSError``."""
    from fcntl import ioctl

    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    ioctl(descriptor, _SET_DEVICE, struct.pack("16sH22x", name.encode(), _TAP | _PLAIN))
    return descriptor


def pass_on(one: int, other: int, until: int, late: float) -> None:
    """Pass frames on between two devices, each ``late`` seconds after it came, until a file ends."""
    frames: deque[tuple[float, int, bytes]] = deque()
    ways = {one: other, other: one}
    while True:
        left = max(0.0, frames[0][0] - time.monotonic()) if frames else None
        ready, _, _ = select.select([one, other, until], [], [], left)
        if until in ready and not os.read(until, 1):
            return
        now = time.monotonic()
        for source in ready:
            if source != until:
                frames.extend((now + late, ways[source], each) for each in _frames(source))
        now = time.monotonic()
        while frames and frames[0][0] <= now:
            _, target, frame = frames.popleft()
            # A device that is down, or full, loses frames, as a cable does.
            with suppress(OSError):
                os.write(target, frame)


def _frames(source: int) -> list[bytes]:
    """All that wait at a device; none where it is down."""
    found: list[bytes] = []
    with suppress(OSError):
        while True:
            found.append(os.read(source, _LARGEST))
    return found


def main() -> None:
    """Be a cable."""
    one, other, late = sys.argv[1:]
    devices = open_device(one), open_device(other)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    pass_on(*devices, sys.stdin.fileno(), float(late))


if __name__ == "__main__":
    main()
