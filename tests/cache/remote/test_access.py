"""Who gets at the server: passwords, access lists as docs/shared-cache.md gives them, TLS, and the environment."""

from __future__ import annotations

import itertools
import re
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest

from benchmarks.remote_server import Proxy
from hyper.cache.layered import Layered, ReadOnly
from hyper.cache.remote import TLS, open_shared
from hyper.cache.trust import Keyring
from tests.cache.entries import action, blobs, noise, some_blobs
from tests.cache.remote.conftest import raw
from tests.certificates import make_certificates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.remote_server import RedisServer
    from hyper.cache.remote import RedisLayer

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "shared-cache.md"
RESULT: Final = {action(1): b"result"}
BRANCH: Final = {action(2): b"of the branch"}


def of_page(language: str) -> list[str]:
    """The lines of the page's blocks in a language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return [line for block in found for line in block.splitlines()]


def configured(server: RedisServer, language: str = "redis") -> RedisServer:
    for line in of_page(language):
        assert raw(server.url, *line.split()) in {True, b"OK"}
    return server


def version(server: RedisServer) -> int:
    return int(str(raw(server.url, "INFO", "server")["redis_version"]).split(".", maxsplit=1)[0])


def as_user(server: RedisServer, name: str) -> str:
    password = name.removeprefix("shop-").upper() + "-PASSWORD"
    return f"unix://{name}:{password}@{server.path}"


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_is_asked_once(
    start: Callable[..., RedisServer], opened: Callable[..., RedisLayer], password: str
) -> None:
    server, told = start("--requirepass", "p@ss/word"), list[str]()
    layer = opened(f"unix://:{password}@{server.path}", on_outage=told.append)
    for _ in range(5):
        assert layer.get_many("action", list(RESULT)) == {}
        layer.put_many("action", RESULT)
    assert layer.counters["errors"] == 1
    assert told == ["authentication"]
    right = opened(f"unix://:{quote('p@ss/word', safe='')}@{server.path}")
    right.put_many("action", RESULT)
    assert right.get_many("action", list(RESULT)) == RESULT


def test_neither_passwords_nor_keys_are_shown(opened: Callable[..., RedisLayer]) -> None:
    secret = "ab" * 32
    layer = opened("redis://user:hunter2@127.0.0.1:1", keyring=Keyring.parse(f"k1:{secret}"))
    layer.get_many("action", list(RESULT))
    wire: Any = layer._wire
    inside = [vars(layer), wire._address, layer._sealer, wire._connection]
    for shown in map(repr, (layer, layer.counters, *inside)):
        assert "hunter2" not in shown
        assert secret not in shown


def test_least_rights(start: Callable[..., RedisServer], opened: Callable[..., RedisLayer]) -> None:
    """With the lines of the page a writer does all that it does, and a reader reads."""
    server = configured(start())
    writer = opened(as_user(server, "shop-writer"))
    writer.put_many("action", RESULT)
    writer.put_many("blob", some_blobs(3, 100_000))
    writer.flush()
    writer.put_many("blob", blobs([b"more"]))
    writer.flush()
    reader = opened(as_user(server, "shop-reader"), mode="read-only")
    for _ in range(3):
        assert reader.get_many("action", list(RESULT)) == RESULT
        reader.get_many("action", [action(7)])
    assert len(reader.get_many("blob", list(some_blobs(3, 100_000)))) == 3
    assert reader.counters["spared"] > 0
    assert writer.counters["errors"] == reader.counters["errors"] == 0
    assert raw(server.url, "ACL", "LOG") == []


def test_a_reader_that_writes_is_refused_by_the_server(
    start: Callable[..., RedisServer], opened: Callable[..., RedisLayer]
) -> None:
    server = configured(start())
    opened(as_user(server, "shop-writer")).put_many("action", RESULT)
    cheat = opened(as_user(server, "shop-reader"))
    cheat.put_many("action", {action(1): b"other"})
    cheat.put_many("action", {action(1): b"other"})
    cheat.flush()
    counters = cheat.counters
    assert (counters["puts"], counters["refused"], counters["errors"], counters["off"]) == (
        0,
        2,
        1,
        1,
    )
    assert cheat.get_many("action", list(RESULT)) == RESULT


def test_a_branch_on_a_server_that_knows_no_reading_of_patterns(
    start: Callable[..., RedisServer], opened: Callable[..., RedisLayer]
) -> None:
    server = configured(start())
    opened(as_user(server, "shop-writer")).put_many("action", RESULT)
    branch = as_user(server, "shop-feature")
    own = opened(branch, scope="feature", reads=["feature"])
    main = opened(as_user(server, "shop-reader"), mode="read-only", name="redis-main")
    layers = Layered([ReadOnly(main), own])
    layers.put_many("action", BRANCH)
    layers.flush()
    assert layers.get_many("action", [*RESULT, *BRANCH]) == {**RESULT, **BRANCH}
    assert main.get_many("action", list(BRANCH)) == {}
    assert own.get_many("action", list(RESULT)) == {}
    assert layers.counters["errors"] == 0
    cheat = opened(branch, scope="main")
    cheat.put_many("action", {action(1): b"poison"})
    assert cheat.counters["refused"] == 1
    assert main.get_many("action", list(RESULT)) == RESULT


def test_a_branch_that_one_user_serves(
    start: Callable[..., RedisServer], opened: Callable[..., RedisLayer]
) -> None:
    server = configured(start())
    if version(server) < 7:
        pytest.skip("access lists have %R~ from Redis 7 on, and this server is older")
    configured(server, "redis-7")
    opened(as_user(server, "shop-writer")).put_many("action", RESULT)
    url = as_user(server, "shop-feature")
    branch = opened(url, scope="feature")
    branch.put_many("action", BRANCH)
    branch.flush()
    assert branch.get_many("action", [*RESULT, *BRANCH]) == {**RESULT, **BRANCH}
    assert branch.counters["errors"] == 0
    cheat = opened(url, scope="main")
    cheat.put_many("action", {action(1): b"poison"})
    assert cheat.counters["refused"] == 1


class TestScopes:
    def test_a_branch_reads_main_and_fills_nothing_of_it(
        self, server: RedisServer, opened: Callable[..., RedisLayer]
    ) -> None:
        main, branch, other = (opened(server.url, scope=scope) for scope in ("main", "a/b", "a"))
        main.put_many("action", RESULT)
        branch.put_many("action", BRANCH)
        both = [*RESULT, *BRANCH]
        assert branch.get_many("action", both) == {**RESULT, **BRANCH}
        assert main.get_many("action", both) == RESULT
        assert other.get_many("action", both) == RESULT

    def test_main_is_believed_before_the_branch(
        self, server: RedisServer, opened: Callable[..., RedisLayer]
    ) -> None:
        opened(server.url, scope="feature").put_many("action", {action(1): b"other"})
        opened(server.url).put_many("action", RESULT)
        assert opened(server.url, scope="feature").get_many("action", list(RESULT)) == RESULT

    @pytest.mark.parametrize("sizes", [(10, 100_000), (100_000, 10), (100_000, 100_001), (10, 11)])
    def test_main_is_believed_however_long_its_entry_is(
        self, server: RedisServer, opened: Callable[..., RedisLayer], sizes: tuple[int, int]
    ) -> None:
        of_main, of_branch = ({action(1): noise(size, size)} for size in sizes)
        opened(server.url, scope="feature").put_many("action", of_branch)
        opened(server.url).put_many("action", of_main)
        assert opened(server.url, scope="feature").get_many("action", list(RESULT)) == of_main

    def test_what_a_branch_puts_is_in_its_filter_even_if_it_reads_main_only(
        self, server: RedisServer, opened: Callable[..., RedisLayer]
    ) -> None:
        branch = {"scope": "feature"}
        first = opened(server.url, **branch)
        first.put_many("action", BRANCH)
        first.flush()
        writer = opened(server.url, **branch, reads=["main"])
        writer.put_many("action", RESULT)
        writer.flush()
        assert writer.get_many("action", list(RESULT)) == {}
        reader = opened(server.url, **branch)
        for _ in range(3):
            assert reader.get_many("action", list(RESULT)) == RESULT

    def test_an_entry_that_is_moved_to_main_is_forged(
        self, server: RedisServer, opened: Callable[..., RedisLayer]
    ) -> None:
        keyring = Keyring.parse("k1:" + "ab" * 32)
        opened(server.url, scope="feature", keyring=keyring).put_many("action", BRANCH)
        (name,) = raw(server.url, "KEYS", "*:action:*")
        raw(server.url, "RENAME", name, name.replace(b":feature:", b":main:"))
        main = opened(server.url, keyring=keyring)
        assert main.get_many("action", list(BRANCH)) == {}
        assert main.counters["forged"] == 1


def test_rotation_as_the_page_says(server: RedisServer, opened: Callable[..., RedisLayer]) -> None:
    old, new = "k1:" + "ab" * 32, "k2:" + "cd" * 32
    steps = [old, f"{old},{new}", f"{new},{old}", new]
    put: dict[bytes, bytes] = {}
    for number, (before, after) in enumerate(itertools.pairwise(steps)):
        for keys in (before, after):
            writer = opened(server.url, keyring=Keyring.parse(keys), key_filter=False)
            entry = {action(len(put)): b"%d" % number}
            writer.put_many("action", entry)
            put.update(entry)
        if number < 2:
            for keys in (before, after):
                reader = opened(server.url, keyring=Keyring.parse(keys), key_filter=False)
                assert reader.get_many("action", list(put)) == put
    last = opened(server.url, keyring=Keyring.parse(new), key_filter=False)
    assert set(last.get_many("action", list(put))) == set(list(put)[3:])
    assert last.counters["unsigned"] == 3


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def encrypted(server: RedisServer, certificates: Path) -> Iterator[Callable[..., int]]:
    """Starts something in front of the server that speaks TLS; gives its port."""
    proxies: list[Proxy] = []

    def starting(name: str = "here", *, asks_clients: bool = False) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
        if asks_clients:
            context.load_verify_locations(certificates / "ca.pem")
            context.verify_mode = ssl.CERT_REQUIRED
        proxies.append(Proxy(server.path, tls=context))
        return proxies[-1].port

    yield starting
    for proxy in proxies:
        proxy.close()


class TestTLS:
    def _shared(self, layer: RedisLayer) -> dict[bytes, bytes]:
        layer.put_many("action", RESULT)
        return layer.get_many("action", list(RESULT))

    def test_a_server_of_the_authority(
        self,
        encrypted: Callable[..., int],
        certificates: Path,
        opened: Callable[..., RedisLayer],
    ) -> None:
        url, tls = f"rediss://127.0.0.1:{encrypted()}", TLS(str(certificates / "ca.pem"))
        layer = opened(url, tls=tls)
        assert self._shared(layer) == RESULT
        put = some_blobs(5, 300_000)
        layer.put_many("blob", put)
        assert layer.get_many("blob", list(put)) == put

    @pytest.mark.parametrize(
        "wrong",
        [("rediss", "elsewhere", "ca"), ("rediss", "here", "client"), ("redis", "here", "ca")],
    )
    def test_no_other(
        self,
        encrypted: Callable[..., int],
        certificates: Path,
        opened: Callable[..., RedisLayer],
        wrong: tuple[str, str, str],
    ) -> None:
        scheme, name, authority = wrong
        tls = TLS(str(certificates / f"{authority}.pem"))
        layer = opened(f"{scheme}://127.0.0.1:{encrypted(name)}", tls=tls)
        assert self._shared(layer) == {}
        assert layer.counters["errors"] == 2

    @pytest.mark.parametrize("tls", [TLS(), TLS("/nowhere/ca.pem")])
    def test_the_authorities_of_the_system_do_not_know_it(
        self, encrypted: Callable[..., int], opened: Callable[..., RedisLayer], tls: TLS
    ) -> None:
        assert self._shared(opened(f"rediss://127.0.0.1:{encrypted()}", tls=tls)) == {}

    def test_certificates_of_clients(
        self,
        encrypted: Callable[..., int],
        certificates: Path,
        opened: Callable[..., RedisLayer],
    ) -> None:
        url = f"rediss://127.0.0.1:{encrypted(asks_clients=True)}"
        authority, own, key = (
            str(certificates / name) for name in ("ca.pem", "client.pem", "client.key")
        )
        assert self._shared(opened(url, tls=TLS(authority))) == {}
        assert self._shared(opened(url, tls=TLS(authority, own, key))) == RESULT


class TestEnvironment:
    def test_nothing_is_set(self) -> None:
        assert open_shared("shop", {}) is None

    def test_a_branch_that_reads_only(self, server: RedisServer) -> None:
        keys = {"HYPER_CACHE_URL": server.url, "HYPER_CACHE_KEYS": "k1:" + "ab" * 32}
        main = open_shared("shop", keys)
        branch = open_shared(
            "shop", {**keys, "HYPER_CACHE_SCOPE": "a/b", "HYPER_CACHE_MODE": "read-only"}
        )
        stranger = open_shared("shop", {"HYPER_CACHE_URL": server.url})
        assert main is not None
        assert branch is not None
        assert stranger is not None
        main.put_many("action", RESULT)
        branch.put_many("action", BRANCH)
        stranger.put_many("action", BRANCH)
        assert branch.get_many("action", [*RESULT, *BRANCH]) == RESULT
        assert branch.counters["unsigned"] == branch.counters["refused"] == 1
        for layer in (main, branch, stranger):
            layer.close()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"HYPER_CACHE_URL": "hunter2"},
            {"HYPER_CACHE_KEYS": "hunter2"},
            {"HYPER_CACHE_MODE": "write"},
            {"HYPER_CACHE_SCOPE": "a:b"},
            {"HYPER_CACHE_READS": "main other"},
            {"HYPER_CACHE_SIGNATURES": "no"},
            {"HYPER_CACHE_SIGNATURES": "demand"},
        ],
    )
    def test_wrong_variables(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"[a-z]") as raised:
            open_shared("shop", {"HYPER_CACHE_URL": "redis://:hunter2@place", **wrong})
        assert "hunter2" not in str(raised.value)

    def test_the_page_names_every_variable_and_counter(self) -> None:
        from hyper.cache.remote import environment, layer

        page = PAGE.read_text()
        source = Path(environment.__file__).read_text()
        named = {*re.findall(r"HYPER_CACHE_[A-Z_]+", source), "HYPER_CACHE_KEYS"}
        assert all(f"`{name}`" in page for name in (*named, *layer.FURTHER_COUNTERS))

    def test_the_program_of_the_page_runs(
        self, server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HYPER_CACHE_URL", server.url)
        names: dict[str, Any] = {}
        exec("\n".join(of_page("py")), names)
        names["with_others"].put_many("action", RESULT)
        assert names["with_others"].get_many("action", list(RESULT)) == RESULT
        names["with_others"].close()

    def test_the_key_of_the_page_is_one(self) -> None:
        (made,) = [line for line in of_page("sh") if line.startswith("echo")]
        printed = subprocess.run(["bash", "-c", made], check=True, capture_output=True, text=True)
        assert Keyring.parse(printed.stdout.strip()).signer == "k1"
