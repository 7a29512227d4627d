"""The engine's side of the store: outcomes under the digests of their actions, and the bytes that they name.

The store is opened when it is first asked, and whatever is wrong with it costs time only.
"""

from __future__ import annotations

import contextlib
import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec

from hyper.base import digest
from hyper.engine.option_values import OptionError
from hyper.engine.record import DAY, Outcome, make_cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hyper.cache.disk import DiskLayer
    from hyper.cache.layered import Layered
    from hyper.cache.protocol import Kind, Layer
    from hyper.cache.remote import RedisLayer
    from hyper.cache.trust import Auditor
    from hyper.engine.counting import Tally
    from hyper.engine.options import Configured, Options


FOLDER: Final = ".hyper"
# The share of outcomes from others that are made here again, to see that they are the same.
_AUDITED: Final = 0.01
AT_ONCE: Final = 32
"""So many blobs are fetched before their sizes are looked at."""


def cache_folder(configured: Configured) -> str | None:
    """The folder of all that is kept: as configured, else ``.hyper`` beside the configuration, else in the working folder.

    ``None`` where it, or what lies in it, is a link that nobody configured: a tree of sources must not lead us elsewhere.
    """
    folder = configured.options.cache
    if folder is None:
        folder = os.path.join(configured.folder or os.curdir, FOLDER)
        if _has_link(folder):
            return None
    return os.path.abspath(folder)


def _has_link(folder: str) -> bool:
    """Whether the cache's folder, or one of those in which files are made and removed, is a link."""
    if os.path.islink(folder):
        return True
    graphs = os.path.join(folder, "graphs")
    places = [folder, os.path.join(folder, "store"), graphs]
    with contextlib.suppress(OSError):
        places += [os.path.join(graphs, name) for name in os.listdir(graphs)]
    for place in places:
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            if any(entry.is_symlink() for entry in entries):
                return True
    return False


def disk_layer(folder: str, options: Options) -> DiskLayer:
    """The layer on disk of a cache's folder, with the bounds that are configured."""
    from hyper.cache.disk import DiskLayer

    return DiskLayer(
        os.path.join(folder, "store"),
        max_bytes=options.cache_size,
        max_age=options.cache_age * DAY,
        counts=False,  # of the stores of real builds, the last use tells more: docs/sketches.md
    )


OWN_OUTAGES: Final = frozenset({"owner", "state"})
"""Why what is here is not used: the folder is somebody else's, or the user's own cannot be written."""


class Sharing(NamedTuple):
    """What a compile knows of other places than the disk: the variables that say where a shared cache is, who hears once why it
    is not used, and what a session has at hand."""

    environment: Mapping[str, str]
    on_outage: Callable[[str], None]
    at_hand: Layer | None = None


ALONE: Final = Sharing(MappingProxyType({}), lambda _reason: None)


