"""Envelopes: how one entry lies on a shared server.

====== ====== ==========================================================================
offset bytes
====== ====== ==========================================================================
0      4      ``HYR1``
4      1      bytes of the key's id, 0 for an unsigned entry
5      n      the id of the key that signed it, ASCII
5+n    32     HMAC-SHA256, only of a signed entry
then          a record, as in ``hyper.cache.disk.records``: header, checksum, zstd
====== ====== ==========================================================================

What is signed: the id of the key, project, scope, kind, key, and the SHA-256 of the record, which is the value and what is
said of it. So a signature is looked at before anything is decompressed, and an entry that is moved to another place is
forged there.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from hyper.cache import trust
from hyper.cache.disk.records import ACTION, BLOB, HEADER_BYTES, Codec, DamagedError, parse

if TYPE_CHECKING:
    from hyper.cache.protocol import Kind
    from hyper.cache.trust import Keyring

MAGIC: Final = b"HYR1"
LONGEST_ID: Final = 32
MOST_OVERHEAD: Final = len(MAGIC) + 1 + LONGEST_ID + trust.SIGNATURE_BYTES + HEADER_BYTES

Fault: TypeAlias = Literal["damaged", "oversize", "unsigned", "forged"]

_START: Final = struct.Struct("<4sB")


class BadEntryError(ValueError):
    """An entry is not to be used; ``fault`` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Final[Fault] = fault


class Sealer:
    """Makes and opens the envelopes of a project. Not for two threads at once."""

    __slots__ = ("_codec", "_demands", "_keyring", "_project")

    def __init__(self, project: str, keyring: Keyring | None, *, demands: bool) -> None:
        """``demands``: an entry that no key of the keyring signed is not opened."""
        self._project = project
        self._keyring = keyring
        self._demands = demands
        self._codec = Codec()

    def seal(
        self, scope: str, kind: Kind, key: bytes, value: bytes, *, created: float, cost: float
    ) -> bytes:
        """The envelope of an entry, signed if there is a keyring."""
        record = self._codec.encode(_number(kind), key, value, created, cost)
        if self._keyring is None:
            return _START.pack(MAGIC, 0) + record
        key_id = self._keyring.signer
        signature = self._keyring.sign(self._signed(key_id, scope, kind, key, record))
        return _START.pack(MAGIC, len(key_id)) + key_id.encode("ascii") + signature + record

    def open(self, scope: str, kind: Kind, key: bytes, envelope: bytes, largest: int) -> bytes:
        """The value of the entry that should be in the envelope, of at most ``largest`` bytes.

        Raises:
            BadEntryError: It is another's, harmed, too large, or not signed as it should be.

        """
        start = _record_start(envelope)
        if start is None:
            raise BadEntryError("damaged")
        record = envelope[start:]
        self._verify(scope, kind, key, envelope[_START.size : start], record)
        header = parse(record[:HEADER_BYTES])
        if header is None:
            raise BadEntryError("damaged")
        if header.raw > largest:
            raise BadEntryError("oversize")
        try:
            return self._codec.decode(_number(kind), key, record)
        except DamagedError as error:
            raise BadEntryError("damaged") from error

    def _verify(self, scope: str, kind: Kind, key: bytes, signer: bytes, record: bytes) -> None:
        """A known key must have signed; an unknown or no key is enough where no signature is demanded."""
        verdict: trust.Verdict = "unknown"
        if self._keyring is not None and signer:
            key_id = signer[: -trust.SIGNATURE_BYTES].decode("ascii", "replace")
            signed = self._signed(key_id, scope, kind, key, record)
            verdict = self._keyring.verify(key_id, signed, signer[-trust.SIGNATURE_BYTES :])
        if verdict == "forged":
            raise BadEntryError("forged")
        if verdict == "unknown" and self._demands:
            raise BadEntryError("unsigned")

    def _signed(self, key_id: str, scope: str, kind: Kind, key: bytes, record: bytes) -> bytes:
        digest = sha256(record).digest()
        return trust.message(key_id, self._project, scope, kind, key, digest)


def length(head: bytes) -> tuple[int, int] | None:
    """Bytes of the whole envelope and of its value, by its first ``MOST_OVERHEAD`` bytes; ``None`` if it is none."""
    start = _record_start(head)
    header = None if start is None else parse(head[start : start + HEADER_BYTES])
    return None if start is None or header is None else (start + header.size, header.raw)


def _record_start(envelope: bytes) -> int | None:
    if len(envelope) < _START.size:
        return None
    magic, id_bytes = _START.unpack_from(envelope)
    if magic != MAGIC or id_bytes > LONGEST_ID:
        return None
    return _START.size + (id_bytes + trust.SIGNATURE_BYTES if id_bytes else 0)


def _number(kind: Kind) -> int:
    return ACTION if kind == "action" else BLOB
