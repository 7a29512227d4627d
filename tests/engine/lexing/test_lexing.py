"""Files cut together by the text engine: the same trees and diagnostics as by the lexer, and a library that is checked."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from hyper.base.source import Source
from hyper.engine.compiler import createHyperCompiler
from hyper.engine.lexing import arrays, choice, library, session
from hyper.engine.lexing.arrays import Cutter, Lexed
from hyper.engine.lexing.choice import Choice
from hyper.engine.lexing.library import Library, NoLibrary, open_library, prepare
from hyper.gpu.compiled.memory import PlainLoops
from hyper.gpu.engine import TextEngine
from hyper.lang.automaton.table import token_table
from hyper.lang.lexer import decode, tokenize
from hyper.lang.parser import parse
from tests.checkout import ROOT, STOREFRONT

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = Library(PlainLoops(), token_table())
CUTTER = Cutter(TextEngine(loops=PLAIN.loops), PLAIN.table)


def files() -> dict[str, bytes]:
    found = sorted([*(ROOT / "examples").rglob("*.intent"), *(ROOT / "tests").rglob("*.intent")])
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in found}


def test_trees_and_diagnostics_are_those_of_the_lexer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "BATCH", 20_000)
    lexed = Lexed(files(), CUTTER)
    cut = 0
    for path, data in lexed.files.items():
        source, broken = decode(path, data)
        tokens = lexed.tokens(source)
        if tokens is None or broken:
            continue
        cut += 1
        ours, theirs = parse(source, tokens), parse(source)
        assert repr(ours.module) == repr(theirs.module), path
        assert ours.diagnostics == theirs.diagnostics, path
    size, left = lexed.sizes
    assert size == sum(map(len, lexed.files.values()))
    assert 0 < left < size
    assert cut > len(lexed.files) // 2


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfconst A = 1\r\nconst B = 2\r\n",
        b'const A = "\xc3\xa9" # \xc3\xbc\r\n',
        b"",
        b"# only\r\n",
        b"const A = 1\xff\n",
        b"const A = \xc3\n",
        b"\xffconst",
        "entity \ufeffA:\n".encode(),
    ],
)
def test_bytes_are_read_as_the_lexer_reads_them(data: bytes) -> None:
    lexed = Lexed({"a.intent": data, "b.intent": b"const C = 3\n"}, CUTTER)
    for path in lexed.files:
        source, broken = decode(path, lexed.files[path])
        tokens = lexed.tokens(source)
        assert tokens is None or not broken
        if tokens is not None:
            wanted = tokenize(source)
            assert tokens.texts == wanted.texts
            assert list(tokens.starts) == wanted.starts
            assert tokens.comment_own == wanted.comment_own
    assert lexed.tokens(Source("b.intent", "const C = 3\n")) is not None


def test_what_was_cut_crosses_to_another_process() -> None:
    lexed = Lexed(files(), CUTTER)
    there = pickle.loads(pickle.dumps(lexed))
    assert there.sizes == lexed.sizes
    for path, data in lexed.files.items():
        source = decode(path, data)[0]
        ours, theirs = lexed.tokens(source), there.tokens(source)
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None:
            assert ours.texts == theirs.texts


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "hypercompiler" / "text-engine"


@pytest.fixture
def prepared(state: Path) -> Path:
    try:
        prepare()
    except NoLibrary as error:
        pytest.skip(f"the text engine's library cannot be made here: {error}")
    return state


def test_the_library_cuts_as_its_loops_do_in_python(prepared: Path) -> None:
    found = open_library()
    assert found is not None
    assert found.table == token_table()
    ours, theirs = (
        Lexed(files(), Cutter(TextEngine(loops=found.loops), found.table)),
        Lexed(files(), CUTTER),
    )
    assert ours.sizes == theirs.sizes
    assert ours.__getstate__()["_batches"] == theirs.__getstate__()["_batches"]
    assert {each.name.partition(".")[2] for each in prepared.iterdir()} == {
        "so",
        "so.seal",
        "table",
        "table.seal",
    }


@pytest.mark.parametrize("ending", ["so", "table"])
def test_a_library_that_is_not_as_it_was_made_is_not_loaded(prepared: Path, ending: str) -> None:
    (path,) = prepared.glob(f"*.{ending}")
    before = path.read_bytes()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert open_library() is None
    path.write_bytes(before[: len(before) // 2])
    assert open_library() is None
    path.write_bytes(before)
    assert open_library() is not None
    path.chmod(0o722)
    assert open_library() is None
    path.unlink()
    path.mkdir()
    assert open_library() is None


def test_what_is_old_or_unfinished_is_removed_when_a_library_is_made(prepared: Path) -> None:
    before = {each.name for each in prepared.iterdir()}
    old = [f"text-{'0' * 32}.{end}" for end in ("so", "so.seal", "table", "table.seal")]
    unfinished = [f".{min(before)}.17.1a", ".spent.17.1a", ".measurements.seal.17.1a"]
    strange = ["text-x.so", "notes"]
    young = f"text-{'1' * 32}.so"
    for name in (*old, *unfinished, *strange, young, *before):
        with (prepared / name).open("ab"):
            os.utime(prepared / name, (0, 0))
    os.utime(prepared / young)
    prepare()
    assert {each.name for each in prepared.iterdir()} == {*before, *strange, young}
    assert open_library() is not None


def test_without_numba_there_is_a_reason(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "numba", None)
    with pytest.raises(NoLibrary, match=r"hypercompiler\[gpu\]|Linux|profile"):
        prepare()
    assert not state.exists()


@pytest.mark.usefixtures("state")
def test_builds_use_it_where_it_pays_and_write_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "open_library", lambda: PLAIN)
    monkeypatch.setattr(session, "LEAST", 1)
    made = {}
    for level in ("python", "native"):
        with createHyperCompiler(text=level, incremental=False, processes=1) as compiler:
            result = compiler.compile(str(STOREFRONT), out=str(tmp_path / level))
        assert result.success
        assert ("lex" in result.timing) == (level == "native")
        assert ("lexed_bytes" in result.metrics) == (level == "native")
        made[level] = {output.path: output.digest for output in result.outputs}
    assert made["python"] == made["native"]


def test_the_library_is_made_once_the_lexer_has_taken_as_long(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "can_prepare", lambda: True)
    monkeypatch.setattr(choice, "open_library", lambda: None)
    monkeypatch.setattr(choice, "_MAKE", "import os; open({path!r}[0] + '/made', 'x')")
    monkeypatch.setattr("sys.path", [str(state.parent.parent)])
    monkeypatch.setattr(choice, "REFERENCE_SPEED", 1e5)
    content = {"a.intent": b"# note\n" * 20_000}
    chosen = Choice()
    assert chosen.cut(content).sizes == (0, 0)
    chosen.finish()
    assert not (state.parent.parent / "made").exists()
    chosen.cut(content)
    chosen.finish()
    assert (state.parent.parent / "made").exists()
    assert (state / "spent").read_text() == "0.000000"


def test_a_build_that_is_interrupted_does_not_wait_for_the_library(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Kept(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("subprocess.Popen", Kept)
    monkeypatch.setattr(choice, "can_prepare", lambda: True)
    monkeypatch.setattr(choice, "open_library", lambda: None)
    monkeypatch.setattr(choice, "_MAKE", "import threading; threading.Event().wait()  # {path!r}")
    monkeypatch.setattr(choice, "REFERENCE_SPEED", 1.0)
    monkeypatch.setattr("hyper.engine.parsing._parsed", interrupted)
    (tmp_path / "a.intent").write_text("# note\n" * 40_000)
    with createHyperCompiler(text="native", environment={}) as compiler:
        with pytest.raises(KeyboardInterrupt):
            compiler.check(str(tmp_path / "a.intent"))
        assert [each.returncode for each in started] == [-signal.SIGKILL]
    assert float((state / "spent").read_text()) > 0.0


def test_where_no_process_can_be_had_the_build_goes_on(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "can_prepare", lambda: True)
    monkeypatch.setattr(choice, "open_library", lambda: None)
    monkeypatch.setattr("sys.executable", str(state / "python"))
    monkeypatch.setattr(choice, "REFERENCE_SPEED", 1e4)
    chosen = Choice()
    for _ in range(2):
        lexed = chosen.cut({"a.intent": b"# note\n" * 20_000})
        assert lexed.tokens(Source("a.intent", "")) is None
        chosen.finish()
        assert (state / "spent").read_text() == "0.000000"


def test_a_file_that_no_arena_holds_is_left_to_the_lexer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "LARGEST", 50)
    monkeypatch.setattr("hyper.gpu.arena.LARGEST", 50)
    monkeypatch.setattr(arrays, "BATCH", 20)
    small, large = b"const A = 1\n", b"# a long note\n" * 10
    lexed = Lexed({"a.intent": small, "b.intent": large, "c.intent": small}, CUTTER)
    known = {path: lexed.tokens(Source(path, "")) is not None for path in lexed.files}
    assert known == {"a.intent": True, "b.intent": False, "c.intent": True}
    assert lexed.sizes == (2 * len(small), 0)


def test_where_nothing_can_be_made_nothing_is_noted(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "can_prepare", lambda: False)
    monkeypatch.setattr(choice, "open_library", lambda: None)
    Choice().cut({"a.intent": b"# note\n" * 100_000})
    assert not state.exists()


def test_a_pipe_in_the_place_of_the_ledger_is_not_waited_for(state: Path) -> None:
    state.mkdir(parents=True)
    os.mkfifo(state / "spent")
    assert choice._spent() == 0.0
    choice._keep(1.0)
    assert choice._spent() == 1.0


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-1", "1e999", "9" * 100])
def test_a_ledger_that_nobody_wrote_counts_as_empty(state: Path, text: str) -> None:
    os.makedirs(state)
    (state / "spent").write_text(text)
    assert choice._spent() == 0.0


def test_the_place_of_the_library_says_what_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    if not library.can_prepare():
        pytest.skip("libraries are made on Linux, with numba and llvmlite")
    before = library._place()
    real = library._bytes
    changed = ""
    monkeypatch.setattr(
        library, "_bytes", lambda path: real(path) + b" " * path.endswith(f"{os.sep}{changed}")
    )
    kernels = ("kernels/tokens.py", "automaton/table.py", "lang/tokens.py")
    for name in (*kernels, "base/token_table.py", "compiled/making.py"):
        changed = os.path.join(*name.split("/"))
        assert library._place() != before, name
