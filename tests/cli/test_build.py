"""``hyper build``: what it makes, leaves alone, and says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Hyper = Callable[..., Done]

ROOT: Final = Path(__file__).resolve().parents[2]


def test_build_says_what_it_made(hyper: Hyper, tree: Path) -> None:
    done = hyper("build")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("dist/shop from 2 files\n")
    assert (tree / "dist" / "shop" / "openapi.json").exists()
    assert (tree / "dist" / "shop" / "py.typed").exists()


def test_build_as_json(hyper: Hyper, tree: Path) -> None:
    value = hyper("build", "--json").json("build")
    assert value["package"] == "shop"
    assert value["stats"]["written"] == len(value["outputs"])
    for output in value["outputs"]:
        assert (tree / "dist" / output["path"]).stat().st_size == output["size"]
    again = hyper("build", "--json").json("build")
    assert again["stats"]["written"] == 0
    assert [item["digest"] for item in again["outputs"]] == [
        item["digest"] for item in value["outputs"]
    ]


def test_the_manifest_tells_what_was_made(hyper: Hyper, tree: Path) -> None:
    hyper("build")
    manifest = json.loads((tree / "dist" / "shop" / "manifest.json").read_text())
    assert manifest["package"] == "shop"
    assert set(manifest["sources"]) == {"orders.intent", "service.intent"}
    assert "openapi.json" in manifest["outputs"]
    assert str(tree) not in json.dumps(manifest)


def test_only_what_changed_is_touched_and_leftovers_go(hyper: Hyper, tree: Path) -> None:
    extra = tree / "intents" / "extra.intent"
    extra.write_text("intent shop.extra\n\nentity Extra:\n    x: int\n")
    hyper("build")
    package = tree / "dist" / "shop"
    assert (package / "extra.py").exists()
    for path in package.rglob("*"):
        os.utime(path, ns=(1, 1))
    extra.unlink()
    hyper("build")
    assert not (package / "extra.py").exists()
    assert (package / "orders.py").stat().st_mtime_ns == 1
    assert (package / "manifest.json").stat().st_mtime_ns != 1


def test_nothing_is_written_where_there_is_an_error(hyper: Hyper, tree: Path) -> None:
    hyper("build")
    before = (tree / "dist" / "shop" / "manifest.json").read_bytes()
    (tree / "intents" / "wrong.intent").write_text("entity A:\n    x: Nope\n")
    done = hyper("build")
    assert done.code == 1
    assert done.err.endswith("hyper: 1 error; nothing was written\n")
    assert (tree / "dist" / "shop" / "manifest.json").read_bytes() == before


def test_a_failing_scenario_stops_the_build(hyper: Hyper, tree: Path) -> None:
    path = tree / "intents" / "orders.intent"
    path.write_text(path.read_text().replace("then rate == 0.15", "then rate == 0.16"))
    assert hyper("build").code == 1
    assert not (tree / "dist").exists()


def test_a_folder_of_somebody_else_is_left_alone(hyper: Hyper, tree: Path) -> None:
    (tree / "dist" / "shop").mkdir(parents=True)
    (tree / "dist" / "shop" / "mine.py").write_text("mine")
    done = hyper("build")
    assert done.code == 1
    assert "E0904" in done.err
    assert [path.name for path in (tree / "dist" / "shop").iterdir()] == ["mine.py"]


@pytest.mark.parametrize(
    ("target", "there", "absent"),
    [
        ("openapi", ["openapi.json"], ["orders.py", "schema"]),
        ("jsonschema", ["schema"], ["orders.py", "openapi.json"]),
        ("python", ["orders.py", "openapi.json"], ["schema"]),
    ],
)
def test_targets(
    hyper: Hyper, tree: Path, target: str, there: list[str], absent: list[str]
) -> None:
    assert hyper("build", "--target", target).code == 0
    for name in there:
        assert (tree / "dist" / "shop" / name).exists()
    for name in absent:
        assert not (tree / "dist" / "shop" / name).exists()


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_tiers_seeds_and_paths_write_the_same_bytes(
    hyper: Hyper, tree: Path, tmp_path: Path
) -> None:
    hyper("build")
    expected = _bytes(tree / "dist")
    elsewhere = tmp_path / "some" / "other place"
    elsewhere.parent.mkdir()
    (tree / "intents").rename(elsewhere)
    for number, tier in enumerate(("conservative", "aggressive", "insane")):
        out = tmp_path / f"out{number}"
        words = ["build", str(elsewhere), "-o", str(out), "--package", "shop", "--tier", tier]
        subprocess.run(
            [sys.executable, "-m", "hyper", *words],
            check=True,
            capture_output=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(number)},
        )
        assert _bytes(out) == expected


def test_the_package_is_imported_and_serves_without_hyper(hyper: Hyper, tree: Path) -> None:
    hyper("build")
    code = (
        "import sys; sys.modules['hyper'] = None\n"
        "import shop.orders as orders\n"
        "from shop.api import create_app\n"
        "create_app(mock=True)\n"
        "print(orders.discount(orders.Tier('gold'), __import__('decimal').Decimal('600.00')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tree / "dist",
        env={**os.environ, "PYTHONPATH": str(tree / "dist")},
    )
    assert (done.returncode, done.stdout) == (0, "0.15\n"), done.stderr


def test_a_replayed_error_shows_its_line(
    hyper: Hyper, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "intents" / "wrong.intent").write_text("entity Wrong:\n    a: Nothing\n")
    options = ("build", "-o", "out")
    plain = hyper(*options)
    monkeypatch.setenv("HYPER_INCREMENTAL", "on")
    first = hyper(*options)
    again = hyper(*options)
    assert plain.code == again.code == 1
    assert "a: Nothing" in again.err
    assert again.err == first.err == plain.err


def test_people_get_as_many_errors_as_they_read(hyper: Hyper, tree: Path) -> None:
    lines = "".join(f"    field{number}: Nothing{number}\n" for number in range(150))
    (tree / "intents" / "wrong.intent").write_text(f"entity Wrong:\n{lines}")
    done = hyper("check")
    assert done.err.count("error[E0303]") == 100
    assert "… and 50 more; `--json` has all of them" in done.err
    assert "150 errors" in done.err
