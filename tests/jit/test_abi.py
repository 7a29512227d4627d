"""Kernels called from C: values, errors with their lines, rows, and what the header says."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hyper.ir.interpreter import EvaluationError, Interpreter, Refused
from hyper.jit.objects import link
from hyper.jit.objects.abi import AbiError, interface, symbols
from hyper.jit.objects.header import header_text
from hyper.jit.objects.link import LinkError
from tests.check.programs import program
from tests.jit.libraries import object_of, of_program

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("llvmlite")

PROGRAM = """
enum Tier: gold, silver = "s", bronze

entity Line:
    quantity: int @range(1, 999)
    price: decimal(12, 2)

entity Order:
    lines: list[Line]
    tier: Tier
    note?: string

calc cost(line: Line) -> decimal(14, 2): line.quantity * line.price
calc total(order: Order) -> decimal(14, 2):
    sum(cost(line) for line in order.lines)
calc grown(a: int, fast: bool) -> int:
    if fast then a * a else a + 1
calc root(a: float) -> float: sqrt(a) + a / 3.0
calc large(a: decimal(28, 0)) -> decimal(28, 0): a + 1
calc next(day: date) -> date: end_of_month(day)
calc free(order: Order) -> Tier:
    if order.note == "free" then bronze else order.tier
rule small on Line:
    require quantity < 100 else "too many"
    when quantity > 10 then price = 1.50
"""

MAIN = r"""
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "shop.h"

static void told(const char *name, int32_t status) {
    const shop_error *error = shop_site(status);
    if (!error) { printf("%s fine\n", name); return; }
    printf("%s %s %s %s:%d\n", name, error->code, error->message, error->file, (int)error->line);
}

