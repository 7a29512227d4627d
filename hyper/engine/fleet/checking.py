"""Checking sources that somebody sends: the answer is the object that ``hyper check --json`` prints.

It takes intent files and nothing else: no configuration, no Python, nothing of the machine's disk.
"""

from __future__ import annotations

import posixpath
from typing import Final

import msgspec

from hyper.base.memory import MemoryFiles
from hyper.base.reports import as_object
from hyper.distributed.stages import RemoteStage

_ROOT: Final = "/sources"
_LONGEST_PATH: Final = 300
_MOST_BYTES: Final = 2 << 20


class SentFilesError(ValueError):
    """The files are none that can be checked; the text says which and why."""


def check_files(_: None, own: bytes) -> bytes:
    """The JSON object for files as a JSON object of texts by path.

    Raises ``SentFilesError``, and ``msgspec.DecodeError`` for bytes that are no such object.
    """
    from hyper.engine.compiler import Compiler

    files = msgspec.json.decode(own, type=dict[str, str])
    if sum(map(len, files.values())) > _MOST_BYTES:
        raise SentFilesError(f"the files have more than {_MOST_BYTES} characters")
    contents = {f"{_ROOT}/{_checked(path)}": text.encode() for path, text in files.items()}
    with Compiler(
        files=MemoryFiles(contents),
        environment={},
        tier="conservative",
        incremental=False,
        processes=1,
        memory=0,
    ) as compiler:
        result = compiler.check([_ROOT])
    return msgspec.json.encode(as_object(result.diagnostics) | {"stats": result.stats})


def _checked(path: str) -> str:
    parts = path.split("/")
    fine = (
        path.endswith(".intent")
        and len(path) <= _LONGEST_PATH
        and path.isprintable()
        and "\\" not in path
        and not posixpath.isabs(path)
        and not {"", ".", ".."} & set(parts)
    )
    if not fine:
        shown = ascii(path[:60])
        raise SentFilesError(f"{shown} is no path of an intent file, as in orders/pricing.intent")
    return path


def _nothing(_: object) -> None:
    return None


CHECK: Final = RemoteStage("check", _nothing, check_files)
