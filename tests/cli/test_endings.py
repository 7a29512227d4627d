"""How a command ends that is interrupted, that fails, or that nobody reads."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hyper.cli.commands import doctor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]


def _report(text: str) -> str:
    return text.partition("the report is in ")[2].partition(":")[0]


def test_a_defect_of_ours_is_3_with_a_report(
    hyper: Hyper, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken(*_: object) -> int:
        raise ZeroDivisionError("the sky fell")

    monkeypatch.setattr(doctor, "run", broken)
    done = hyper("doctor")
    assert done.code == 3
    assert "ZeroDivisionError: the sky fell" in done.err
    assert "Traceback" not in done.err
    (report,) = tmp_path.glob("hyper-report-*.txt")
    assert str(report) == _report(done.err)
    assert "Traceback" in report.read_text()
    value = hyper("doctor", "--json").json("error")
    assert value["error"]["code"] == "internal"


def test_an_interrupt_is_130(hyper: Hyper, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "run", interrupted)
    done = hyper("doctor")
    assert (done.code, done.err) == (130, "hyper: interrupted\n")


def test_an_interrupt_that_python_made_an_error_of_is_130(
    hyper: Hyper, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Impatient:
        def __set_name__(self, owner: type, name: str) -> None:
            raise KeyboardInterrupt

    def wrapped(*_: object) -> int:
        type("Half", (), {"attribute": Impatient()})
        return 0

    monkeypatch.setattr(doctor, "run", wrapped)
    done = hyper("doctor")
    assert (done.code, done.err) == (130, "hyper: interrupted\n")


@pytest.mark.parametrize("module", ["hyper.cli.arguments", "hyper.cli.console", "msgspec._core"])
def test_an_interrupt_while_the_command_loads_is_130(module: str, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "class Impatient:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Impatient())\n"
        "from hyper.cli import command\n"
        "sys.exit(command())\n"
    )
    run = [sys.executable, "-c", code, "build"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "hyper: interrupted\n")


def test_an_interrupt_in_an_evaluated_string_is_130(tmp_path: Path) -> None:
    (tmp_path / "impatient").mkdir()
    (tmp_path / "impatient" / "__main__.py").write_text(
        "import sys\n"
        "from hyper.cli import command\n"
        "from hyper.cli.commands import doctor\n"
        "doctor.run = lambda *_: eval('(_ for _ in ()).throw(KeyboardInterrupt)')\n"
        "sys.argv = ['hyper', 'doctor']\n"
        "sys.exit(command())\n"
    )
    run = [sys.executable, "-m", "impatient"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "hyper: interrupted\n")


def test_an_interrupt_after_the_end_changes_nothing(tmp_path: Path) -> None:
    code = (
        "import atexit, signal, sys\n"
        "from hyper.cli import command\n"
        "atexit.register(signal.raise_signal, signal.SIGINT)\n"
        "sys.exit(command())\n"
    )
    run = [sys.executable, "-c", code, "--version"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_interrupted_build_leaves_nothing_half_written(folder: Path) -> None:
    fields = "".join(f"    f{n}: int\n" for n in range(40))
    text = "".join(f"entity E{n}:\n{fields}" for n in range(400))
    for number in range(10):
        (folder / f"m{number}.intent").write_text(text)
    command = [sys.executable, "-m", "hyper", "build", ".", "-o", "out"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    # Enough for Python to be up, too little for this build; a machine that is faster finishes, which is fine too.
    try:
        process.wait(timeout=0.6)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    code = process.wait(timeout=60)
    process.communicate()
    assert code in {0, 130}
    if code == 130:
        assert not (folder / "out").exists() or os.listdir(folder / "out") == []


# Loaded by each Python that starts: what was made up to end its parent does so, in the midst of its work.
_ENDS_ITS_PARENT = """
import os, signal, sys, time
if {word!r} in sys.orig_argv:
    os.kill(os.getppid(), signal.{name})
    time.sleep(600)
