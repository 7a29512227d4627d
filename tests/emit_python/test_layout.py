"""What a package is made of: module names, laziness, independence, clean code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hyper.emit.python import emit_python
from hyper.ir.markers import Markers
from hyper.ir.types import INT, STRING, Alias, Entity, ListOf, Opt, Union
from tests.emit_python.packages import Package, installed, write
from tests.emit_python.programs import (
    action,
    alias,
    answer,
    entity,
    enum,
    field,
    module,
    parameter,
    program,
    union,
)
from tests.emit_python.shop import shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RULES = "E,F,I,UP,B,W,PIE,SIM,C4,RET,FURB,RUF100"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(shop(), tmp_path_factory.mktemp("written"), "shopping")


@pytest.fixture
def package_of(tmp_path: Path) -> Iterator[Any]:
    opened: list[Any] = []

    def make(made: Any) -> Package:
        generator = installed(made, tmp_path)
        opened.append(generator)
        return next(generator)

    yield make
    for generator in opened:
        next(generator, None)


def run(code: str, folder: Path, *options: str) -> str:
    """Python code in a process of its own, in which the compiler is not to be found."""
    guard = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in {'hyper', 'msgspec'}:\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        f"sys.path.insert(0, {str(folder)!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", *options, "-c", guard + code],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def modules_after(code: str, root: Path) -> set[str]:
    tail = "\nimport json\nprint(json.dumps(sorted(sys.modules)))"
    return set(json.loads(run(code + tail, root.parent).splitlines()[-1]))


def own(modules: set[str]) -> set[str]:
    return {
        name.removeprefix("shopping.")
        for name in modules
        if name.startswith("shopping.") and not name.startswith("shopping._runtime")
    }


def test_the_package_alone_imports_nothing(written: Path) -> None:
    loaded = modules_after("import shopping", written)
    assert own(loaded) == set()
    assert "pydantic" not in loaded


def test_a_module_loads_no_other(written: Path) -> None:
    loaded = modules_after("import shopping.shop.orders", written)
    assert own(loaded) == {"shop", "shop.orders"}
    assert "jsonschema" not in loaded
    assert "fastapi" not in loaded


def test_first_use_loads_what_it_reaches(written: Path) -> None:
    code = "from shopping.shop.orders import OrderLine\nOrderLine.model_rebuild()"
    assert own(modules_after(code, written)) == {"shop", "shop.orders", "shop.catalog"}
    code = "from shopping.shop.orders import Order\nOrder.model_rebuild()"
    reached = {"shop", "shop.orders", "shop.catalog", "shop.customer"}
    assert own(modules_after(code, written)) == reached


def test_an_app_loads_no_models(written: Path) -> None:
    code = "from shopping.api import create_app\ncreate_app()"
    assert own(modules_after(code, written)) == {"api", "api.routes"}


def test_the_first_request_loads_its_models(written: Path) -> None:
    code = (
        "import asyncio, httpx\n"
        "from shopping.api import create_app\n"
        "async def ask():\n"
        "    transport = httpx.ASGITransport(app=create_app(mock=True))\n"
        "    async with httpx.AsyncClient(transport=transport, base_url='http://t') as client:\n"
        "        assert (await client.get('/orders/5')).status_code == 200\n"
        "asyncio.run(ask())"
    )
    assert own(modules_after(code, written)) == {
        "api",
        "api.routes",
        "api.operations",
        "api.operations.shop_service",
        "shop",
        "shop.orders",
        "shop.catalog",
    }


def test_the_code_is_clean(written: Path) -> None:
    for command in (
        ["ruff", "format", "--isolated", "--line-length", "100", "--check", "."],
        [
            "ruff",
            "check",
            "--isolated",
            "--line-length",
            "100",
            "--select",
            RULES,
            "--ignore",
            "E501,B007",
            ".",
        ],
        ["mypy", "--strict", "--no-incremental", "."],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=written.parent,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_code_is_clean_at_the_length_that_formatters_have_by_default(written: Path) -> None:
    command = ["ruff", "check", "--isolated", "--line-length", "88", "--select", "I,BLE", "."]
    done = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=written.parent,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_handlers_are_checked_by_types(written: Path) -> None:
    (written.parent / "handling.py").write_text(
        "from shopping.api import Answer, create_app\n"
        "from shopping.api.handlers import Handlers\n"
        "from shopping.shop.orders import Order, OrderLine\n"
        "class Good(Handlers):\n"
        "    async def place_order(\n"
        "        self, *, page: int, tags: list[str] | None, body: Order\n"
        "    ) -> Order:\n"
        "        return body\n"
        "    def latest(self) -> Answer:\n"
        "        return Answer(200, 'x')\n"
        "create_app(Good(), mock=True)\n"
        "class Bad(Handlers):\n"
        "    async def place_order(self, *, body: Order) -> OrderLine: ...\n"
        "Order(id=3)\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "handling.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=written.parent,
    )
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(errors) >= 3, done.stdout
    assert all(int(line.split(":")[1]) >= 12 for line in errors), done.stdout


def test_emission_is_the_same_every_time() -> None:
    assert emit_python(shop(), "app") == emit_python(shop(), "app")


def test_module_names(package_of: Any) -> None:
    one = entity("One", field("x", INT))
    names = [
        "class",
        "api",
        "a.b",
        "a.b.c",
        "A.b",
        "async.import",
        "_runtime",
        "a.__init__",
        "list",
    ]
    package = package_of(program(*(module(name, one) for name in names)))
    found = {
        path.relative_to(package.root).as_posix()
        for path in package.root.rglob("*.py")
        if "class One(" in path.read_text()
    }
    assert found == {
        "class_.py",
        "api_.py",
        "a_2/b/__init__.py",
        "a_2/b/c.py",
        "A/b.py",
        "async_/import_.py",
        "_runtime_.py",
        "a_2/init.py",
        "list.py",
    }
    for path in found:
        dotted = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        assert package[f"{dotted}:One"](x=1).x == 1


def test_names_that_clash(package_of: Any) -> None:
    package = package_of(
        program(
            module(
                "m",
                entity("list", field("x", INT)),
                entity("Model", field("Field", INT), field("model_config", INT)),
                entity("Annotated", field("self", ListOf(Entity("m.list")))),
                entity("m", field("m", Opt(Entity("m.m")))),
                entity("copy", field("copy", INT), field("copy_", INT), field("int", INT)),
                entity("T", field("T", Opt(Entity("m.T"))), field("dt", INT), field("class", INT)),
                enum("str", {"name": "n", "mro": "m", "None": "x", "_a_": "y", "__b": "z"}),
                alias("Any", STRING, Markers(min_length=1)),
                entity("Uses", field("any", Alias("m.Any")), field("other", Entity("n.Model"))),
            ),
            module("n", entity("Model", field("x", ListOf(Entity("m.Model"))))),
        )
    )
    assert package["m:list_"](x=1).x == 1
    made = package["m:Model"].model_validate_json('{"Field": 1, "model_config": 2}')
    assert made.model_dump() == {"Field": 1, "model_config": 2}
    nested = '{"self": [{"x": 1}]}'
    assert package["m:Annotated"].model_validate_json(nested).model_dump_json(indent=None) == (
        '{"self":[{"x":1}]}'
    )
    assert package["m:m"].model_validate_json('{"m": {"m": null}}').model_dump() == {
        "m": {"m": None}
    }
    copy = package["m:copy_"] if hasattr(package.module("m"), "copy_") else package["m:copy"]
    text = '{"copy":1,"copy_":2,"int":3}'
    assert copy.model_validate_json(text).model_dump_json() == text
    text = '{"T":{"T":null,"dt":1,"class":2},"dt":3,"class":4}'
    assert package["m:T"].model_validate_json(text).model_dump_json() == text
    assert sorted(member.value for member in package["m:str_"]) == ["m", "n", "x", "y", "z"]
    text = '{"any":"a","other":{"x":[{"Field":1,"model_config":2}]}}'
    assert package["m:Uses"].model_validate_json(text).model_dump_json() == text


def test_inheritance_across_modules(package_of: Any) -> None:
    base = (field("id", INT), field("parts", ListOf(Entity("a.Part"))))
    package = package_of(
        program(
            module(
                "a",
                entity("Base", *base),
                entity("Part", field("x", Union("a.Kind"))),
                union("Kind", INT, Entity("b.Child")),
            ),
            module("b", entity("Child", *base, field("y", INT), bases=("a.Base",))),
            module(
                "c", entity("Grand", *base, field("y", INT), field("z", INT), bases=("b.Child",))
            ),
        )
    )
    grand = package["c:Grand"]
    assert issubclass(grand, package["a:Base"])
    text = '{"id":1,"parts":[{"x":2}],"y":3,"z":4}'
    assert grand.model_validate_json(text).model_dump_json() == text


def test_rings_of_inheritance_and_bases_with_common_fields_are_flattened(package_of: Any) -> None:
    x, y, z = (field(name, INT) for name in "xyz")
    package = package_of(
        program(
            module("a", entity("A", x), entity("D", x, y, z, bases=("b.B",))),
            module("b", entity("B", x, y, bases=("a.A",)), entity("E", x, y, bases=("a.A", "b.B"))),
        )
    )
    text = '{"x":1,"y":2,"z":3}'
    assert package["a:D"].model_validate_json(text).model_dump_json() == text
    assert package["b:E"].model_validate_json('{"x":1,"y":2}').y == 2


def test_aliases_are_whole_from_outside(package_of: Any) -> None:
    from pydantic import TypeAdapter

    package = package_of(
        program(
            module(
                "a",
                union("Any1", Entity("b.One"), Alias("c.More")),
                alias("Maybe", Opt(Union("a.Any1"))),
            ),
            module(
                "b", entity("One", field("x", INT), field("next", Union("a.Any1"), optional=True))
            ),
            module("c", alias("More", ListOf(Alias("a.Maybe")))),
        )
    )
    value = [None, {"x": 1, "next": []}]
    for name in ("c:More", "a:Maybe", "a:Any1"):
        adapter = TypeAdapter[Any](package[name])
        assert json.loads(adapter.dump_json(adapter.validate_python(value))) == value
    with pytest.raises(AttributeError):
        _ = package["a:Nothing"]


def test_long_chains_and_many_models(tmp_path: Path) -> None:
    chain = [
        entity(f"E{number}", field("next", Entity(f"m.E{number + 1}"), optional=True))
        for number in range(1000)
    ]
    bases = [
        entity(f"B{number}", field("x", INT), bases=(f"m.B{number - 1}",) if number else ())
        for number in range(60)
    ]
    made = program(module("m", *chain, entity("E1000"), *bases))
    for package in installed(made, tmp_path):
        assert package["m:E990"].model_validate_json('{"next": {"next": {}}}').next.next
        assert package["m:B59"](x=1).x == 1


def test_actions_of_one_name(package_of: Any) -> None:
    def get(name: str, path: str) -> Any:
        return action(name, "GET", path, parameter("query", "class", INT), answer("204"))

    package = package_of(
        program(module("a.b", get("list", "/a"), get("x", "/b")), module("c", get("list", "/c")))
    )
    handlers = package["api.handlers:Handlers"]
    assert {name for name in dir(handlers) if not name.startswith("_")} >= {
        "a_b_list_",
        "c_list_",
        "x",
    }


@pytest.mark.parametrize(
    ("modules", "files"),
    [
        (("shop.orders", "shop.fees"), {"orders.py", "fees.py"}),
        (("shop.orders", "fees"), {"orders.py", "fees.py"}),
        (("shop", "shop.orders"), {"shop.py", "orders.py"}),
        (("shop.orders", "orders"), {"shop/__init__.py", "shop/orders.py", "orders.py"}),
        (("shopping.orders",), {"shopping/__init__.py", "shopping/orders.py"}),
    ],
)
def test_the_name_of_the_package_is_not_repeated(modules: tuple[str, ...], files: set[str]) -> None:
    made = program(*(module(name, entity("One", field("x", INT))) for name in modules))
    found = {path for path in emit_python(made, "shop") if path.endswith(".py")}
    own = {path for path in found if not path.startswith(("_runtime/", "api/"))}
    assert own == {"__init__.py", *files}


def test_the_runtime_of_a_package_stands_alone() -> None:
    """What the runtime's two folders take from each other is beside it in a package."""
    files = {
        path.removeprefix("_runtime/"): text
        for path, text in emit_python(shop(), "app").items()
        if path.startswith("_runtime/") and path.endswith(".py")
    }
    assert not [name for name, text in files.items() if "from hyper" in text or "from .." in text]
    taken = {
        found
        for text in files.values()
        for found in re.findall(r"^ *from \.(\w+) import", text, flags=re.MULTILINE)
    }
    assert {f"{name}.py" for name in taken} <= files.keys()
