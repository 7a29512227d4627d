"""The bank's own library: an ``extern calc`` of ``payments.intent`` points here."""

from __future__ import annotations


def iban_is_valid(iban: str) -> bool:
    """Whether the check digits of an IBAN are right (ISO 13616: the number modulo 97 is 1)."""
    moved = iban[4:] + iban[:4]
    digits = "".join(str(int(character, 36)) for character in moved)
    return int(digits) % 97 == 1
