"""XXH64 of many ranges of bytes."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from hyper.gpu.results import room
from hyper.gpu.webgpu.device import ROUNDS
from hyper.gpu.webgpu.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hyper.gpu.webgpu.device import Device
    from hyper.gpu.webgpu.work import Buffer

_STRIPE = 32
_LONGEST = _STRIPE * ROUNDS
"""Bytes of a range that are hashed at a time."""
_RESUMES = 1
_LEAVES = 2


class _Range:
    """A range on its way: the next byte that is to be hashed, and the slot of its state."""

    __slots__ = ("at", "end", "number", "size", "slot", "state")

    def __init__(self, number: int, begin: int, end: int, slot: int) -> None:
        self.number = number
        self.at = begin
        self.end = end
        self.size = end - begin
        self.slot = slot
        self.state = 0


def xxh64(device: Device, data: bytes, places: Sequence[int], seed: int) -> memoryview:
    """Hash ranges, given as pairs of a start and an end that are in the data."""
    hashes = room("Q", len(places) // 2)
    with Work(device) as work:
        size = work.window(1, 2, 2 * _STRIPE) + 2 * _STRIPE
        size = min(size, max(len(data), 4))
        # Jobs of 24 bytes, states of 32, and digests of 8 twice.
        most = max(1, min(work.limits.binding // 32, len(hashes), (work.left - size) // 80))
        text, jobs = work.room(size), work.room(24 * most)
        digests, states = work.room(8 * most), work.room(32 * most)
        buffers = (text, jobs, digests, states)
        order = sorted(range(len(hashes)), key=lambda number: places[2 * number])
        for first in range(0, len(order), most):
            batch = [
                _Range(number, places[2 * number], places[2 * number + 1], slot)
                for slot, number in enumerate(order[first : first + most])
            ]
            for number, digest in _hash(work, data, batch, seed, buffers):
                hashes[number] = digest
    return hashes


def _hash(
    work: Work,
    data: bytes,
    batch: list[_Range],
    seed: int,
    buffers: tuple[Buffer, Buffer, Buffer, Buffer],
) -> Iterator[tuple[int, int]]:
    """Hash ranges that are sorted by their starts, in windows, and give the number and the hash of each when it is done."""
    text, jobs, digests, _ = buffers
    waiting = 0
    active: list[_Range] = []
    while active or waiting < len(batch):
        low = min((each.at for each in active), default=len(data))
        if waiting < len(batch):
            low = min(low, batch[waiting].at)
        low &= ~3
        high = min(low + text.size, len(data))
        while waiting < len(batch) and batch[waiting].at <= high:
            active.append(batch[waiting])
            waiting += 1
        told, ended, active = _jobs(active, low, high)
        work.write(text, memoryview(data)[low:high])
        while told:
            work.write(jobs, told)
            count = len(told) // 6
            work.run("hash", count, (count, seed & 0xFFFFFFFF, seed >> 32), *buffers)
            if ended:
                found = work.read((digests, 8 * count))[0].cast("Q")
                for job, number in ended:
                    yield number, found[job]
            told, ended, active = _jobs(active, low, high)


def _jobs(
    active: list[_Range], low: int, high: int
) -> tuple[array[int], list[tuple[int, int]], list[_Range]]:
    """What is done next in a window: its jobs, in words; which of them end a range, and that range's number; and the ranges
    that go on."""
    told = array("I")
    ended = []
    onward = []
    for each in active:
        flags = each.state
        to = each.end
        if each.end <= high and each.end - each.at <= _LONGEST:
            ended.append((len(told) // 6, each.number))
        else:
            onward.append(each)
            to = each.at + min(high - each.at, _LONGEST) // _STRIPE * _STRIPE
            if to == each.at:
                continue
            flags |= _LEAVES
        size = (each.size & 0xFFFFFFFF, each.size >> 32)
        told.extend((each.at - low, to - low, *size, flags, each.slot))
        each.at = to
        each.state = _RESUMES
    return told, ended, onward
