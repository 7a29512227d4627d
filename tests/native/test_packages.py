"""What is native of a package answers as its Python does, and only where it may."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from hyper.emit.python.runtime_native import Library
from hyper.engine.incremental import StoredObjects
from hyper.jit.objects import cpuid
from tests.engine.test_edits import files_of
from tests.native.packages import asked, build, library, shop, status

NATIVE = [
    *("half", "wide", "rate", "tax", "near", "level", "next_size", "later", "of_half"),
    *("fee", "name", "line_total", "total", "weight", "large_ones", "how_many", "is_ten"),
    *("first_price", "before", "filled", "sends_to"),
]

ANSWERS = """
import json, random, struct, sys
from datetime import date
from decimal import Decimal
from built import shop
from built.shop import Size

made = random.Random(7)
ints = [0, 1, -1, 7, 2**62, 2**63 - 1, -2**63, 2**63, 2**200, True, 1.5, "x", None]
floats = [0.0, -0.0, 1.5, float("nan"), float("inf"), -float("inf"), 1e308, 3, True, None]
decimals = [Decimal(text) for text in ("0.00", "-0.00", "1.23", "9999999.99", "50", "1E+2", "NaN", "0.001", "1E+40")]
sizes = [*Size, "m", None]
days = [date.min, date.max, date(2024, 2, 29), None]

def lists():
    return [made.choice(floats) if made.random() < 0.03 else made.uniform(-9, 9) for _ in range(made.randrange(6))]

class Other:
    # What is no entity, and has what it has as it likes.
    def __init__(self, **fields):
        fields.pop("weight", None)
        vars(self).update(fields)
    def __repr__(self):
        return f"Other {vars(self)}"
    @property
    def weight(self):
        raise ValueError("no weight")

def some(*likely):
    return made.choice(likely) if made.random() < 0.9 else made.choice([None, 7, "x", 1.5, Decimal("1.0")])

def line():
    fields = {
        "quantity": some(made.randrange(-9, 9), 2**62, 0),
        "price": some(Decimal(made.randrange(10**6)).scaleb(-2), Decimal("9999999.99")),
        "size": some(*Size),
        "gift": some(True, False),
    }
    if made.random() < 0.9:
        fields["weight"] = some(1.5, float("nan"), None)
    return made.choice([shop.Line.model_construct] * 9 + [Other])(**fields)

def lines():
    found = [line() for _ in range(made.randrange(5))]
    return made.choice([list] * 12 + [tuple, type("Lines", (list,), {})])(found)

TEXTS = ["ten", "te" + chr(110), "zwölf", "zw" + "ölf", "none", "", None, "\\ud800"]

def order():
    return shop.Order.model_construct(
        lines=lines(), placed=some(date(2024, 1, 1), date.max), first=made.choice([None, line()]),
        coupon=some(*TEXTS, "zehn é"),
    )

GIVEN = {
    "line_total": [line], "total": [order], "weight": [order], "large_ones": [order], "is_ten": [order],
    "first_price": [order], "filled": [order], "how_many": [lambda: some(lines(), [], [1, None])],
    "sends_to": [order, lambda: some(*TEXTS), lambda: some(*TEXTS)],
    "before": [order, lambda: made.choice(days)],
    "half": [lambda: made.choice([*ints, made.randrange(-99, 99)])],
    "wide": [lambda: made.choice([*ints, made.randrange(-3, 3)])],
    "rate": [lambda: made.choice(ints), lambda: made.choice([*ints, 3])],
    "tax": [lambda: made.choice([*decimals, Decimal(made.randrange(10**9)).scaleb(-2)])],
    "near": [lambda: made.choice([*floats, made.random()]), lambda: made.choice([*floats, made.random()])],
    "level": [lists, lambda: made.choice([*floats, 0.5])],
    "next_size": [lambda: made.choice(sizes)],
    "later": [lambda: made.choice([*days, date.fromordinal(made.randrange(1, 10**6))])],
    "of_half": [lambda: made.choice([*ints, made.randrange(-99, 99)])],
    "fee": [lambda: made.choice(sizes), lambda: made.choice([*decimals, Decimal(made.randrange(10**4)).scaleb(-2)])],
    "name": [lambda: made.choice(sizes)],
}

