"""Records: how one entry lies in a segment or a pack.

A record is a header, guarded by a CRC-32, and the stored bytes, raw or one zstd frame. It says all that the index knows
of the entry, so that the index can be made again from the data alone. Numbers are little-endian.

====== ====== =====================================================================
offset bytes
====== ====== =====================================================================
0      4      ``HYC1``
4      1      kind: 0 action, 1 blob
5      1      codec: 0 raw, 1 zstd
6      2      zero
8      8      created, seconds since 1970 (float64)
16     8      cost, seconds that making the entry took (float64)
24     8      bytes stored
32     8      bytes of the value
40     32     key
72     16     action: the first half of the SHA-256 of key and value; blob: zero
88     4      CRC-32 of the 88 bytes before
====== ====== =====================================================================
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAGIC: Final = b"HYC1"
ACTION: Final = 0
BLOB: Final = 1
RAW: Final = 0
ZSTD: Final = 1

# zstd costs some microseconds a call, and so short a value seldom shrinks.
_LEAST_COMPRESSED: Final = 128
_LEVEL: Final = 1
_MOST_BYTES: Final = 1 << 46
_FIELDS: Final = struct.Struct("<4sBBHddQQ32s16s")
_CRC: Final = struct.Struct("<I")
HEADER_BYTES: Final = _FIELDS.size + _CRC.size


class Header(NamedTuple):
    """What a record says of its entry. ``stored`` and ``raw`` are bytes, ``created`` and ``cost`` seconds."""

    kind: int
    codec: int
    created: float
    cost: float
    stored: int
    raw: int
    key: bytes
    check: bytes

    @property
    def size(self) -> int:
        """Bytes of the whole record."""
        return HEADER_BYTES + self.stored


class DamagedError(ValueError):
    """A record is not what was written."""


class Codec:
    """Encodes and decodes records. zstandard is loaded with the first value that needs it. Not for two threads at once."""

    __slots__ = ("_compress", "_decompress")

    def __init__(self) -> None:
        self._compress: Callable[[bytes], bytes] | None = None
        self._decompress: Callable[[memoryview, int], bytes] | None = None

    def encode(self, kind: int, key: bytes, value: bytes, created: float, cost: float) -> bytes:
        """The record of an entry: compressed where that saves an eighth."""
        stored, codec = value, RAW
        if len(value) >= _LEAST_COMPRESSED:
            if self._compress is None:
                from zstandard import ZstdCompressor

                self._compress = ZstdCompressor(level=_LEVEL).compress
            frame = self._compress(value)
            if len(frame) <= len(value) - len(value) // 8:
                stored, codec = frame, ZSTD
        fields = _FIELDS.pack(
            MAGIC,
            kind,
            codec,
            0,
            created,
            cost,
            len(stored),
            len(value),
            key,
            _check(kind, key, value),
        )
        return b"".join((fields, _CRC.pack(crc32(fields)), stored))

    def decode(self, kind: int, key: bytes, record: bytes) -> bytes:
        """The value of a record that must be the entry's.

        Raises:
            DamagedError: The header is another's or broken, or the value is not what the key or the checksum says.

        """
        header = parse(record)
        if header is None or header.kind != kind or header.key != key:
            raise DamagedError("the header is another entry's, or broken")
        if len(record) != header.size:
            raise DamagedError("the record ends early")
        value = self._value(header, record)
        if len(value) != header.raw:
            raise DamagedError("the value has another length")
        if kind == BLOB:
            if sha256(value).digest() != key:
                raise DamagedError("the content is not what its key says")
        elif _check(kind, key, value) != header.check:
            raise DamagedError("the value is not what its checksum says")
        return value

    def _value(self, header: Header, record: bytes) -> bytes:
        if header.codec == RAW:
            return record[HEADER_BYTES:]
        if self._decompress is None:
            self._decompress = _decoder()
        return self._decompress(memoryview(record)[HEADER_BYTES:], header.raw)


def _decoder() -> Callable[[memoryview, int], bytes]:
    """A function that gives the content of a frame, which must have so many bytes."""
    from zstandard import ZstdDecompressor, ZstdError, frame_content_size

    decompress = ZstdDecompressor().decompress

    def decode(frame: memoryview, size: int) -> bytes:
        try:
            # A frame that claims another size would have that much memory reserved for it.
            if frame_content_size(frame) != size:
                raise DamagedError("the frame has another length")
            return decompress(frame)
        except (ZstdError, MemoryError) as error:
            raise DamagedError("the frame is broken") from error

    return decode


def parse(record: bytes) -> Header | None:
    """The header at the start of ``record``, or ``None`` where none is."""
    if len(record) < HEADER_BYTES or record[:4] != MAGIC:
        return None
    if crc32(record[: _FIELDS.size]) != _CRC.unpack_from(record, _FIELDS.size)[0]:
        return None
    _, kind, codec, _, created, cost, stored, raw, key, check = _FIELDS.unpack_from(record)
    if kind not in {ACTION, BLOB} or codec not in {RAW, ZSTD} or max(stored, raw) > _MOST_BYTES:
        return None
    return Header(kind, codec, created, cost, stored, raw, key, check)


def scan(read: Callable[[int, int], bytes], size: int) -> Iterator[tuple[int, Header]]:
    """The offsets and headers of all records in a file of ``size`` bytes; damaged stretches are passed over.

    ``read`` gives the bytes at an offset, fewer at the end of the file.
    """
    at = 0
    while at + HEADER_BYTES <= size:
        header = parse(read(at, HEADER_BYTES))
        if header is not None and at + header.size <= size:
            yield at, header
            at += header.size
        else:
            at = _next(read, at + 1, size)


def _next(read: Callable[[int, int], bytes], at: int, size: int) -> int:
    """Where the next record may begin, or the end of the file."""
    step = 1 << 20
    while at < size:
        found = read(at, step + len(MAGIC) - 1).find(MAGIC)
        if found >= 0:
            return at + found
        at += step
    return size


def _check(kind: int, key: bytes, value: bytes) -> bytes:
    return sha256(key + value).digest()[:16] if kind == ACTION else bytes(16)
