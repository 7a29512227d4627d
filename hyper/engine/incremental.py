"""Doing nothing twice: a build whose sources, options and compiler are as they were is answered from its record.

The stamps of sources and outputs are looked at first, bytes only where a stamp does not vouch for them. What the record says is
checked against the output folder: a file that is gone or changed there is built again.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from hyper.base import digest
from hyper.engine.record import Outcome, Record, Records, name_of
from hyper.engine.result import Miss
from hyper.engine.stamps import Stamps, look, unchanged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.engine.options import Configured, Options
    from hyper.engine.stamps import Seen

Kind: TypeAlias = Literal["build", "check", "analyse"]

FOLDER: Final = ".hyper"


def open_request(
    kind: Kind, configured: Configured, root: str, paths: Sequence[str]
) -> Request | None:
    """The request of a compile; ``None`` where its cache would be where a link of the tree leads.

    The cache's folder is as configured, else ``.hyper`` beside the configuration, else in the working folder.
    """
    folder = configured.options.cache
    if folder is None:
        folder = os.path.join(configured.folder or os.curdir, FOLDER)
        if os.path.islink(folder):
            return None
    records = Records(os.path.abspath(os.path.join(folder, "records")))
    return Request(records, kind, root, paths, configured.options)


class Request:
    """One compile as the cache sees it: what was asked for, and where. ``root`` and ``out`` are paths of folders."""

    def __init__(
        self, records: Records, kind: Kind, root: str, paths: Sequence[str], options: Options
    ) -> None:
        self._records = records
        self._kind = kind
        self._root = root
        self._paths = paths
        self._options = options
        self._compiler = records.compiler()
        shown = (os.path.relpath(each, records.folder) for each in (root, options.out))
        shape = (options.package or "", ",".join(options.target))
        self._name = name_of((kind, *shown, *shape))
        self._record = records.load(self._name)
        self._seen: Seen | None = None
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
            self.misses.append(Miss("", "nothing is kept of an earlier build of this"))
            return None
        if record.key != self._key(self._seen.stamps):
            self.misses += differences(record.sources, self._seen.stamps)
            if not self.misses:
                self.misses.append(Miss("", "the compiler is not the one of the earlier build"))
            return None
        outputs = record.outputs
        if record.outcome.files:
            found = unchanged(self._folder(record.outcome), outputs)
            if isinstance(found, str):
                path = f"{record.outcome.package}/{found}"
                self.misses.append(Miss(path, "this output is gone or was changed"))
                return None
            outputs = found
        if not (record.sources.settled() and record.outputs.settled()):
            self._records.save(
                self._name, Record(record.key, self._seen.stamps, outputs, record.outcome)
            )
        return record.outcome

    def keep(self, outcome: Outcome, contents: Sequence[tuple[str, bytes]]) -> None:
        """Record what was done for the bytes that it was done with.

        Nothing is kept where a source has other bytes by now, or an output is not what the outcome says.
        """
        sources = self._seen.stamps if self._seen is not None else Stamps(0, [])
        built = [(path, digest.of_bytes(data)) for path, data in contents]
        if built != [(item.path, item.digest) for item in sources.files]:
            return
        outputs = Stamps(time.time_ns(), [])
        if outcome.files:
            names = [path for path, _, _ in outcome.files]
            try:
                outputs = look(self._folder(outcome), names, None).stamps
            except OSError:
                return
            if [(item.path, item.size, item.digest) for item in outputs.files] != outcome.files:
                return
        self._records.save(self._name, Record(self._key(sources), sources, outputs, outcome))

    def _key(self, sources: Stamps) -> str:
        options = self._options
        parts = [self._compiler, self._kind, options.package or "", ",".join(options.target)]
        for item in sources.files:
            parts += (item.path, item.digest)
        return digest.of_parts(part.encode("utf-8", "surrogateescape") for part in parts)

    def _folder(self, outcome: Outcome) -> str:
        return os.path.join(self._options.out, outcome.package or "")


def differences(before: Stamps, now: Stamps) -> list[Miss]:
    """How the sources of a build differ from those of an earlier one, by path."""
    old = {item.path: item.digest for item in before.files}
    new = {item.path: item.digest for item in now.files}
    found = [Miss(path, "this file is gone") for path in old if path not in new]
    found += [Miss(path, "this file is new") for path in new if path not in old]
    changed = [path for path in new if path in old and old[path] != new[path]]
    found += [Miss(path, "this file has other bytes") for path in changed]
    return sorted(found, key=lambda miss: miss.path)
