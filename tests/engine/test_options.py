"""Where options come from, and what is said of wrong ones."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from hyper.base.memory import MemoryFiles
from hyper.engine.option_values import DEFAULT_TARGETS, Linker, Lto, OptionError, parse_value
from hyper.engine.options import KEYS, configure
from hyper.engine.tiers import TIERS
from hyper.jit import hardware
from hyper.jit.objects import library, link


def _configure(
    files: dict[str, str], environment: dict[str, str] | None = None, **arguments: Any
) -> Any:
    memory = MemoryFiles(files)
    memory.make_folder("/w/src")
    return configure(memory, "/w/src", environment or {}, arguments)


def test_the_defaults() -> None:
    options = _configure({}).options
    assert (options.out, options.target, options.tier) == ("dist", DEFAULT_TARGETS, "balanced")
    assert options.collecting is False


def test_what_libraries_are_made_with_is_what_there_is() -> None:
    assert get_args(Lto) == library.LTO
    assert get_args(Linker) == link.CHOICES
    options = _configure({}).options
    chosen = (options.lto, options.codegen_units, options.linker, options.strip)
    assert library.Making(*chosen) == library.Making()
    assert parse_value("codegen_units", str(library.MOST_PIECES)) == library.MOST_PIECES


def test_the_best_profile_of_this_machine_says_how_many_threads_a_batch_uses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hyper.engine.options.available_cores", lambda: 8)
    monkeypatch.setattr(hardware, "host_features", lambda: {*hardware.LEVELS["x86-64-v3"]})
    tables = "[tool.hyper.hardware.{}]\ncpu = '{}'\ncores = {}\n"

    def cores(*profiles: tuple[str, str, int]) -> int:
        text = "".join(tables.format(*profile) for profile in profiles)
        found = _configure({"/w/pyproject.toml": f"[tool.hyper]\n{text}"})
        assert not found.diagnostics
        return int(found.options.batch_cores)

    assert cores() == 8
    assert cores(("server", "x86-64-v4", 2), ("desk", "x86-64-v3", 3), ("old", "x86-64", 1)) == 3
    assert cores(("server", "x86-64-v4", 2)) == 8
    assert cores(("desk", "haswell", 64)) == 8


def test_later_places_win() -> None:
    files = {"/w/hyper.toml": 'package = "file"\ntier = "insane"\nout = "o"'}
    found = _configure(
        files, {"HYPER_PACKAGE": "variable", "HYPER_TIER": "aggressive"}, tier="conservative"
    )
    assert found.folder == "/w"
    assert found.options.package == "variable"
    assert found.options.tier == "conservative"
    assert found.options.out == "/w/o"
    assert not found.diagnostics


def test_the_nearest_configuration_is_the_only_one() -> None:
    files = {
        "/w/src/hyper.toml": 'package = "near"',
        "/w/hyper.toml": 'package = "far"\ntier = "insane"',
        "/w/src/pyproject.toml": '[tool.hyper]\npackage = "beside"',
    }
    options = _configure(files).options
    assert (options.package, options.tier) == ("near", "balanced")


def test_pyproject_counts_where_it_says_something_of_us() -> None:
    files = {
        "/w/src/pyproject.toml": "[project]\nname = 'x'",
        "/w/pyproject.toml": "[tool.hyper]\nsource = 'intents'\ntarget = ['openapi']",
    }
    options = _configure(files).options
    assert options.source == "/w/intents"
    assert options.target == ("openapi",)


def test_a_broken_pyproject_of_others_is_not_ours_to_judge() -> None:
    assert not _configure({"/w/pyproject.toml": "x ="}).diagnostics


def test_the_search_ends_at_the_repository() -> None:
    files = {"/w/.git/config": "", "/hyper.toml": 'package = "outside"'}
    assert _configure(files).folder is None


@pytest.mark.parametrize(
    ("text", "code", "line", "suggestion"),
    [
        ('\npakage = "x"', "E0902", 2, "package"),
        ('tier = "insan"', "E0903", 1, "insane"),
        ("target = []", "E0903", 1, None),
        ('target = "python,opnapi"', "E0903", 1, "openapi"),
        ('package = "a-b"', "E0903", 1, None),
        ('package = "class"', "E0903", 1, None),
        ('package = "../up"', "E0903", 1, None),
        ("collects = 1", "E0903", 1, None),
        ("source = 1", "E0903", 1, None),
        ("x = ", "E0907", 1, None),
    ],
)
def test_mistakes_in_a_file(text: str, code: str, line: int, suggestion: str | None) -> None:
    (item,) = _configure({"/w/hyper.toml": text}).diagnostics
    assert (item.code, item.file, item.line, item.suggestion) == (
        code,
        "hyper.toml",
        line,
        suggestion,
    )


def test_a_table_that_is_none() -> None:
    (item,) = _configure({"/w/pyproject.toml": "[tool]\nhyper = 1"}).diagnostics
    assert item.code == "E0907"


@pytest.mark.parametrize("name", ["hyper.toml", "pyproject.toml"])
@pytest.mark.parametrize(
    "text",
    ["cache_age = {}", "tier = [[{}]]", "[hardware.x]\ncores = {}", "[any.x]\ny = [{{z = {}}}]"],
)
def test_numbers_that_toml_has_no_place_for(text: str, name: str) -> None:
    table = text.format("0x" + 5000 * "f")
    if name == "pyproject.toml":
        table = f"[tool.hyper]\n{table}".replace("\n[", "\n[tool.hyper.")
    (item,) = _configure({f"/w/{name}": table}).diagnostics
    assert (item.code, item.file) == ("E0907", name)


@pytest.mark.parametrize("key", KEYS)
def test_a_number_that_is_too_large_to_be_shown(key: str) -> None:
    if key in {"cache_size", "memory", "gpu_memory"}:
        assert parse_value(key, 1 << 20_000) == 1 << 20_000
        return
    with pytest.raises(OptionError):
        parse_value(key, 1 << 20_000)


def test_mistakes_in_variables() -> None:
    environment = {"HYPER_TEIR": "insane", "HYPER_COLLECTS": "many", "HYPER_UPDATE_GOLDEN": "1"}
    found = _configure({}, environment).diagnostics
    assert [(item.code, item.suggestion) for item in found] == [("E0903", None), ("E0902", "tier")]
    assert found[0].message.startswith("HYPER_COLLECTS")


def test_mistakes_in_arguments_are_the_callers() -> None:
    with pytest.raises(OptionError, match="did you mean target"):
        _configure({}, targets="python")
    with pytest.raises(OptionError, match="did you mean balanced"):
        _configure({}, tier="balancd")


def test_values_as_text_and_as_themselves() -> None:
    assert parse_value("target", "jsonschema, python") == ("python", "jsonschema")
    assert parse_value("target", ["openapi"]) == ("openapi",)
    assert parse_value("collects", "off") is False


def test_every_tier_has_its_switches() -> None:
    assert TIERS["conservative"].collects
    assert list(TIERS) == ["conservative", "balanced", "aggressive", "insane"]


def test_the_variable_of_our_own_tests_is_no_option() -> None:
    assert _configure({}, {"HYPER_TEST_GPU": "required"}).diagnostics == ()


@pytest.mark.parametrize(
    ("key", "given", "wanted"),
    [
        ("gpu", "auto", "auto"),
        ("gpu", True, "on"),
        ("gpu", False, "off"),
        ("gpu", "maybe", None),
        ("gpu", 1, None),
        ("gpu_memory", "64MB", 64_000_000),
        ("gpu_memory", "much", None),
        ("gpu_workgroup", "256", 256),
        ("gpu_workgroup", 1024, 1024),
        ("gpu_workgroup", 100, None),
        ("gpu_workgroup", 32, None),
        ("gpu_workgroup", "2048", None),
        ("gpu_workgroup", True, None),
        ("gpu_workgroup", None, None),
    ],
)
def test_options_of_graphics_processors(key: str, given: Any, wanted: Any) -> None:
    if wanted is None:
        with pytest.raises(OptionError) as caught:
            parse_value(key, given)
        assert caught.value.code == "E0903"
        assert key in caught.value.message
    else:
        assert parse_value(key, given) == wanted