int main(void) {
    if (shop_abi_version() != SHOP_ABI_VERSION || strcmp(shop_unit(), SHOP_UNIT)) return 1;
    if (!shop_supported()) return 2;
    if (shop_site(0) || shop_site(1000) || shop_text(-1) || shop_text(1)) return 3;
    printf("text %s\n", shop_text(0));
    int64_t number, day;
    told("grown", m0__grown(7, 1, &number)); printf("%" PRId64 "\n", number);
    told("grown", m0__grown(7, 0, &number)); printf("%" PRId64 "\n", number);
    told("overflow", m0__grown(INT64_C(1) << 40, 1, &number));
    double root;
    told("root", m0__root(2.0, &root)); printf("%a\n", root);
    told("negative", m0__root(-2.0, &root));
    shop_wide wide = {UINT64_MAX, 1}, more;
    told("large", m0__large(&wide, &more)); printf("%" PRIu64 " %" PRId64 "\n", more.low, more.high);
    told("next", m0__next(19782, &day)); printf("%" PRId64 "\n", day);
    const int64_t quantities[] = {2, 3, 4, 500}, prices[] = {150, 1, -25, 999};
    told("total", m0__total(0, 3, quantities, prices, &number)); printf("%" PRId64 "\n", number);
    int64_t tier;
    told("free", m0__free(1, 0, 0, &tier)); printf("%" PRId64 "\n", tier);
    told("free", m0__free(1, 7, 0, &tier)); printf("%" PRId64 "\n", tier);
    told("small", m0__small(50, 100, &number)); printf("%" PRId64 "\n", number);
    told("refused", m0__small(500, 100, &number));
    const int64_t offsets[] = {0, 0, 1, 4};
    const void *columns[] = {offsets, quantities, prices};
    int64_t totals[3];
    void *outputs[] = {totals};
    int32_t status[3];
    int64_t failed = m0__total__rows(columns, outputs, status, 0, 3);
    printf("rows %" PRId64 ": %" PRId64 " %" PRId64 " %" PRId64 "\n", failed, totals[0], totals[1], totals[2]);
    const int64_t many[] = {1, INT64_MAX};
    const uint8_t fast[] = {0, 0};
    const void *given[] = {many, fast};
    failed = m0__grown__rows(given, outputs, status, 0, 2);
    printf("rows %" PRId64 ": %" PRId64 " %" PRId64 "\n", failed, totals[0], totals[1]);
    told("row 0", status[0]); told("row 1", status[1]);
    return 0;
}
"""
_DIGEST = """
import hashlib, sys
from tests.check.programs import program
from tests.jit.libraries import object_of, of_program
from tests.jit.test_abi import PROGRAM
sys.stdout.write(hashlib.sha256(object_of(of_program(program(PROGRAM)), "x86-64-v3")).hexdigest())
"""


def compiler() -> str:
    found = shutil.which("cc")
    if found is None or sys.platform != "linux" or platform.machine() != "x86_64":
        pytest.skip("a C compiler and x86-64 Linux are needed")
    return found


def linked(data: bytes, choice: link.Choice) -> bytes:
    try:
        chosen = link.linker(choice, "x86-64")
    except LinkError as error:
        pytest.skip(str(error))
    assert chosen is not None
    return link.shared([data], "libshop.so", chosen, "x86-64")


def failure(function: str, **given: object) -> str:
    """What tier 0 says where it fails, as the C program prints it."""
    interpreter = Interpreter(program(PROGRAM))
    args = [
        interpreter.read_argument(given, name, kind) for name, kind in interpreter.params(function)
    ]
    try:
        interpreter.run(function, args)
    except EvaluationError as error:
        return f"{error.code} {error.message} {error.file}:{error.line}"
    except Refused as refused:
        return f"refused {refused.message}"
    raise AssertionError(function)


@pytest.mark.parametrize("choice", ["cc", "lld"])
def test_c_calls_kernels(choice: link.Choice, tmp_path: Path) -> None:
    made = of_program(program(PROGRAM))
    (tmp_path / "libshop.so").write_bytes(linked(object_of(made, "x86-64"), choice))
    (tmp_path / "shop.h").write_text(header_text(made))
    (tmp_path / "main.c").write_text(MAIN)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-o", "main"]
    command = [compiler(), *flags, "main.c", "-L.", "-lshop", "-Wl,-rpath,$ORIGIN"]
    subprocess.run(command, check=True, cwd=tmp_path)
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True)
    line = {"quantity": 500, "price": "1.00"}
    root = Interpreter(program(PROGRAM)).run("m0.root", [2.0]).hex()
    (refused,) = (each for each in done.stdout.splitlines() if each.startswith("refused "))
    assert refused.startswith(f"refused {failure('m0.small', self=line)} m0.intent:")
    assert done.stdout.splitlines() == [
        "text free",
        *("grown fine", "49", "grown fine", "8"),
        f"overflow {failure('m0.grown', a=2**40, fast=True)}",
        *("root fine", root),
        f"negative {failure('m0.root', a=-2.0)}",
        *("large fine", "0 2", "next fine", "19782", "total fine", "203"),
        *("free fine", "2", "free fine", "0", "small fine", "150"),
        refused,
        *("rows 0: 0 300 499403", "rows 1: 2 0", "row 0 fine"),
        f"row 1 {failure('m0.grown', a=2**63 - 1, fast=False)}",
    ]


def test_the_header_is_c_plus_plus_too(tmp_path: Path) -> None:
    found = shutil.which("c++")
    if found is None:
        pytest.skip("a C++ compiler is needed")
    (tmp_path / "shop.h").write_text(header_text(of_program(program(PROGRAM))))
    (tmp_path / "a.cc").write_text('#include "shop.h"\nint main() { return shop_supported(); }\n')
    flags = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    subprocess.run([found, *flags, "a.cc"], check=True, cwd=tmp_path)


def test_each_exported_function_has_one_prototype() -> None:
    made = of_program(program(PROGRAM))
    text = re.sub(r"/\*.*?\*/", "", header_text(made), flags=re.DOTALL)
    found = re.findall(r"(\w+)\([^;{]*\);", text)
    assert sorted(found) == list(made.exported)


def test_nothing_else_is_to_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "libshop.so"
    made = of_program(program(PROGRAM))
    path.write_bytes(linked(object_of(made, "x86-64"), "auto"))
    library = ctypes.CDLL(str(path))
    assert all(hasattr(library, name) for name in made.exported)
    assert not hasattr(library, "m0.grown.call")
    assert not hasattr(library, "kernel:m0.grown")


def test_objects_and_libraries_are_the_same_in_each_process() -> None:
    data = object_of(of_program(program(PROGRAM)), "x86-64-v3")
    digests = set()
    for seed in ("0", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", _DIGEST],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout)
    assert digests == {hashlib.sha256(data).hexdigest()}
    assert linked(data, "auto") == linked(data, "auto")


def test_names_that_c_takes_for_one() -> None:
    names = ["a.b_c", "a.größe", "x.a__b", "x.a.b", "x.a", "x.a.rows"]
    found = symbols(names)
    assert found[:2] == ["a__b_c", "a__gr_u00f6__u00df_e"]
    assert len({*found, *(f"{name}__rows" for name in found)}) == 2 * len(names)
    assert all(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) for name in found)


@pytest.mark.parametrize("prefix", ["", "a b", "1a", "a.b", "ä"])
def test_prefixes_that_cannot_be(prefix: str) -> None:
    unit = of_program(program(PROGRAM)).unit
    with pytest.raises(AbiError):
        interface(unit, prefix)


def test_a_kernel_does_not_take_the_name_of_what_each_library_has() -> None:
    made = of_program(program("calc site(a: int) -> int: a"), "m0_")
    assert len({*made.exported}) == len(made.exported)
    assert made.entries[0].symbol.startswith("m0__site_")


def test_a_comment_does_not_end_in_what_is_told() -> None:
    text = 'enum E: a = "*/ int x;", b\ncalc f(e: E) -> bool: e == a'
    shown = header_text(of_program(program(text)))
    assert "*/ int" not in shown


def test_what_is_not_there_to_link_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for choice in ("auto", "cc", "lld"):
        with pytest.raises(LinkError, match="pip install ziglang"):
            link.linker(choice, "x86-64")
    assert link.linker("none", "x86-64") is None


def test_objects_that_need_more_than_the_c_library_are_refused() -> None:
    from hyper.jit.llvm.target import Compiler, Processor

    text = "declare i32 @elsewhere()\ndefine i32 @f() {\n  %a = call i32 @elsewhere()\n  ret i32 %a\n}\n"
    data = Compiler(Processor("x86_64-unknown-linux-gnu", "x86-64")).object(text)
    with pytest.raises(LinkError, match="elsewhere"):
        linked(data, "auto")


def test_words_of_c_are_no_names_of_parameters(tmp_path: Path) -> None:
    text = (
        "calc f(int_: int, double: float, linux: int, class: int, has_x: bool, x: int?) -> int: 1"
    )
    made = of_program(program(text))
    names = [parameter.name for parameter in made.entries[0].parameters]
    assert len({*names}) == len(names)
    found = shutil.which("cc")
    if found is not None:
        (tmp_path / "a.c").write_text(header_text(made))
        subprocess.run(
            [found, "-fsyntax-only", "-Wall", "-Werror", "a.c"], check=True, cwd=tmp_path
        )
