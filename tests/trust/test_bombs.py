"""Descriptions made to exhaust who reads them: an answer within a gigabyte, and nothing run, fetched or written elsewhere."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.trust.command import LONG, hyper

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GIGABYTE: Final = 1 << 30
HEAD: Final = 'openapi: 3.1.0\ninfo: {title: T, version: "1"}\n'


def document(**more: Any) -> str:
    """A description in JSON."""
    return json.dumps({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, **more})


def schemas(found: dict[str, Any]) -> str:
    """A description with schemas."""
    return document(components={"schemas": found})


def reference(name: object) -> dict[str, Any]:
    """A reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def doubled(kind: str, more: dict[str, Any]) -> str:
    """Thirty schemas, each the next one twice."""
    chain = {f"S{n}": {**more, kind: [reference(f"S{n + 1}")] * 2} for n in range(30)}
    return schemas({**chain, "S30": {"type": "object", "properties": {"a": {"type": "string"}}}})


def shared(count: int, first: str) -> str:
    """An alias of two aliases of two aliases."""
    lines = [f"x-a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(count)]
    return f"{HEAD}x-a0: &a0 {first}\n{''.join(lines)}"


def zeros(megabytes: int) -> bytes:
    """A gzip file of zeros."""
    engine = zlib.compressobj(9, wbits=31)
    return b"".join(engine.compress(bytes(1 << 20)) for _ in range(megabytes)) + engine.flush()


# What is made, and the code of the error; an empty one where it can be read.
BOMBS: Final[dict[str, tuple[Callable[[], str | bytes], str]]] = {
    "laughs": (lambda: shared(40, "{k: v}"), "E1003"),
    "texts of laughs": (
        lambda: f'{HEAD}x-a: &a "{"y" * 1_000_000}"\nx-b: [{", ".join(["*a"] * 3000)}]\n',
        "E1003",
    ),
    "keys of laughs": (
        lambda: f'{HEAD}x-a: &a {{? "{"y" * 100_000}" : 1}}\nx-b: [{", ".join(["*a"] * 3000)}]\n',
        "E1003",
    ),
    "merge keys": (
        lambda: (
            f"{HEAD}x-m: &m {{{', '.join(f'k{n}: 1' for n in range(20_000))}}}\n"
            + "".join(f"x-n{n}: {{<<: *m}}\n" for n in range(900))
        ),
        "E1003",
    ),
    "merge of itself": (lambda: f"{HEAD}x-a: &a\n  <<: *a\n  b: 1\n", ""),
    "deep flow": (lambda: f"{HEAD}x: {'[' * 100_000}", "E1003"),
    "deep dashes": (lambda: "- " * 100_000, "E1003"),
    "deep questions": (lambda: "? " * 100_000, "E1003"),
    "deep blocks": (
        lambda: HEAD + "".join(f"{' ' * depth}a:\n" for depth in range(3000)),
        "E1003",
    ),
    "scalar": (lambda: f"{HEAD}x-a: {'y' * 50_000_000}\n", ""),
    "block": (lambda: f"{HEAD}x-a: |\n" + ("  " + "y" * 98 + "\n") * 50_000, ""),
    "tags": (
        lambda: (
            f'{HEAD}x-a: !!python/object/apply:os.system ["touch WITNESS"]\nx-b: !!binary "/w=="\n'
        ),
        "",
    ),
    "anchors": (lambda: f"{HEAD}x-a: &a 1\nx-b: &a 2\nx-c: *a\n", ""),
    "tabs": (lambda: f"{HEAD}x-a:\n\tb: 1\n", "E1001"),
    "times as keys": (lambda: f"{HEAD}x-a: {{2020-01-01: 1, 12:30:00: 3, ~: 4, 1.5: 5}}\n", ""),
    "bytes": (lambda: bytes(range(256)) * 1000, "E1001"),
    "hexadecimal": (lambda: f"{HEAD}x-a: 0x{'f' * 1_000_000}\n", "E1001"),
    "octal": (lambda: f"{HEAD}x-a: 0o{'7' * 5000}\n", "E1001"),
    "deep JSON": (lambda: "[" * 5_000_000, "E1003"),
    "deep objects": (lambda: '{"a":' * 100_000, "E1003"),
    "wide JSON": (lambda: f'{{"x-a":[{"[]," * 20_000_000}1]}}', "E1003"),
    "huge number": (lambda: '{"openapi":"3.1.0","x-a":1e999999}', "E1001"),
    "tiny number": (lambda: '{"openapi":"3.1.0","x-a":1e-99999999999999999999}', "E1001"),
    "long number": (lambda: f'{{"openapi":"3.1.0","x-a":{"9" * 20_000_000}}}', "E1001"),
    "keys given twice": (lambda: document()[:-1] + ',"paths":{}' * 100_000 + "}", ""),
    "halves of pairs": (
        lambda: (
            '{"openapi":"3.1.0","info":{"title":"\\ud800","version":"1"},'
            '"components":{"schemas":{"\\ud800":{},"\\udbff":{}}}}'
        ),
        "",
    ),
    "NUL": (
        lambda: schemas({"a\0b": {"type": "object", "properties": {"\0": {"default": "\0"}}}}),
        "",
    ),
    "long enum": (lambda: schemas({"A": {"enum": [f"v{n}" for n in range(50_000)]}}), ""),
    "anyOf of anyOf": (lambda: doubled("anyOf", {"type": "object"}), ""),
    "oneOf of oneOf": (lambda: doubled("oneOf", {"type": "object"}), ""),
    "allOf of allOf": (lambda: doubled("allOf", {}), ""),
    "ring of references": (
        lambda: schemas({f"S{n}": reference(f"S{(n + 1) % 10_000}") for n in range(10_000)}),
        "",
    ),
    "index": (
        lambda: schemas(
            {
                name: {"$ref": f"#/x-list/{name}"}
                for name in ("9" * 5000, "\N{SUPERSCRIPT TWO}", "-1", "\u0663")
            }
        ),
        "",
    ),
    "references elsewhere": (
        lambda: schemas(
            {
                f"S{n}": {"$ref": place}
                for n, place in enumerate(
                    [
                        "http://127.0.0.1:9/x.json",
                        "file:///etc/passwd",
                        "../../etc/passwd#/a",
                        "bomb#/components/schemas/S3",
                        "#" + "/a" * 100_000,
                    ]
                )
            }
        ),
        "",
    ),
    "names that leave": (
        lambda: schemas(
            {
                name: {"type": "object", "properties": {name: {"type": "string"}}}
                for name in [
                    "../../evil",
                    "/etc/evil",
                    "..",
                    ".",
                    "a/b",
                    "C:\\x",
                    "con",
                    "x" * 9999,
                ]
            }
        ),
        "",
    ),
    "gzip of zeros": (lambda: zeros(1024 if LONG else 100), "E1001"),
    "gzip of gzip": (lambda: gzip.compress(gzip.compress(bytes(1 << 20))), "E1001"),
    "members of gzip": (lambda: gzip.compress(b"") * 500_000, "E1001"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(name: str, tmp_path: Path) -> None:
    make, code = BOMBS[name]
    data = make()
    bomb = tmp_path / "in" / "deep" / "bomb"
    bomb.parent.mkdir(parents=True)
    bomb.write_bytes(data.encode() if isinstance(data, str) else data)
    out = bomb.parent / "out"
    done = hyper(bomb.parent, "import", "openapi", "bomb", "-o", "out", memory=GIGABYTE)
    assert done.code == (1 if code else 0), done.text
    assert not code or f"[{code}]" in done.text
    assert out.exists() == (not code)
    beside = [
        path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(out)
    ]
    assert beside == [bomb]
