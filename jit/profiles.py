"""Profiles: what was counted of functions while they ran, to build them better the next time.

Functions are known by the digest of what they compute, so that a profile never speaks of another function than it saw. A profile
may come from anywhere: it is believed in nothing but how often things happen, and only after its form was checked.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from hyper.jit import profile_records as records

Count = Annotated[int, msgspec.Meta(ge=0, le=records.MOST)]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Tier = Annotated[str, msgspec.Meta(pattern="^[0-3]$")]
Text = Annotated[str, msgspec.Meta(max_length=200)]

LONGEST_CONSTANT: Final = 200
"""Characters of JSON that the value of a parameter may have to be kept."""

LONGEST_PATH: Final = 1000


class ProfileError(ValueError):
    """Bytes that are no profile, or none that can be believed."""


class Counters(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What was counted at one tier. ``rows`` is one for each call of a single input."""

    calls: Count = 0
    rows: Count = 0
    guard_failures: Count = 0
    nanoseconds: Count = 0


class Left(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Why calls were left to a lower tier than ``tier``, at a line of a source; and one of them."""

    tier: Annotated[int, msgspec.Meta(ge=0, le=3)]
    file: Annotated[str, msgspec.Meta(max_length=LONGEST_PATH)]
    line: Count
    reason: Text
    value: Text = ""


class FunctionProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one function. ``decisions`` has for each decision how often each outcome came about; ``constants`` the JSON of each
    parameter, and of each field of one (``order.country``), that was the same in 99 of 100 calls or more, ``None`` for one that
    varied; ``tiers`` the counters of tiers ``"0"`` to ``"3"``; ``left`` why calls were left to a lower one."""

    name: Name
    decisions: tuple[tuple[Count, ...], ...] = ()
    constants: dict[Name, Text | None] = {}
    tiers: dict[Tier, Counters] = {}
    left: tuple[Left, ...] = ()

    @property
    def calls(self) -> int:
        """Calls at all tiers; one that a lower tier did again counts once."""
        tiers = self.tiers.values()
        return sum(each.calls for each in tiers) - sum(each.guard_failures for each in tiers)


class Profile(msgspec.Struct, frozen=True):
    """Functions by digest."""

    functions: dict[Digest, FunctionProfile] = {}

    @property
    def weights(self) -> str:
        """The digest of all that a build may come out differently for: no times."""
        from hashlib import sha256

        parts = [
            (digest, each.name, each.decisions, sorted(each.constants.items()))
            for digest, each in sorted(self.functions.items())
        ]
        return sha256(msgspec.json.encode(parts)).hexdigest()


def decode(data: bytes) -> Profile:
    """A profile from its bytes. Raises ``ProfileError`` for all others: cut off, flipped, too large, of a wrong type."""
    try:
        return Profile(msgspec.convert(records.read(data), dict[Digest, FunctionProfile]))
    except (ValueError, RecursionError) as error:
        raise ProfileError(str(error)) from None


def encode(profile: Profile) -> bytes:
    """The bytes of a profile."""
    return records.written(as_body(profile))


def merge(*profiles: Profile) -> Profile:
    """What several profiles say together; neither order nor grouping matters."""
    body: records.Body = {}
    for each in profiles:
        body = records.merged(body, as_body(each))
    return Profile(msgspec.convert(body, dict[Digest, FunctionProfile]))


def load(path: str) -> Profile:
    """A profile from a file. Raises ``OSError`` and ``ProfileError``."""
    return decode(records.content(path))


def as_body(profile: Profile) -> records.Body:
    """A profile as ``profile_records`` has it."""
    body: dict[str, Any] = msgspec.to_builtins(profile.functions)
    for entry in body.values():
        if not entry["left"]:
            del entry["left"]
    return body
