"""Whose cache it is: one that comes with a tree of sources is not believed.

What is kept is believed for what it says, so that a checkout which brings a filled ``.hyper`` could have its own code written as
the output of honest sources. A cache that we make carries a mark that only this user's compiler can make: a random name with its
HMAC-SHA256 under a secret that lies in the user's state folder.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from typing import Final

from hyper.base import aside
from hyper.base.fs import open_at_once

MARK: Final = "owner"
FILLED: Final = ("records", "graphs", "spares", "store", "census", MARK)
"""What a cache holds that builds believe: one that has any of it without our mark came from elsewhere."""
_SECRET: Final = 32
_MACHINE: Final = 16
_PRIVATE: Final = 0o600
_OTHERS: Final = 0o022


def claim(folder: str) -> bool:
    """Whether the cache at a folder is this user's; one that is not there, or holds nothing yet, becomes so.

    Raises ``OSError`` where a mark or the secret cannot be written.
    """
    secret = _kept("secret", _SECRET)
    try:
        place = os.path.join(folder, MARK)
        with open(place, encoding="ascii", opener=open_at_once) as stream:
            name, _, proof = stream.read(256).partition(" ")
    except (OSError, ValueError):
        name = proof = ""
    if name and hmac.compare_digest(_proof(secret, name).encode(), proof.encode()):
        return True
    if any(os.path.lexists(os.path.join(folder, each)) for each in FILLED):
        return False
    os.makedirs(folder, exist_ok=True)
    name = secrets.token_hex(16)
    proof = _proof(secret, name)
    aside.replace(os.path.join(folder, MARK), f"{name} {proof}".encode(), _PRIVATE)
    return True


def _proof(secret: bytes, name: str) -> str:
    return hmac.new(secret, b"hyper cache " + name.encode(), "sha256").hexdigest()


def seal(name: str, data: bytes) -> bytes:
    """What only this user's compiler can say of bytes that it keeps under a name. Raises ``OSError`` without a secret."""
    return _sealing(name, data).encode()


def is_sealed(name: str, data: bytes, told: bytes) -> bool:
    """Whether a seal is that of these bytes under this name. Raises ``OSError`` without a secret."""
    return hmac.compare_digest(_sealing(name, data).encode(), told)


def _sealing(name: str, data: bytes) -> str:
    message = b"hyper file " + name.encode() + b"\0" + data
    return hmac.new(_kept("secret", _SECRET), message, "sha256").hexdigest()


def keep_sealed(path: str, data: bytes) -> None:
    """Write a file that ``read_sealed`` believes. Raises ``OSError`` where it cannot be kept."""
    aside.replace(path, data, 0o700)
    aside.replace(f"{path}.seal", seal(os.path.basename(path), data), 0o700)


def read_sealed(path: str, largest: int) -> bytes | None:
    """A file that we wrote; None where another may have written it, or it is not what was written. Raises ``OSError``."""
    with open(path, "rb", opener=open_at_once) as stream:
        status = os.fstat(stream.fileno())
        if os.name == "posix" and (status.st_mode & _OTHERS or status.st_uid != os.getuid()):
            return None
        data = stream.read(largest)
    with open(f"{path}.seal", "rb", opener=open_at_once) as stream:
        told = stream.read(128)
    return data if is_sealed(os.path.basename(path), data, told) else None


def machine() -> bytes:
    """A random number of this user's machine, which says nothing of either. Raises ``OSError`` where it cannot be kept."""
    return _kept("machine", _MACHINE)


def _kept(name: str, size: int) -> bytes:
    """Random bytes of the user's; made when they are first needed, readable by the user alone."""
    path = os.path.join(state_folder(), name)
    try:
        with open(path, "rb", opener=open_at_once) as stream:
            known = stream.read(size)
    except FileNotFoundError:
        known = b""
    if len(known) == size:
        return known
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    aside.replace(path, secrets.token_bytes(size), _PRIVATE)
    # Of two that make them at once, both go on with those that have the name in the end.
    with open(path, "rb", opener=open_at_once) as stream:
        return stream.read(size)


def sweep(folder: str) -> None:
    """Remove what killed processes left unfinished, in a cache's folder and in the user's state folder."""
    aside.sweep(folder, MARK)
    with contextlib.suppress(OSError):
        aside.sweep(state_folder(), "secret|machine")


def state_folder() -> str:
    """Where programs keep what they should remember of a user.

    It is never told from the working folder, where it could come with somebody's sources.

    :raises OSError: where the user has none.
    """
    home = os.path.expanduser("~/.local/state")
    for base in (os.environ.get("XDG_STATE_HOME"), os.environ.get("LOCALAPPDATA"), home):
        if base and os.path.isabs(base):
            return os.path.join(base, "hypercompiler")
    message = "there is no home folder to keep anything in"
    raise OSError(message)
