"""Passwords and keys of a fleet: whatever goes wrong, no line of a worker, no page, no process and no object shows them."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import redis

from hyper.distributed.blobs import Blobs
from hyper.distributed.client import bullmq_options, connect
from hyper.distributed.messages import Check
from hyper.distributed.settings import open_settings
from tests.distributed.producing import outcome, send

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from benchmarks.remote_server import RedisServer
    from tests.distributed.workers import RunningWorker

PASSWORD: Final = "hunter2-of-the-fleet"
KEY: Final = "5ec2e7" * 8
KEYS: Final = f"k1:{KEY}"
SECRETS: Final = (PASSWORD, KEY, KEY.upper(), "aHVudGVyMi")


def clean(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


def url_of(server: RedisServer, user: str = "worker") -> str:
    return f"unix://{user}:{PASSWORD}@{server.path}"


def allow(server: RedisServer, *rules: str) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.execute_command("ACL", "SETUSER", "worker", "reset", "on", f">{PASSWORD}", *rules)


def descendants(process: int) -> list[int]:
    """A process and all that it started and they started; of a system without /proc only itself."""
    found, known = [process], 0
    while known < len(found):
        for path in Path(f"/proc/{found[known]}/task").glob("*/children"):
            found += map(int, path.read_text(encoding="ascii").split())
        known += 1
    return found


def shown_of(process: int) -> str:
    """The title of a process as every user of the machine sees it."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""


class TestWorkers:
    def test_that_works_and_loses_its_server(
        self, start: Callable[..., RedisServer], worker: Callable[..., RunningWorker]
    ) -> None:
        server = start()
        allow(server, "~*", "+@all")
        variables = {"HYPER_QUEUE_URL": url_of(server), "HYPER_CACHE_KEYS": KEYS}
        running = worker("--http", "0", **variables)
        port = running.until("starting")["http"]
        running.until("ready")
        settings = open_settings("shop", variables)
        assert settings is not None
        send(settings, settings.post.write(Check({"a.intent": ""}), "good"), "good")
        send(settings, {"version": 1, "type": "check", "body": "{}"}, "bad")
        assert outcome(server.url, settings, "good")[0] == "completed"
        state, reason = outcome(server.url, settings, "bad")
        assert state == "failed"
        assert clean(reason)
        for page in ("healthz", "readyz", "metrics"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=30) as answer:
                assert clean(answer.read().decode())
        ours = descendants(running.process.pid)
        assert all(clean(shown_of(process)) for process in ours)
        if Path("/proc/self/environ").exists():
            assert len(ours) > 1
            for process in ours[1:]:
                assert clean(_environment_of(process)), "a child has no secrets to give away"
        server.kill()
        running.until("the server is lost")
        assert running.stop() == 0
        assert clean(running.text)

    @pytest.mark.parametrize("rules", [["~*", "+ping"], ["~other:*", "+@all"]])
    def test_that_the_access_list_refuses(
        self,
        start: Callable[..., RedisServer],
        worker: Callable[..., RunningWorker],
        rules: list[str],
    ) -> None:
        server = start()
        allow(server, *rules)
        running = worker(HYPER_QUEUE_URL=url_of(server), HYPER_CACHE_KEYS=KEYS)
        assert running.until("waits for the server")["reason"] == "NoPermissionError"
        assert running.stop() == 0
        assert clean(running.text)

    def test_whose_password_is_wrong(
        self, start: Callable[..., RedisServer], worker: Callable[..., RunningWorker]
    ) -> None:
        server = start()
        running = worker(HYPER_QUEUE_URL=url_of(server, "nobody"), HYPER_CACHE_KEYS=KEYS)
        assert running.until("waits for the server")["reason"] == "AuthenticationError"
        assert running.stop() == 0
        assert clean(running.text)

    def test_whose_server_is_not_there(self, worker: Callable[..., RunningWorker]) -> None:
        running = worker(HYPER_QUEUE_URL=f"redis://me:{PASSWORD}@127.0.0.1:1/2")
        assert running.until("starting")["server"] == "redis://127.0.0.1:1"
        assert running.until("waits for the server")["reason"] == "ConnectionError"
        assert running.stop() == 0
        assert clean(running.text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"HYPER_QUEUE_URL": f"redis://me:{PASSWORD}@127.0.0.1:x"},
        {"HYPER_QUEUE_URL": f"http://me:{PASSWORD}@127.0.0.1"},
        {"HYPER_QUEUE_URL": f"redis://me:{PASSWORD}@127.0.0.1/x"},
        {"HYPER_QUEUE_URL": PASSWORD},
        {"HYPER_CACHE_KEYS": f"{KEY}:{PASSWORD}"},
        {"HYPER_CACHE_KEYS": KEY},
        {"HYPER_CACHE_CA": f"/{PASSWORD}.pem", "HYPER_CACHE_SIGNATURES": PASSWORD},
    ],
)
@pytest.mark.parametrize("action", [[], ["status"], ["trace", "ab" * 32]])
def test_wrong_calls(
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
    wrong: dict[str, str],
    action: list[str],
) -> None:
    given = {"HYPER_QUEUE_URL": f"redis://me:{PASSWORD}@127.0.0.1:1", **wrong}
    done = hyper_worker(*action, **given)
    assert done.returncode == 2
    assert done.stderr.startswith("hyper: ")
    assert clean(done.stdout + done.stderr)


@pytest.mark.parametrize("action", [["status"], ["trace", "ab" * 32]])
def test_looking_at_a_server_that_does_not_answer(
    start: Callable[..., RedisServer],
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
    action: list[str],
) -> None:
    server = start()
    for url, kind in (
        (f"redis://me:{PASSWORD}@127.0.0.1:1", "ConnectionError"),
        (url_of(server, "nobody"), "AuthenticationError"),
    ):
        done = hyper_worker(*action, HYPER_QUEUE_URL=url)
        assert done.returncode == 1
        assert f"({kind})" in done.stderr
        assert clean(done.stdout + done.stderr)


def test_no_object_shows_them(start: Callable[..., RedisServer]) -> None:
    server = start()
    allow(server, "~*", "+@all")
    variables = {"HYPER_QUEUE_URL": url_of(server), "HYPER_CACHE_KEYS": KEYS}
    settings = open_settings("shop", variables)
    assert settings is not None
    blobs = Blobs(settings)
    client = connect(settings, text=True)
    seen: list[Any] = [settings, settings.address, settings.keyring, settings.post, settings.names]
    seen += [blobs, blobs.counters, client, client.connection_pool, bullmq_options(settings)]
    for each in seen:
        assert clean(repr(each)), type(each)
        assert clean(str(each)), type(each)
    blobs.close()


def _environment_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/environ").read_bytes().decode(errors="replace")
    except OSError:
        # It has ended meanwhile.
        return ""
