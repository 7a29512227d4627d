"""The workflow of docs/distributed.md: it is one that GitHub could read, and what it runs does what the page says."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Any, Final

import yaml

from hyper.cache.trust import Keyring
from tests.checkout import ROOT, STOREFRONT, copy_of
from tests.console import make_tools
from tests.distributed.workers import completed, environment

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.remote_server import RedisServer

PAGE: Final = ROOT / "docs" / "distributed.md"


def workflow() -> dict[str, Any]:
    (text,) = re.findall(
        r"^```yaml\n(name: .*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    read: dict[str, Any] = yaml.load(text, yaml.BaseLoader)  # `on` is a word there
    return read


def test_it_is_a_workflow_that_may_read_and_nothing_else() -> None:
    told = workflow()
    assert set(told) == {"name", "on", "permissions", "jobs"}
    assert told["permissions"] == {"contents": "read"}
    (job,) = told["jobs"].values()
    assert job["services"]["redis"]["ports"] == ["6379:6379"]
    assert job["env"]["HYPER_QUEUE_URL"] == "redis://localhost:6379"
    assert all(set(step) <= {"uses", "with", "run"} for step in job["steps"])


def test_its_steps_run(server: RedisServer, tmp_path: Path) -> None:
    """A key is made, and a build and a worker run beside each other; both end well."""
    (job,) = workflow()["jobs"].values()
    install, key, work = [step["run"] for step in job["steps"] if "run" in step]
    assert install == "pip install 'hypercompiler[jit,distributed]'"
    variables = tmp_path / "variables"
    subprocess.run(
        ["bash", "-c", key], env=environment(GITHUB_ENV=str(variables)), check=True, timeout=60
    )
    name, _, made = variables.read_text(encoding="utf-8").strip().partition("=")
    assert name == "HYPER_CACHE_KEYS"
    assert Keyring.parse(made).signer == "k1"
    folder = tmp_path / "work"
    (folder / ".git").mkdir(parents=True)
    copy_of(STOREFRONT, folder / "intents")
    tools = make_tools(tmp_path / "bin")
    path = f"{tools}:{os.environ['PATH']}"
    given = {**job["env"], "HYPER_QUEUE_URL": server.url, name: made, "PATH": path}
    # A runner's shell is `bash -e`; nothing comes for a second only, so that the test ends.
    words = ["bash", "-e", "-c", work.replace("--idle 30", "--idle 1")]
    done = completed(words, folder, 300, **given)
    assert done.returncode == 0, done.stderr
    assert (folder / "dist" / "storefront" / "__init__.py").exists()
    assert "nothing more to do" in done.stderr
    assert "without the fleet" not in done.stderr
