"""What builds and workers say to each other: typed, versioned, of bounded size, and signed where there are keys.

On the wire a message is a JSON object ``{"version": 1, "type": …, "body": "…"}``, with ``"key"`` and ``"signature"`` where it is
signed. ``body`` is the JSON text of the message, so that what is signed is a text, whatever the language of who reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, TypeVar

import msgspec

from hyper.cache import trust

if TYPE_CHECKING:
    from hyper.cache.trust import Keyring

VERSION: Final = 1
MOST_BYTES: Final = 2 << 20
"""Bytes of a body."""
MOST_ITEMS: Final = 1000
_LONGEST_FAULT: Final = 300
"""Characters of what is said of a message that is refused: some of them may be its sender's."""

Digest: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Word: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z")]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=86400.0)]
State: TypeAlias = Literal["done", "busy", "failed", "deadly", "withdrawn", "missing", "returned"]
"""What became of an item: its result is there; somebody else is at it; its work raised; it ended each process that took it, or went
over a limit each time; its build is gone; what it is made from is not on the server; the worker handed it back undone."""


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One action of a job: the digest of its bytes, and what people call it."""

    own: Digest
    label: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Actions of one stage with one context. ``seconds`` is what the build predicts for all of them together."""

    build: Word
    identity: Digest
    stage: Word
    context: Annotated[list[Digest], msgspec.Meta(max_length=100_000)]
    items: Annotated[list[Item], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)]
    seconds: Seconds = 0.0


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sources to check, by path: the answer is what ``hyper check --json`` prints. Open to producers in any language."""

    files: Annotated[dict[str, str], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)]


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of an item: the digest and size of the result, the seconds of the clock and of the processor that it took, and
    a reason where there is no result."""

    key: Digest
    state: State
    blob: Digest | None = None
    size: Annotated[int, msgspec.Meta(ge=0)] = 0
    seconds: Seconds = 0.0
    cpu: Seconds = 0.0
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to a job, item by item in its order."""

    worker: Word
    items: Annotated[list[Done], msgspec.Meta(max_length=MOST_ITEMS)]


class Checked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to sources to check: the object that ``hyper check --json`` prints."""

    worker: Word
    result: dict[str, Any]


Message: TypeAlias = Job | Check | Reply | Checked
M = TypeVar("M", bound=Message)
_TYPES: Final[dict[type, str]] = {Job: "job", Check: "check", Reply: "reply", Checked: "checked"}


class MessageError(ValueError):
    """A message is not to be used. ``fault`` says why: ``version``, ``type``, ``shape``, ``size``, ``unsigned`` or ``forged``."""

    def __init__(self, fault: str, text: str) -> None:
        super().__init__(text[:_LONGEST_FAULT])
        self.fault = fault


class _Envelope(msgspec.Struct, omit_defaults=True):
    version: int
    type: str
    body: str
    key: str | None = None
    signature: str | None = None


class Post:
    """Writes and reads the messages of a fleet."""

    def __init__(self, prefix: str, keyring: Keyring | None, *, demands: bool) -> None:
        """``prefix`` is that of the fleet's names, and part of what is signed; ``demands``: what no key signed is refused."""
        self._prefix = prefix
        self._keyring = keyring
        self._demands = demands

    def write(self, message: Message, about: str) -> dict[str, Any]:
        """The message as JSON can hold it. ``about`` is the id of the job that it is or answers, and is signed along.

        Raises ``MessageError`` for one that is too large.
        """
        body = msgspec.json.encode(message)
        if len(body) > MOST_BYTES:
            raise MessageError("size", f"a message has at most {MOST_BYTES} bytes")
        kind = _TYPES[type(message)]
        made: dict[str, Any] = {"version": VERSION, "type": kind, "body": body.decode()}
        if self._keyring is not None:
            made["key"] = self._keyring.signer
            signed = self._signed(self._keyring.signer, kind, about, body)
            made["signature"] = self._keyring.sign(signed).hex()
        return made

    def read(self, data: Any, about: str, kind: type[M], *, unsigned: bool = False) -> M:
        """The message of that kind, from what JSON gave. With ``unsigned`` nothing is asked of its signature.

        Raises ``MessageError``.
        """
        try:
            envelope = msgspec.convert(data, _Envelope)
        except (msgspec.ValidationError, RecursionError):
            raise MessageError("shape", "the message has no version, type and body") from None
        if envelope.version != VERSION:
            said = (
                f"the message has version {envelope.version}; this worker knows version {VERSION}"
            )
            raise MessageError("version", said)
        if envelope.type != _TYPES[kind]:
            raise MessageError("type", f"the message is no {_TYPES[kind]}")
        body = envelope.body.encode("utf-8", "surrogatepass")
        if len(body) > MOST_BYTES:
            raise MessageError("size", f"a message has at most {MOST_BYTES} bytes")
        if not unsigned:
            self._verify(envelope, about, body)
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise MessageError("shape", f"the body is not as it should be: {error}") from None

    def _verify(self, envelope: _Envelope, about: str, body: bytes) -> None:
        verdict: trust.Verdict = "unknown"
        key = envelope.key or ""
        # The ids of keys are of ASCII. What is not even Unicode cannot be what was signed.
        if self._keyring is not None and key.isascii() and envelope.signature:
            try:
                signature = bytes.fromhex(envelope.signature)
            except ValueError:
                signature = b""
            signed = self._signed(key, envelope.type, about, body)
            verdict = self._keyring.verify(key, signed, signature)
        if verdict == "forged":
            raise MessageError("forged", "the signature of the message is not right")
        if verdict == "unknown" and self._demands:
            raise MessageError(
                "unsigned", "the message is not signed with a key that is known here"
            )

    def _signed(self, key: str, kind: str, about: str, body: bytes) -> bytes:
        return trust.message("fleet message", key, self._prefix, kind, about, body)
