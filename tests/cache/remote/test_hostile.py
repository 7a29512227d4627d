"""Entries on the server that nobody honest wrote."""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import TYPE_CHECKING
from zlib import crc32

import pytest
import zstandard

from hyper.cache import trust
from hyper.cache.disk import records
from hyper.cache.remote import Limits
from hyper.cache.remote.envelope import MOST_OVERHEAD, BadEntryError, Sealer, length
from hyper.cache.remote.settings import entry_name
from hyper.cache.trust import Keyring
from tests.cache.entries import action, key_of, noise
from tests.cache.remote.conftest import raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.remote_server import RedisServer
    from hyper.cache.protocol import Kind
    from hyper.cache.remote import RedisLayer

KEYS = Keyring.parse("k1:" + "ab" * 32 + ",k0:" + "ab" * 32)
OTHERS = Keyring.parse("k1:" + "cd" * 32)
KEY = action(1)
NAME = entry_name("shop", "main", "action", KEY)
VALUE = b"a result that is long enough to be compressed " * 10


def sealed(
    keyring: Keyring | None = KEYS,
    *,
    project: str = "shop",
    scope: str = "main",
    kind: Kind = "action",
    key: bytes = KEY,
    value: bytes = VALUE,
) -> bytes:
    sealer = Sealer(project, keyring, demands=False)
    return sealer.seal(scope, kind, key, value, created=1.0, cost=0.5)


def record(
    raw_bytes: int,
    payload: bytes,
    *,
    key: bytes = KEY,
    codec: int = records.ZSTD,
    claimed: int | None = None,
) -> bytes:
    """A record as an attacker makes it: the header's checksum is right, the rest is what it likes."""
    stored = len(payload) if claimed is None else claimed
    fields = struct.pack(
        "<4sBBHddQQ32s16s", b"HYC1", 0, codec, 0, 0.0, 0.0, stored, raw_bytes, key, bytes(16)
    )
    return fields + struct.pack("<I", crc32(fields)) + payload


def unsigned(made: bytes) -> bytes:
    return b"HYR1\x00" + made


def test_a_flipped_bit_anywhere_and_every_truncation_is_found() -> None:
    sealer = Sealer("shop", KEYS, demands=True)
    good = sealed()
    assert sealer.open("main", "action", KEY, good, 10_000) == VALUE
    for at in range(len(good)):
        harmed = bytearray(good)
        harmed[at] ^= 1 << at % 8
        with pytest.raises(BadEntryError):
            sealer.open("main", "action", KEY, bytes(harmed), 10_000)
        with pytest.raises(BadEntryError):
            sealer.open("main", "action", KEY, good[:at], 10_000)
    with pytest.raises(BadEntryError):
        sealer.open("main", "action", KEY, good + b"x", 10_000)


def test_a_value_beyond_the_bound_is_not_unpacked() -> None:
    sealer = Sealer("shop", KEYS, demands=True)
    good = sealed(value=bytes(5000))
    assert sealer.open("main", "action", KEY, good, 5000) == bytes(5000)
    with pytest.raises(BadEntryError, match="oversize"):
        sealer.open("main", "action", KEY, good, 4999)


def test_without_keys_a_harmed_value_is_found() -> None:
    sealer = Sealer("shop", None, demands=False)
    good = sealed(None)
    for at in range(len(good)):
        harmed = bytearray(good)
        harmed[at] ^= 1 << at % 8
        try:
            # A byte of the header that says nothing of the value may change under its checksum only.
            assert sealer.open("main", "action", KEY, bytes(harmed), 10_000) == VALUE
        except BadEntryError:
            continue
        raise AssertionError(at)


# Version, id and signature of a good entry.
START = sealed()[: 5 + 2 + trust.SIGNATURE_BYTES]


@pytest.mark.parametrize(
    ("envelope", "fault"),
    [
        pytest.param(sealed(OTHERS), "forged", id="another secret under a known id"),
        pytest.param(sealed(None), "unsigned", id="no signature"),
        pytest.param(
            sealed(Keyring.parse("k2:" + "ab" * 32)), "unsigned", id="a key that is not known"
        ),
        pytest.param(sealed(project="other"), "forged", id="of another project"),
        pytest.param(sealed(scope="feature"), "forged", id="of another scope"),
        pytest.param(sealed(key=action(2)), "forged", id="of another key"),
        pytest.param(sealed(kind="blob"), "forged", id="of another kind"),
        pytest.param(START + sealed(None, value=b"other")[5:], "forged", id="of another value"),
        pytest.param(
            b"HYR1\x02k0" + sealed()[7:], "forged", id="of a key of another id and the same secret"
        ),
        pytest.param(b"HYR2" + sealed()[4:], "damaged", id="another version"),
        pytest.param(b"", "", id="nothing"),
        pytest.param(b"HYR1", "damaged", id="a start"),
        pytest.param(b"HYR1\xff" + b"x" * 400, "damaged", id="an id without end"),
        pytest.param(b"\x80\x04\x95pickle", "damaged", id="something else"),
        pytest.param(
            b"HYR1\x02\xff\xfe" + bytes(32) + record(5, b"12345", codec=records.RAW),
            "unsigned",
            id="an id that is no text",
        ),
    ],
)
def test_a_reader_that_demands_signatures(
    server: RedisServer, opened: Callable[..., RedisLayer], envelope: bytes, fault: str
) -> None:
    raw(server.url, "SET", NAME, envelope)
    layer = opened(server.url, keyring=KEYS)
    assert layer.get_many("action", [KEY]) == {}
    counters = layer.counters
    assert counters["dropped"] == bool(fault)
    assert not fault or counters[fault] == 1
    assert counters["errors"] == 0


