"""The suite of back ends on a graphics adapter: with the bindings that it has, and with ones so small that all is streamed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, ClassVar

import pytest

from hyper.gpu.backend import BackendError
from hyper.gpu.webgpu.backend import WebgpuBackend
from hyper.gpu.webgpu.device import Limits
from tests.gpu.conformance import BackendConformance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.gpu.backend import Backend


@cache
def adapter_or_skip(limits: Limits) -> WebgpuBackend:
    backend = WebgpuBackend(limits)
    try:
        backend.open()
    except BackendError as error:
        pytest.skip(f"no kernel can run here: {error}")
    return backend


class TestWholeBindings(BackendConformance):
    examples: ClassVar[int] = 8
    boundaries: ClassVar[Sequence[int]] = (4, 64, 512, 10_000)
    huge: ClassVar[int] = 200_000

    @pytest.fixture
    def backend(self) -> Backend:
        return adapter_or_skip(Limits())


class TestSmallWindows(BackendConformance):
    """Every text is streamed, and most work is in more workgroups than go into one row."""

    examples: ClassVar[int] = 6
    boundaries: ClassVar[Sequence[int]] = (16, 128, 1000)
    huge: ClassVar[int] = 20_000

    @pytest.fixture
    def backend(self) -> Backend:
        return adapter_or_skip(Limits(window=1000, chunk=16, workgroup=8, row=3))


class TestSmallBindings(BackendConformance):
    """A binding holds a table of the language, and little more: bounds, edges and matches are divided, too."""

    examples: ClassVar[int] = 6
    boundaries: ClassVar[Sequence[int]] = (8, 16)
    huge: ClassVar[int] = 30_000

    @pytest.fixture
    def backend(self) -> Backend:
        return adapter_or_skip(Limits(binding=20_480, chunk=16, workgroup=8))

    def test_every_byte_can_be_a_pattern(self, backend: Backend) -> None:
        with pytest.raises(BackendError, match="binding of 20480"):
            super().test_every_byte_can_be_a_pattern(backend)
