"""How a build joins a fleet, by its options and the environment, and what it tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hyper.base.events import Emitter, Event
from hyper.base.memory import MemoryFiles
from hyper.distributed import packages
from hyper.distributed.dispatch.protocol import News
from hyper.engine.fleet import registry
from hyper.engine.fleet.joining import Announcer, join_fleet
from hyper.engine.option_values import OptionError, Server
from hyper.engine.options import Options, configure

if TYPE_CHECKING:
    from collections.abc import Mapping

URL = "redis://user:secret@queue.example.com:6379"


class Ears:
    def __init__(self) -> None:
        self.emitter = Emitter()
        self.heard: list[Event] = []
        self.emitter.on("*", self.heard.append)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(event.name, event.reason) for event in self.heard]


def joined(options: Options, environment: Mapping[str, str]) -> tuple[Any, Ears]:
    ears = Ears()
    return join_fleet(options, environment, ears.emitter), ears


def test_no_fleet_is_joined_unless_that_is_asked_for() -> None:
    fleet, ears = joined(Options(), {"HYPER_QUEUE_URL": URL})
    assert fleet is None
    assert ears.told == []


def test_without_a_server_that_is_told() -> None:
    fleet, ears = joined(Options(distributed=True), {})
    assert fleet is None
    assert ears.told == [("fleet:outage", "unconfigured")]


def test_a_tier_that_has_a_fleet_help_says_that_there_is_none() -> None:
    fleet, ears = joined(Options(tier="insane"), {})
    assert fleet is None
    assert ears.told == [("fleet:outage", "unconfigured")]
    assert joined(Options(tier="insane", distributed=False), {})[1].told == []


def test_without_the_packages_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None if name == "bullmq" else name)
    fleet, ears = joined(Options(distributed=True), {"HYPER_QUEUE_URL": URL})
    assert fleet is None
    assert ears.told == [("fleet:outage", "missing")]


def test_a_dispatcher_is_given_what_it_needs_and_no_more() -> None:
    environment = {
        "HYPER_QUEUE_URL": URL,
        "HYPER_CACHE_KEYS": "k1:00",
        "HYPER_FLEET": "night",
        "AWS_SECRET": "x",
    }
    fleet, _ = joined(Options(tier="insane", project="shop"), environment)
    assert not fleet.started
    hello = fleet._hello
    assert hello.environment == {
        name: value for name, value in environment.items() if name != "AWS_SECRET"
    }
    assert (hello.place, hello.project, hello.url) == (registry.PLACE, "shop", None)
    assert hello.waits


@pytest.mark.parametrize("variable", ["HYPER_QUEUE_URL", "HYPER_CACHE_URL"])
def test_an_automaton_lets_people_go_first(variable: str) -> None:
    fleet, _ = joined(Options(distributed=True), {variable: URL, "CI": "true"})
    assert not fleet._hello.waits


def test_a_server_may_be_given_by_hand() -> None:
    configured = configure(MemoryFiles({}), "/w", {}, {"distributed": {"redis": URL}})
    assert configured.options.distributing
    assert configured.options.fleet_url == URL
    assert "secret" not in repr(configured.options)
    fleet, _ = joined(configured.options, {})
    assert fleet._hello.url == URL


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), ("on", True), ("off", False)],
)
def test_it_is_a_switch_too(value: Any, expected: bool) -> None:
    assert (
        configure(MemoryFiles({}), "/w", {}, {"distributed": value}).options.distributing
        is expected
    )


@pytest.mark.parametrize(
    "value", ["maybe", URL, {"redis": 1}, {"redis": "http://x"}, {"redis": URL, "more": 1}, {}]
)
def test_anything_else_is_no_value(value: Any) -> None:
    with pytest.raises(OptionError):
        configure(MemoryFiles({}), "/w", {}, {"distributed": value})


def test_no_file_of_the_sources_names_a_server() -> None:
    text = f'tier = "insane"\ndistributed = {{ redis = "{URL}" }}\n'
    files = MemoryFiles({"/w/hyper.toml": text})
    configured = configure(files, "/w", {}, {})
    assert configured.options.fleet_url is None
    (found,) = configured.diagnostics
    assert (found.code, found.line) == ("E0903", 2)
    assert "HYPER_QUEUE_URL" in found.message
    assert "secret" not in found.message


def test_what_is_told_is_told_once() -> None:
    ears = Ears()
    announcer = Announcer(ears.emitter, "redis://queue.example.com:6379")
    for news in (
        News(on=True, others=3),
        News(on=True, workers=["a"], slots={"parse": 2, "objects": 1}, others=3),
        News(on=True, workers=["a", "b"], slots={"parse": 4}),
        News(on=False, reason="connection"),
        News(on=True, workers=["a", "b"], slots={"parse": 4}),
        News(on=False, reason="timeout"),
    ):
        announcer.news(news)
    announcer.moved(7, 3)
    server = "redis://queue.example.com:6379"
    assert ears.heard == [
        Event("fleet:others", total=3, path=server),
        Event("fleet:joined", workers=1, total=2, path=server),
        Event("fleet:outage", reason="connection", path=server),
        Event("fleet:progress", workers=2, total=7, done=3),
    ]


def test_a_server_is_not_shown() -> None:
    assert repr(Server(URL)) == "<Server>"
