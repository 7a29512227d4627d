"""Which credentials are found, and what is taken for an example."""

from __future__ import annotations

import base64
import json
import re

import pytest

from hyper.engine.lint.findings import Masks, secrets
from hyper.engine.lint.randomness import is_random
from hyper.engine.lint.secrets import find_secrets
from hyper.engine.lint.shapes import SHAPES
from hyper.engine.search.texts import Texts

RANDOM = "kX9vQ2mZ7rT4wL8cB5nH3jD6gF1sP0yA"
HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----"


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


JWT = f"{_encoded({'alg': 'HS256'})}.{_encoded({'sub': 'u-77', 'role': 'admin'})}.{RANDOM}"

# In two parts, so that no other scanner takes them for real ones.
REAL = [
    ("AWS access key", "AK" + "IAQ3EGRZ7LXT5VUKWD"),
    ("GitHub token", "gh" + f"p_{RANDOM}1aB2"),
    ("GitHub token", "github_" + f"pat_{RANDOM[:22]}_{RANDOM}{RANDOM[:27]}"),
    ("GitLab token", "gl" + f"pat-{RANDOM[:20]}"),
    ("Stripe key", "sk_" + f"live_{RANDOM}"),
    ("Slack token", "xox" + f"b-2468135790-{RANDOM}"),
    ("Google API key", "AI" + f"za{RANDOM}_-9"),
    ("npm token", "np" + f"m_{RANDOM}7h3K"),
    ("SendGrid key", "S" + f"G.{RANDOM[:22]}.{RANDOM}{RANDOM[:11]}"),
    ("DigitalOcean token", "dop_" + f"v1_{HEX}"),
    ("JSON web token", JWT),
    ("private key", f"{PEM}\\n{RANDOM}{RANDOM[:8]}\\n{RANDOM}=\\n-----END RSA"),
    ("URL with a password", "postgres://shop:h4Mmer-w1lls@db.internal/shop"),
]


def _found(*texts: str) -> list[tuple[str, str]]:
    files = Texts([f"{number}.intent" for number in range(len(texts))], [t.encode() for t in texts])
    return [
        (each.what, files.source(each.file).text[each.start : each.end])
        for each in find_secrets(files)
    ]


@pytest.mark.parametrize(("what", "value"), REAL, ids=[what for what, _ in REAL])
@pytest.mark.parametrize(
    "where", ['const URL = "see {} there"\n', '"""\nin {}\n"""\n', "# {}\n", 'const A = "é {}"\n']
)
def test_each_shape_is_found_in_strings_and_comments(what: str, value: str, where: str) -> None:
    ((told, secret),) = _found(where.format(value))
    assert told == what
    assert secret in value


def test_a_shape_is_no_part_of_a_longer_word() -> None:
    _, key = REAL[0]
    assert _found(f'const A = "{key}"\n')
    assert not _found(f'const A = "x{key}"\n')
    assert not _found(f'const A = "{key}7"\n')
    assert not _found(f"entity {key}:\n    a: int\n")


def test_the_whole_of_a_private_key_is_hidden() -> None:
    ((_, secret),) = _found(f'const A = "{REAL[-2][1]}"\n')
    assert secret.endswith(f"{RANDOM}=\\n")


@pytest.mark.parametrize(
    "text",
    [
        f'const API_KEY = "{RANDOM}"',
        f'password: string = "{RANDOM}"',
        f'password: string @length(8, 100) @default("{RANDOM}")',
        f"client_secret?: string @example('{RANDOM}')",
        f"# api-key: {RANDOM}",
        f"# Authorization: Bearer {RANDOM}",
        f'x: any @example({{"token": "{RANDOM}"}})',
        f'x: string @example("{{\\"access_key\\": \\"{RANDOM}\\"}}")',
        f'x: string @example("PASSWORD={RANDOM}")',
        f'token: string @example("{HEX}")',
        f'api_keys: list[string] = ["{RANDOM}"]',
        f'secrets: any @example({{"kind": "commit", "token": "{RANDOM}"}})',
    ],
)
def test_what_looks_random_is_told_by_the_name_before_it(text: str) -> None:
    assert _found(f"entity A:\n    {text}\n") in (
        [("secret by its name", RANDOM)],
        [("secret by its name", HEX)],
    )


