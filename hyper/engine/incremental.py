"""Doing nothing twice: a build whose sources, options and compiler are as they were is answered from what was kept.

First from the record of the last build: the stamps of sources and outputs are looked at, bytes only where a stamp does not vouch
for them, and a file that is gone or changed in the output is a miss. Then from the store, which has the outcomes of earlier
builds under the digest of all that they depend on, and their files: those are written anew.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from hyper.base import digest
from hyper.engine import ownership, spares
from hyper.engine.metrics import COUNTS
from hyper.engine.record import DAY, Kind, Outcome, Record, Records, name_of
from hyper.engine.result import Miss
from hyper.engine.stamps import Stamps, look, looked_again, stamped, unchanged
from hyper.engine.store import AT_ONCE, Sharing, Store, cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from hyper.engine.graph.kept import Graph
    from hyper.engine.graph.shared import Near, SharedGraphs
    from hyper.engine.options import Configured, Options
    from hyper.engine.pipeline import Compilation
    from hyper.engine.stamps import Seen, Stamp

Blobs: TypeAlias = "Callable[[Sequence[str]], Mapping[str, bytes]]"

# Of more files than these nobody reads where they differ.
_EXPLAINED: Final = 20
_DIGEST_BYTES: Final = 32
# What outputs that are fetched may have in bytes, and for each source besides.
_ROOM: Final = 256 << 20
_ROOM_OF_FILE: Final = 1 << 20
# The same of the objects of a module, and for each function besides.
_ROOM_OF_OBJECTS: Final = 8 << 20
# A graph of this request that is no further away than so many files, or this share of them, is not looked for elsewhere.
_NEAR: Final = 8
_NEAR_SHARE: Final = 1 / 16


def open_request(
    kind: Kind, configured: Configured, root: str, paths: Sequence[str], sharing: Sharing
) -> Request | None:
    """The request of a compile; ``None`` where it has no cache, or the compiler cannot tell its own identity.

    Raises ``OptionError`` where the environment says wrong where the shared cache is.
    """
    folder = cache_folder(configured)
    if folder is None or not _is_believed(folder, configured, sharing):
        return None
    store = Store(folder, configured.options, sharing)
    try:
        return Request(Records(folder), store, kind, (root, tuple(paths)), configured)
    except OSError:
        return None


def _is_believed(folder: str, configured: Configured, sharing: Sharing) -> bool:
    """Whether what a cache says may be believed: the caller has named its folder, or this user's compiler made it."""
    if "cache" in configured.chosen:
        return True
    try:
        ours = ownership.claim(folder)
    except OSError:
        sharing.on_outage("state")
        return False
    if not ours:
        sharing.on_outage("owner")
    return ours


