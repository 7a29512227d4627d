"""The suite of back ends over the compiled loops: as they stand, by numba, and as a native library."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, ClassVar

import pytest

from hyper.engine.lexing.library import NoLibrary, open_library, prepare
from hyper.gpu.compiled.backend import CompiledBackend
from hyper.gpu.compiled.memory import NumbaLoops, PlainLoops
from tests.gpu.conformance import BackendConformance

if TYPE_CHECKING:
    from hyper.gpu.backend import Backend


class TestPlain(BackendConformance):
    examples: ClassVar[int] = 30
    huge: ClassVar[int] = 30_000

    @pytest.fixture
    def backend(self) -> Backend:
        return CompiledBackend("plain", PlainLoops())


@cache
def _numba() -> CompiledBackend:
    return CompiledBackend("numba", NumbaLoops())


class TestNumba(BackendConformance):
    @pytest.fixture
    def backend(self) -> Backend:
        pytest.importorskip("numba")
        return _numba()


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> CompiledBackend:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        try:
            prepare()
        except NoLibrary as error:
            pytest.skip(f"the text engine's library cannot be made here: {error}")
        library = open_library()
    assert library is not None
    return CompiledBackend("native", library.loops)


class TestNative(BackendConformance):
    @pytest.fixture
    def backend(self, native: CompiledBackend) -> Backend:
        return native
