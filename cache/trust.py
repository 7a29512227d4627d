"""Whom a shared cache is believed: signatures of writers, scopes, and hits that are made again to compare.

The signature is symmetric: who can verify with a key can also sign with it. So scopes rest on two legs: the scope is part
of what is signed, and the store's own access list says who may write where (``docs/shared-cache.md``).
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal, NoReturn, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyper.cache.protocol import Kind, Layer

MAIN: Final = "main"
KEYS_VARIABLE: Final = "HYPER_CACHE_KEYS"
LEAST_SECRET_BYTES: Final = 16
SIGNATURE_BYTES: Final = 32

Verdict: TypeAlias = Literal["good", "forged", "unknown"]

_KEY_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
_SCOPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", re.ASCII)
_DOMAIN: Final = b"HyperCompiler shared cache 1"


class KeyringError(ValueError):
    """The keys are not written as they should be. The text names places and never what stands there."""


class Keyring:
    """Secrets by their ids: the first signs, all verify.

    Neither ``repr`` nor an error shows a secret, and a keyring is not pickled, so that none travels to another process.
    """

    __slots__ = ("_macs", "signer")

    def __init__(self, secrets: Sequence[tuple[str, bytes]]) -> None:
        """Ids are letters, digits, ``.``, ``_`` and ``-``, 32 at most; secrets have 16 bytes or more.

        Raises:
            KeyringError: An id or a secret is not so, an id comes twice, or there is no key.

        """
        self._macs: dict[str, hmac.HMAC] = {}
        for number, (key_id, secret) in enumerate(secrets, 1):
            if not _KEY_ID.fullmatch(key_id) or key_id in self._macs:
                raise KeyringError(f"key {number}: the id is not a new plain word of 1 to 32")
            if len(secret) < LEAST_SECRET_BYTES:
                raise KeyringError(f"key {number}: a secret has {LEAST_SECRET_BYTES} bytes or more")
            self._macs[key_id] = hmac.new(secret, digestmod=sha256)
        if not self._macs:
            raise KeyringError("there is no key")
        self.signer = next(iter(self._macs))

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """The keys of ``id:hex,id:hex``.

        Raises:
            KeyringError: The text is not so.

        """
        secrets = []
        for number, part in enumerate(text.split(","), 1):
            key_id, colon, written = part.strip().partition(":")
            try:
                secret = bytes.fromhex(written)
            except ValueError:
                secret = None
            if not colon or secret is None:
                raise KeyringError(f"key {number} of {KEYS_VARIABLE} is not written id:hex")
            secrets.append((key_id, secret))
        return cls(secrets)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Keyring | None:
        """The keys of ``HYPER_CACHE_KEYS``; ``None`` if it is not set or empty.

        Raises:
            KeyringError: The text is not ``id:hex``, or several parted by commas.

        """
        text = environment.get(KEYS_VARIABLE, "").strip()
        return cls.parse(text) if text else None

    def sign(self, message: bytes) -> bytes:
        """The HMAC-SHA256 of the message by the first key (``signer``)."""
        return self._mac(self.signer, message)

    def verify(self, key_id: str, message: bytes, signature: bytes) -> Verdict:
        """Whether the key of that id signed the message; ``"unknown"`` if there is no such key."""
        if key_id not in self._macs:
            return "unknown"
        good = hmac.compare_digest(self._mac(key_id, message), signature)
        return "good" if good else "forged"

    def _mac(self, key_id: str, message: bytes) -> bytes:
        mac = self._macs[key_id].copy()
        mac.update(message)
        return mac.digest()

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._macs)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a keyring stays in its process")


def message(*parts: str | bytes) -> bytes:
    """What is signed: each part behind its length, so that no two lists of parts are the same bytes."""
    each = [part.encode() if isinstance(part, str) else part for part in parts]
    return _DOMAIN + b"".join(len(part).to_bytes(4, "big") + part for part in each)


def checked_scope(scope: str) -> str:
    """The scope, if it is one: letters, digits, ``.``, ``_``, ``/`` and ``-``, 100 at most.

    Raises:
        ValueError: It is none.

    """
    if not _SCOPE.fullmatch(scope):
        raise ValueError(
            "a scope is made of letters, digits and ._/- and begins with one of the first"
        )
    return scope


def readable(scope: str) -> tuple[str, ...]:
    """The scopes that a build of this scope reads, the most trusted first; it writes its own only."""
    return (MAIN,) if scope == MAIN else (MAIN, scope)


class Auditor:
    """Which hits are made again, and what came of it.

    The choice is by key, so that it is the same in every run: a share ``rate`` of all keys. ``salt`` makes another choice;
    who does not know it cannot tell which entries are never looked at. ``report`` is called with kind, key, the shared value
    and the one that was made here.
    """

    def __init__(
        self,
        rate: float,
        report: Callable[[Kind, bytes, bytes, bytes], None] | None = None,
        *,
        salt: bytes = b"",
        same: Callable[[bytes, bytes], bool] | None = None,
    ) -> None:
        """``same`` compares two values; without it they are compared byte by byte.

        Raises:
            ValueError: The rate is not between 0 and 1.

        """
        if not 0.0 <= rate <= 1.0:
            raise ValueError(f"a rate of {rate}")
        self._below = int(rate * 2.0**64)
        self._report = report
        self._salt = salt
        self._same = same
        self.counters = {"sampled": 0, "checked": 0, "differing": 0}

    def chosen(self, key: bytes) -> bool:
        """Whether a hit of this key is to be made again."""
        if not self._below:
            return False
        digest = sha256(b"audit" + self._salt + key).digest()
        return int.from_bytes(digest[:8], "big") < self._below

    def compare(self, kind: Kind, key: bytes, shared: bytes, made: bytes) -> bool:
        """Whether the shared value is the one that was made here. One that differs is counted and reported."""
        self.counters["checked"] += 1
        if (self._same(shared, made)) if self._same else shared == made:
            return True
        self.counters["differing"] += 1
        if self._report is not None:
            self._report(kind, key, shared, made)
        return False


class Audited:
    """A layer whose hits are now and then made again.

    A chosen hit of an action is kept back, so that the build makes the result itself and puts it; then the two are
    compared. One that differs is reported, never given, and replaced where the layer is written. Blobs need no audit:
    their key is their content.
    """

    def __init__(self, layer: Layer, auditor: Auditor) -> None:
        self.name = layer.name
        self._layer = layer
        self._auditor = auditor
        self._held: dict[bytes, bytes] = {}
        self._settled: set[bytes] = set()

    @property
    def counters(self) -> dict[str, int]:
        """The layer's own and the auditor's. A hit that is kept back counts as a miss."""
        counters = {**self._layer.counters, **self._auditor.counters}
        counters["hits"] -= counters["sampled"]
        counters["misses"] += counters["sampled"]
        return counters

    def get_many(self, kind: Kind, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """See ``Layer``."""
        found = self._layer.get_many(kind, keys)
        if kind == "action":
            for key in [key for key in found if self._withheld(key)]:
                self._held[key] = found.pop(key)
                self._auditor.counters["sampled"] += 1
        return found

    def _withheld(self, key: bytes) -> bool:
        return key not in self._settled and self._auditor.chosen(key)

    def put_many(self, kind: Kind, entries: Mapping[bytes, bytes], cost: float = 0.0) -> None:
        """See ``Layer``. What proves to be there already is not put again."""
        put = dict(entries)
        for key, value in entries.items() if kind == "action" else ():
            shared = self._held.pop(key, None)
            if shared is None:
                continue
            if self._auditor.compare(kind, key, shared, value):
                self._settled.add(key)
                del put[key]
        if put:
            self._layer.put_many(kind, put, cost)

    def flush(self) -> None:
        """See ``Layer``."""
        self._layer.flush()

    def close(self) -> None:
        """See ``Layer``."""
        self._held.clear()
        self._layer.close()
