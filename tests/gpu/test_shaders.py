"""The kernels as files: each is documented, made, and used."""

from __future__ import annotations

import re

import pytest

from hyper.gpu.arena import Arena
from hyper.gpu.graphs import make_graph
from hyper.gpu.patterns import make_patterns
from hyper.gpu.webgpu.device import KERNELS, source
from hyper.lang.automaton.table import token_table
from tests.checkout import ROOT
from tests.gpu.adapters import fresh, shared


def test_each_file_is_a_kernel() -> None:
    files = sorted(path.stem for path in (ROOT / "gpu" / "shaders").iterdir())
    assert files == sorted(KERNELS)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_says_what_it_does_and_what_it_is_given(kernel: str) -> None:
    text = source(kernel)
    comment = re.match(r"(?://.*\n)+", text)
    assert comment is not None
    told = re.findall(
        r"^//   (\d)  (uniform|read|write|read_write) +(\S+) ", comment[0], re.MULTILINE
    )
    declared = re.findall(
        r"@binding\((\d)\) var<(uniform|storage, read_write|storage, read)> \w+: (\S+);", text
    )
    access = {"uniform": "uniform", "read": "storage, read"}
    assert [
        (at, access.get(how, "storage, read_write"), what) for at, how, what in told
    ] == declared
    assert text.count("@binding") == len(declared) <= 9
    words = " ".join(comment[0].replace("//", " ").split())
    assert re.search(r"invocations?.* workgroup", words, re.IGNORECASE)
    assert "Time O(" in words
    assert "@compute @workgroup_size(lanes)" in text


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_compiles(kernel: str) -> None:
    backend = shared()
    with backend._working() as device:
        assert device.pipeline(kernel) is device.pipeline(kernel)
    assert backend.timings is not None
    assert backend.timings.pipelines[kernel] > 0


def test_no_kernel_is_left_unused() -> None:
    backend = fresh()
    arena = Arena([b"a = 1\n", b""])
    backend.lines(arena)
    backend.cut(arena, token_table())
    backend.search(arena, make_patterns([b"a"]))
    backend.hash(arena.data, [0, 4])
    backend.reach(make_graph([[1], []]), [0])
    backend.histogram(arena)
    backend.validate(arena)
    assert backend.timings is not None
    assert sorted(backend.timings.pipelines) == sorted(KERNELS)
    backend.close()
