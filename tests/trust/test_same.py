"""The same sources give the same bytes, whatever the tier, the hash seed, the path or the order of files."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hyper import hyperCompile
from hyper.importers.openapi import import_openapi
from tests.corpora import FOLDER

ROOT = Path(__file__).parents[2]


def digests(folder: Path) -> dict[str, str]:
    """The digest of each file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def build(source: Path, out: Path, seed: str, tier: str) -> dict[str, str]:
    """Build in a process of its own and give the digests of what it made."""
    subprocess.run(
        [sys.executable, "-m", "hyper", "build", ".", "-o", str(out), "--tier", tier],
        cwd=source,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        timeout=300,
    )
    return digests(out)


@pytest.mark.parametrize("name", ["storefront", "museum", "stripe"])
def test_same_bytes(name: str, tmp_path: Path) -> None:
    first = tmp_path / "one"
    if name == "storefront":
        shutil.copytree(ROOT / "examples" / "storefront", first)
    else:
        found = sorted(FOLDER.glob(f"{name}.*.gz"))
        if not found:
            pytest.skip(f"{name} is not here: the real descriptions are not part of the project")
        for path, text in import_openapi(found[0].read_bytes(), name).files.items():
            (first / path).parent.mkdir(parents=True, exist_ok=True)
            (first / path).write_text(text, encoding="utf-8")
    second = tmp_path / "a longer path" / "two"
    shutil.copytree(first, second)
    made = build(first, tmp_path / "out1", "0", "conservative")
    assert made
    assert made == build(second, tmp_path / "out2", "4242", "insane")


def test_order_of_files(tmp_path: Path) -> None:
    """Files named one by one, in either order, make what their folder makes."""
    tree = tmp_path / "src"
    tree.mkdir()
    (tree / "a.intent").write_text("use b (B)\n\nentity A:\n    b?: B\n", encoding="utf-8")
    (tree / "b.intent").write_text("use a (A)\n\nentity B:\n    a?: A\n", encoding="utf-8")
    files = [str(tree / "a.intent"), str(tree / "b.intent")]
    made = []
    for number, paths in enumerate((files, files[::-1])):
        out = tmp_path / f"out{number}"
        result = hyperCompile(paths, out=str(out), package="same", source=str(tree))
        assert result.success, result.diagnostics
        made.append(digests(out))
    assert made[0] == made[1]


def test_line_ends(tmp_path: Path) -> None:
    """A checkout with CRLF makes what one with LF makes, text over several lines included."""
    text = b'"""One\ntwo."""\nintent a\n\ncalc f() -> string: """x\ny"""\n'
    made = []
    for name, data in (("lf", text), ("crlf", text.replace(b"\n", b"\r\n"))):
        tree = tmp_path / name
        tree.mkdir()
        (tree / "a.intent").write_bytes(data)
        result = hyperCompile(str(tree), out=str(tmp_path / f"out-{name}"), package="same")
        assert result.success, result.diagnostics
        made.append(digests(tmp_path / f"out-{name}"))
        # The manifest names the bytes of each source, which do differ.
        assert made[-1].pop(str(Path("same") / "manifest.json"))
    assert made[0] == made[1]