def shown(value):
    if isinstance(value, float):
        return struct.pack("<d", value).hex() if value == value else "nan"
    return f"{type(value).__name__} {value!r}"

def outcome(function, args):
    try:
        value = function(*args)
        return f"itself: {value is args[0]}" if isinstance(value, shop.Order) else shown(value)
    except Exception as error:
        place = (error.file, error.line) if hasattr(error, "line") else ()
        return f"{type(error).__name__} {error} {place}"

print(json.dumps([
    ascii(f"{name}{args!r} {outcome(getattr(shop, name), args)}")
    for name, kinds in GIVEN.items()
    for args in [[kind() for kind in kinds] for _ in range(400)]
]))
"""


def test_what_can_be_is_native_and_the_rest_says_why_not(tmp_path: Path) -> None:
    found = status(shop(tmp_path))
    assert found["profile"] == "x86-64"
    assert found["native"] == NATIVE
    assert set(found["python"]) == {"words"}
    assert "shop.intent:" in found["python"]["words"]


def test_native_functions_answer_as_those_in_python(tmp_path: Path) -> None:
    folder = shop(tmp_path).parent
    native, python = asked(folder, ANSWERS), asked(folder, ANSWERS, HYPER_NATIVE="off")
    assert len(native) == 8400
    assert [one for one in zip(native, python, strict=True) if one[0] != one[1]] == []


def test_a_function_is_what_it_was_for_who_looks_at_it(tmp_path: Path) -> None:
    package = shop(tmp_path)
    script = """
import inspect, json, pickle
from built import shop
again = pickle.loads(pickle.dumps(shop.rate))
print(json.dumps([
    str(inspect.signature(shop.rate)), shop.half.__doc__, shop.rate.__name__, shop.rate.__module__,
    again is shop.rate, shop.rate(among=4, of=1), type(shop.rate).__name__,
]))
"""
    found = asked(package.parent, script)
    assert found == [
        "(of, among)", "Half of it, rounded down.", "rate", "built.shop",
        True, 0.25, "builtin_function_or_method",
    ]  # fmt: skip
    save = "import json, pickle; from built import shop; print(json.dumps(pickle.dumps(shop.rate).hex()))"
    read = "import json, pickle; print(json.dumps(pickle.loads(bytes.fromhex('%s'))(1, 4)))"
    kept = asked(package.parent, save)
    assert asked(package.parent, read % kept, HYPER_NATIVE="off") == 0.25


def test_arguments_may_be_given_by_name(tmp_path: Path) -> None:
    package = shop(tmp_path)
    script = """
import json
from built import shop

def said(*args, **named):
    try:
        return shop.rate(*args, **named)
    except TypeError as error:
        return str(error).partition(" ")[2]

left = []
function = shop.rate.__self__.function
shop.rate.__self__.function = lambda *args, **named: left.append(named) or function(*args, **named)
fine = [said(1, 4), said(1, among=4), said(of=1, among=4), said(among=4, of=1)]
print(json.dumps([fine, len(left), said(1), said(1, of=1), said(1, many=4), said(1, 4, many=5), len(left)]))
"""
    assert asked(package.parent, script) == [
        [0.25] * 4,
        0,
        "missing 1 required positional argument: 'among'",
        "got multiple values for argument 'of'",
        "got an unexpected keyword argument 'many'",
        "got an unexpected keyword argument 'many'",
        4,
    ]


@pytest.mark.parametrize(
    "table",
    [
        "cpu = 'native'",
        "cpu = 'znver2'",
        "opt_level = 0",
        "opt_level = 's'",
        "vector_width = 128\ntune = 'skylake'",
    ],
)
def test_profiles_of_all_kinds_answer_the_same(table: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.hyper.hardware.own]\n{table}\n")
    package = shop(tmp_path, hardware=None)
    if status(package)["profile"] is None:
        pytest.skip("this processor lacks what the profile needs")
    script = """
