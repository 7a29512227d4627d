"""Cutting files into pieces by a table: a prefix scan over the states of its machine.

A window is divided into chunks. Where each leads from every state is composed over groups of chunks, so that the state in
which each chunk is entered is known, and then every chunk is cut by itself. The state at a window's end is kept on the
device for the next one: a file may be divided anywhere.
"""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, NamedTuple

from hyper.gpu.results import Pieces
from hyper.gpu.webgpu.convergence import find_partners
from hyper.gpu.webgpu.faults import TooSmallError
from hyper.gpu.webgpu.windows import windows
from hyper.gpu.webgpu.work import Scan, Work

if TYPE_CHECKING:
    from hyper.base.token_table import TokenTable
    from hyper.gpu.arena import Arena
    from hyper.gpu.webgpu.device import Device
    from hyper.gpu.webgpu.work import Buffer


class _Table(NamedTuple):
    """A table on the device: where its parts begin, in words, log2 of entries a row, and how many states there are."""

    buffer: Buffer
    ended: int
    alone: int
    moves: int
    partners: int
    shift: int
    states: int


class _Room(NamedTuple):
    """Buffers for one window."""

    data: Buffer
    maps: Buffer
    group_maps: Buffer
    entered: Buffer
    states: Buffer
    counts: Buffer
    starts: Buffer
    kinds: Buffer


def cut(device: Device, arena: Arena, table: TokenTable) -> Pieces:
    """Cut the files of an arena into pieces."""
    starts, kinds = bytearray(), bytearray()
    chunk = device.limits.chunk
    with Work(device) as work:
        on_device = _upload(work, table, arena.data)
        carried, status = work.words(1), work.words(1)
        size = min(_window(work, table.states), arena.size)
        room = _room(work, table.states, size)
        scan = Scan(work, -(-size // chunk))
        for window in windows(arena, size, work.limits.binding):
            many = window.end - window.begin
            chunks = -(-many // chunk)
            work.write(room.data, window.data(arena))
            _enter(work, room, on_device, carried, many)
            shape = (many, chunk, chunks, on_device.shift)
            inputs = (room.data, on_device.buffer, room.states)
            work.run("cut_count", chunks, (*shape, on_device.moves), *inputs, room.counts)
            scan.run(room.counts, chunks, status)
            work.clear(room.kinds)
            places = (on_device.ended, on_device.alone, on_device.moves, window.begin)
            outputs = (room.counts, room.starts, room.kinds)
            work.run("cut_emit", chunks, (*shape, *places), *inputs, *outputs)
            _, found = work.counted([(status, 4)], many + 1, (room.starts, 4), (room.kinds, 1))
            starts += found[0]
            kinds += found[1]
    starts += arena.size.to_bytes(4, "little")
    if kinds:
        # Each is the kind of the piece before: the last piece is a separator.
        kinds.append(table.ended[0])
    return Pieces(memoryview(starts).cast("i"), memoryview(kinds)[1:])


def _upload(work: Work, table: TokenTable, data: bytes) -> _Table:
    partners = work.device.partners.get(table)
    if partners is None:
        partners = work.device.partners[table] = find_partners(table, data)
    packed = bytearray(table.classes)
    places = []
    for part in (table.ended, table.alone, table.moves, partners.tobytes()):
        places.append(len(packed) // 4)
        packed += part
        packed += bytes(-len(packed) % 4)
    ended, alone, moves, found = places
    shift = table.width.bit_length() - 1
    return _Table(work.upload(packed), ended, alone, moves, found, shift, table.states)


def _window(work: Work, states: int) -> int:
    """Bytes a window: maps of all its chunks have to fit into one binding, and starts of as many pieces."""
    chunk = work.limits.chunk
    chunks = work.limits.binding // (4 * states) - 1
    # Text, starts and kinds, these two once more to be read, counts and states, maps of chunks and of groups.
    size = work.window(4, 12 + -(-4 * (3 * states + 3) // chunk))
    if chunks < 1:
        message = (
            f"a table of {states} states is too large for bindings of {work.limits.binding} bytes"
        )
        raise TooSmallError(message)
    return min(size, chunks * chunk)


def _room(work: Work, states: int, size: int) -> _Room:
    chunks = -(-size // work.limits.chunk)
    # There are most groups where each has one chunk less than the root.
    groups = isqrt(chunks) + 2
    return _Room(
        data=work.room(size),
        maps=work.words(states * chunks),
        group_maps=work.words(states * groups),
        entered=work.words(groups),
        states=work.words(chunks),
        counts=work.words(chunks),
        starts=work.words(size + 1),
        kinds=work.room(size + 1),
    )


def _enter(work: Work, room: _Room, table: _Table, carried: Buffer, size: int) -> None:
    """Find the state in which each chunk is entered."""
    states, chunk = table.states, work.limits.chunk
    chunks = -(-size // chunk)
    span = isqrt(chunks - 1) + 1
    groups = -(-chunks // span)
    shape = (size, chunk, chunks, states, table.shift, table.moves, table.partners)
    work.run("cut_compose", states * chunks, shape, room.data, table.buffer, room.maps)
    spans = (chunks, states, span, groups, table.partners)
    work.run("cut_groups", states * groups, spans, table.buffer, room.maps, room.group_maps)
    work.run("cut_chain", 1, (groups,), room.group_maps, room.entered, carried)
    inputs = (table.buffer, room.maps, room.entered)
    work.run("cut_starts", groups, (chunks, span, table.partners), *inputs, room.states)
