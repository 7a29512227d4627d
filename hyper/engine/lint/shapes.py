"""The shapes of credentials, as those who issue them have published them.

Each shape is found by its prefixes, and then verified by a pattern that begins where the prefix begins. The patterns take linear
time: each repeats single characters, within bounds, and what ends a repetition is no part of it.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec


class Shape(msgspec.Struct, frozen=True):
    """``name`` follows "a" or "an" in a message. Where the pattern has a group, that is the secret, else all of the match."""

    name: str
    prefixes: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(name: str, prefixes: str, rest: str) -> Shape:
    """A token that begins with one of some prefixes, goes on as ``rest``, and is no part of a longer word."""
    words = tuple(prefixes.split())
    choice = "|".join(map(re.escape, words))
    return Shape(name, words, re.compile(rf"(?<![A-Za-z0-9_])(?:{choice}){rest}(?![A-Za-z0-9_])"))


_PEM: Final = "-----BEGIN "
_KEY: Final = (
    rf"{_PEM}(?:[A-Z0-9]{{1,10}} ){{0,2}}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:\\[nrt]|[\s\"'#+]){0,80}(?:[A-Za-z-]{1,20}: [^\n\\]{1,100}(?:\\[nrt]|\s){1,20}){0,4}"
    r"([A-Za-z0-9+/]{40}(?:[A-Za-z0-9+/=\\\s]{0,20000}[A-Za-z0-9+/=])?)"
)

SHAPES: Final[tuple[Shape, ...]] = (
    _shape("AWS access key", "AKIA ASIA ABIA ACCA", "[A-Z2-7]{16}"),
    _shape("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", "[A-Za-z0-9]{36}"),
    _shape("GitHub token", "github_pat_", "[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _shape("GitLab token", "glpat- gldt- glrt-", "[A-Za-z0-9_-]{20,60}"),
    _shape("Stripe key", "sk_live_ rk_live_", "[A-Za-z0-9]{24,247}"),
    _shape("Stripe signing secret", "whsec_", "[A-Za-z0-9+/]{32,80}={0,2}"),
    _shape(
        "Slack token",
        "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs-",
        "[0-9]{1,14}-[A-Za-z0-9-]{10,160}",
    ),
    _shape("Slack token", "xapp-", "[0-9]-[A-Z0-9]{9,15}-[0-9]{9,15}-[a-f0-9]{64}"),
    _shape(
        "Slack webhook",
        "hooks.slack.com/services/",
        "T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24}",
    ),
    _shape("Google API key", "AIza", "[A-Za-z0-9_-]{35}"),
    _shape("Google client secret", "GOCSPX-", "[A-Za-z0-9_-]{28}"),
    _shape("npm token", "npm_", "[A-Za-z0-9]{36}"),
    _shape(
        "PyPI token", "pypi-AgEIcHlwaS5vcmc pypi-AgENdGVzdC5weXBpLm9yZw", "[A-Za-z0-9_-]{50,250}"
    ),
    _shape("SendGrid key", "SG.", r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _shape("Anthropic key", "sk-ant-", "[A-Za-z0-9_-]{80,120}"),
    _shape("OpenAI key", "sk-proj- sk-svcacct- sk-admin-", "[A-Za-z0-9_-]{40,200}"),
    _shape("DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", "[a-f0-9]{64}"),
    _shape("Hugging Face token", "hf_", "[A-Za-z]{34}"),
    _shape("Shopify token", "shpat_ shpca_ shppa_ shpss_", "[a-fA-F0-9]{32}"),
    _shape("Vault token", "hvs.", "[A-Za-z0-9_-]{90,120}"),
    _shape("age key", "AGE-SECRET-KEY-1", "[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    _shape(
        "JSON web token",
        "eyJ",
        r"[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{20,1400}",
    ),
    Shape("private key", (_PEM,), re.compile(_KEY)),
    Shape(
        "URL with a password",
        ("://",),
        re.compile(
            r"://[^\s/:@\"'`\\?#<>{}\[\]]{0,64}:([^\s/:@\"'`\\?#<>{}\[\]]{3,128})@[A-Za-z0-9\[]"
        ),
    ),
)

NAMES: Final = (
    *("password", "passwd", "pwd", "secret", "token", "credential", "bearer"),
    *("api_key", "apikey", "api-key", "access_key", "accesskey", "access-key"),
    *("private_key", "privatekey", "private-key", "auth_key", "authkey"),
)
"""What a secret without a shape of its own is called, in any case."""
