"""Builds with a fleet that they do not get through to, or over TLS: they build, and show neither passwords nor keys."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
import redis

from benchmarks.remote_server import Proxy
from tests.certificates import make_certificates
from tests.distributed.workers import completed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.remote_server import RedisServer
    from tests.distributed.workers import RunningWorker

PASSWORD: Final = "hunter2-of-a-build"
KEY: Final = "5ec2e7" * 8
BUILD: Final = (
    "build",
    "src",
    "-o",
    "out",
    "--target",
    "python,native",
    "--tier",
    "insane",
    "--processes",
    "1",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with sources that have something to hand out."""
    folder = tmp_path / "build"
    (folder / ".git").mkdir(parents=True)
    words = ["bench", "generate", "-o", "src", "8"]
    subprocess.run([sys.executable, "-m", "hyper", *words], cwd=folder, check=True, timeout=60)
    return folder


def build(tree: Path, **variables: str) -> tuple[dict[str, Any], str]:
    """What a build said, as an object and in words. It ends well, and shows no secret."""
    keys = {"HYPER_CACHE_KEYS": f"k1:{KEY}"}
    words = [sys.executable, "-m", "hyper", *BUILD, "--json", "--trace", "trace.json"]
    done = completed(words, tree, 300, **{**keys, **variables})
    assert done.returncode == 0, done.stderr
    trace = (tree / "trace.json").read_text(encoding="utf-8")
    for text in (done.stdout, done.stderr, trace):
        assert PASSWORD not in text
        assert KEY not in text
    for path in (tree / "out").rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert PASSWORD.encode() not in data
    told: dict[str, Any] = json.loads(done.stdout)
    return told, done.stderr


def test_a_server_that_is_not_there(tree: Path) -> None:
    told, said = build(tree, HYPER_QUEUE_URL=f"redis://me:{PASSWORD}@127.0.0.1:1/3")
    assert told["success"] is True
    assert "without the fleet at redis://127.0.0.1:1:" in said


def test_a_wrong_password(start: Callable[..., RedisServer], tree: Path) -> None:
    server = start("--requirepass", "another")
    _, said = build(tree, HYPER_QUEUE_URL=f"unix://:{PASSWORD}@{server.path}")
    assert f"without the fleet at unix://{server.path}:" in said
    assert "refuses the user, the password or a command" in said


def test_an_access_list_that_refuses(start: Callable[..., RedisServer], tree: Path) -> None:
    server = start()
    with redis.Redis.from_url(server.url) as client:
        client.execute_command("ACL", "SETUSER", "me", "reset", "on", f">{PASSWORD}", "~*", "+ping")
    _, said = build(tree, HYPER_QUEUE_URL=f"unix://me:{PASSWORD}@{server.path}")
    assert f"without the fleet at unix://{server.path}:" in said
    assert "refuses the user, the password or a command" in said


def test_over_tls(
    start: Callable[..., RedisServer],
    worker: Callable[..., RunningWorker],
    tree: Path,
    tmp_path: Path,
) -> None:
    """With the authority and a certificate a build has the worker's help; with another authority it builds alone."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    files = make_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / "here.pem", files / "here.key")
    context.load_verify_locations(files / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = start("--requirepass", PASSWORD)
    proxy = Proxy(server.path, tls=context)
    place = f"127.0.0.1:{proxy.port}"
    given = {
        "HYPER_QUEUE_URL": f"rediss://:{PASSWORD}@{place}",
        "HYPER_CACHE_CA": str(files / "ca.pem"),
        "HYPER_CACHE_CERTIFICATE": str(files / "client.pem"),
        "HYPER_CACHE_CERTIFICATE_KEY": str(files / "client.key"),
    }
    try:
        running = worker(HYPER_CACHE_KEYS=f"k1:{KEY}", **given)
        running.until("ready")
        told, said = build(tree, **given)
        assert "without the fleet" not in said
        assert told["metrics"]["remote_workers"] == 1
        told, said = build(tree, **{**given, "HYPER_CACHE_CA": str(files / "client.pem")})
        assert f"without the fleet at rediss://{place}:" in said
        assert running.stop() == 0
    finally:
        proxy.close()
    assert PASSWORD not in running.text
