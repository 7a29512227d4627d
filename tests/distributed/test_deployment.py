"""The files of deploy/: what they promise, read from them. No image is built here: that takes a daemon of Docker."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from hyper.cli.arguments import build_parser
from tests.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DEPLOY: Final = ROOT / "deploy"
DRAIN: Final = 30
SECRET: Final = re.compile(r"password|secret|token|HYPER_CACHE_KEYS|redis(s)?://", re.IGNORECASE)
REGISTRY: Final = re.compile(r"^[^/\s]+[.:][^/\s]*/")


def unit() -> dict[str, str]:
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / "hyper-worker.service").read_text(encoding="utf-8"))
    return dict(parser["Service"])


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage of the Dockerfile."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    plain = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found: list[list[tuple[str, str]]] = []
    for line in filter(str.strip, plain.splitlines()):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, " ".join(rest.split())))
    return found


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return read


def drain_of(arguments: list[str]) -> int:
    """The seconds of ``--drain``; the arguments are those that there are."""
    return int(build_parser().parse_args(["worker", *arguments]).drain)


class TestUnit:
    def test_it_is_confined(self) -> None:
        service = unit()
        wanted = {
            "Type": "exec",
            "KillMode": "mixed",
            "KillSignal": "SIGTERM",
            "DynamicUser": "yes",
            "ProtectSystem": "strict",
            "ProtectHome": "yes",
            "NoNewPrivileges": "yes",
            "PrivateTmp": "yes",
            "PrivateDevices": "yes",
            "CapabilityBoundingSet": "",
            "RestrictSUIDSGID": "yes",
            "OOMPolicy": "continue",
            "LimitCORE": "0",
        }
        assert {name: service[name] for name in wanted} == wanted
        assert service["MemoryMax"].rstrip("%").isdecimal()

    def test_it_has_the_time_that_it_takes_to_drain(self) -> None:
        program, command, *arguments = shlex.split(unit()["ExecStart"])
        assert program.endswith("/hyper")
        assert command == "worker"
        assert drain_of(arguments) == DRAIN
        assert int(unit()["TimeoutStopSec"]) >= DRAIN + 10

    def test_secrets_are_in_a_file_of_their_own(self) -> None:
        service = unit()
        assert service["EnvironmentFile"] == "/etc/hyper/worker.env"
        assert not SECRET.search(service["ExecStart"])
        assert not SECRET.search(service["Environment"])

    def test_systemd_takes_it(self, tmp_path: Path) -> None:
        analyze = shutil.which("systemd-analyze")
        if analyze is None:
            pytest.skip("systemd-analyze is not on this machine")
        text = (DEPLOY / "hyper-worker.service").read_text(encoding="utf-8")
        path = tmp_path / "hyper-worker.service"
        path.write_text(text.replace("/opt/hyper/bin/hyper", sys.executable), encoding="utf-8")
        told = subprocess.run(
            [analyze, "verify", "--man=no", str(path)], capture_output=True, text=True, check=False
        )
        about = [line for line in told.stderr.splitlines() if path.name in line]
        assert (told.returncode, about) == (0, [])

    def test_its_exposure_is_low(self, tmp_path: Path) -> None:
        analyze = shutil.which("systemd-analyze")
        if analyze is None:
            pytest.skip("systemd-analyze is not on this machine")
        path = tmp_path / "hyper-worker.service"
        shutil.copy(DEPLOY / path.name, path)
        command = [analyze, "security", "--offline=true", "--no-pager", "--threshold=25", str(path)]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        if "unrecognized option" in told.stderr:
            pytest.skip("this systemd-analyze does not look at files that are not installed")
        assert told.returncode == 0, told.stdout[-2000:]


class TestImage:
    def test_it_is_slim_and_of_no_registry(self) -> None:
        bases = [instruction[0][1].split()[0] for instruction in stages()]
        assert len(bases) == 2
        for base in bases:
            assert base.endswith("-slim")
            assert not REGISTRY.match(base)
        services = compose()["services"]
        assert not REGISTRY.match(services["redis"]["image"])

    def test_it_runs_as_nobody_of_note(self) -> None:
        last = dict(stages()[-1])
        assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", last["USER"])
        words = [word for word, _ in stages()[-1]]
        assert "RUN" not in words[words.index("USER") :]
        assert last["STOPSIGNAL"] == "SIGTERM"

    def test_no_secret_is_in_a_layer(self) -> None:
        for stage in stages():
            assert not [word for word, _ in stage if word in {"ARG", "ADD"}]
            for word, rest in stage:
                assert word == "HEALTHCHECK" or not SECRET.search(rest)
        kept = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
        rules = [line for line in kept if line and not line.startswith("#")]
        assert rules[0] == "*"
        let_in = {rule[1:] for rule in rules if rule.startswith("!")}
        assert not let_in & {".git", "deploy", ".env", "."}
        # What is let in is all that an installation needs.
        assert {"pyproject.toml", "LICENSE", "README.md", "hyper"} <= let_in
        assert all((ROOT / name).exists() for name in let_in)
        links = {path.name for path in (ROOT / "hyper").iterdir() if path.is_symlink()}
        assert links <= let_in

    def test_its_command_is_one(self) -> None:
        last = dict(stages()[-1])
        entry, arguments = yaml.safe_load(last["ENTRYPOINT"]), yaml.safe_load(last["CMD"])
        assert entry == ["hyper", "worker"]
        assert drain_of(arguments) == DRAIN
        host, _, port = arguments[arguments.index("--http") + 1].rpartition(":")
        assert host == "0.0.0.0"
        assert f"http://127.0.0.1:{port}/healthz" in last["HEALTHCHECK"]

    def test_its_health_is_asked_with_a_program_that_compiles(self) -> None:
        asked = dict(stages()[-1])["HEALTHCHECK"].partition("CMD ")[2]
        python, option, program = yaml.safe_load(asked)
        assert (python, option) == ("python", "-c")
        compile(program, "healthcheck", "exec")


class TestCompose:
    def test_the_queue_forgets_nothing(self) -> None:
        command = compose()["services"]["redis"]["command"]
        assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
        assert "--maxmemory" in command
        assert "--requirepass" not in command

    @pytest.mark.parametrize("name", ["redis", "worker"])
    def test_all_are_confined(self, name: str) -> None:
        service = compose()["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "ports" not in service
        assert "privileged" not in service

    def test_a_worker_has_the_time_that_it_takes_to_drain(self) -> None:
        worker = compose()["services"]["worker"]
        assert int(worker["stop_grace_period"].rstrip("s")) >= DRAIN + 10
        assert worker["env_file"] == "worker.env"
        assert "environment" not in worker
        assert (ROOT / "deploy" / worker["build"]["context"]).resolve() == ROOT.resolve()

    def test_what_holds_secrets_is_not_kept(self) -> None:
        ignored = (DEPLOY / ".gitignore").read_text(encoding="utf-8").split()
        held = {compose()["services"]["worker"]["env_file"], compose()["secrets"]["users"]["file"]}
        assert held <= set(ignored)


def test_the_variables_of_the_example_are_known() -> None:
    text = (DEPLOY / "worker.env.example").read_text(encoding="utf-8")
    pages = "".join(
        (ROOT / "docs" / name).read_text(encoding="utf-8")
        for name in ("shared-cache.md", "distributed.md")
    )
    named = re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)
    assert len(named) == 5
    assert all(name in pages for name in named)
