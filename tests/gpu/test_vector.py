"""The suite of back ends over NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from tests.gpu.conformance import BackendConformance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.gpu.backend import Backend


class TestVector(BackendConformance):
    boundaries: ClassVar[Sequence[int]] = (64, 256, 384, 4096)

    @pytest.fixture
    def backend(self) -> Backend:
        pytest.importorskip("numpy")
        from hyper.gpu.vector.backend import VectorBackend

        return VectorBackend()