@pytest.mark.parametrize(
    "text",
    [
        'const KEY = "AKIAIOSFODNN7EXAMPLE"',
        'token: string @example("ghp_16C7e42F292c6912E7710c838347Ae178B4a")',
        'token: string @example("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")',
        'url: string @example("https://user:password@host.test")',
        'url: string @example("postgres://postgres:postgres@localhost/app")',
        'url: string @example("https://host.test:8080/@me")',
        'url: string @example("https://{user}:{password}@host.test")',
        'password: string @example("correct horse battery staple")',
        'password: string @example("your_password_goes_here_1")',
        f'token_hash: string @example("{HEX}")',
        f'next_page_token: string @example("{RANDOM}")',
        f'secret_id: string @example("{RANDOM}")',
        'token: string @example("c9b1f5c2-6a5e-4f0b-8f7c-0b8d9e6a1c2d")',
        'token: string @example("MDEyOk9yZ2FuaXphdGlvbjE=")',
        'secret: string @match("^[A-Za-z0-9]{32}$")',
        'secret_name: string @example("production-database-2024")',
        f'name: string @example("{RANDOM}")',
        f'secret: any @example({{"commit": "{HEX}"}})',
        f'x: any @example({{"kind": "secret", "sha": "{HEX}"}})',
        f'x: any @example({{"token_sha": "{HEX}"}})',
        f'key: string @match("{PEM}")',
    ],
)
def test_examples_and_other_values_are_not_told(text: str) -> None:
    assert _found(f"entity A:\n    {text}\n") == []


def test_the_token_of_jwt_io_is_an_example() -> None:
    claims = {"sub": "1234567890", "name": "John Doe", "iat": 1516239022}
    assert not _found(f'const A = "{_encoded({"alg": "HS256"})}.{_encoded(claims)}.{RANDOM}"\n')


def test_a_secret_in_many_places_is_told_once_and_masked_in_all() -> None:
    line = f'const PASSWORD_{{}} = "{RANDOM}"\n'
    files = Texts(
        ["a.intent", "b.intent"], [(line.format(1) * 7).encode(), line.format(2).encode()]
    )
    masks = Masks()
    (item,) = secrets(files, masks, lambda _: False)
    assert item.code == "W1101"
    assert "7 more places" in item.message
    assert len(item.related) == 5
    assert RANDOM not in item.message
    assert f"{RANDOM[:4]}…" in item.message
    for path, count in (("a.intent", 7), ("b.intent", 1)):
        for number in range(count):
            shown = masks.apply(path, number + 1, line.format(1).rstrip())
            assert shown == line.format(1).rstrip().replace(RANDOM[4:], "*" * 28)


def test_of_overlapping_candidates_the_one_with_a_shape_is_told() -> None:
    key = REAL[4][1]
    assert _found(f'const SECRET = "{key}"\n') == [("Stripe key", key)]
    assert _found(f'const SECRET = "postgres://a:{key}@host.test"\n')[0][1] == key


def test_a_token_that_is_nested_too_deeply_is_none() -> None:
    deep = base64.urlsafe_b64encode(b'{"a":' + b"[" * 2900).decode()
    assert not _found(f'const A = "{_encoded({"alg": "HS256"})}.{deep}.{RANDOM}"\n')


def test_an_allowed_file_is_masked_and_not_told() -> None:
    files = Texts(["a.intent"], [f'const PASSWORD = "{RANDOM}"\n'.encode()])
    masks = Masks()
    assert secrets(files, masks, lambda path: path == "a.intent") == []
    assert RANDOM not in masks.apply("a.intent", 1, files.source(0).text)


def test_half_of_a_short_password_is_not_shown() -> None:
    files = Texts(["a.intent"], [b"# ftp://ada:s3crt@files.test\n"])
    (item,) = secrets(files, Masks(), lambda _: False)
    assert ": s…" in item.message


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.name} {shape.prefixes[0]}")
def test_patterns_take_linear_time(shape: re.Pattern[str]) -> None:
    """No repetition of a pattern has no bound, and none holds another of the same characters."""
    pattern = shape.pattern.pattern  # type: ignore[attr-defined]
    plain = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "x", pattern)
    assert "*" not in plain
    assert "+" not in plain


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (RANDOM, True),
        (HEX[:32], True),
        (HEX[:24], False),
        ("wv78n3zpz42xezdk", True),
        ("a" * 40, False),
        ("12345678901234567890", False),
        ("ListOfEveryCustomerV2", False),
        ("a sentence with 2 numbers", False),
        ("short1A", False),
    ],
)
def test_random_texts(text: str, result: bool) -> None:
    assert is_random(text) is result
