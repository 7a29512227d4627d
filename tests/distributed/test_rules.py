from __future__ import annotations

import pytest

from hyper.distributed.rules import AUTOMATON, JobRules, read_rules
from hyper.distributed.settings import open_settings


def test_without_variables_the_rules_are_the_usual_ones() -> None:
    assert read_rules({"HYPER_FLEET": "night", "HYPER_FLEET_TTL": ""}) == JobRules()


def test_each_variable_is_heard() -> None:
    rules = read_rules(
        {
            "HYPER_FLEET_ATTEMPTS": "5",
            "HYPER_FLEET_BACKOFF": "1.5",
            "HYPER_FLEET_ORDER": "lifo",
            "HYPER_FLEET_PRIORITY": "7",
            "HYPER_FLEET_KEEP_DONE": "10",
            "HYPER_FLEET_KEEP_FAILED": "20",
            "HYPER_FLEET_TTL": "3600",
            "HYPER_FLEET_STRIKES": "1",
        }
    )
    assert rules == JobRules(5, 1.5, "lifo", 7, 10, 20, 3600, 1)
    options = rules.options(waits=True, soon=False)
    assert options == {
        "attempts": 5,
        "backoff": {"type": "exponential", "delay": 1500},
        "removeOnComplete": {"age": 10, "count": 200},
        "removeOnFail": {"age": 20, "count": 1000},
        "priority": 7,
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ATTEMPTS", "0"),
        ("ATTEMPTS", "101"),
        ("ATTEMPTS", "three"),
        ("ATTEMPTS", "٣"),
        ("BACKOFF", "-1"),
        ("BACKOFF", "3601"),
        ("BACKOFF", "nan"),
        ("ORDER", "random"),
        ("PRIORITY", "1e3"),
        ("TTL", "59"),
        ("STRIKES", "0"),
    ],
)
def test_what_cannot_be_is_told_by_its_name(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"HYPER_FLEET_{name} is "):
        read_rules({f"HYPER_FLEET_{name}": text})


def test_who_waits_comes_first_and_order_is_among_equals() -> None:
    rules = JobRules()
    assert "priority" not in rules.options(waits=True, soon=False)
    assert rules.options(waits=False, soon=True)["priority"] == AUTOMATON
    assert rules.options(waits=True, soon=True)["lifo"] is True
    assert "lifo" not in rules.options(waits=True, soon=False)
    assert JobRules(order="lifo").options(waits=True, soon=False)["lifo"] is True
    assert JobRules(priority=0).options(waits=False, soon=False).get("priority") is None


def test_no_result_is_kept_for_longer_than_its_content() -> None:
    settings = open_settings(
        "shop", {"HYPER_QUEUE_URL": "redis://localhost", "HYPER_FLEET_TTL": "120"}
    )
    assert settings is not None
    assert settings.flights.result == settings.rules.ttl == 120
