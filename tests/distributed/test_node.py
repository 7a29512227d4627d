"""Programs in Node, with BullMQ's own package, and a real worker: what docs/distributed.md says of other languages.

``HYPER_TEST_NODE`` names a folder with the packages installed, and then none of these tests may be skipped; without it they are
installed here.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from benchmarks.remote_server import RedisServer
from hyper.cache.trust import Keyring
from hyper.distributed.acl import users
from hyper.distributed.client import bullmq_options
from hyper.distributed.messages import Check
from hyper.distributed.names import Names
from hyper.distributed.settings import FleetSettings
from hyper.engine.options import Options
from tests.checkout import ROOT
from tests.distributed.workers import completed
from tests.redis_server import require_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.distributed.workers import RunningWorker

SOURCES: Final = ROOT / "tests" / "node"
INSTALL: Final = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
KEYS: Final = "k1:" + "ab" * 32
OTHER_KEYS: Final = "k1:" + "cd" * 32
GOOD: Final = "enum Size:\n    small\n    large\n"
BAD: Final = "enum Size:\n"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs and the packages that they need."""
    folder = tmp_path_factory.mktemp("node")
    for path in SOURCES.iterdir():
        shutil.copy(path, folder)
    given = os.environ.get("HYPER_TEST_NODE")
    if given:
        (folder / "node_modules").symlink_to(Path(given) / "node_modules")
        return folder
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node or npm is not on this machine")
    try:
        done = subprocess.run(
            [npm, "install", *INSTALL, "--prefix", str(folder)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not install BullMQ in two minutes")
    if done.returncode:
        pytest.skip(f"npm cannot install BullMQ here: {done.stderr.strip()[-200:]}")
    return folder


@pytest.fixture
def tcp_server() -> Iterator[RedisServer]:
    """A server on a port of the loopback, with the users of the fleet."""
    import redis

    require_server()
    server = RedisServer(tcp=True)
    with redis.Redis.from_url(server.url) as client:
        for user in users(Names("shop")):
            client.execute_command(*user.command().split())
    yield server
    server.close()


def as_role(server: RedisServer, role: str) -> str:
    place = server.url.removeprefix("redis://")
    return f"redis://shop-fleet-{role}:{role.upper()}-PASSWORD@{place}"


def run(
    packages: Path, program: str, *words: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    return completed(["node", program, *words], packages, **variables)


def check(
    packages: Path, server: RedisServer, files: dict[str, str], **variables: str
) -> tuple[int, dict[str, Any]]:
    """What the producer says of files."""
    for name, text in files.items():
        (packages / name).write_text(text, encoding="utf-8")
    url = as_role(server, "producer")
    given = {"HYPER_QUEUE_URL": url, "HYPER_CHECK_SECONDS": "45", **variables}
    done = run(packages, "producer.js", *files, **given)
    said = json.loads(done.stdout) if done.stdout else {"told": done.stderr}
    assert "PRODUCER-PASSWORD" not in done.stdout + done.stderr
    return done.returncode, said


@pytest.mark.parametrize("keys", ["", KEYS])
def test_a_program_in_node_has_documents_checked(
    packages: Path, tcp_server: RedisServer, worker: Callable[..., RunningWorker], keys: str
) -> None:
    running = worker(HYPER_QUEUE_URL=as_role(tcp_server, "worker"), HYPER_CACHE_KEYS=keys)
    running.until("ready")
    code, said = check(packages, tcp_server, {"sizes.intent": GOOD}, HYPER_CACHE_KEYS=keys)
    assert (code, said["success"], said["diagnostics"]) == (0, True, [])
    code, said = check(packages, tcp_server, {"sizes.intent": BAD}, HYPER_CACHE_KEYS=keys)
    assert (code, said["success"]) == (1, False)
    assert {each["file"] for each in said["diagnostics"]} == {"sizes.intent"}
    assert running.stop() == 0
    import redis

    with redis.Redis.from_url(tcp_server.url) as client:
        assert client.execute_command("ACL", "LOG") == []


def test_who_does_not_sign_is_refused(
    packages: Path, tcp_server: RedisServer, worker: Callable[..., RunningWorker]
) -> None:
    running = worker(HYPER_QUEUE_URL=as_role(tcp_server, "worker"), HYPER_CACHE_KEYS=KEYS)
    running.until("ready")
    for keys, fault in (("", "unsigned"), (OTHER_KEYS, "forged")):
        code, said = check(packages, tcp_server, {"a.intent": GOOD}, HYPER_CACHE_KEYS=keys)
        assert code == 2
        assert f"refused ({fault})" in said["told"]
        assert running.until("refused")["fault"] == fault


def test_an_answer_that_is_not_signed_is_not_believed(
    packages: Path, tcp_server: RedisServer, worker: Callable[..., RunningWorker]
) -> None:
    worker(HYPER_QUEUE_URL=as_role(tcp_server, "worker")).until("ready")
    code, said = check(packages, tcp_server, {"a.intent": GOOD}, HYPER_CACHE_KEYS=KEYS)
    assert code == 2
    assert "not signed with a key that is known here" in said["told"]


def test_nothing_secret_is_told_of_a_server_that_is_not_there(packages: Path) -> None:
    for url in ("redis://me:PRODUCER-PASSWORD@127.0.0.1:1", "redis://PRODUCER-PASSWORD:x"):
        done = run(packages, "producer.js", HYPER_QUEUE_URL=url, HYPER_CHECK_SECONDS="0.5")
        assert done.returncode == 2
        assert done.stderr.startswith("no answer: ")
        assert "PRODUCER-PASSWORD" not in done.stdout + done.stderr


def test_what_is_no_server_of_redis_is_told_at_once(packages: Path) -> None:
    for url in ("http://here:6379", "unix:///run/redis.sock", "nonsense"):
        done = run(packages, "producer.js", HYPER_QUEUE_URL=url, HYPER_CHECK_SECONDS="45")
        said = "no answer: HYPER_QUEUE_URL is redis:// or rediss:// and a place\n"
        assert (done.returncode, done.stderr) == (2, said)


def test_names_are_those_of_a_build_with_the_same_environment(packages: Path) -> None:
    program = "console.log(require('./producer.js').prefixOf(process.env))"
    for project, fleet in (("", ""), ("shop", ""), ("", "ci")):
        done = run(packages, "-e", program, HYPER_PROJECT=project, HYPER_FLEET=fleet)
        names = Names(project or Options().project, *filter(None, [fleet]))
        assert done.stdout == f"{names.prefix}\n"


def test_what_python_adds_is_a_job_for_node(packages: Path, tcp_server: RedisServer) -> None:
    settings = FleetSettings(
        as_role(tcp_server, "builder"), "shop", keyring=Keyring.parse(KEYS), demands=True
    )
    message = settings.post.write(Check({"a.intent": GOOD}), "python-1")

    async def add() -> None:
        from bullmq import Queue

        queue: Any = Queue(settings.names.checks(), bullmq_options(settings, skipVersionCheck=True))
        await queue.add("check", message, {"jobId": "python-1", "removeOnComplete": {"age": 300}})
        await queue.close()

    asyncio.run(add())
    url = as_role(tcp_server, "builder")
    done = run(packages, "look.js", "{checks}", "python-1", HYPER_QUEUE_URL=url)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["id"], seen["name"], seen["state"]) == ("python-1", "check", "waiting")
    assert seen["data"] == message
    assert seen["opts"]["removeOnComplete"] == {"age": 300}
    assert json.loads(seen["data"]["body"]) == {"files": {"a.intent": GOOD}}


def test_the_page_shows_the_program() -> None:
    page = (ROOT / "docs" / "distributed.md").read_text(encoding="utf-8")
    shown = page.partition("```js\n")[2].partition("```")[0]
    assert len(shown) > 500
    assert shown in (SOURCES / "producer.js").read_text(encoding="utf-8")


def test_versions_are_pinned() -> None:
    project = json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))
    assert all(version[0].isdecimal() for version in project["dependencies"].values())
    assert not [path for path in SOURCES.iterdir() if "lock" in path.name]