import json
from built import shop
print(json.dumps([shop.half(-9), shop.rate(1, 3), shop.level([0.1] * 99, 0.25), str(shop.half.__class__)]))
"""
    found = asked(package.parent, script)
    plain = asked(package.parent, script, HYPER_NATIVE="off")
    assert found[:3] == plain[:3]
    assert found[3] != plain[3]


def test_a_function_alone_is_loaded_without_its_module(tmp_path: Path) -> None:
    package = shop(tmp_path)
    script = """
import json, sys
from built.native import load
half = load("shop", "half")
first = half(9)
light = not {"built.shop", "pydantic", "llvmlite", "numba", "numpy", "typing"} & set(sys.modules)
second = half(True)
from built import shop
print(json.dumps([first, light, second, "built.shop" in sys.modules, shop.half(8)]))
"""
    assert asked(package.parent, script) == [4, True, 0, True, 4]


REFERENCES = """
import gc, json, sys
from datetime import date
from decimal import Decimal
from built import shop
from built.shop import Line, Order, Size
from built._runtime.errors import IntentError
from pydantic import ValidationError

refused = set()

def held(objects):
    return [sys.getrefcount(each) for each in objects]

text, price, day = "".join(["z", "wölf"]), Decimal("12.34"), date(2024, 1, 2)
line = Line.model_construct(quantity=10**9, price=price, size=Size.large, weight=1.5e9, gift=False)
bad = Line.model_construct(quantity=10**9, price=None, size=None, weight=None, gift=None)
lines, bads = [line] * 3, [line, bad]
good = Order.model_construct(lines=lines, placed=day, first=line, coupon=text)
worse = Order.model_construct(lines=bads, placed=day, first=bad, coupon=text)
less = Order.model_construct(lines=(line,), coupon=text)
objects = [text, price, day, line, bad, lines, bads, good, worse, less, None, Size.large, shop.filled, shop.name]

def call(name, *args):
    try:
        getattr(shop, name)(*args)
    except (AttributeError, TypeError, ValidationError, IntentError):
        refused.add(name)

def round():
    for order in (good, worse, less, None):
        for name in ("total", "weight", "large_ones", "is_ten", "first_price", "filled"):
            call(name, order)
        call("before", order, day)
        call("sends_to", order, text, text[:2])
        call("sends_to", order, 5, text)
        call("how_many", getattr(order, "lines", None))
    for each in (line, bad):
        call("line_total", each)
    call("tax", price)
    call("name", Size.large)
    call("level", [1.5, 2, None], 0.5)
    call("level", [1.5] * 9, 0.5)

for _ in range(3):
    round()
gc.collect()
before = held(objects)
blocks = sys.getallocatedblocks()
for _ in range(200):
    round()
gc.collect()
more = [after - then for after, then in zip(held(objects), before)]
print(json.dumps([max(map(abs, more)) < 100, sys.getallocatedblocks() - blocks < 2000, sorted(refused), more]))
"""


def test_calls_hold_nothing_when_they_are_over(tmp_path: Path) -> None:
    package = shop(tmp_path)
    few, little, refused, more = asked(package.parent, REFERENCES)
    assert (few, little) == (True, True), more
    assert {"before", "total"} <= set(refused)


class _Shown:
    """An extension module; while it is shown something for the first time, another thread shows it the same."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.slots: list[tuple[int, object]] = []

    def slot(self, number: int, item: object) -> None:
        self.slots.append((number, item))
        if len(self.slots) == 1:
            self._library.fill()


