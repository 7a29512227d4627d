"""What a fleet can do: stages, each a pure function from bytes to bytes, and the keys of what they do.

A stage is given a *context*, which many items share and which is loaded once for them, and the bytes of one item. Both are named
by the digests of their bytes, so that whoever has the key of an action can say what it was made from, and nobody need be believed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Generic, TypeVar

import msgspec

from hyper.base import digest

C = TypeVar("C")


class RemoteStage(msgspec.Struct, Generic[C], frozen=True):
    """A stage that may run on any machine which has what it ``needs``.

    ``load`` makes the context of its blobs, in the order of the job; ``run`` gives the result of one item. The same bytes give the
    same bytes, on every machine. ``needs`` names a tool of the registry, or nothing.
    """

    name: str
    load: Callable[[Sequence[bytes]], C]
    run: Callable[[C, bytes], bytes]
    needs: str = ""


class Registry(msgspec.Struct, frozen=True):
    """What one compiler can do.

    ``place`` is ``module:attribute`` where a process finds a function without arguments that makes the registry. ``identity`` is
    that of the compiler, a digest: only equal ones work for each other. ``tools`` are those that are here, with their versions, as
    ``{"llvm": "llvmlite-0.48.0"}``; ``warm`` loads what the stages import. ``processor`` says what
    kind of processor this is, for people: results are the same on any.
    """

    place: str
    identity: str
    stages: Mapping[str, RemoteStage[Any]]
    tools: Mapping[str, str] = {}
    warm: Callable[[], None] | None = None
    processor: str = ""

    def grade(self, needs: str) -> str | None:
        """What a worker has to have, as a word for the names of queues: ``any``, or the tool that is needed with its version;
        ``None`` where that is not here."""
        if not needs:
            return "any"
        return self.tools.get(needs)

    def grades(self) -> list[str]:
        """The grades that a worker with this registry can serve, sorted."""
        return sorted({"any", *self.tools.values()})


def find_registry(place: str) -> Registry:
    """The registry of ``module:attribute``. Raises ``LookupError`` where there is none."""
    module, _, attribute = place.partition(":")
    try:
        make: Callable[[], Registry] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"no registry of stages at {place}") from error
    return make()


def action_key(identity: str, stage: str, context: Sequence[str], own: str) -> str:
    """The key of an action: of the compiler, the stage, the digests of the context's blobs, and that of the item's bytes.

    Workers work it out anew of what they were given, so that a message cannot have a result stand under another's key.
    """
    return action_keys(identity, stage, context, [own])[0]


def action_keys(
    identity: str, stage: str, context: Sequence[str], owns: Sequence[str]
) -> list[str]:
    """The keys of the actions of a job, in its order. The context is gone through once: it may be long, and so may the job."""
    parts = ("hyper action 1", identity, stage, *context)
    return digest.of_each((part.encode() for part in parts), (own.encode() for own in owns))
