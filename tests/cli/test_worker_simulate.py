"""``hyper worker simulate``: rows of a table, the same as JSON, and what is said of wrong calls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hyper.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done


def test_a_row_for_each(hyper: Callable[..., Done]) -> None:
    call = ["worker", "simulate", "--units", "50,100", "--workers", "1,2"]
    done = hyper(*call)
    assert done.code == 0
    lines = done.out.splitlines()
    assert len(lines) == 5
    assert lines[0].split()[:3] == ["units", "workers", "wall"]
    assert [line.split()[:2] for line in lines[1:]] == [
        ["50", "1"],
        ["50", "2"],
        ["100", "1"],
        ["100", "2"],
    ]
    told = hyper(*call, "--json").json("worker-simulate")
    assert [row["plan"]["units"] for row in told["rows"]] == [50, 50, 100, 100]
    assert told["rows"][0]["outcome"]["items"] == 580
    assert told["costs"]["works"]["objects"]["items"] == 11.6


def test_costs_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["worker", "simulate", "--units", "100", "--workers", "4", "--json"]
    assert main(call) == 0
    told = json.loads(capsys.readouterr().out)
    slower = told["costs"]
    slower["works"]["objects"]["seconds"] *= 10
    file = tmp_path / "costs.json"
    file.write_text(json.dumps(slower))
    assert main([*call, "--costs", str(file)]) == 0
    other = json.loads(capsys.readouterr().out)
    assert other["rows"][0]["outcome"]["work"] > 5 * told["rows"][0]["outcome"]["work"]


@pytest.mark.parametrize(
    ("further", "said"),
    [
        (["--units", "none"], "--units is a number from 1 to 10,000,000, not 'none'"),
        (["--units", "5,"], "--units is a number"),
        (["--workers", "20000"], "--workers is a number from 1 to 10,000"),
        (["--processes", "4", "--min", "5"], "--min is a number from 0 to 4"),
        (["--shards", "65"], "--shards is a number from 1 to 64"),
        (["--round-trip", "-1"], "--round-trip is a number from 0 to 10,000, not '-1'"),
        (["--bandwidth", "0"], "--bandwidth is a number from 0.001 to 10,000,000, not '0'"),
        (["--stage", "cook"], "there are no costs of 'cook', only of emission, objects, parse"),
        (["--costs", "nowhere.json"], "cannot read nowhere.json"),
    ],
)
def test_wrong_calls(
    further: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    call = ["worker", "simulate", "--units", "10", "--workers", "1"]
    assert main([*call, *further]) == 2
    assert said in capsys.readouterr().err
