"""How results, reasons and events are written on the server, and read back by those who believe nothing that lies there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from hyper.cache import trust
from hyper.distributed.flights.contract import (
    KEY,
    MOST_SIZE,
    Event,
    Result,
)
from hyper.distributed.flights.lua import EVENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.cache.trust import Keyring
    from hyper.distributed.flights.contract import EventKind

_KINDS: Final[dict[str, EventKind]] = {letter: kind for kind, letter in EVENTS.items()}  # type: ignore[misc]
_FIGURES: Final = re.compile(r"(\d{1,13}):(\d{1,8}):(\d{1,8}):([A-Za-z0-9._-]{0,32})", re.ASCII)
_SIGNATURE: Final = re.compile(r"(?:[0-9a-f]{64})?", re.ASCII)
_EVENT: Final = re.compile(r"(\d{1,15});([A-Z]);([A-Za-z0-9._-]{0,80});(\d{1,15});(.*)", re.ASCII)
_LONGEST_TOLD: Final = 86400.0


class BadRecordError(ValueError):
    """A result on the server is not to be used. ``fault`` says why: ``damaged``, ``unsigned`` or ``forged``."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class Seal:
    """Writes results into three fields of a record, and reads them; signed where there are keys."""

    def __init__(self, prefix: str, keyring: Keyring | None, *, demands: bool) -> None:
        """``prefix`` is that of the fleet's names, and part of what is signed; ``demands``: what no key signed is refused."""
        self._prefix = prefix
        self._keyring = keyring
        self._demands = demands

    def write(self, key: str, result: Result) -> tuple[str, str, str]:
        """The blob, the other figures with the id of the key, and the signature. Raises ``ValueError`` for no result."""
        times = [min(max(each, 0.0), _LONGEST_TOLD) for each in (result.seconds, result.cpu)]
        if not KEY.fullmatch(result.blob) or not 0 <= result.size <= MOST_SIZE:
            raise ValueError("a result has the digest of a blob and its size")
        figures = ":".join(str(each) for each in (result.size, *(round(t * 1000) for t in times)))
        if self._keyring is None:
            return result.blob, f"{figures}:", ""
        signer = self._keyring.signer
        signature = self._keyring.sign(self._signed(signer, key, result.blob, figures))
        return result.blob, f"{figures}:{signer}", signature.hex()

    def read(self, key: str, blob: str, rest: str, signature: str) -> Result:
        """The result of an action. Raises ``BadRecordError``."""
        found = _FIGURES.fullmatch(rest)
        if found is None or not KEY.fullmatch(blob) or not _SIGNATURE.fullmatch(signature):
            raise BadRecordError("damaged")
        size, seconds, cpu, signer = found.groups()
        if int(size) > MOST_SIZE:
            raise BadRecordError("damaged")
        verdict: trust.Verdict = "unknown"
        if self._keyring is not None and signer and signature:
            signed = self._signed(signer, key, blob, rest[: found.start(4) - 1])
            verdict = self._keyring.verify(signer, signed, bytes.fromhex(signature))
        if verdict == "forged":
            raise BadRecordError("forged")
        if verdict == "unknown" and self._demands:
            raise BadRecordError("unsigned")
        return Result(blob, int(size), int(seconds) / 1000, int(cpu) / 1000)

    def _signed(self, signer: str, key: str, blob: str, figures: str) -> bytes:
        return trust.message("fleet result", signer, self._prefix, key, blob, figures)


def written(text: str) -> str:
    """A text as printable ASCII."""
    return json.dumps(text)[1:-1]


def readable(text: str) -> str:
    """What was ``written``; a text that was not is given as it is."""
    try:
        read = json.loads(f'"{text}"', strict=False)
    except ValueError:
        return text
    return read if isinstance(read, str) else text


def text_of(value: Any) -> str:
    """An answer of the server as a text, whether the client decodes or not."""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def events_of(entries: Sequence[str]) -> tuple[list[Event], int]:
    """The events, and how many entries are none."""
    found = []
    for entry in entries:
        parts = _EVENT.fullmatch(entry)
        kind = _KINDS.get(parts[2]) if parts else None
        if parts and kind:
            found.append(Event(int(parts[1]), kind, parts[3], int(parts[4]), readable(parts[5])))
    return found, len(entries) - len(found)
