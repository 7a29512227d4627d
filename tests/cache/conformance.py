"""What every layer of the store keeps to. For the author of a layer, too:

    class TestMyLayer(LayerConformance):
        @pytest.fixture
        def layer(self) -> Iterator[Layer]:
            layer = MyLayer(...)
            yield layer
            layer.close()

The layer is empty and has room for 20 MB. One that may lose entries at any time, or that takes blobs of a few
kilobytes only, says so in ``keeps`` and ``largest``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyper.cache.protocol import COUNTERS, KINDS
from tests.cache.entries import action, blobs, key_of, noise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.cache.protocol import Kind, Layer

VALUES = st.binary(max_size=400) | st.integers(0, 3000).map(lambda size: b"line\n" * size)
STEPS = st.tuples(st.sampled_from(KINDS), st.lists(VALUES, max_size=6), st.booleans())


class LayerConformance:
    """Subclass it, and give it the fixture ``layer``."""

    keeps: ClassVar[bool] = True
    largest: ClassVar[int] = 3_000_000

    @pytest.fixture
    def layer(self) -> Iterator[Layer]:
        pytest.fail("a suite has a fixture of its own that gives the layer")

    def _same(self, found: dict[bytes, bytes], put: dict[bytes, bytes]) -> None:
        assert found.items() <= put.items()
        if self.keeps:
            assert found == put

    def test_it_has_a_name(self, layer: Layer) -> None:
        assert layer.name

    @pytest.mark.parametrize("kind", KINDS)
    def test_an_empty_layer_has_nothing(self, layer: Layer, kind: Kind) -> None:
        assert layer.get_many(kind, [action(1)]) == {}
        assert layer.get_many(kind, []) == {}

    def test_what_is_put_is_read_before_and_after_the_flush(self, layer: Layer) -> None:
        put = blobs([b"", b"one", b"two" * 1000, noise(1, 5000)])
        layer.put_many("blob", put, 0.5)
        self._same(layer.get_many("blob", list(put)), put)
        layer.flush()
        self._same(layer.get_many("blob", list(put)), put)

    def test_actions_have_any_value(self, layer: Layer) -> None:
        put = {action(1): b"result", action(2): b""}
        layer.put_many("action", put)
        layer.flush()
        self._same(layer.get_many("action", list(put)), put)

    def test_kinds_are_apart(self, layer: Layer) -> None:
        content = b"content"
        layer.put_many("blob", blobs([content]))
        layer.flush()
        assert layer.get_many("action", [key_of(content)]) == {}
        layer.put_many("action", {key_of(content): b"another"})
        self._same(layer.get_many("action", [key_of(content)]), {key_of(content): b"another"})
        self._same(layer.get_many("blob", [key_of(content)]), blobs([content]))

    def test_a_later_action_replaces_an_earlier_one(self, layer: Layer) -> None:
        for value in (b"first", b"second", b"third"):
            layer.put_many("action", {action(1): value})
            layer.flush()
            self._same(layer.get_many("action", [action(1)]), {action(1): value})

    def test_only_what_is_asked_for(self, layer: Layer) -> None:
        put = {action(number): b"%d" % number for number in range(5)}
        layer.put_many("action", put)
        asked = [action(3), action(9), action(1), action(3)]
        found = layer.get_many("action", asked)
        self._same(found, {key: put[key] for key in (action(3), action(1))})
        assert list(found) == [key for key in (action(3), action(1)) if key in found]

    def test_a_blob_that_is_not_what_its_key_says_is_never_read(self, layer: Layer) -> None:
        key = key_of(b"good")
        layer.put_many("blob", {key: b"bad!"})
        assert layer.get_many("blob", [key]) == {}
        layer.flush()
        assert layer.get_many("blob", [key]) == {}
        layer.put_many("blob", {key: b"good"})
        layer.flush()
        self._same(layer.get_many("blob", [key]), {key: b"good"})

    def test_a_bad_blob_spoils_no_other(self, layer: Layer) -> None:
        put = blobs([b"one", b"two"])
        layer.put_many("blob", {**put, key_of(b"three"): b"four"})
        layer.flush()
        self._same(layer.get_many("blob", [*put, key_of(b"three")]), put)

    def test_a_large_blob(self, layer: Layer) -> None:
        put = blobs([noise(7, self.largest)])
        layer.put_many("blob", put)
        layer.flush()
        self._same(layer.get_many("blob", list(put)), put)

    def test_many_at_once(self, layer: Layer) -> None:
        put = {action(number): b"%d" % number for number in range(1500)}
        layer.put_many("action", put)
        self._same(layer.get_many("action", list(put)), put)
        layer.flush()
        self._same(layer.get_many("action", list(put)), put)

    def test_counters(self, layer: Layer) -> None:
        assert all(layer.counters[name] == 0 for name in COUNTERS)
        put = blobs([b"12345", b"123"])
        layer.put_many("blob", put)
        found = layer.get_many("blob", [*put, key_of(b"other")])
        counters = layer.counters
        assert counters["puts"] == 2
        assert counters["bytes_in"] == 8
        assert counters["hits"] == len(found)
        assert counters["hits"] + counters["misses"] == 3
        assert counters["bytes_out"] == sum(map(len, found.values()))
        assert counters["errors"] == counters["dropped"] == 0

    def test_counters_are_a_copy(self, layer: Layer) -> None:
        layer.counters["hits"] += 5
        assert layer.counters["hits"] == 0

    def test_a_flush_with_nothing_to_do(self, layer: Layer) -> None:
        layer.flush()
        layer.flush()

    def test_a_closed_layer_has_nothing_and_takes_nothing(self, layer: Layer) -> None:
        put = blobs([b"one"])
        layer.put_many("blob", put)
        layer.close()
        assert layer.get_many("blob", list(put)) == {}
        layer.put_many("blob", put)
        layer.flush()
        layer.close()
        assert layer.get_many("blob", list(put)) == {}

    def test_it_agrees_with_a_dictionary(self, layer: Layer) -> None:
        """One layer for all examples: the numbers of an example's actions begin anywhere."""

        @settings(max_examples=10)
        @given(st.integers(0, 2**64), st.lists(STEPS, min_size=1, max_size=8))
        def agrees(first: int, steps: list[tuple[Kind, list[bytes], bool]]) -> None:
            model: dict[tuple[Kind, bytes], bytes] = {}
            for kind, values, flush in steps:
                put = (
                    blobs(values)
                    if kind == "blob"
                    else {action(first + at % 4): value for at, value in enumerate(values)}
                )
                layer.put_many(kind, put)
                model.update({(kind, key): value for key, value in put.items()})
                if flush:
                    layer.flush()
                for each in KINDS:
                    wanted = {key: value for (other, key), value in model.items() if other == each}
                    self._same(layer.get_many(each, list(wanted)), wanted)

        agrees()
