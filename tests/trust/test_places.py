"""Files and folders that are not what a build hopes for: a diagnostic, exit 1, and what was there stays."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hyper.base.fs import Disk
from hyper.cli.main import main
from tests.trust.command import (
    digests,
    environment,
    hyper,
    is_complete,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = "entity Thing:\n    x: int\n"
OTHER = f"{SOURCE}    y: int\n"
BUILD = ("build", "src", "-o", "out")


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """A folder with sources, whose permissions are mended afterwards so that it can be removed."""
    folder = tmp_path / "tree"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.intent").write_text(SOURCE)
    yield folder
    subprocess.run(["chmod", "-R", "u+rwx", str(folder)], check=True)


def built(tree: Path) -> dict[str, str]:
    """Build once, then change the sources; gives what was built."""
    done = hyper(tree, *BUILD)
    assert done.code == 0, done.text
    (tree / "src" / "a.intent").write_text(OTHER)
    return digests(tree / "out")


def told(tree: Path, code: str, *words: str, humble: bool = True) -> None:
    """The command fails with a diagnostic of a code."""
    done = hyper(tree, *(words or BUILD), humble=humble)
    assert (done.code, f"[{code}]" in done.text) == (1, True), done.text


def test_output_that_may_not_be_written(tree: Path) -> None:
    before = built(tree)
    (tree / "out").chmod(0o555)
    told(tree, "E0908")
    assert digests(tree / "out") == before


def test_output_that_may_not_be_read(tree: Path) -> None:
    built(tree)
    (tree / "out" / "app").chmod(0)
    told(tree, "E0908")


def test_output_whose_files_are_read_only_is_replaced(tree: Path) -> None:
    built(tree)
    for path in (tree / "out" / "app").rglob("*.py"):
        path.chmod(0o444)
    assert hyper(tree, *BUILD, humble=True).code == 0
    assert is_complete(tree / "out" / "app")


def test_sources_may_be_read_only(tree: Path) -> None:
    (tree / "src").chmod(0o555)
    (tree / "src" / "a.intent").chmod(0o444)
    assert hyper(tree, *BUILD, humble=True).code == 0
    text = SOURCE.replace(": ", ":   ")
    (tree / "src" / "a.intent").chmod(0o644)
    (tree / "src" / "a.intent").write_text(text)
    told(tree, "E0908", "fmt", "src")
    assert (tree / "src" / "a.intent").read_text() == text


@pytest.mark.parametrize("words", [BUILD, ("check", "src"), ("fmt", "src"), ("test", "src")])
@pytest.mark.parametrize("what", ["src/a.intent", "src", "src/deep", "src/closed"])
def test_sources_that_may_not_be_read(what: str, words: tuple[str, ...], tree: Path) -> None:
    (tree / "src" / "deep").mkdir()
    (tree / "src" / "closed").mkdir()
    (tree / "src" / "closed" / "b.intent").write_text(SOURCE)
    (tree / what).chmod(0o444 if what == "src/closed" else 0)
    told(tree, "E0901", *words)
    assert not (tree / "out").exists()


@pytest.mark.parametrize("kind", ["file", "dangling", "ring", "pipe"])
@pytest.mark.parametrize("where", ["out", "out/app"])
def test_output_that_is_no_folder(where: str, kind: str, tree: Path) -> None:
    place = tree / where
    place.parent.mkdir(exist_ok=True)
    match kind:
        case "file":
            place.write_text("mine")
        case "dangling":
            place.symlink_to("nowhere")
        case "ring":
            place.symlink_to(place.name)
        case _:
            os.mkfifo(place)
    done = hyper(tree, *BUILD)
    assert done.code == 1
    assert "[E09" in done.text
    assert os.path.lexists(place)
    assert not place.is_dir()


def test_output_through_a_link_to_a_folder(tree: Path) -> None:
    (tree / "real").mkdir()
    (tree / "out").symlink_to("real")
    built(tree)
    assert hyper(tree, *BUILD).code == 0
    assert (tree / "out").is_symlink()
    assert is_complete(tree / "real" / "app")


def test_sources_that_are_no_files(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tree / "src"
    os.mkfifo(source / "pipe.intent")
    monkeypatch.chdir(source)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.intent")
    (source / "folder.intent").mkdir()
    (source / "dangling.intent").symlink_to("nowhere")
    (source / "ring.intent").symlink_to("ring.intent")
    (source / "endless.intent").symlink_to("/dev/zero")
    (source / "up").symlink_to("..")
    done = hyper(tree, *BUILD)
    assert done.code == 0, done.text
    assert hyper(tree, "fmt", "src").code == 0
    for name in ("pipe", "socket", "dangling", "ring", "endless"):
        told(tree, "E0901", "check", f"src/{name}.intent")
        assert main(["fmt", f"{name}.intent"]) == 1


def test_a_pipe_is_not_waited_for(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        Disk().read(str(tree / "pipe"))
    built(tree)
    manifest = tree / "out" / "app" / "manifest.json"
    manifest.unlink()
    os.mkfifo(manifest)
    told(tree, "E0904")


def test_an_endless_description(tree: Path) -> None:
    told(tree, "E1001", "import", "openapi", "/dev/zero", "-o", "api")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b"[]",
        b"[" * 200_000,
        b'{"generator":"hypercompiler","outputs":{"../../victim":"00"}}',
        b'{"generator":"hypercompiler","outputs":{"\\ud800":"a"}}',
        b'{"generator":"hypercompiler","outputs":{"a\\u0000":"a"}}',
    ],
    ids=range(6),
)
def test_a_manifest_that_is_garbage(data: bytes, tree: Path) -> None:
    before = built(tree)
    (tree / "victim").write_text("mine")
    (tree / "out" / "app" / "manifest.json").write_bytes(data)
    told(tree, "E0904")
    after = digests(tree / "out")
    assert {**after, "app/manifest.json": ""} == {**before, "app/manifest.json": ""}
    assert (tree / "victim").read_text() == "mine"


@pytest.mark.parametrize("change", ["vanish", "folder", "pipe", "unreadable"])
def test_files_that_change_after_they_were_found(
    change: str, tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = Disk.read
    place = tree / "src" / "a.intent"

    def late(self: Disk, path: str) -> bytes:
        if Path(path).name == place.name:
            place.unlink()
            if change == "folder":
                place.mkdir()
            elif change == "pipe":
                os.mkfifo(place)
            elif change == "unreadable":
                raise PermissionError(13, "Permission denied", path)
        return read(self, path)

    monkeypatch.setattr(Disk, "read", late)
    assert main(["build", str(tree / "src"), "-o", str(tree / "out")]) == 1
    assert "[E0901]" in capsys.readouterr().err
    assert not (tree / "out").exists()


def test_a_working_folder_that_is_gone(tree: Path) -> None:
    (tree / "gone").mkdir()
    for words in ("build", "check", "fmt", "init", "doctor", "build ../src --json"):
        script = f"cd gone && rmdir ../gone && {sys.executable} -m hyper {words}; code=$?; mkdir -p {tree}/gone; exit $code"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tree,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2, done.stderr
        assert "the working folder is gone" in done.stdout + done.stderr


def test_names_that_are_no_text(tree: Path) -> None:
    source = os.fsencode(tree / "src")
    os.mkdir(source + b"/\xff")
    for name in (b"/\xff/b.intent", b"/\xfe.intent"):
        with open(source + name, "w", encoding="utf-8") as stream:
            stream.write(f"intent fine\n\n{SOURCE}")
    for words in (BUILD, ("check", "src"), ("fmt", "src"), (*BUILD, "--json")):
        done = hyper(tree, *words)
        assert done.code == 1, done.text
        assert done.text.count("is not UTF-8: rename it") == 2
    assert stat.S_ISDIR(os.stat(source + b"/\xff").st_mode)


@pytest.mark.parametrize(
    "words",
    [
        ("build", "src", "-o", b"\xff\xfe"),
        ("build", "src", "-o", b"\xff\xfe", "--json"),
        ("build", b"\xff"),
        ("check", b"\xff", "--json"),
        (b"\xff",),
        ("build", "src", "--package", b"\xff"),
        ("build", "src", "--target", b"\xff"),
        ("init", b"new\xff"),
        ("run", b"\xff", "src"),
        ("run", "f", "src", "--args", b"\xff"),
        ("explain", b"\xff", "src"),
        ("import", "openapi", b"\xff", "-o", "o"),
        ("fmt", b"\xff"),
        ("build", "src", "-o", "x" * 300),
        ("build", "src", "-o", "/".join(["y" * 200] * 30)),
        ("build", "x" * 5000),
        ("build", "src", "--package", "p" * 300),
    ],
    ids=range(17),
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_arguments_of_odd_bytes(words: tuple[str | bytes, ...], encoding: str, tree: Path) -> None:
    done = hyper(tree, *words, more={"PYTHONIOENCODING": encoding})
    assert done.code in {0, 1, 2}, done.text
    assert "Traceback" not in done.text