class Store:
    """The content store and the action cache of a project. Digests are hexadecimal, as everywhere in the engine."""

    def __init__(self, folder: str, options: Options, sharing: Sharing) -> None:
        """``folder`` is the cache's. Raises ``OptionError`` for an environment that does not say it right."""
        self._folder = os.path.join(folder, "store")
        self._options = options
        self._layer: Layered | None = None
        self._remote = open_remote(options, sharing)
        self._at_hand = sharing.at_hand
        self._tally: Tally | None = None
        self._disk: DiskLayer | None = None
        self._plain: Layered | None = None
        self._auditor: Auditor | None = None
        self._graphs = {"taken": 0, "dropped": 0}

    def outcome(self, key: str) -> Outcome | None:
        """The outcome of an action, or ``None``."""
        layer = self._open(make=False)
        if layer is None:
            return None
        raw = bytes.fromhex(key)
        value = layer.get_many("action", [raw]).get(raw)
        if value is None:
            return None
        try:
            return msgspec.msgpack.decode(value, type=Outcome)
        except (msgspec.DecodeError, RecursionError):
            return None

    def blobs(self, digests: Sequence[str]) -> dict[str, bytes]:
        """The bytes that are there, by digest. What is no digest is not there."""
        layer = self._open(make=False) if digests else None
        if layer is None:
            return {}
        raw = {_key(each): each for each in digests}
        raw.pop(b"", None)
        return {raw[key]: data for key, data in layer.get_many("blob", list(raw)).items()}

    def whole(self, sizes: Mapping[str, int], room: int) -> dict[str, bytes] | None:
        """The bytes of all these digests, which have these sizes. ``None`` where one is not there or has another size, or where all
        together have more bytes than ``room``: whoever fills a shared cache cannot have us hold what they like."""
        if min(sizes.values(), default=0) < 0 or sum(sizes.values()) > room:
            return None
        found: dict[str, bytes] = {}
        names = list(sizes)
        for at in range(0, len(names), AT_ONCE):
            some = names[at : at + AT_ONCE]
            found |= self.blobs(some)
            if any(name not in found or len(found[name]) != sizes[name] for name in some):
                return None
        return found

    def keep(self, key: str, outcome: Outcome, blobs: Mapping[str, bytes], seconds: float) -> None:
        """Keep an outcome and the bytes of all that it names."""
        layer = self._open(make=True)
        if layer is None:
            return
        layer.put_many("blob", {bytes.fromhex(name): data for name, data in blobs.items()})
        layer.put_many("action", {bytes.fromhex(key): msgspec.msgpack.encode(outcome)}, seconds)

    @property
    def withheld(self) -> bool:
        """Whether an outcome of others is there and is made here again, to see that it is the same."""
        return self._auditor is not None and self._auditor.counters["sampled"] > 0

    @property
    def place(self) -> str:
        """Where entries go, beside this disk: another text for another server, project or scope; empty where nowhere else."""
        remote = self._remote
        return remote.place if remote is not None and self._shares else ""

    def plain(self, kind: Kind, digests: Sequence[str]) -> dict[str, bytes]:
        """Entries that no audit makes again and no session keeps at hand, by digest."""
        self._open(make=False)
        if self._plain is None or not digests:
            return {}
        raw = {_key(each): each for each in digests}
        raw.pop(b"", None)
        return {raw[key]: data for key, data in self._plain.get_many(kind, list(raw)).items()}

    def put_plain(self, kind: Kind, entries: Mapping[str, bytes]) -> bool:
        """Keep such entries; gives whether those that share have them now."""
        self._open(make=True)
        if self._plain is None:
            return False
        shares = self._remote if self._shares else None
        before = shares.counters["puts"] if shares is not None else 0
        self._plain.put_many(kind, {_key(name): data for name, data in entries.items()})
        return shares is None or shares.counters["puts"] == before + len(entries)

    def newest(self, name: Sequence[str]) -> list[bytes]:
        """What stands under a name of which the value is written anew: here, and in each scope that is read."""
        self._open(make=False)
        here = [_of(name)]
        found = list(self._disk.get_many("action", here).values()) if self._disk is not None else []
        if self._remote is not None:
            scopes = [_of(name, scope) for scope in self._remote.scopes]
            found += self._remote.get_many("action", scopes).values()
        return found

    def put_newest(self, name: Sequence[str], change: Callable[[list[bytes]], bytes]) -> None:
        """Write it anew: ``change`` gives the value for those that stand here and in the scope that is written. The last one that
        writes is right: what another one wrote between may be lost."""
        self._open(make=True)
        remote = self._remote if self._shares else None
        values: list[bytes] = []
        if self._disk is not None:
            values += self._disk.get_many("action", [_of(name)]).values()
        if remote is not None:
            values += remote.get_many("action", [_of(name, remote.scope)]).values()
        value = change(values)
        if self._disk is not None:
            self._disk.put_many("action", {_of(name): value})
        if remote is not None:
            remote.put_many("action", {_of(name, remote.scope): value})

    def count_graph(self, what: Literal["taken", "dropped"]) -> None:
        """A graph of the store was taken, or was not what it should be."""
        self._graphs[what] += 1

    @property
    def _shares(self) -> bool:
        return self._options.sharing and self._remote is not None and self._remote.writes

    def count(self, units: Iterable[str], actions: Iterable[str]) -> None:
        """Units that were compiled, by the digests of their bytes, and actions that were done, for the census."""
        if self._options.sketching:
            from hyper.engine.counting import Tally

            self._tally = self._tally or Tally()
            self._tally.add(units, actions)

    @property
    def counters(self) -> dict[str, int]:
        """The counts of each layer that was opened, such as ``disk_hits``."""
        layers = self._layer.by_layer if self._layer is not None else {}
        graphs = self._graphs if self._layer is not None else {}
        return {
            f"{name}_{key}": count
            for name, counts in (*layers.items(), ("graphs", graphs))
            for key, count in counts.items()
        }

    def close(self) -> None:
        """Make lasting what was kept."""
        if self._tally is not None and self._layer is not None:
            remote = self._remote if self._options.sharing else None
            self._tally.close(os.path.dirname(self._folder), remote)
            self._tally = None
        if self._layer is not None:
            self._layer.close()
            self._layer = self._plain = self._disk = None

    def _audited(self, remote: RedisLayer) -> Layer:
        """What machines share, audited, and only read where the tier says so."""
        from hyper.cache.layered import ReadOnly
        from hyper.cache.trust import Audited, Auditor
        from hyper.engine.ownership import machine

        salt = b""
        with contextlib.suppress(OSError):
            # Each machine looks at other entries, and nobody else knows at which.
            salt = machine()
        self._auditor = Auditor(_AUDITED, salt=salt)
        audited = Audited(remote, self._auditor)
        return audited if self._options.sharing else ReadOnly(audited)

    def _open(self, *, make: bool) -> Layer | None:
        """The layers; without ``make``, only where an earlier build made the folder or others share what they have."""
        make = make or self._remote is not None
        if self._layer is None and (make or os.path.isdir(self._folder)):
            from hyper.cache.layered import Layered, ReadOnly

            # A cache that cannot be written here is no reason not to read what others share.
            with contextlib.suppress(OSError):
                make_cache_folder(os.path.dirname(self._folder))
                self._disk = disk_layer(os.path.dirname(self._folder), self._options)
            here: list[Layer] = [self._disk] if self._disk is not None else []
            layers = [*([self._at_hand] if self._at_hand is not None else []), *here]
            if self._remote is not None:
                layers.append(self._audited(self._remote))
                here.append(self._remote if self._shares else ReadOnly(self._remote))
            self._layer, self._plain = Layered(layers), Layered(here)
        return self._layer


def open_remote(options: Options, sharing: Sharing) -> RedisLayer | None:
    """What machines share; ``None`` where there is none. Raises ``OptionError`` for an environment that does not say it right."""
    if not sharing.environment.get("HYPER_CACHE_URL"):
        return None
    from hyper.cache.remote import open_shared

    try:
        return open_shared(options.project, sharing.environment, sharing.on_outage)
    except ValueError as error:
        raise OptionError("E0903", f"the shared cache: {error}") from None
    except ImportError:
        message = "the shared cache needs redis: pip install 'hypercompiler[cache]'"
        raise OptionError("E0903", message) from None


def _of(name: Sequence[str], scope: str = "") -> bytes:
    return _key(digest.of_parts(part.encode("utf-8", "surrogateescape") for part in (*name, scope)))


def _key(digest: str) -> bytes:
    try:
        return bytes.fromhex(digest)
    except ValueError:
        return b""