class Request:
    """One compile as the cache sees it: what was asked for, and where. ``root`` and ``out`` are paths of folders."""

    def __init__(
        self,
        records: Records,
        store: Store,
        kind: Kind,
        sources: tuple[str, tuple[str, ...]],
        configured: Configured,
    ) -> None:
        """``sources`` are the source root and the files in it. Raises ``OSError`` where the compiler's own files are gone."""
        self._records = records
        self._store = store
        self._kind = kind
        root, self._paths = sources
        self._root = root
        self._options = options = configured.options
        self._compiler = records.compiler()
        shown = [_from(records.folder, each) for each in (root, options.out)]
        self._shaping = (*_native(options), *filter(None, (configured.trained,)))
        shape = (options.package or "", ",".join(options.target), *self._shaping)
        self._name = name_of((kind, *shown, *shape))
        self._record = records.load(self._name)
        self._seen: Seen | None = None
        self._graph_folder = os.path.join(graph_folder(records.folder, shown[0]), self._name)
        self._graph: Graph | None = None
        home = configured.folder
        # Another checkout has another path, and the same name of its root.
        named = _from(home, root) if home is not None else os.path.basename(os.path.abspath(root))
        self._shared_name = (options.project, named, *shape)
        self._shared: SharedGraphs | None = None
        self._fetched: set[str] = set()
        self._standing: dict[str, Stamp] | None = None
        self._placed: Stamps | None = None
        self.remark = ""
        """What is to say of where the graph came from."""
        self.misses: list[Miss] = []

    @property
    def read(self) -> dict[str, bytes]:
        """The bytes of the sources that had to be read to tell whether they changed, by path."""
        return self._seen.read if self._seen is not None else {}

    def replay(self) -> Outcome | None:
        """The outcome of before where doing it again would come to the same; ``None`` where it has to be done.

        Sources that cannot be read make it ``None``: reading them is what tells the reader so.
        """
        record = self._record
        try:
            self._seen = look(self._root, self._paths, record.sources if record else None)
        except OSError:
            return None
        if record is None:
            self.misses.append(Miss("", "no build of this with this output is on record"))
            return None
        if record.key != self._key(self._seen.stamps):
            self.misses += differences(record.sources, self._seen, self._store.blobs)
            if not self.misses:
                self.misses.append(Miss("", "the compiler is not the one of the earlier build"))
            return None
        outputs = record.outputs
        if record.outcome.files:
            found = unchanged(self._folder(record.package), outputs)
            if isinstance(found, str):
                path = f"{record.package}/{found}"
                self.misses.append(Miss(path, "this output is gone or was changed"))
                return None
            outputs = found
        trusted = record.sources.settled()
        if not trusted or (record.outcome.files and not record.outputs.settled()):
            again = msgspec.structs.replace(record, sources=self._seen.stamps, outputs=outputs)
            self._records.save(self._name, again)
        return record.outcome

    def restore(self) -> tuple[Outcome, dict[str, bytes]] | None:
        """The outcome of an earlier build of the same, with the bytes of all its files by path; ``None`` where none is kept."""
        if self._seen is None:
            return None
        outcome = self._store.outcome(self._key(self._seen.stamps))
        if outcome is None or not _is_plausible(outcome, self._options):
            return None
        sizes = {content: size for _, size, content in outcome.files}
        if sum(size for _, size, _ in outcome.files) > self._room:
            told = f"what is kept of it is larger than {self._room >> 20} MB: nobody makes so much of so few sources"
            self.misses.append(Miss("", told))
            return None
        blobs = self._store.whole(sizes, self._room)
        if blobs is None:
            return None
        return outcome, {path: blobs[content] for path, _, content in outcome.files}

    def keep(
        self,
        outcome: Outcome,
        built: tuple[Mapping[str, str], Mapping[str, bytes]],
        made: Mapping[str, bytes | None],
        seconds: float,
    ) -> None:
        """Keep what was done in ``seconds``, ``made`` being its files by path: ``None`` for those that stood before.

        ``built`` are the digests of the sources that it was done with, by path, and the bytes of those that were read.
        Nothing is kept where a source could not be read, or has other bytes by now.
        """
        if self._seen is None:
            return
        sources = self._seen.stamps
        digests, contents = built
        if digests != {item.path: item.digest for item in sources.files}:
            return
        blobs = {digests[path]: data for path, data in contents.items()}
        blobs |= {
            content: data
            for path, _, content in outcome.files
            if (data := made[path]) is not None and content not in self._fetched
        }
        key = self._key(sources)
        self._store.keep(key, outcome, blobs, seconds)
        self._store.count([digests[path] for path in contents], [key])
        self.record(outcome)
        self._sweep()

    def _sweep(self) -> None:
        from hyper.engine.graph.care import sweep

        age = self._options.cache_age * DAY
        folder = os.path.dirname(self._records.folder)
        self._records.sweep(age)
        sweep(folder, age)
        spares.sweep(folder, age)
        ownership.sweep(folder)

    def standing(self) -> dict[str, Stamp]:
        """The outputs of the last build of this that left any, by path from the package's folder.

        None where one is not as it was.
        """
        if self._standing is None:
            record = self._record
            self._standing = {}
            if record is not None and record.outputs.files:
                found = unchanged(self._folder(record.package), record.outputs)
                if not isinstance(found, str):
                    self._standing = {item.path: item for item in found.files}
        return self._standing

    def standing_in(self, package: str) -> dict[str, Stamp]:
        """``standing``, where that build was one of this package."""
        record = self._record
        return self.standing() if record is not None and record.package == package else {}

    def stands(self, paths: Collection[str]) -> bool:
        """Whether outputs that stood when they were looked at are still the same."""
        record = self._record
        if record is None:
            return not paths
        contents = [(path, self.standing()[path].digest) for path in paths]
        return stamped(self._folder(record.package), contents, self.standing()) is not None

    def placed(
        self, package: str, facts: Mapping[str, tuple[int, str]], carried: Collection[str]
    ) -> None:
        """Outputs are in place, and no other build can have changed them yet: take their stamps, without reading any.

        ``facts`` are the size and digest of each by path, ``carried`` those that stood before (``standing``).
        """
        before = {path: self.standing()[path] for path in carried}
        contents = [(path, facts[path][1]) for path in sorted(facts)]
        self._placed = stamped(self._folder(package), contents, before)

    def spare(self, folder: str) -> str:
        """Where the spare of an output folder is put away."""
        cache = os.path.dirname(self._records.folder)
        return os.path.join(cache, spares.FOLDER, name_of((_from(cache, folder),)))

    def record(self, outcome: Outcome) -> None:
        """Record an outcome; one whose files are not in place (``placed``) is not recorded.

        One without files leaves the outputs as they were, which the next build may find standing.
        """
        if self._seen is None:
            return
        before = self._record
        outputs: Stamps | None
        if outcome.files:
            outputs, package = self._stamps_of(outcome), outcome.package
        elif before is not None:
            outputs, package = before.outputs, before.package
        else:
            outputs, package = Stamps(time.time_ns(), []), None
        if outputs is None:
            return
        sources = self._seen.stamps
        record = Record(self._key(sources), sources, outputs, outcome, package)
        self._records.save(self._name, record)

    def _stamps_of(self, outcome: Outcome) -> Stamps | None:
        """The stamps of the files of an outcome; ``None`` where one is not in place, or has been changed since it was put there."""
        placed = self._placed
        if placed is None:
            return None
        if [(item.path, item.size, item.digest) for item in placed.files] != outcome.files:
            return None
        return looked_again(self._folder(outcome.package), placed)

    def graph(self) -> Graph | None:
        """What an earlier build of the same source root knew of its units, where this one has to be made.

        One of the store, where none is here or it has one that is nearer.
        """
        if self._seen is None:
            return None
        if self._store.withheld:
            # What others say is compared with what comes of nothing that they may have had a hand in.
            self.remark = "all files are compiled, to compare with what is shared"
            return None
        from hyper.engine.graph.kept import load_any

        own = load_any(self._graph_folder, self._compiler)
        self._graph = self._nearer(own) or own
        return self._graph

    def _nearer(self, own: Graph | None) -> Graph | None:
        """A graph of the store that is nearer than the one that is here."""
        digests = self.digests
        below: float = len(digests)
        if own is not None:
            far = _distance(digests, {row.path: row.content for row in own.index.rows})
            few = max(_NEAR, _NEAR_SHARE * len(digests))
            if own.folder != self._graph_folder:
                # It is of another request: what was emitted for this one is worth some units more.
                below = far + few
            elif far <= few:
                return None
            else:
                below = far / 2
        found = self._shared_graphs().nearest(digests, self._known(), below)
        if found is None:
            return None
        graph, far = found
        same = max(len(digests), len(graph.index.rows)) - far
        self.remark = (
            f"it starts from a shared build, with about {same} of {len(digests)} files the same"
        )
        return graph

    def _known(self) -> list[Near]:
        """The build that the output is of, which may have been restored."""
        from hyper.engine.graph.shared import Near

        record = self._record
        if record is None or not record.outcome.success:
            return []  # nothing is known of the units of a build with errors
        sources = {item.path: item.digest for item in record.sources.files}
        return [Near(_distance(self.digests, sources), self._kind, record.key)]

    def _shared_graphs(self) -> SharedGraphs:
        if self._shared is None:
            from hyper.engine.graph.shared import SharedGraphs

            request = (self._kind, self._shared_name)
            self._shared = SharedGraphs(
                self._store, self._compiler, request, self._graph_folder, self._key_of
            )
        return self._shared

    @property
    def is_given(self) -> bool:
        """Whether something of the graph came from the store, now or before an earlier edit: others may have had it lie."""
        return self._graph is not None and self._graph.index.given

    def drop_graph(self) -> None:
        """What the graph said does not hold: it is worth nothing, and one that was given is counted."""
        if self.is_given:
            self._store.count_graph("dropped")
        self._graph = None

    @property
    def digests(self) -> dict[str, str]:
        """The digest of each source, by path."""
        return {item.path: item.digest for item in self._seen.stamps.files} if self._seen else {}

    def keep_graph(
        self,
        state: Compilation,
        sources: tuple[Mapping[str, str], Mapping[str, bytes]],
        emitted: bytes,
    ) -> None:
        """Keep what is known of the units for the build that follows an edit. ``state`` has no error.

        ``sources`` are the digests of all and the bytes of those that were read, by path; ``emitted`` is the record of what was
        emitted.
        """
        if self._seen is None or sources[0] != self.digests:
            return
        from hyper.engine.graph.keep import Kept, keep

        kept = Kept(self._compiler, self.key, emitted)
        saved = keep(self._graph_folder, kept, state, sources, self._graph)
        if saved is not None:
            changed = len(state.partial.why) if state.partial is not None else None
            self._shared_graphs().put(saved, self.digests, changed)

    def emitted(self) -> tuple[bytes, Graph] | None:
        """The record of what the build of the graph emitted, with that graph; ``None`` where it is not one of this request."""
        graph = self._graph
        if graph is None or not graph.index.emitted or graph.folder != self._graph_folder:
            return None
        return graph.index.emitted, graph

    def objects(self) -> StoredObjects:
        """Where objects of machine code are kept."""
        return StoredObjects(self._store)

    def outputs(self, sizes: Mapping[str, int]) -> dict[str, bytes]:
        """Files that earlier builds made, by digest, for which their sizes are given; none where the store does not have all."""
        found = self._store.whole(sizes, self._room) or {}
        self._fetched |= found.keys()
        return found

    @property
    def _room(self) -> int:
        """How many bytes the outputs may have."""
        return _ROOM + _ROOM_OF_FILE * len(self._paths)

    @property
    def key(self) -> str:
        """The digest of all that the outcome depends on; empty where that is not known."""
        return self._key(self._seen.stamps) if self._seen is not None else ""

    @property
    def counters(self) -> dict[str, int]:
        """The counts of the store's layers."""
        return self._store.counters

    def close(self) -> None:
        """Make lasting what was kept, and let go of the store."""
        self._store.close()

    def _key(self, sources: Stamps) -> str:
        return self._key_of(self._kind, ((item.path, item.digest) for item in sources.files))

    def _key_of(self, kind: Kind, sources: Iterable[tuple[str, str]]) -> str:
        """The key of a build or check of this request of other sources: their paths and digests, by path."""
        options = self._options
        parts = [self._compiler, kind, options.package or "", ",".join(options.target)]
        parts += self._shaping
        for path, content in sources:
            parts += (path, content)
        return digest.of_parts(part.encode("utf-8", "surrogateescape") for part in parts)

    def _folder(self, package: str | None) -> str:
        return os.path.join(self._options.out, package or "")


