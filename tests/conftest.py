"""Settings of all tests: a machine that is the same for everybody."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# Machines differ in speed, and a test fails for what it finds, never for how long it took.
settings.register_profile(
    "hyper", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("hyper")


@pytest.fixture(autouse=True)
def _no_options_of_the_shell(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Options that the developer's own shell sets must not reach a test."""
    for name in list(os.environ):
        if name.startswith("HYPER_") and name != "HYPER_UPDATE_GOLDEN":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "state"))
    # Tests of what is kept between builds turn it on; all others start from nothing.
    monkeypatch.setenv("HYPER_INCREMENTAL", "off")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
