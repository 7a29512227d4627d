"""A back end on this machine's graphics adapter, or on Mesa's software driver."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import pytest

from hyper.gpu.backend import BackendError
from hyper.gpu.webgpu.backend import WebgpuBackend

if TYPE_CHECKING:
    from hyper.gpu.webgpu.device import Limits


def fresh(limits: Limits | None = None) -> WebgpuBackend:
    """A back end whose device is open. Without an adapter the test skips, or fails where it must not."""
    backend = WebgpuBackend(limits)
    try:
        backend.open()
    except BackendError as error:
        reason = f"no kernel can run here: {error}"
        if os.environ.get("HYPER_TEST_GPU") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return backend


@cache
def shared(limits: Limits | None = None) -> WebgpuBackend:
    """The same for all tests that ask with these limits: to make a device and its pipelines costs seconds."""
    return fresh(limits)
