"""The queue of documents to check: what is answered, and how what cannot be done is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from hyper.cache.trust import Keyring
from hyper.distributed.messages import MOST_BYTES, Check, Checked, Item, Job
from hyper.distributed.settings import FleetSettings
from tests.checkout import ROOT
from tests.distributed.producing import outcome, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.remote_server import RedisServer
    from tests.distributed.workers import RunningWorker

SECRET: Final = "k1:" + "ab" * 32
GOOD: Final = {"shop/sizes.intent": "enum Size:\n    small\n    large\n"}


def settings_of(server: RedisServer, keys: str = SECRET) -> FleetSettings:
    keyring = Keyring.parse(keys) if keys else None
    return FleetSettings(server.url, "shop", keyring=keyring, demands=keyring is not None)


def changed(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**message, **fields}


def bodied(settings: FleetSettings, body: str, about: str) -> dict[str, Any]:
    """A message that is signed as it should be, with any body."""
    message = settings.post.write(Check(GOOD), about)
    signed = settings.post._signed("k1", "check", about, body.encode())
    assert settings.keyring is not None
    return changed(message, body=body, signature=settings.keyring.sign(signed).hex())


def refusals(settings: FleetSettings) -> dict[str, tuple[Any, str]]:
    """Messages that no worker takes, by the ids of their jobs, and how each is refused."""
    post, good = settings.post, Check(GOOD)
    job = Job("build", "ab" * 32, "check", [], [Item("cd" * 32)])
    files = {
        "up": {"../a.intent": ""},
        "absolute": {"/etc/a.intent": ""},
        "other": {"passwd": ""},
        "backslash": {"a\\b.intent": ""},
        "long": {"a" * 300 + ".intent": ""},
    }
    found: dict[str, tuple[Any, str]] = {
        "later": (changed(post.write(good, "later"), version=2), "version"),
        "job": (post.write(job, "job"), "type"),
        "nothing": ({}, "shape"),
        "text": ("check", "shape"),
        "no-json": (bodied(settings, "{", "no-json"), "shape"),
        "no-files": (bodied(settings, '{"files": {}}', "no-files"), "shape"),
        "numbers": (bodied(settings, '{"files": {"a.intent": 1}}', "numbers"), "shape"),
        "more": (bodied(settings, '{"files": {"a.intent": ""}, "run": "x"}', "more"), "shape"),
        "large": (changed(post.write(good, "large"), body="x" * (MOST_BYTES + 1)), "size"),
        "unsigned": (settings_of_nobody(settings).post.write(good, "unsigned"), "unsigned"),
        "stranger": (changed(post.write(good, "stranger"), key="k9"), "unsigned"),
        "altered": (
            changed(post.write(good, "altered"), body='{"files": {"a.intent": ""}}'),
            "forged",
        ),
        "moved": (post.write(good, "another"), "forged"),
        "no-hex": (changed(post.write(good, "no-hex"), signature="zz"), "forged"),
        "elsewhere": (
            msgspec.structs.replace(settings, fleet="nightly").post.write(good, "elsewhere"),
            "forged",
        ),
    }
    for name, texts in files.items():
        found[name] = (post.write(Check(texts), name), "shape")
    return found


def settings_of_nobody(settings: FleetSettings) -> FleetSettings:
    return msgspec.structs.replace(settings, keyring=None, demands=False)


def test_what_is_refused_and_how(server: RedisServer, worker: Callable[..., RunningWorker]) -> None:
    """Each is refused once, with the word that the page has for it, and the worker goes on."""
    settings = settings_of(server)
    running = worker(HYPER_QUEUE_URL=server.url, HYPER_CACHE_KEYS=SECRET)
    page = (ROOT / "docs" / "distributed.md").read_text(encoding="utf-8")
    cases = refusals(settings)
    for name, (message, fault) in cases.items():
        send(settings, message, name)
        state, reason = outcome(server.url, settings, name)
        assert state == "failed", name
        assert reason.startswith(f"refused ({fault}): "), (name, reason)
        assert f"`refused ({fault}): …`" in page
    send(settings, settings.post.write(Check(GOOD), "good"), "good")
    state, answer = outcome(server.url, settings, "good")
    assert state == "completed"
    result = settings.post.read(answer, "good", Checked).result
    assert (result["success"], result["diagnostics"]) == (True, [])
    assert running.stop() == 0
    refused = [event for event in running.events if event["event"] == "refused"]
    assert sorted(event["job"] for event in refused) == sorted(cases)


def test_an_answer_belongs_to_its_job(
    server: RedisServer, worker: Callable[..., RunningWorker]
) -> None:
    """What was signed for one job is no answer to another, nor a job to be done again under another name."""
    settings = settings_of(server)
    worker(HYPER_QUEUE_URL=server.url, HYPER_CACHE_KEYS=SECRET)
    send(settings, settings.post.write(Check(GOOD), "one"), "one")
    _, answer = outcome(server.url, settings, "one")
    settings.post.read(answer, "one", Checked)
    with pytest.raises(ValueError, match="signature of the message is not right"):
        settings.post.read(answer, "two", Checked)
    with pytest.raises(ValueError, match="is no check"):
        settings.post.read(answer, "one", Check)


def test_a_rotation_of_keys_loses_nothing(
    server: RedisServer, worker: Callable[..., RunningWorker]
) -> None:
    """As docs/shared-cache.md has it: first all verify both, then the new one signs, then the old one goes."""
    old, new = SECRET, "k2:" + "cd" * 32
    turns = [(old, f"{old},{new}"), (f"{old},{new}", f"{new},{old}"), (f"{new},{old}", new)]
    for number, (ours, theirs) in enumerate(turns):
        running = worker(HYPER_QUEUE_URL=server.url, HYPER_CACHE_KEYS=theirs)
        name, settings = f"turn-{number}", settings_of(server, ours)
        send(settings, settings.post.write(Check(GOOD), name), name)
        state, answer = outcome(server.url, settings, name)
        assert state == "completed"
        assert settings.post.read(answer, name, Checked).result["success"] is True
        assert running.stop() == 0
