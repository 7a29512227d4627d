"""Keys, scopes, and hits that are made again."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import TYPE_CHECKING

import pytest

from hyper.cache.layered import Layered
from hyper.cache.memory import MemoryLayer
from hyper.cache.trust import (
    Audited,
    Auditor,
    Keyring,
    KeyringError,
    checked_scope,
    message,
    readable,
)
from tests.cache.entries import action, blobs, key_of

if TYPE_CHECKING:
    from hyper.cache.protocol import Kind

FIRST, SECOND = "5ec2e7" * 8, "0dd5ec" * 8


class TestKeyring:
    def test_the_first_signs_and_all_verify(self) -> None:
        old = Keyring.parse(f"a:{FIRST}")
        both = Keyring.parse(f"b:{SECOND}, a:{FIRST}")
        text = message("x")
        assert both.signer == "b"
        assert both.verify("a", text, old.sign(text)) == "good"
        assert both.verify("b", text, both.sign(text)) == "good"
        assert old.verify("b", text, both.sign(text)) == "unknown"
        assert both.verify("a", text, both.sign(text)) == "forged"
        assert both.verify("a", text, b"") == "forged"

    def test_a_key_with_the_id_of_another_is_no_other(self) -> None:
        text = message("x")
        signature = Keyring.parse(f"a:{FIRST}").sign(text)
        assert Keyring.parse(f"a:{SECOND}").verify("a", text, signature) == "forged"

    @pytest.mark.parametrize(
        "text",
        [
            FIRST,
            f"a:{FIRST},",
            f":{FIRST}",
            f"{FIRST}:a",
            f"a:{FIRST[:30]}",
            f"a:{FIRST}z",
            f"a:{FIRST},a:{SECOND}",
            f"a b:{FIRST}",
            f"{'i' * 33}:{FIRST}",
            f"a={FIRST}",
            f"ü:{FIRST}",
        ],
    )
    def test_wrong_texts_are_not_shown(self, text: str) -> None:
        with pytest.raises(KeyringError) as raised:
            Keyring.parse(text)
        shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
        assert FIRST[:12] not in shown

    def test_there_is_a_key_or_none(self) -> None:
        assert Keyring.from_environment({}) is None
        assert Keyring.from_environment({"HYPER_CACHE_KEYS": " "}) is None
        made = Keyring.from_environment({"HYPER_CACHE_KEYS": f"a:{FIRST}"})
        assert made is not None
        with pytest.raises(KeyringError):
            Keyring([])

    def test_secrets_stay_inside(self, caplog: pytest.LogCaptureFixture) -> None:
        keyring = Keyring.parse(f"a:{FIRST}")
        logging.getLogger("test").warning("%r %s", keyring, keyring)
        secret = bytes.fromhex(FIRST)
        for shown in (repr(keyring), str(keyring), caplog.text, repr(keyring._macs)):
            assert FIRST not in shown
            assert repr(secret)[2:-1] not in shown
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match="stays in its process"):
                pickle.dumps(keyring, protocol)


def test_who_reads_what() -> None:
    assert readable("main") == ("main",)
    assert readable("feature/x") == ("main", "feature/x")


@pytest.mark.parametrize(
    "scope", ["", "a:b", "a*", "[a]", "-a", "/a", "a b", "a\n", "é", "a" * 101]
)
def test_no_scopes(scope: str) -> None:
    with pytest.raises(ValueError, match="a scope is made of"):
        checked_scope(scope)


class TestAuditor:
    def test_the_choice_is_by_key_and_of_about_the_share(self) -> None:
        keys = [action(number) for number in range(10_000)]
        chosen = {key for key in keys if Auditor(0.05).chosen(key)}
        assert chosen == {key for key in keys if Auditor(0.05).chosen(key)}
        assert 400 < len(chosen) < 600
        assert chosen < {key for key in keys if Auditor(0.1).chosen(key)}
        assert chosen != {key for key in keys if Auditor(0.05, salt=b"other").chosen(key)}
        assert all(map(Auditor(1.0).chosen, keys))
        assert not any(map(Auditor(0.0).chosen, keys))

    @pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
    def test_a_rate_is_a_share(self, rate: float) -> None:
        with pytest.raises(ValueError, match="a rate of"):
            Auditor(rate)

    def test_values_may_be_the_same_in_another_way(self) -> None:
        auditor = Auditor(1.0, same=lambda one, other: one.lower() == other.lower())
        assert auditor.compare("action", action(1), b"A", b"a")
        assert auditor.counters == {"sampled": 0, "checked": 1, "differing": 0}


class TestAudited:
    def test_a_hit_that_was_made_again_is_given_from_then_on(self) -> None:
        remote = MemoryLayer(1000)
        remote.put_many("action", {action(1): b"result"})
        audited = Audited(remote, Auditor(1.0))
        assert audited.get_many("action", [action(1), action(2)]) == {}
        assert audited.counters["sampled"] == 1
        assert (audited.counters["hits"], audited.counters["misses"]) == (0, 2)
        audited.put_many("action", {action(1): b"result", action(2): b"new"})
        assert audited.counters["checked"] == 1
        assert audited.counters["differing"] == 0
        assert audited.counters["puts"] == 2
        assert audited.get_many("action", [action(1)]) == {action(1): b"result"}

    def test_one_that_differs_is_reported_and_replaced(self) -> None:
        reports: list[tuple[Kind, bytes, bytes, bytes]] = []
        remote = MemoryLayer(1000)
        remote.put_many("action", {action(1): b"poison"})
        audited = Audited(remote, Auditor(1.0, lambda *report: reports.append(report)))
        layers = Layered([MemoryLayer(1000, name="near"), audited])
        assert layers.get_many("action", [action(1)]) == {}
        layers.put_many("action", {action(1): b"made"})
        assert reports == [("action", action(1), b"poison", b"made")]
        assert audited.counters["differing"] == 1
        assert layers.get_many("action", [action(1)]) == {action(1): b"made"}
        assert remote.get_many("action", [action(1)]) == {action(1): b"made"}

    def test_one_that_is_not_replaced_is_never_given(self) -> None:
        class Stubborn(MemoryLayer):
            writable = True

            def put_many(self, kind: Kind, entries: object, cost: float = 0.0) -> None:
                if self.writable:
                    super().put_many(kind, entries, cost)  # type: ignore[arg-type]

        remote = Stubborn(1000)
        remote.put_many("action", {action(1): b"poison"})
        remote.writable = False
        audited = Audited(remote, Auditor(1.0))
        for turn in range(3):
            assert audited.get_many("action", [action(1)]) == {}
            audited.put_many("action", {action(1): b"made"})
            assert audited.counters["differing"] == turn + 1

    def test_blobs_and_what_is_not_chosen_pass(self) -> None:
        remote = MemoryLayer(1000)
        remote.put_many("blob", blobs([b"content"]))
        remote.put_many("action", {action(1): b"result"})
        assert Audited(remote, Auditor(1.0)).get_many("blob", [key_of(b"content")])
        assert Audited(remote, Auditor(0.0)).get_many("action", [action(1)])