"""


@pytest.mark.parametrize(
    ("words", "at"),
    [
        (["run", "cold", "--units", "3"], "build"),
        (
            ["day", "--units", "3", "--edits", "1", "--tier", "balanced", "--sessions"],
            "hyper.bench.session",
        ),
        (
            ["compare", "--workload", "batch", "--rows", "1000", "--kernel", "price"],
            "hyper.bench.contest.worker",
        ),
    ],
)
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_benchmark_that_is_ended_leaves_nothing(
    folder: Path, words: list[str], at: str, name: str
) -> None:
    if at.endswith("worker"):
        pytest.importorskip("llvmlite")
    (folder / "path").mkdir()
    (folder / "path" / "sitecustomize.py").write_text(_ENDS_ITS_PARENT.format(word=at, name=name))
    (folder / "tmp").mkdir()
    here = os.pathsep.join(filter(None, [str(folder / "path"), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "hyper", "bench", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": here, "TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    ended = -signal.SIGTERM if name == "SIGTERM" else 130
    assert (done.returncode, done.stdout, done.stderr) == (ended, "", "hyper: interrupted\n")
    assert os.listdir(folder / "tmp") == []


@pytest.mark.parametrize("words", [("--args", "[3]"), ("--data", "rows.csv")])
def test_a_run_in_python_leaves_nothing(folder: Path, words: tuple[str, ...]) -> None:
    pytest.importorskip("pyarrow")
    (folder / "m.intent").write_text("calc twice(n: int) -> int:\n    n * 2\n")
    (folder / "rows.csv").write_text("n\n3\n")
    (folder / "tmp").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "hyper", "run", "twice", "m.intent", "--tier", "1", *words],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "6")
    assert os.listdir(folder / "tmp") == []


_ENTITY = "entity Point:\n    x: int\n"
_CALLS = [
    ["--version"],
    ["build", "--help"],
    ["build", "--json"],
    ["cache", "stats"],
    ["check", "--no-such-option", "--json"],
]


def _run(
    words: list[str], folder: Path, unbuffered: str = "", **streams: Any
) -> tuple[int, str | None, str | None]:
    done = subprocess.run(
        [sys.executable, "-m", "hyper", *words],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams),
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


@contextlib.contextmanager
def _unread() -> Iterator[int]:
    """A pipe that nobody reads any more."""
    near, far = os.pipe()
    os.close(near)
    try:
        yield far
    finally:
        os.close(far)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, a disk that is full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", _CALLS, ids=" ".join)
def test_a_stdout_that_takes_nothing_is_3_and_a_line(
    words: list[str], unbuffered: str, folder: Path
) -> None:
    (folder / "a.intent").write_text(_ENTITY)
    with open("/dev/full", "w") as full:
        done = _run(words, folder, unbuffered, stdout=full)
    assert done == (3, None, "hyper: cannot write to stdout: No space left on device\n")


@pytest.mark.parametrize(("words", "code"), list(zip(_CALLS, (0, 0, 0, 0, 2), strict=True)))
def test_a_reader_that_goes_away_changes_nothing(words: list[str], code: int, folder: Path) -> None:
    (folder / "a.intent").write_text(_ENTITY)
    for unbuffered in ("", "1"):
        with _unread() as pipe:
            assert _run(words, folder, unbuffered, stdout=pipe) == (code, None, "")


def test_a_check_that_fails_says_so_whoever_listens(folder: Path) -> None:
    (folder / "a.intent").write_text("entity Point:\n    x: nothing\n")
    with _unread() as pipe:
        assert _run(["check", "--json"], folder, stdout=pipe) == (1, None, "")
        assert _run(["check"], folder, stderr=pipe) == (1, "", None)
    command = f"{shlex.quote(sys.executable)} -m hyper check >&- 2>&-"
    assert subprocess.run(["bash", "-c", command], cwd=folder, check=False).returncode == 1