def test_two_threads_may_show_a_library_what_was_imported() -> None:
    lines = [["slot", "0", "decimal", "Decimal"], ["slot", "1", "nowhere", "Nothing"]]
    found = Library("shop", lines)
    found.extension = _Shown(found)
    found.fill()
    assert set(found.extension.slots) == {(0, Decimal)}
    assert found.waiting == [["1", "nowhere", "Nothing"]]


WIDEST = """
import json
from decimal import Decimal
from built import widest
texts = ["9999999999999999.99", "92233720368547758.07", "92233720368547758.08", "99999999999999999.99"]
numbers = [Decimal(sign + text) for text in texts for sign in ("", "-")]
lines = [widest.Line.model_construct(price=number) for number in numbers]
print(json.dumps([[widest.above(each) for each in numbers], [widest.paid(each) for each in lines]]))
"""


def test_decimals_of_a_digit_more_than_fit_are_left_to_python(tmp_path: Path) -> None:
    text = """
intent widest

entity Line:
    price: decimal(18, 2)

calc above(of: decimal(18, 2)) -> bool: of > 0.00
calc paid(line: Line) -> bool: line.price > 0.00
"""
    pytest.importorskip("llvmlite")
    result = build(tmp_path, {"widest.intent": text})
    assert result.success, result.diagnostics
    signs = [True, False] * 4
    for native in ("", "off"):
        assert asked(tmp_path / "out", WIDEST, HYPER_NATIVE=native) == [signs, signs]


def test_nothing_that_compiles_is_imported_to_call(tmp_path: Path) -> None:
    script = """
import json, sys
from decimal import Decimal
from built import shop
shop.fee(shop.Size.large, Decimal("60.00"))
print(json.dumps(sorted({"llvmlite", "numba", "numpy", "hyper", "ctypes"} & set(sys.modules))))
"""
    assert asked(shop(tmp_path).parent, script) == []


@pytest.mark.parametrize("value", ["off", "OFF", "0", "false"])
def test_nothing_is_bound_where_the_environment_says_so(value: str, tmp_path: Path) -> None:
    found = status(shop(tmp_path), HYPER_NATIVE=value)
    assert (found["profile"], found["reason"], found["native"]) == (None, "HYPER_NATIVE is off", [])


def test_what_is_refused_again_and_again_takes_no_more_memory(tmp_path: Path) -> None:
    script = """
import json
from built import native
depths = []
for _ in range(9):
    native.load("shop", "half")
    steps, trace = 0, native._opened["shop"].__traceback__
    while trace is not None:
        steps, trace = steps + 1, trace.tb_next
    depths.append(steps)
print(json.dumps(len(set(depths))))
"""
    assert asked(shop(tmp_path).parent, script, HYPER_NATIVE="off") == 1


def _half(package: Path) -> Any:
    script = "import json; from built import shop; print(json.dumps([shop.half(9), type(shop.half).__name__]))"
    return asked(package.parent, script)


def _half_and_why(package: Path) -> Any:
    """The same, and the reason for it that the package tells."""
    script = (
        "import json, built.native; from built import shop\n"
        "half = [shop.half(9), type(shop.half).__name__]\n"
        "print(json.dumps([half, built.native.status()['shop']['reason']]))"
    )
    return asked(package.parent, script)


