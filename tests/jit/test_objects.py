"""Extension modules of kernels: what is native is called so, all else is left to Python, and no processor gets what it lacks."""

from __future__ import annotations

import hashlib
import os
import random
import struct
import subprocess
import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from hyper.jit import hardware
from hyper.jit.hardware import ProfileError, resolve
from hyper.jit.llvm.target import Compiler, processor
from hyper.jit.objects.boxed import Boxed, Wrapper
from hyper.jit.objects.cpuid import KNOWN, supported_text
from hyper.jit.objects.elf import LinkError, link
from hyper.jit.objects.extension import extension_text

if TYPE_CHECKING:
    from pathlib import Path

_KERNEL = """
define i32 @"half.call"(i64 %a, i8 %up, ptr %r) nounwind {
  %odd = and i64 %a, 1
  %two = ashr i64 %a, 1
  %more = zext i8 %up to i64
  %sum = add i64 %two, %more
  store i64 %sum, ptr %r
  %small = icmp slt i64 %a, 0
  %status.or = select i1 %small, i32 -1, i32 0
  %big = icmp sgt i64 %a, 100
  %status = select i1 %big, i32 7, i32 %status.or
  ret i32 %status
}
"""
_HALF = Wrapper(
    "half", "half(a, up)", "half.call", 2, (Boxed("int"), Boxed("bool", 1)), Boxed("int")
)
_OBJECT = """
import hashlib, sys
from tests.jit.test_objects import object_of
sys.stdout.write(hashlib.sha256(object_of("x86-64-v3")).hexdigest())
"""


def object_of(profile: str, wrapper: Wrapper = _HALF, slots: int = 2) -> bytes:
    """The object of the kernel and its wrapper."""
    from llvmlite import binding

    from hyper.jit.llvm.target import Compiler, Processor

    made = Compiler(Processor(resolve("x86-64").triple, "x86-64"), "2")
    binding.initialize_native_asmparser()
    wrapped = extension_text([wrapper], slots, "can")
    wrapped = wrapped.replace('declare i32 @"half.call"(i64, i8, ptr)', "")
    wrapped = wrapped.replace('declare i32 @"can"()', "")
    return made.object(supported_text("can", resolve(profile)) + _KERNEL + wrapped)


def loaded(profile: str, folder: Path, wrapper: Wrapper = _HALF, slots: int = 2) -> Any:
    """The extension module, linked and loaded."""
    pytest.importorskip("llvmlite")
    if os.uname().machine != "x86_64" or sys.platform != "linux":
        pytest.skip("x86-64 Linux is needed")
    made = link([object_of(profile, wrapper, slots)], ["PyInit__kernels"])
    (folder / "kernels.so").write_bytes(made)
    library = str(folder / "kernels.so")
    loader = ExtensionFileLoader("_kernels", library)
    return loader.create_module(ModuleSpec("_kernels", loader, origin=library))


class Fallback:
    def __call__(self, *args: Any, **names: Any) -> Any:
        return args, names


def test_arguments_of_other_kinds_and_guards_are_left_to_python(tmp_path: Path) -> None:
    half = loaded("x86-64", tmp_path).function(0, Fallback(), "package.module")
    assert (half(9, False), half(9, True)) == (4, 5)
    assert (half.__name__, half.__module__, half.__doc__) == (
        "half",
        "package.module",
        "half(a, up)",
    )
    for args in [
        (1,),
        (),
        (1, True, 2),
        (1.0, True),
        (True, True),
        (1, 1),
        (2**70, True),
        (-1, True),
    ]:
        assert half(*args) == (args, {})
    assert half(8, up=True) == ((8,), {"up": True})
    # What fails is left to Python, too, which raises what there is to raise.
    assert half(101, True) == ((101, True), {})


@pytest.mark.parametrize("kind", ["label", "decimal", "date"])
def test_a_result_whose_slot_is_empty_is_left_to_python(kind: Any, tmp_path: Path) -> None:
    wrapper = msgspec.structs.replace(_HALF, result=Boxed(kind, slot=2, count=1))
    half = loaded("x86-64", tmp_path, wrapper, 3).function(0, Fallback(), "m")
    assert half(0, False) == ((0, False), {})


def test_functions_and_slots_that_are_not_there(tmp_path: Path) -> None:
    module = loaded("x86-64", tmp_path)
    for name, args in [
        ("function", (1, None, "m")),
        ("function", (-1, None, "m")),
        ("function", (0,)),
        ("slot", (2, int)),
        ("slot", ("0", int)),
    ]:
        with pytest.raises(IndexError):
            getattr(module, name)(*args)


