"""Bytes of any kind: read within bounds, or refused with a finding."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import Any

import pytest

from hyper.importers.openapi import import_openapi
from hyper.importers.openapi.findings import Findings
from hyper.importers.openapi.loading import load

HEAD = 'openapi: 3.1.0\ninfo: {title: T, version: "1"}\n'


def _load(text: str | bytes) -> tuple[Any, list[str]]:
    findings = Findings("case")
    value = load(text.encode() if isinstance(text, str) else text, findings)
    return value, [item.code for item in findings.items]


def test_json_yaml_and_gzip_are_one() -> None:
    value = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}}
    texts = [json.dumps(value).encode(), HEAD.encode(), b"\xef\xbb\xbf" + HEAD.encode()]
    for text in texts:
        assert _load(text) == (value, [])
        assert _load(gzip.compress(text)) == (value, [])
    halves = gzip.compress(texts[1][:10]) + gzip.compress(texts[1][10:])
    assert _load(halves) == (value, [])


def test_yaml_words_mean_what_authors_mean() -> None:
    text = (
        "[no, off, yes, on, 2020-01-01, 12:30:00, 1_000, 0x1F, 0o17, ~, null, True, '1', !!str 1]"
    )
    assert _load(text)[0] == [
        *("no", "off", "yes", "on", "2020-01-01", "12:30:00", "1_000"),
        *(31, 15, None, None, True, "1", "1"),
    ]


def test_yaml_keys_are_texts() -> None:
    assert _load("200: a\ntrue: b\nnull: c\n1.0: d\n")[0] == {
        "200": "a",
        "true": "b",
        "null": "c",
        "1.0": "d",
    }


def test_yaml_anchors_and_merges() -> None:
    text = "base: &b {a: 1, b: 2}\nuse:\n  <<: *b\n  b: 3\nsame: *b\n"
    assert _load(text)[0] == {
        "base": {"a": 1, "b": 2},
        "use": {"b": 3, "a": 1},
        "same": {"a": 1, "b": 2},
    }


def test_numbers_keep_every_digit() -> None:
    assert _load("[0.1, 1.50, 12345678901234567890.123, 1e3]")[0] == [
        *(0.1, Decimal("1.50")),
        *(Decimal("12345678901234567890.123"), Decimal("1E+3")),
    ]


def test_a_key_given_twice_is_told() -> None:
    assert _load('{"a": 1, "a": 2}') == ({"a": 2}, ["W1003"])
    assert _load("a: 1\na: 2\n") == ({"a": 2}, ["W1003"])


def test_halves_of_pairs_are_replaced() -> None:
    value, _ = _load('{"\\ud800": ["\\udfff", "\\ud83d\\ude00"]}')
    assert value == {"?": ["?", "\N{GRINNING FACE}"]}


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + at)}: &{chr(98 + at)} [{','.join(['*' + chr(97 + at)] * 10)}]\n" for at in range(12)
)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe", "E1001"),
        ("{}".encode("utf-16"), "E1001"),
        (b"\0", "E1001"),
        (b"a: [", "E1001"),
        (b"a: *b", "E1001"),
        (b"? [a]\n: b", "E1001"),
        (b'{"a": NaN}', "E1001"),
        (b'{"a": 1e999}', "E1001"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "E1001"),
        (b"\x1f\x8bjunk", "E1001"),
        (gzip.compress(HEAD.encode() * 100)[:-12], "E1001"),
        (b"[" * 100_000, "E1003"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "E1003"),
        (b"- " * 50_000, "E1003"),
        (b"a: &a [*a]", "E1003"),
        (LAUGHS.encode(), "E1003"),
    ],
    ids=range(16),
)
def test_what_cannot_be_read(data: bytes, code: str) -> None:
    assert _load(data) == (None, [code])


def test_a_gzip_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(1 << 20), 9) * 200
    assert _load(bomb) == (None, ["E1001"])


@pytest.mark.parametrize(
    "text",
    ["", "[]", "text", "a: 1", '{"swagger": "2.0"}', '{"openapi": "4.0.0"}', '{"openapi": {}}'],
)
def test_what_is_no_description(text: str) -> None:
    done = import_openapi(text.encode(), "case")
    assert done.files == {}
    assert [item.code for item in done.diagnostics] == ["E1002"]


def test_tags_of_yaml_run_nothing() -> None:
    text = HEAD + "x-a: !!python/object/apply:os.system ['exit 1']\n"
    done = import_openapi(text.encode(), "case")
    assert done.diagnostics == []
    assert '@x("x-a", ["exit 1"])' in done.files["service.intent"]


def test_where_a_document_is_no_utf8_behind_a_byte_order_mark() -> None:
    findings = Findings("case")
    assert load(b"\xef\xbb\xbfa: \xff", findings) is None
    assert "offset 6" in findings.items[0].message
