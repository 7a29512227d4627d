"""``manifest.json``: what a build left in the package's folder, and where each line came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.base import digest
from hyper.engine.result import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hyper.base.fs import Files

NAME: Final = "manifest.json"
GENERATOR: Final = "hypercompiler"
SCHEMA_VERSION: Final = 1


def describe(
    *,
    package: str,
    targets: Sequence[str],
    sources: Mapping[str, str],
    outputs: Mapping[str, str],
    chunks: Sequence[Chunk],
    extra: Mapping[str, Any],
) -> bytes:
    """The manifest of a build.

    ``sources`` and ``outputs`` are digests by path, ``extra`` is what back ends add, such as the source map.
    """
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "generator": GENERATOR,
        "package": package,
        "targets": list(targets),
        "sources": dict(sources),
        "outputs": {path: outputs[path] for path in sorted(outputs)},
        "chunks": msgspec.to_builtins(list(chunks)),
    }
    return msgspec.json.encode({**extra, **manifest}) + b"\n"


def owned_by(files: Files, folder: str) -> dict[str, str] | None:
    """Digests of the files that an earlier build left in a folder; ``None`` where no build is known.

    The manifest itself is among them, with the digest that it has now.
    """
    try:
        data = files.read(f"{folder}/{NAME}")
        manifest = msgspec.json.decode(data)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(manifest, dict) or manifest.get("generator") != GENERATOR:
        return None
    outputs = manifest.get("outputs")
    if not isinstance(outputs, dict):
        return None
    owned = {path: value for path, value in outputs.items() if isinstance(value, str)}
    return owned | {NAME: digest.of_bytes(data)}


def chunks_of(package: str, made: Iterable[str], extra: Mapping[str, Any]) -> list[Chunk]:
    """The chunks that the back end names, else the whole package as one."""
    if "chunks" in extra:
        return msgspec.convert(extra["chunks"], list[Chunk])
    return [Chunk(package, (), tuple(sorted(made)))]
