"""The code of a small package, as it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hyper.emit.python import emit_python
from tests.emit_python.shop import shop

GOLDEN = Path(__file__).parent / "golden" / "shop.txt"


def generated() -> dict[str, str]:
    return {
        path: text
        for path, text in emit_python(shop(), "shopping").items()
        if not path.startswith("_runtime/") and path != "manifest.json"
    }


def test_the_code_is_as_expected() -> None:
    found = "".join(f"==> {path} <==\n{text}" for path, text in generated().items())
    if os.environ.get("HYPER_UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(found, encoding="utf-8")
    assert found == GOLDEN.read_text(encoding="utf-8")


def test_the_source_map_leads_to_declarations() -> None:
    files = emit_python(shop(), "shopping")
    mapped = json.loads(files["manifest.json"])["source_map"]
    assert mapped["shop/orders.py"]["file"] == "shop/orders.intent"
    lines = files["shop/orders.py"].splitlines()
    starts = [lines[line - 1].split("(")[0] for line, _ in mapped["shop/orders.py"]["lines"]]
    assert starts == [
        "class OrderLine",
        "class Order",
        "class Card",
        "class Bank",
        "Payment = TypeAliasType",
    ]
