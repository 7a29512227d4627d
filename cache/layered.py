"""Layers in front of one another, the near and fast ones first, and layers with less to them: read only, or never closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hyper.cache.protocol import Kind, Layer


class Layered:
    """Reads each key from the first layer that has it, and puts what it found into the layers before that one.

    What is put goes to every layer. ``counters`` are those of the whole (a hit in any layer is one hit);
    ``by_layer`` has each layer's own.
    """

    def __init__(self, layers: Sequence[Layer], *, name: str = "layered") -> None:
        """The layers belong to this one: closing it closes them. Raises ``ValueError`` for two of one name."""
        self.name = name
        self._layers = tuple(layers)
        names = [layer.name for layer in self._layers]
        if len(set(names)) != len(names):
            raise ValueError(f"two layers are called the same: {', '.join(names)}")
        self._hits = self._misses = self._puts = self._bytes_in = self._bytes_out = 0

    @property
    def counters(self) -> dict[str, int]:
        """Counts of the whole; bad entries and errors are those of all layers together."""
        each = [layer.counters for layer in self._layers]
        return {
            "hits": self._hits,
            "misses": self._misses,
            "puts": self._puts,
            "bytes_in": self._bytes_in,
            "bytes_out": self._bytes_out,
            "dropped": sum(counters["dropped"] for counters in each),
            "errors": sum(counters["errors"] for counters in each),
        }

    @property
    def by_layer(self) -> dict[str, dict[str, int]]:
        """The counters of each layer, by its name, nearest first."""
        return {layer.name: layer.counters for layer in self._layers}

    def get_many(self, kind: Kind, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """See ``Layer``."""
        wanted = list(dict.fromkeys(keys))
        found: dict[bytes, bytes] = {}
        missing = wanted
        for depth, layer in enumerate(self._layers):
            if not missing:
                break
            here = layer.get_many(kind, missing)
            if here:
                for nearer in self._layers[:depth]:
                    nearer.put_many(kind, here)
                found.update(here)
                missing = [key for key in missing if key not in here]
        self._hits += len(found)
        self._misses += len(missing)
        self._bytes_out += sum(map(len, found.values()))
        return {key: found[key] for key in wanted if key in found}

    def put_many(self, kind: Kind, entries: Mapping[bytes, bytes], cost: float = 0.0) -> None:
        """See ``Layer``."""
        for layer in self._layers:
            layer.put_many(kind, entries, cost)
        self._puts += len(entries)
        self._bytes_in += sum(map(len, entries.values()))

    def flush(self) -> None:
        """See ``Layer``."""
        for layer in self._layers:
            layer.flush()

    def close(self) -> None:
        """See ``Layer``."""
        for layer in self._layers:
            layer.close()


class ReadOnly:
    """A layer that is read and never written; ``refused`` counts what was not put."""

    def __init__(self, layer: Layer) -> None:
        self.name = layer.name
        self._layer = layer
        self._refused = 0

    @property
    def counters(self) -> dict[str, int]:
        """The layer's own, and ``refused``."""
        return {**self._layer.counters, "refused": self._refused}

    def get_many(self, kind: Kind, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """See ``Layer``."""
        return self._layer.get_many(kind, keys)

    def put_many(self, kind: Kind, entries: Mapping[bytes, bytes], cost: float = 0.0) -> None:
        """Nothing is put."""
        del kind, cost
        self._refused += len(entries)

    def flush(self) -> None:
        """See ``Layer``."""
        self._layer.flush()

    def close(self) -> None:
        """See ``Layer``."""
        self._layer.close()


class Lasting:
    """A layer that outlives its users: closing it leaves it open. Counts are those since this one was made."""

    def __init__(self, layer: Layer) -> None:
        self.name = layer.name
        self._layer = layer
        self._before = layer.counters

    @property
    def counters(self) -> dict[str, int]:
        """What was counted meanwhile."""
        return {key: count - self._before[key] for key, count in self._layer.counters.items()}

    def get_many(self, kind: Kind, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """See ``Layer``."""
        return self._layer.get_many(kind, keys)

    def put_many(self, kind: Kind, entries: Mapping[bytes, bytes], cost: float = 0.0) -> None:
        """See ``Layer``."""
        self._layer.put_many(kind, entries, cost)

    def flush(self) -> None:
        """See ``Layer``."""
        self._layer.flush()

    def close(self) -> None:
        """Only flush: others go on with the layer."""
        self._layer.flush()
