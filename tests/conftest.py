"""Settings of all tests: a machine that is the same for everybody."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# Machines differ in speed, and a test fails for what it finds, never for how long it took.
settings.register_profile(
    "hyper", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("hyper")


# A shell that starts tests in the background has them ignore interrupts, and all that they start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Counts are constants of modules, some of which are loaded before options are read; processes of xdist load them too.
if "--full" in sys.argv:
    os.environ["HYPER_LONG"] = "1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full", action="store_true", help="run trials at their full counts, as HYPER_LONG=1 does"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the trials did."""
    told = [
        (report.nodeid.rpartition("/")[2], text)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "teardown"
        for name, text in report.user_properties
        if name == "trial"
    ]
    if told:
        terminalreporter.section("trials")
        for name, text in sorted(told):
            terminalreporter.line(f"{name}: {text}")


@pytest.fixture(scope="session", autouse=True)
def _no_options_of_the_shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Options that the developer's own shell sets must reach neither a test nor a fixture, whatever its scope."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("HYPER_") and name != "HYPER_UPDATE_GOLDEN":
                patch.delenv(name)
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "state"))
        # Tests of what is kept between builds turn it on; all others start from nothing, and leave nothing in the checkout.
        patch.setenv("HYPER_INCREMENTAL", "off")
        for name in ("NO_COLOR", "FORCE_COLOR"):
            patch.delenv(name, raising=False)
        yield