def test_a_processor_that_lacks_a_feature_is_refused(tmp_path: Path) -> None:
    has = hardware.host_features()
    for level, needs in hardware.LEVELS.items():
        if level.startswith("x86-64"):
            folder = tmp_path / level
            folder.mkdir()
            if has.issuperset(needs):
                assert loaded(level, folder).function(0, Fallback(), "m")(4, False) == 2
            else:
                with pytest.raises(ImportError, match="this processor lacks"):
                    loaded(level, folder)


def test_objects_are_the_same_in_each_process() -> None:
    pytest.importorskip("llvmlite")
    digests = set()
    for seed in ("0", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", _OBJECT]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        digests.add(done.stdout)
    assert digests == {hashlib.sha256(object_of("x86-64-v3")).hexdigest()}


def test_profiles() -> None:
    assert resolve("server", {"cpu": "znver4"}).tune == "znver4"
    assert resolve("server", {"cpu": "znver4"}).level == "x86-64-v4"
    one = resolve("fast", {"cpu": "x86-64-v2", "features": ["+avx2", "sse3"], "opt_level": 3})
    assert one.features == ("avx2",)
    assert "sse3" in one.needs
    order = hardware.ranked([resolve("x86-64"), one, resolve("x86-64-v3")])
    assert [profile.name for profile in order] == ["x86-64-v3", "fast", "x86-64"]
    assert hardware.EXTRA_FEATURES <= KNOWN
    assert all(KNOWN.issuperset(needs) for needs in hardware.LEVELS.values())


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("../x", None),
        ("nothing", None),
        ("p", {"cpu": "pdp11"}),
        ("p", {"cpu": ["x"]}),
        ("p", {"features": ["magic"]}),
        ("p", {"cpu": "aarch64", "features": ["avx"]}),
        ("p", {"opt_level": 9}),
        ("p", {"vector_width": True}),
        ("p", {"speed": 1}),
    ],
)
def test_profiles_that_cannot_be(name: str, table: dict[str, Any] | None) -> None:
    with pytest.raises(ProfileError):
        resolve(name, table)


def _altered(data: bytes, part: bytes, at: int, value: int) -> bytes:
    """An object with another number in the head of a section: at ``at`` from where it begins."""
    changed = bytearray(data)
    (start,) = struct.unpack_from("<Q", data, 40)
    count, names = struct.unpack_from("<HH", data, 60)
    (texts,) = struct.unpack_from("<Q", data, start + 64 * names + 24)
    for head in range(start, start + 64 * count, 64):
        (name,) = struct.unpack_from("<I", data, head)
        if data[texts + name :].startswith(part + b"\0"):
            struct.pack_into("<Q", changed, head + at, value)
    assert changed != data
    return bytes(changed)


@pytest.mark.parametrize(
    ("part", "at", "value", "said"),
    [
        (b".bss", 32, 1 << 29, "larger than the object"),
        (b".text", 48, 1 << 29, "an alignment of 536870912"),
        (b".text", 24, 1 << 40, "ends before its parts"),
        (b".strtab", 32, 1 << 60, "larger than the object"),
    ],
)
def test_what_an_object_says_of_its_parts_takes_no_memory(
    part: bytes, at: int, value: int, said: str
) -> None:
    data = _asked()
    assert link([data], ["asked"])
    with pytest.raises(LinkError, match=said):
        link([_altered(data, part, at, value)], ["asked"])


def test_bytes_that_are_no_whole_object_are_told() -> None:
    data, source, refused = _asked(), random.Random(5), 0
    for _ in range(3000):
        changed = bytearray(data)
        for _ in range(source.randrange(1, 4)):
            changed[source.randrange(len(data))] = source.randrange(256)
        try:
            link(
                [bytes(changed[: source.choice((len(data), source.randrange(len(data))))])],
                ["asked"],
            )
        except LinkError:
            refused += 1
    assert refused > 1000


def _asked() -> bytes:
    """An object with one function, which uses a table of its own."""
    text = """
@slots = internal global [4 x i64] zeroinitializer
define i64 @asked(i64 %n) {
  %at = getelementptr i64, ptr @slots, i64 %n
  %r = load i64, ptr %at
  store i64 %n, ptr %at
  ret i64 %r
}
"""
    return Compiler(processor(resolve("x86-64")), "0").object(text, frozenset({"asked"}))
