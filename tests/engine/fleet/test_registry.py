"""What a fleet does of a build: by bytes alone the same as here, and nothing but an exception for bytes that are something else."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import aclosing
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyper import hyper_compile
from hyper.engine.executors import Inline
from hyper.engine.fleet.programs import pack_program, unpack_program
from hyper.engine.fleet.registry import PLACE, registry
from hyper.engine.identity import identity
from hyper.engine.natives import compiling
from hyper.engine.natives.compiling import Asked, Source
from hyper.engine.parsing import PARSE, Uncut, parse_files
from hyper.engine.proving import RUN, Proof
from hyper.importers.openapi import import_openapi
from hyper.ir.program import AliasDef, Program
from hyper.ir.stored import decode_module
from hyper.ir.types import Alias, Opt
from hyper.jit.hardware import Profile, resolve
from hyper.jit.objects.cpuid import supported_text
from tests.corpora import FILES, corpus_bytes
from tests.emit_incremental import trees
from tests.engine.fleet.abroad import Abroad, Sent, the_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hyper.ir.program import Module
    from hyper.ir.types import Type

TREES: Final[dict[str, Callable[[], dict[str, str]]]] = {
    "storefront": trees.storefront,
    "everything": trees.everything,
    "generated": lambda: trees.generated(30, 7),
}
HERE: Final = [resolve("x86-64-v3"), resolve("x86-64"), resolve("aarch64"), resolve("wasm32")]


def _built(folder: Path, sources: Mapping[str, str], *targets: str) -> dict[str, bytes]:
    out = folder / "out"
    for path, text in sources.items():
        place = folder / "intents" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    result = hyper_compile(
        folder / "intents", out=out, target=[*targets], incremental=False, processes=1
    )
    assert result.success, result.diagnostics
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.*")}


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("storefront", ("python", "native")),
        ("storefront", ("library",)),
        ("everything", ("python", "openapi")),
        ("generated", ("python", "openapi", "jsonschema")),
    ],
)
def test_a_build_by_bytes_is_the_same(
    name: str, targets: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = TREES[name]()
    here = _built(tmp_path / "here", sources, *targets)
    abroad = Abroad()
    monkeypatch.setattr("hyper.engine.work.choose", lambda *_: abroad)
    assert _built(tmp_path / "abroad", sources, *targets) == here
    stages = {sent.stage for sent in abroad.sent if sent.items}
    compiles = the_registry().tools and not {"native", "library"}.isdisjoint(targets)
    assert stages >= {"parse", "objects"} if compiles else stages >= {"parse"}
    assert (name != "storefront") or "scenarios" in stages


@pytest.mark.slow
def test_a_large_tree_by_bytes_is_the_same() -> None:
    program = trees.real("github")
    _agrees(program)
    assert len(pack_program(program)) < len(program.index)
    imported = import_openapi(corpus_bytes("github"), FILES["github"], "tag")
    files = {path: text.encode() for path, text in imported.files.items()}
    abroad = Abroad()
    parsed, lost = parse_files(Uncut(files), abroad, lambda _: None)
    assert (len(parsed), lost) == (len(files), [])
    assert len(abroad.sent[0].results) == len(files)


@pytest.mark.parametrize("name", TREES)
def test_a_program_by_blobs_is_the_same(name: str) -> None:
    _agrees(trees.program_of(TREES[name]()))


def test_a_real_program_by_blobs_is_the_same() -> None:
    _agrees(trees.real("digitalocean"))


def _agrees(program: Program) -> None:
    blobs = pack_program(program)
    again = unpack_program(blobs)
    assert again.index == program.index
    assert again.modules == program.modules
    assert pack_program(again) == blobs


def test_an_edit_changes_few_blobs() -> None:
    sources = {
        f"folder{number:04}.intent": f"type Name{number} = string\n" for number in range(1000)
    }
    before = pack_program(trees.program_of(sources))
    edited = sources | {"folder0500.intent": "# more\ntype Name500 = int\n"}
    after = pack_program(trees.program_of(edited))
    assert 10 < len(before) < 60
    assert len(set(after) - set(before)) == 1
    more = pack_program(trees.program_of(sources | {"folder0500b.intent": "type Other = int\n"}))
    # The index, and the group that the module is in, which may have become two.
    assert len(set(more) - set(before)) in {2, 3}


def test_modules_are_decoded_when_they_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    program = trees.program_of(TREES["generated"]())
    looked: list[bytes] = []

    def decode(data: bytes) -> Module:
        looked.append(data)
        return decode_module(data)

    monkeypatch.setattr("hyper.engine.fleet.programs.decode_module", decode)
    again = unpack_program(pack_program(program))
    assert looked == []
    name = program.index[3].name
    assert again.module(name) == program.module(name)
    assert len(looked) == 1


# Who works for whom


def test_a_registry_says_what_it_is_and_has() -> None:
    found = the_registry()
    assert (found.place, found.identity) == (PLACE, identity())
    assert sorted(found.stages) == ["check", "objects", "parse", "scenarios"]
    assert all(stage.remote is not None for stage in (PARSE, RUN, compiling.OBJECTS))
    pytest.importorskip("llvmlite")
    from importlib.metadata import version

    assert found.grades() == ["any", f"llvmlite-{version('llvmlite')}"]
    assert found.grade(found.stages["objects"].needs) == f"llvmlite-{version('llvmlite')}"
    assert found.grade(found.stages["parse"].needs) == "any"


def test_without_a_compiler_of_machine_code_no_object_is_taken_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    found = registry()
    assert found.grades() == ["any"]
    assert found.grade(found.stages["objects"].needs) is None
    assert found.warm is not None
    found.warm()


def test_names_of_profiles_and_hidden_order_do_not_shape_what_is_asked_for() -> None:
    remote = compiling.OBJECTS.remote
    assert remote is not None
    one = Source("text", ("a", "b"), (), Profile("server", "x86-64-v3", cores=4))
    other = Source("text", ("a", "b"), (), Profile("desk", "x86-64-v3"))
    assert remote.own({"a": {"key": one}}, "a") == remote.own({"b": {"key": other}}, "b")
    assert remote.own({"a": {"key": one}}, "a") != remote.own(
        {"a": {"key": msgspec.structs.replace(one, exported=("a",))}}, "a"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks")
def test_sandboxed_processes_do_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hyper.distributed.pool import Limits, Pool, Ran, Task

    abroad = Abroad()
    monkeypatch.setattr("hyper.engine.work.choose", lambda *_: abroad)
    targets = ("python", "native") if the_registry().tools else ("python",)
    _built(tmp_path, TREES["storefront"](), *targets)

    async def ran(pool: Pool, sent: Sent) -> list[Ran]:
        blobs = [(f"{sent.stage} {number}", blob) for number, blob in enumerate(sent.blobs)]
        async with aclosing(pool.run(Task(sent.stage, blobs, [*sent.items.values()]))) as found:
            return [each async for each in found]

    async def main() -> dict[str, list[Ran]]:
        pool = Pool(PLACE, 1, Limits(seconds=60.0))
        await pool.start()
        try:
            return {sent.stage: await ran(pool, sent) for sent in abroad.sent}
        finally:
            await pool.close()

    found = asyncio.run(main())
    for sent in abroad.sent:
        said = {(each.state, each.reason) for each in found[sent.stage]}
        assert said <= {("done", "")}, sent.stage
        assert [each.data for each in found[sent.stage]] == [*sent.results.values()]


# What comes in may be anything


@cache
def _sent() -> list[tuple[str, tuple[bytes, ...], bytes]]:
    """What crosses of a build: stages, contexts and items."""
    front = trees.program_of(trees.storefront())
    files = Uncut({path: text.encode() for path, text in trees.storefront().items()})
    proof = Proof(front, None, externs=False)
    text = supported_text("supported", resolve("x86-64-v3"))
    sources = {"key": {"key": Source(text, ("supported",), (), resolve("x86-64"))}}
    found = []
    contexts: list[tuple[Any, Any, str]] = [
        (PARSE, files, "orders.intent"),
        (PARSE, files, "money.intent"),
        (RUN, proof, "storefront.orders"),
        (RUN, proof, "storefront.pricing"),
        (compiling.OBJECTS, sources, "key"),
    ]
    for stage, context, item in contexts:
        remote = stage.remote
        found.append((remote.stage, tuple(remote.context(context)), remote.own(context, item)))
    return found


def _done(stage: str, blobs: tuple[bytes, ...], own: bytes) -> bytes | Exception:
    far = the_registry().stages[stage]
    try:
        done: bytes = far.run(far.load(blobs), own)
    except Exception as error:  # noqa: BLE001  # an ordinary one is what is asked for
        return error
    return done


def _compiles_nothing(source: Source) -> bytes:
    """LLVM itself may end the process for a text that is none, which is what a child is for."""
    return source.text.encode()


VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def _harmed(data: bytes, draw: Callable[[Any], Any]) -> bytes:
    """Bytes flipped, cut, put in, or altogether others."""
    match draw(st.sampled_from(["flip", "cut", "insert", "value"])):
        case "flip" if data:
            at = draw(st.integers(0, len(data) - 1))
            other = data[at] ^ draw(st.integers(1, 255))
            return data[:at] + bytes([other]) + data[at + 1 :]
        case "cut":
            return data[: draw(st.integers(0, len(data)))]
        case "insert":
            at = draw(st.integers(0, len(data)))
            return bytes(data[:at]) + bytes(draw(st.binary(min_size=1, max_size=9))) + data[at:]
        case _:
            encoded: bytes = msgspec.msgpack.encode(draw(VALUES))
            return encoded


@given(st.data())
@settings(max_examples=300)
def test_what_is_harmed_is_an_exception_or_a_result(data: st.DataObject) -> None:
    stage, blobs, own = data.draw(st.sampled_from(_sent()))
    parts = [own, *blobs]
    at = data.draw(st.integers(0, len(parts) - 1))
    parts[at] = _harmed(parts[at], data.draw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiling, "compiled", _compiles_nothing)
        found = _done(stage, tuple(parts[1:]), parts[0])
    assert isinstance(found, bytes | Exception)


def _own(source: Source) -> bytes:
    return msgspec.msgpack.encode(Asked({"key": source}))


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        (Profile("", "x86-64", ("+evil,",)), "is not known"),
        (Profile("", "native"), "none"),
        (Profile("", "haswell"), "none"),
        (Profile("", "x86-64", tune="-mevil"), "tuned"),
        (Profile("", "x86-64", vector_width=3), "vector_width"),
        (Profile("", "x86-64", ("aes", "adx")), "none"),
        (Profile("", "wasm32", ("aes",)), "x86-64 only"),
    ],
)
def test_a_profile_that_no_table_comes_to_is_refused(profile: Profile, said: str) -> None:
    found = _done("objects", (), _own(Source("", (), (), profile)))
    assert isinstance(found, ValueError)
    assert said in str(found)


@pytest.mark.parametrize(
    "text",
    [
        'module asm ".incbin \\22/etc/passwd\\22"',
        'call void asm sideeffect ".incbin", ""()',
        'call void asm "cpuid\\0A.incbin", ""()',
        'call void\tasm\t"x", ""()',
    ],
)
def test_assembler_of_others_is_refused(text: str) -> None:
    found = _done("objects", (), _own(Source(text, (), (), resolve("x86-64"))))
    assert isinstance(found, ValueError)
    assert "assembler" in str(found)


@pytest.mark.parametrize("profile", HERE, ids=lambda profile: profile.name)
def test_questions_to_processors_are_taken(profile: Profile) -> None:
    pytest.importorskip("llvmlite")
    text = supported_text("supported", profile)
    found = _done("objects", (), _own(Source(text, ("supported",), (), resolve("x86-64"))))
    assert isinstance(found, bytes), found


@pytest.mark.parametrize(
    ("blobs", "said"),
    [
        (lambda _: (), "without an index"),
        (lambda blobs: blobs[:-1], "groups"),
        (lambda blobs: (*blobs, blobs[-1]), "groups"),
        (lambda blobs: (blobs[0], *reversed(blobs[1:])), ""),
        (lambda blobs: (blobs[0], *(msgspec.msgpack.encode([]) for _ in blobs[1:])), "modules"),
        (lambda _: (b"\x92\x90\x91\x00", b""), "all of its modules"),
    ],
)
def test_a_program_that_is_not_whole_is_refused(blobs: Any, said: str) -> None:
    _, whole, own = next(each for each in _sent() if each[0] == "scenarios")
    given = blobs(whole)
    found = _done("scenarios", given, own)
    if given == whole:  # all modules lie in one group
        assert isinstance(found, bytes)
        return
    assert isinstance(found, ValueError)
    assert said in str(found)


def test_a_module_of_another_program_is_refused() -> None:
    stage, blobs, _ = next(each for each in _sent() if each[0] == "scenarios")
    assert isinstance(_done(stage, blobs, b"nowhere"), KeyError)
    assert isinstance(_done(stage, blobs, b"\xff"), ValueError)
    index, group = blobs[0], msgspec.msgpack.decode(blobs[1])
    group[0], group[1] = group[1], group[0]
    others = (index, msgspec.msgpack.encode(group), *blobs[2:])
    program = unpack_program(others)
    with pytest.raises(ValueError, match="is not what the index says"):
        program.module(program.index[0].name)


@pytest.mark.parametrize("around", [lambda kind: kind, Opt])
def test_aliases_that_stand_for_each_other_are_refused(around: Callable[[Type], Type]) -> None:
    """Whoever opens them would never come to an end."""
    program = trees.program_of(
        {"one.intent": "type Size = int\n", "two.intent": "type Size = int\n"}
    )

    def circle(module: Module, other: str) -> Module:
        (alias,) = module.definitions
        assert isinstance(alias, AliasDef)
        alias = msgspec.structs.replace(alias, type=around(Alias(f"{other}.Size")))
        return msgspec.structs.replace(module, definitions=(alias,))

    one, two = (program.module(name) for name in ("one", "two"))
    again = unpack_program(pack_program(Program([circle(one, "two"), two])))
    assert len(again.modules) == 2
    again = unpack_program(pack_program(Program([circle(one, "two"), circle(two, "one")])))
    assert again.module("one").name == "one"
    with pytest.raises(ValueError, match="stands for itself"):
        again.module("two")


def test_a_path_may_have_any_bytes() -> None:
    path = b"b\xff.intent".decode("utf-8", "surrogateescape")
    remote = PARSE.remote
    assert remote is not None
    files = Uncut({path: b"type Small = int\n"})
    found = _done("parse", (), remote.own(files, path))
    (here,) = Inline().run(PARSE, files, [path], [1.0])
    assert here.value is not None
    assert found == PARSE.pack(here.value)
