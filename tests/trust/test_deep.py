"""Deep and wide inputs are built, or refused with a diagnostic; never a recursion error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper import hyperCompile

if TYPE_CHECKING:
    from pathlib import Path


def build(tmp_path: Path, files: dict[str, str]) -> list[str]:
    """Build files in memory of the test's folder; give the codes of the errors."""
    tree = tmp_path / "src"
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    result = hyperCompile(str(tree), out=str(tmp_path / "out"), package="deep")
    errors = [item.code for item in result.diagnostics if item.is_error]
    assert result.success == (not errors)
    return errors


def test_chain_of_references(tmp_path: Path) -> None:
    """1,000 entities, each with a field of the next, each in a file of its own."""
    files = {
        f"m{i}.intent": f"use m{i + 1} (E{i + 1})\n\nentity E{i}:\n    next?: E{i + 1}\n"
        for i in range(999)
    }
    files["m999.intent"] = "entity E999:\n    end: int\n"
    assert build(tmp_path, files) == []


def test_chain_of_aliases_bases_and_calcs(tmp_path: Path) -> None:
    """1,000 aliases of aliases, 1,000 bases of bases, 1,000 calcs that call the next."""
    aliases = [f"type A{i} = A{i + 1}" for i in range(999)] + ["type A999 = int"]
    bases = ["entity B0:\n    x0: int"] + [
        f"entity B{i} is B{i - 1}:\n    x{i}: int" for i in range(1, 1000)
    ]
    calcs = [f"calc c{i}(x: int) -> int:\n    c{i + 1}(x)" for i in range(999)]
    calcs.append("calc c999(x: int) -> int:\n    x")
    text = "\n\n".join([*aliases, *bases, *calcs]) + "\n"
    assert build(tmp_path, {"chain.intent": text}) == []


def test_a_long_chain_of_aliases_keeps_its_meaning(tmp_path: Path) -> None:
    """2,000 names of one decimal: a const and a default are decimals."""
    aliases = [f"type A{i} = A{i + 1}" for i in range(1999)] + ["type A1999 = decimal(12, 2)"]
    text = "\n\n".join([*aliases, "const PRICE: A0 = 1.5", "entity E:\n    price: A0 = 2.5"]) + "\n"
    assert build(tmp_path, {"chain.intent": text}) == []
    made = "".join(path.read_text("utf-8") for path in (tmp_path / "out").rglob("chain.py"))
    assert 'Decimal("1.50")' in made
    assert 'Decimal("2.50")' in made


def test_five_thousand_entities_in_one_file(tmp_path: Path) -> None:
    """A wide file."""
    text = "\n\n".join(f"entity E{i}:\n    id: int\n    name?: string" for i in range(5000))
    assert build(tmp_path, {"wide.intent": text + "\n"}) == []


@pytest.mark.parametrize("depth", [200, 100_000])
@pytest.mark.parametrize(
    "shape", ["paren", "list", "not", "minus", "if", "type", "marker", "block", "sum"]
)
def test_nesting(depth: int, shape: str, tmp_path: Path) -> None:
    """200 levels are built, but those of a type; 100,000 are refused with one diagnostic that says so."""
    head = "calc f(x: int, b: bool) -> any:\n    "
    text = {
        "paren": head + "(" * depth + "x" + ")" * depth + "\n",
        "list": head + "[" * depth + "x" + "]" * depth + "\n",
        "not": head + "not " * depth + "b\n",
        "minus": head + "-" * depth + "x\n",
        "if": head + "if b then x else " * depth + "x\n",
        "type": "entity E:\n    x: " + "list[" * depth + "int" + "]" * depth + "\n",
        "marker": 'entity E:\n    x: int @x("x-a", ' + "[" * depth + "]" * depth + ")\n",
        "block": "calc f(b: bool) -> int:\n"
        + "".join(" " * (i + 1) + "if b:\n" for i in range(min(depth, 2000)))
        + " " * (min(depth, 2000) + 1)
        + "1\n",
        "sum": head + "x" + " + x" * depth + "\n",
    }[shape]
    errors = build(tmp_path, {"nest.intent": text})
    if shape == "block":
        assert errors
    elif depth == 200:
        assert errors == (["E0210"] if shape == "type" else [])
    elif shape == "sum":
        assert errors in ([], ["E0210"])
    else:
        assert errors == ["E0210"]


CONST_CHAINS = {
    "list": ("", "[{}]", "1"),
    "map": ("", '{{"k": {}}}', "1"),
    "any": ("", "[{}]", "1"),
    "entity": ("entity N:\n    next?: N\n\n", "N(next: {})", "N()"),
    "with": ("entity N:\n    next?: N\n\n", "N() with (next: {})", "N()"),
}


@pytest.mark.parametrize(("depth", "codes"), [(160, []), (400, ["E0210"])])
@pytest.mark.parametrize("form", list(CONST_CHAINS))
def test_consts_that_hold_one_another(
    form: str, depth: int, codes: list[str], tmp_path: Path
) -> None:
    """Each const is shallow; the last holds all of them."""
    head, holds, end = CONST_CHAINS[form]
    kind = ": any" if form == "any" else ": N" if head else ""
    last = depth - (1 if head else 0)  # the innermost entity is a level too
    lines = [f"const C{i}{kind} = {holds.format(f'C{i + 1}')}" for i in range(last)]
    text = head + "\n\n".join([*lines, f"const C{last}{kind} = {end}"]) + "\n"
    assert build(tmp_path, {"chain.intent": text}) == codes


def test_consts_of_other_modules_that_hold_one_another(tmp_path: Path) -> None:
    files = {f"m{i}.intent": f"use m{i + 1}\n\nconst C: any = [m{i + 1}.C]\n" for i in range(200)}
    assert build(tmp_path, {**files, "m200.intent": "const C = 1\n"}) == ["E0210"]


def test_a_chain_of_sums_is_not_deep(tmp_path: Path) -> None:
    lines = [f"const C{i}: bigint = max(C{i + 1} + 1, 0)" for i in range(1000)]
    text = "\n\n".join([*lines, "const C1000: bigint = 1"]) + "\n"
    assert build(tmp_path, {"chain.intent": text}) == []


def test_types_that_nobody_wrote(tmp_path: Path) -> None:
    """Each name is a list of the one before."""
    lets = "".join(f"    let v{i} = [v{i - 1}]\n" for i in range(1, 400))
    text = f"calc f(x: int) -> any:\n    let v0 = x\n{lets}    v399\n"
    assert build(tmp_path, {"lets.intent": text}) == ["E0210"]


def test_ten_megabytes(tmp_path: Path) -> None:
    """A file of 10 MB, most of it one comment and one long string."""
    text = "# " + "x" * 5_000_000 + "\n\nconst LONG = " + '"' + "y" * 5_000_000 + '"\n'
    assert build(tmp_path, {"big.intent": text}) == []


@pytest.mark.parametrize("length", [60, 240])
@pytest.mark.parametrize("value", ["[v{0}]", "v{0} - v{0}", "if true then v{0} else v{0}"])
def test_a_chain_of_inputs(value: str, length: int, tmp_path: Path) -> None:
    """Each input names the one before, some twice: each is typed once."""
    givens = "".join(f"        given v{i} = {value.format(i - 1)}\n" for i in range(1, length))
    text = (
        'feature "a":\n    scenario "b":\n        given v0 = 1\n'
        f"{givens}        then v{length - 1} == v{length - 1}\n"
    )
    assert build(tmp_path, {"chain.intent": text}) == []
