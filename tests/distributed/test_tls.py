"""A fleet over TLS: an authority of one's own, certificates of clients, and servers that are not whom they say they are."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import TYPE_CHECKING, Final

import pytest
import redis

from benchmarks.remote_server import Proxy
from hyper.base import digest
from hyper.cache.remote.settings import TLS
from hyper.distributed import roster
from hyper.distributed.blobs import Blobs
from hyper.distributed.client import connect, kind_of
from hyper.distributed.messages import Check, Checked
from hyper.distributed.settings import FleetSettings, open_settings
from tests.certificates import make_certificates
from tests.distributed.producing import outcome, send

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.remote_server import RedisServer
    from tests.distributed.workers import RunningWorker

PASSWORD: Final = "hunter2-over-tls"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def encrypted(certificates: Path) -> Iterator[Callable[..., str]]:
    """Starts something in front of a server that speaks TLS; gives its address."""
    proxies: list[Proxy] = []

    def starting(server: RedisServer, name: str = "here", *, asks_clients: bool = False) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
        if asks_clients:
            context.load_verify_locations(certificates / "ca.pem")
            context.verify_mode = ssl.CERT_REQUIRED
        proxies.append(Proxy(server.path, tls=context))
        return f"rediss://:{PASSWORD}@127.0.0.1:{proxies[-1].port}"

    yield starting
    for proxy in proxies:
        proxy.close()


@pytest.fixture
def locked(start: Callable[..., RedisServer]) -> RedisServer:
    """A server with a password."""
    return start("--requirepass", PASSWORD)


def variables(url: str, certificates: Path, *names: str) -> dict[str, str]:
    """The environment: the authority, and the certificate and key of the client."""
    given = ("HYPER_CACHE_CA", "HYPER_CACHE_CERTIFICATE", "HYPER_CACHE_CERTIFICATE_KEY")
    files = (str(certificates / name) for name in names)
    return {"HYPER_QUEUE_URL": url, **dict(zip(given, files, strict=False))}


def opened(given: dict[str, str]) -> FleetSettings:
    settings = open_settings("shop", given)
    assert settings is not None
    return settings


def test_a_worker_works_and_is_seen(
    locked: RedisServer,
    encrypted: Callable[..., str],
    certificates: Path,
    worker: Callable[..., RunningWorker],
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    url = encrypted(locked, asks_clients=True)
    given = variables(url, certificates, "ca.pem", "client.pem", "client.key")
    running = worker("--name", "w1", **given)
    shown = running.until("starting")["server"]
    assert shown == url.replace(f":{PASSWORD}@", "")
    settings = opened(given)
    send(settings, settings.post.write(Check({"a.intent": ""}), "one"), "one")
    state, answer = outcome(f"unix://:{PASSWORD}@{locked.path}", settings, "one")
    assert state == "completed"
    assert settings.post.read(answer, "one", Checked).result["success"] is True
    looked = hyper_worker("status", "--json", **given)
    assert [each["name"] for each in json.loads(looked.stdout)["workers"]] == ["w1"]
    assert running.stop() == 0
    assert PASSWORD not in running.text


def test_a_build_puts_contents_there_and_says_that_it_is_there(
    locked: RedisServer, encrypted: Callable[..., str], certificates: Path
) -> None:
    url = encrypted(locked, asks_clients=True)
    settings = opened(variables(url, certificates, "ca.pem", "client.pem", "client.key"))
    large = bytes(range(256)) * 4000
    contents = {digest.of_bytes(data): data for data in (b"small", large)}

    async def build() -> list[str]:
        client = connect(settings, text=False, timeout=20.0)
        try:
            await roster.announce(client, settings.names, roster.Build("b1", "ab" * 32))
            return [each.name for each in await roster.read_builds(client, settings.names)]
        finally:
            await client.aclose()

    assert asyncio.run(build()) == ["b1"]
    blobs = Blobs(settings)
    assert asyncio.run(blobs.put(contents))
    assert asyncio.run(blobs.get(contents)) == contents
    blobs.close()


def test_a_variable_that_is_empty_names_no_file() -> None:
    """As those of secrets that a run of continuous integration is not given."""
    given = {"HYPER_QUEUE_URL": "rediss://127.0.0.1", "HYPER_CACHE_CA": ""}
    assert opened(given).tls == TLS()
    given |= {"HYPER_CACHE_CERTIFICATE": "c.pem", "HYPER_CACHE_CERTIFICATE_KEY": ""}
    assert opened(given).tls == TLS(certificate="c.pem")


WRONG: Final = {
    "another name": ("elsewhere", False, ("ca.pem",)),
    "an unknown authority": ("here", False, ("client.pem",)),
    "the authorities of the system": ("here", False, ()),
    "no certificate of the client": ("here", True, ("ca.pem",)),
}


@pytest.mark.parametrize("wrong", list(WRONG))
def test_nobody_else_is_believed(  # noqa: PLR0917  # pytest gives them by name
    locked: RedisServer,
    encrypted: Callable[..., str],
    certificates: Path,
    worker: Callable[..., RunningWorker],
    hyper_worker: Callable[..., subprocess.CompletedProcess[str]],
    wrong: str,
) -> None:
    """Neither a worker, nor who looks, nor what a build uses gets through, and no password is shown on the way."""
    name, asks, files = WRONG[wrong]
    given = variables(encrypted(locked, name, asks_clients=asks), certificates, *files)
    running = worker(**given)
    assert running.until("waits for the server")["reason"] == "ConnectionError"
    looked = hyper_worker("status", **given)
    assert looked.returncode == 1
    assert "(ConnectionError)" in looked.stderr
    settings = opened(given)

    async def ask() -> str:
        client = connect(settings, text=False, timeout=20.0)
        try:
            await roster.announce(client, settings.names, roster.Build("b1", "ab" * 32))
        except redis.RedisError as error:
            return kind_of(error) + str(error)
        finally:
            await client.aclose()
        return "it was let in"

    said = asyncio.run(ask())
    assert said.startswith("ConnectionError")
    blobs = Blobs(settings)
    assert not asyncio.run(blobs.put({digest.of_bytes(b"x"): b"x"}))
    blobs.close()
    assert running.stop() == 0
    assert "ready" not in [event["event"] for event in running.events]
    assert PASSWORD not in running.text + looked.stderr + looked.stdout + said