class StoredObjects:
    """Objects in the store: as blobs by their own digest, which stand under that of all that they are made from."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Those that are there, by what they are made from; none where a result of others is made again, to compare."""
        if self._store.withheld:
            return {}
        named = {
            key: content.hex()
            for key, content in self._store.plain("action", keys).items()
            if len(content) == _DIGEST_BYTES
        }
        blobs: dict[str, bytes] = {}
        contents = list(dict.fromkeys(named.values()))
        room = _ROOM_OF_OBJECTS + _ROOM_OF_FILE * len(keys)
        for at in range(0, len(contents), AT_ONCE):
            found = self._store.plain("blob", contents[at : at + AT_ONCE])
            room -= sum(map(len, found.values()))
            if room < 0:  # nobody made this of these functions
                return {}
            blobs |= found
        return {key: blobs[content] for key, content in named.items() if content in blobs}

    def put(self, entries: Mapping[str, bytes]) -> None:
        """Keep these."""
        contents = {key: digest.of_bytes(data) for key, data in entries.items()}
        self._store.put_plain("blob", {contents[key]: data for key, data in entries.items()})
        self._store.put_plain(
            "action", {key: bytes.fromhex(each) for key, each in contents.items()}
        )


def _distance(one: Mapping[str, str], other: Mapping[str, str]) -> int:
    """In how many files sources differ, which are digests by path."""
    return max(len(one), len(other)) - len(one.items() & other.items())