def test_a_library_that_was_altered_is_never_loaded(tmp_path: Path) -> None:
    package = shop(tmp_path)
    path = library(package)
    whole = path.read_bytes()
    assert _half(package) == [4, "builtin_function_or_method"]
    places = [*range(0, len(whole), len(whole) // 7), len(whole) - 1]
    altered = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in places]
    for data in [*altered, whole[:-1], whole[: len(whole) // 2], b"", whole + b"\0"]:
        path.write_bytes(data)
        reason = "the machine code for x86-64 is not what was built"
        assert _half_and_why(package) == [[4, "function"], reason]
    path.unlink()
    half, reason = _half_and_why(package)
    assert half == [4, "function"]
    assert "No such file" in reason
    path.write_bytes(whole)
    assert _half(package) == [4, "builtin_function_or_method"]


def test_a_library_in_the_place_of_another_is_never_loaded(tmp_path: Path) -> None:
    package = shop(tmp_path, hardware=["x86-64", "x86-64-v2"])
    one, other = library(package), library(package, "x86-64-v2")
    first, second = one.read_bytes(), other.read_bytes()
    assert first != second
    one.write_bytes(second)
    other.write_bytes(first)
    assert _half(package) == [4, "function"]


def test_a_link_and_a_pipe_in_the_place_of_a_library_are_not_followed(tmp_path: Path) -> None:
    package = shop(tmp_path)
    path = library(package)
    path.rename(tmp_path / "elsewhere.so")
    path.symlink_to(tmp_path / "elsewhere.so")
    assert _half(package) == [4, "function"]
    path.unlink()
    os.mkfifo(path)
    assert _half(package) == [4, "function"]
    assert "no plain file" in status(package)["reason"]


def test_a_description_that_was_altered_is_not_believed(tmp_path: Path) -> None:
    package = shop(tmp_path)
    path = package / "native" / "shop.kernels"
    whole = path.read_bytes()
    for data in (whole.replace(b"half", b"rate", 1), whole[:-1], b"", b"\xff" * 90):
        path.write_bytes(data)
        assert _half(package) == [4, "function"]
    path.unlink()
    assert _half(package) == [4, "function"]


def test_python_that_was_edited_is_what_runs(tmp_path: Path) -> None:
    package = shop(tmp_path)
    path = package / "shop.py"
    path.write_text(path.read_text().replace("amount // 2", "amount // 3"))
    assert _half(package) == [3, "function"]
    assert status(package)["reason"] == "shop.py is not what was built"


_KIND = "import json; from built import shop; print(json.dumps(type(shop.half).__name__))"


def test_code_for_another_system_is_not_loaded(tmp_path: Path) -> None:
    package = shop(tmp_path)
    for change in (
        "sys.platform = 'darwin'",
        "import os; os.uname = lambda: type('U', (), {'machine': 'aarch64'})",
        "sys.abiflags = 't'",
        "sys.getobjects = None",
        "sys.maxsize = 2**31 - 1",
    ):
        script = f"import sys, pydantic.fields; {change}\n{_KIND}"
        assert asked(package.parent, script) == "function", change


def test_a_processor_that_lacks_a_feature_gets_the_next_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No processor says that it has what this leaf would tell.
    monkeypatch.setitem(cpuid._BITS, "rdseed", (0x7FFFFFF0, 0, 1, 0))
    (tmp_path / "hyper.toml").write_text(
        '[hardware.most]\ncpu = "x86-64"\nfeatures = ["rdseed"]\n[hardware.x86-64]\n'
    )
    package = shop(tmp_path, hardware=None)
    assert library(package, "most").exists()
    assert status(package)["profile"] == "x86-64"
    shutil.rmtree(package / "native" / "kernels" / "x86-64")
    assert "No such file" in status(package)["reason"]
    package = shop(tmp_path, hardware=["most"])
    found = status(package)
    assert (found["profile"], found["native"]) == (None, [])
    assert found["reason"] == "most: this processor lacks what the kernels are made for"


def test_a_package_in_an_archive_answers_in_python(tmp_path: Path) -> None:
    package = shop(tmp_path)
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", package.parent, "built")
    script = """
import json
from built import shop
from built.native import load, status
print(json.dumps([shop.half(9), type(shop.half).__name__, load("shop", "half")(9), status()]))
"""
    assert asked(Path(archive), script) == [4, "function", 4, {}]


def test_a_command_prints_what_is_bound(tmp_path: Path) -> None:
    package = shop(tmp_path, kernels=["shop.half", "shop.words"])

    def printed(**variables: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "built.native"],
            env={**os.environ, "PYTHONPATH": str(package.parent), **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    first, half, words = printed()
    assert (first, half) == ("shop: x86-64", "  half")
    assert words.startswith("  words: in Python: ")
    assert printed(HYPER_NATIVE="off")[0] == "shop: in Python: HYPER_NATIVE is off"


def test_only_what_is_asked_for_is_compiled(tmp_path: Path) -> None:
    assert status(shop(tmp_path, kernels=["shop.half"]))["native"] == ["half"]
    assert status(shop(tmp_path, kernels=["shop"]))["native"] == NATIVE
    result = build(tmp_path, {}, kernels=["other", "shop.hal", "shop.half"])
    assert [(item.code, item.suggestion) for item in result.diagnostics] == [
        ("E0903", None),
        ("E0903", "shop.half"),
    ]


def test_the_name_of_a_file_writes_no_lines_of_a_description(tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    text = 'intent shop\n\ncalc label(name: string) -> string:\n    "<" + name + ">"\n'
    assert build(tmp_path, {"a\nlibrary\t..\tx\nfunction\tx.intent": text}).success
    found = status(tmp_path / "out" / "built")
    place = r"(a\nlibrary\t..\tx\nfunction\tx.intent:4)"
    assert (found["native"], found["python"]["label"][-len(place) :]) == ([], place)


_RING = "intent {}\nuse {}\nenum {}\ncalc of({}:\n    if {}\n"


def test_a_package_whose_modules_name_one_another_in_a_ring_is_bound(tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    one = _RING.format(
        "one",
        "two (Colour)",
        "Kind: a, b",
        "colour: Colour) -> Kind",
        "colour == red then a else b",
    )
    two = _RING.format(
        "two",
        "one (Kind)",
        "Colour: red, blue",
        "kind: Kind) -> Colour",
        "kind == a then red else blue",
    )
    result = build(tmp_path, {"one.intent": one, "two.intent": two})
    assert result.success, result.diagnostics
    script = """
import json
from built import one, two
first = [one.of(two.Colour.red), two.of(one.Kind.b), one.of(two.Colour.blue)]
from built.native import _opened
print(json.dumps([*first, [library.waiting for library in _opened.values()]]))
"""
    assert asked(tmp_path / "out", script) == ["a", "blue", "b", [[], []]]


@pytest.mark.parametrize("lie", [b"", b"\x7fELF\x02\x01", b"\x7fELF\x02\x01" + b"\xff" * 90])
def test_objects_that_are_none_are_made_again(
    lie: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may write where objects are kept may put anything there."""
    sources = {"shop.intent": "calc half(amount: int) -> int:\n    amount // 2\n"}
    monkeypatch.setattr(StoredObjects, "get", lambda _self, keys: dict.fromkeys(keys, lie))
    assert build(tmp_path, sources, incremental=True).success
    shutil.move(tmp_path / "out", tmp_path / "first")
    assert build(tmp_path, sources, incremental=False).success
    assert files_of(tmp_path / "out") == files_of(tmp_path / "first")


def test_no_object_is_taken_where_others_are_compared_with() -> None:
    store = mock.Mock(withheld=True, plain=mock.Mock(side_effect=AssertionError))
    assert StoredObjects(store).get(["0" * 64]) == {}


def test_objects_without_bound_are_not_held() -> None:
    keys = [f"{number:064x}" for number in range(100)]
    asked: list[str] = []

    def plain(kind: str, digests: list[str]) -> dict[str, bytes]:
        if kind == "action":
            return {each: bytes.fromhex(each) for each in digests}
        asked.extend(digests)
        return dict.fromkeys(digests, bytes(16 << 20))

    store = mock.Mock(withheld=False, plain=plain)
    assert StoredObjects(store).get(keys) == {}
    assert len(asked) == 32
