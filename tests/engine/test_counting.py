"""What builds add to the census, and that the others add nothing and load nothing for it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.remote_server import RedisServer
from hyper import create_hyper_compiler
from hyper.cache import census
from hyper.engine.ownership import machine
from tests.redis_server import require_server

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from hyper.engine.result import Result

TEXTS = {"a.intent": "entity A:\n    name: string\n", "b.intent": "entity B:\n    size: int\n"}


def build(
    folder: Path, edit: str = "", environment: dict[str, str] | None = None, **options: object
) -> Result:
    tree = folder / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    for name, text in TEXTS.items():
        (tree / name).write_text(text + (edit if name == "a.intent" else ""), encoding="utf-8")
    places = {"out": str(folder / "out"), "cache": str(folder / "cache")}
    with create_hyper_compiler(environment=environment or {}, **places, **options) as compiler:
        result = compiler.compile(tree)
    assert result.success
    return result


def counts(folder: Path) -> dict[str, int]:
    there = census.kept(str(folder / "cache"))
    return there.here.counts() if there is not None else {}


def test_builds_are_counted_once(tmp_path: Path) -> None:
    build(tmp_path)
    assert counts(tmp_path) == {"units": 2, "actions": 1, "machines": 1}
    before = (tmp_path / "cache" / census.FILE).read_bytes()
    build(tmp_path)
    assert (tmp_path / "cache" / census.FILE).read_bytes() == before
    build(tmp_path, "# edited\n")
    assert counts(tmp_path) == {"units": 3, "actions": 2, "machines": 1}


def test_without_sketches_nothing_is_counted(tmp_path: Path) -> None:
    build(tmp_path, tier="conservative")
    assert counts(tmp_path) == {}
    build(tmp_path, "# edited\n", sketches=False)
    assert counts(tmp_path) == {}


def test_a_machine_is_a_number_that_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "one"))
    first = machine()
    assert len(first) == 16
    assert machine() == first
    assert (tmp_path / "one" / "hypercompiler" / "machine").stat().st_mode & 0o77 == 0
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "two"))
    assert machine() != first


def test_a_build_without_a_state_folder_counts_all_but_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    build(tmp_path)
    assert counts(tmp_path) == {"units": 2, "actions": 1, "machines": 0}


def test_a_build_that_is_answered_loads_none_of_it(tmp_path: Path) -> None:
    build(tmp_path)
    code = (
        "import sys\nfrom pathlib import Path\nfrom tests.engine.test_counting import build\n"
        "sys.modules.pop('hyper.cache.census'); sys.modules.pop('hyper.engine.counting', None)\n"
        "assert build(Path(sys.argv[1])).compilation is None\n"
        "wanted = {'hyper.cache.census', 'hyper.engine.counting', 'datasketch'}\n"
        "print(sorted(wanted & sys.modules.keys()))"
    )
    command = (sys.executable, "-c", code, str(tmp_path))
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_build_does_not_load_what_counts(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom tests.engine.test_counting import build\n"
        "build(Path(sys.argv[1]))\nprint('datasketch' in sys.modules, 'numpy' in sys.modules)"
    )
    command = (sys.executable, "-c", code, str(tmp_path))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_machines_that_share_are_counted_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_server()
    server = RedisServer()
    try:
        environment = {"HYPER_CACHE_URL": server.url}
        for name, edit in (("one", ""), ("two", "# edited\n")):
            monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / f"state {name}"))
            build(tmp_path / name, edit, environment)
        one, two = (census.kept(str(tmp_path / name / "cache")) for name in ("one", "two"))
        assert one is not None
        assert two is not None
        assert one.shared == one.here
        # It starts from what the first one made, and compiles the unit that differs.
        assert two.here.counts() == {"units": 1, "actions": 1, "machines": 1}
        assert two.shared is not None
        assert two.shared.counts() == {"units": 3, "actions": 2, "machines": 2}
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state three"))
        build(tmp_path / "three", "# third\n", environment, tier="conservative")
        build(tmp_path / "three", "# fourth\n", environment, shares=False)
        three = census.kept(str(tmp_path / "three" / "cache"))
        assert three is not None
        assert three.shared is None
        build(tmp_path / "two", "# fifth\n", environment)
        two = census.kept(str(tmp_path / "two" / "cache"))
        assert two is not None
        assert two.shared is not None
        assert two.shared.counts()["machines"] == 3
    finally:
        server.close()