def test_a_reader_that_accepts_what_is_not_signed_refuses_what_is_forged(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    layer = opened(server.url, keyring=KEYS, demands=False)
    for envelope, found in ((sealed(None), True), (sealed(), True), (sealed(OTHERS), False)):
        raw(server.url, "SET", NAME, envelope)
        assert bool(layer.get_many("action", [KEY])) is found


def test_a_reader_without_keys_reads_what_is_signed(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    raw(server.url, "SET", NAME, sealed())
    assert opened(server.url).get_many("action", [KEY]) == {KEY: VALUE}


@pytest.mark.parametrize(
    ("envelope", "fault"),
    [
        pytest.param(
            unsigned(record(1 << 40, zstandard.compress(b"x" * 100))), "oversize", id="says 1 TB"
        ),
        pytest.param(
            unsigned(record(90_000, zstandard.compress(bytes(50_000_000)))),
            "damaged",
            id="is longer than it says",
        ),
        pytest.param(
            unsigned(record(50_000_000, zstandard.compress(bytes(50_000_000)))),
            "oversize",
            id="a bomb",
        ),
        pytest.param(
            unsigned(record(100, b"x", claimed=1 << 45)),
            "oversize",
            id="a long record of a short value",
        ),
        pytest.param(
            unsigned(record(90_000, noise(1, 90_000), codec=records.RAW)),
            "damaged",
            id="a long value that is another",
        ),
        pytest.param(unsigned(record(90_000, noise(1, 70_000))), "damaged", id="no zstd"),
        pytest.param(
            sealed(None, value=noise(1, 70_000)) + b"more",
            "damaged",
            id="goes on",
        ),
    ],
)
def test_sizes_are_bounded_before_anything_is_fetched_or_unpacked(
    server: RedisServer, opened: Callable[..., RedisLayer], envelope: bytes, fault: str
) -> None:
    raw(server.url, "SET", NAME, envelope)
    layer = opened(server.url, limits=Limits(largest_action=100_000))
    assert layer.get_many("action", [KEY]) == {}
    assert layer.counters[fault] == layer.counters["dropped"] == 1
    assert layer.counters["round_trips"] == 1 + (fault == "damaged" and len(envelope) > 1 << 16)


def test_a_value_of_half_a_gigabyte_is_not_fetched(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    raw(server.url, "SETRANGE", NAME, str(100_000_000), b"x")
    layer = opened(server.url)
    assert layer.get_many("action", [KEY]) == {}
    assert layer.counters["damaged"] == 1


@pytest.mark.parametrize("command", [("LPUSH", NAME, "x"), ("HSET", NAME, "a", "b")])
def test_another_type_spoils_no_other_entry(
    server: RedisServer, opened: Callable[..., RedisLayer], command: tuple[str, ...]
) -> None:
    raw(server.url, *command)
    layer = opened(server.url)
    layer.put_many("action", {action(2): b"result"})
    assert layer.get_many("action", [KEY, action(2)]) == {action(2): b"result"}
    assert layer.counters["damaged"] == 1
    assert layer.counters["errors"] == 0


def test_a_blob_is_what_its_key_says_whoever_signed_it(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    key = key_of(b"good")
    envelope = sealed(kind="blob", key=key, value=b"bad!")
    raw(server.url, "SET", entry_name("shop", "main", "blob", key), envelope)
    layer = opened(server.url, keyring=KEYS)
    assert layer.get_many("blob", [key]) == {}
    assert layer.counters["damaged"] == 1
    layer.put_many("blob", {key: b"good"})
    assert layer.get_many("blob", [key]) == {key: b"good"}


def test_a_bad_entry_of_main_does_not_hide_the_branch(
    server: RedisServer, opened: Callable[..., RedisLayer]
) -> None:
    layer = opened(server.url, scope="feature", keyring=KEYS)
    layer.put_many("action", {KEY: VALUE})
    raw(server.url, "SET", NAME, b"HYR1 garbage")
    assert layer.get_many("action", [KEY]) == {KEY: VALUE}


def test_the_overhead_has_a_bound() -> None:
    longest = Keyring.parse("i" * 32 + ":" + "ab" * 32)
    for size in (0, 1, 127, 128, 5000):
        value = noise(1, size)
        envelope = sealed(longest, value=value)
        assert len(envelope) <= size + MOST_OVERHEAD
        assert length(envelope[:MOST_OVERHEAD]) == (len(envelope), size)


def test_what_is_signed_cannot_be_parted_in_two_ways() -> None:
    parts = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", "")]
    assert len({trust.message(*each) for each in parts}) == len(parts)
    assert trust.message("x", sha256(b"").digest()).startswith(b"HyperCompiler shared cache 1")