def graph_folder(records: str, root: str) -> str:
    """The folder of the graphs of a source root, beside the records: one for each kind of build that is asked of it."""
    return os.path.join(os.path.dirname(records), "graphs", name_of(("graph", root)))


def _native(options: Options) -> tuple[str, ...]:
    """What shapes native code, where it is asked for."""
    if not options.compiles:
        return ()
    from hyper.engine.natives.toolchain import shape_of

    return shape_of(options)


def _from(folder: str, path: str) -> str:
    """A path from the cache's folder, so that a project that moves keeps its records; whole where it is on another drive."""
    try:
        return os.path.relpath(path, folder)
    except ValueError:
        return os.path.abspath(path)


def _is_plausible(outcome: Outcome, options: Options) -> bool:
    """Whether an outcome can be one of these options: all is counted, and its package is a folder's name and nothing else."""
    if not outcome.stats.keys() >= COUNTS:
        return False
    if not outcome.files:
        return True
    package = outcome.package or ""
    return package.isidentifier() and options.package in {None, package}


def differences(before: Stamps, seen: Seen, blobs: Blobs) -> list[Miss]:
    """How the sources of a build differ from those of an earlier one, by path; ``blobs`` gives what is kept of that one."""
    old = {item.path: item.digest for item in before.files}
    new = {item.path: item.digest for item in seen.stamps.files}
    found = [Miss(path, "this file is gone") for path in old if path not in new]
    found += [Miss(path, "this file is new") for path in new if path not in old]
    changed = [path for path in new if path in old and old[path] != new[path]]
    texts = blobs([old[path] for path in changed[:_EXPLAINED]])
    for path in changed:
        then, now = texts.get(old[path]), seen.read.get(path)
        where = ""
        if then is not None and now is not None:
            where = f", from line {_first_difference(then, now)} on"
        found.append(Miss(path, f"this file has other bytes{where}"))
    return sorted(found, key=lambda miss: miss.path)


def _first_difference(then: bytes, now: bytes) -> int:
    """The first line in which two texts differ, from 1."""
    same = zip(then.splitlines(), now.splitlines(), strict=False)
    return next(
        (number for number, (one, other) in enumerate(same, 1) if one != other),
        min(then.count(b"\n"), now.count(b"\n")) + 1,
    )
