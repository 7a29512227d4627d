"""The decision table ``rate`` in engines of rules, one decision at a time."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING, Any, Final

from hyper.bench.contest.entry import AbsentError, Entry
from hyper.bench.contest.kernels import CHECKED, COUNTRIES, TIERS, inputs
from hyper.bench.contest.package import MODULE, PACKAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.bench.contest.entry import Task


_ROWS: Final = (
    ("gold", ">= 500", (), 0.15),
    ("gold", "", ("de", "fr"), 0.12),
    ("gold", "", (), 0.10),
    ("silver", ">= 500", (), 0.07),
    ("silver", "100..500", ("de", "fr", "gb"), 0.05),
    ("silver", "", ("ch",), 0.03),
    ("bronze", ">= 1000", (), 0.02),
    ("", "", (), 0.0),
)
"""Tier, amount, countries and result; what is empty is not asked for."""


def prepare(task: Task) -> Entry:
    """``task["engine"]`` decides ``task["decisions"]`` times; a figure is of one decision. Raises ``AbsentError`` for one that is
    not known."""
    given = inputs("rate", task["rows"], task["seed"])
    columns = [given[name][: max(CHECKED, task["decisions"])].tolist() for name in given]
    rows = [
        {"tier": TIERS[tier], "amount": amount, "country": COUNTRIES[country]}
        for tier, amount, country in zip(*columns, strict=True)
    ]
    if task["engine"] in {"native", "generated"}:
        decide, made = _ours(task["out"], rows)
    elif task["engine"] in ENGINES:
        decide, made = ENGINES[task["engine"]](rows)
    else:
        raise AbsentError("it is not known")
    timed = made[: task["decisions"]]

    def run() -> None:
        for row in timed:
            decide(row)

    def answers(_: None) -> list[Any]:
        import numpy as np

        return [np.array([float(decide(row)) for row in made[:CHECKED]])]

    return Entry(run, answers, len(timed))


def _ours(out: str, rows: list[dict[str, Any]]) -> tuple[Callable[[Any], Any], list[Any]]:
    sys.path.insert(0, out)
    module = importlib.import_module(f"{PACKAGE}.{MODULE}")
    rate = module.rate
    made = [
        (module.Tier[row["tier"]], row["amount"], module.Country[row["country"]]) for row in rows
    ]
    return lambda row: rate(*row), made


def _zen(rows: list[dict[str, Any]]) -> tuple[Callable[[Any], Any], list[Any]]:
    """A decision table of zen-engine, compiled before: a decision that is created of the same text is compiled at each use."""
    import zen

    content = zen.ZenDecisionContent(json.dumps(_graph()))
    engine = zen.ZenEngine({"loader": lambda _: content})
    return lambda row: engine.evaluate("rate", row)["result"]["rate"], rows


def _graph() -> dict[str, Any]:
    fields = ("tier", "amount", "country")
    table = {
        "hitPolicy": "first",
        "inputs": [{"id": name, "name": name, "field": name} for name in fields],
        "outputs": [{"id": "rate", "name": "rate", "field": "rate"}],
        "rules": [
            {
                "_id": str(place),
                "tier": f'"{tier}"' if tier else "",
                "amount": f"[{amount}]" if ".." in amount else amount,
                "country": ", ".join(f'"{name}"' for name in countries),
                "rate": str(result),
            }
            for place, (tier, amount, countries, result) in enumerate(_ROWS)
        ],
    }
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "table", "name": "table", "type": "decisionTableNode", "content": table},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": f"{one}-{other}", "sourceId": one, "targetId": other, "type": "edge"}
        for one, other in (("in", "table"), ("table", "out"))
    ]
    return {"nodes": nodes, "edges": edges}


def _cel_text() -> str:
    text = "0.0"
    for tier, amount, countries, result in reversed(_ROWS[:-1]):
        tests = [f"tier == '{tier}'"]
        if ".." in amount:
            low, _, high = amount.partition("..")
            tests += [f"amount >= {low}.0", f"amount <= {high}.0"]
        elif amount:
            tests.append(f"amount {amount}.0")
        if countries:
            tests.append(f"country in {list(countries)}")
        text = f"{' && '.join(tests)} ? {result} : ({text})"
    return text


def _cel_python(rows: list[dict[str, Any]]) -> tuple[Callable[[Any], Any], list[Any]]:
    """cel-python, interpreted: its compiled runner refuses this expression."""
    import celpy
    from celpy import celtypes

    environment = celpy.Environment()
    program = environment.program(environment.compile(_cel_text()))
    kinds = {
        "tier": celtypes.StringType,
        "amount": celtypes.DoubleType,
        "country": celtypes.StringType,
    }
    made = [{name: kinds[name](value) for name, value in row.items()} for row in rows]
    return program.evaluate, made


def _cel_rust(rows: list[dict[str, Any]]) -> tuple[Callable[[Any], Any], list[Any]]:
    """common-expression-language, in Rust."""
    import cel

    return cel.compile(_cel_text()).execute, rows


def _cel_cpp(rows: list[dict[str, Any]]) -> tuple[Callable[[Any], Any], list[Any]]:
    """cel-expr-python, in C++."""
    from cel_expr_python import cel

    text, number = cel.Type.STRING, cel.Type.DOUBLE
    environment = cel.NewEnv(variables={"tier": text, "amount": number, "country": text})
    expression = environment.compile(_cel_text())
    return lambda row: expression.eval(data=row).plain_value(), rows


def _json_logic(rows: list[dict[str, Any]]) -> tuple[Callable[[Any], Any], list[Any]]:
    """panzi-json-logic."""
    from json_logic import jsonLogic

    branches: list[Any] = []
    for tier, amount, countries, result in _ROWS[:-1]:
        tests: list[Any] = [{"==": [{"var": "tier"}, tier]}]
        if ".." in amount:
            low, _, high = amount.partition("..")
            tests.append({"<=": [int(low), {"var": "amount"}, int(high)]})
        elif amount:
            tests.append({">=": [{"var": "amount"}, int(amount.removeprefix(">= "))]})
        if countries:
            tests.append({"in": [{"var": "country"}, list(countries)]})
        branches += [{"and": tests}, result]
    logic = {"if": [*branches, 0.0]}
    return lambda row: jsonLogic(logic, row), rows


def _rego(rows: list[dict[str, Any]]) -> tuple[Callable[[Any], Any], list[Any]]:
    """regopy, from a bundle that is compiled once."""
    import regopy

    clauses: list[str] = []
    for tier, amount, countries, result in _ROWS[:-1]:
        tests = [f'input.tier == "{tier}"']
        if ".." in amount:
            low, _, high = amount.partition("..")
            tests += [f"input.amount >= {low}", f"input.amount <= {high}"]
        elif amount:
            tests.append(f"input.amount {amount}")
        if countries:
            tests.append(f"input.country in {json.dumps(list(countries))}")
        clauses.append(f"rate := {result} if {{ {'; '.join(tests)} }}")
    text = f"package contest\n\n{' else '.join(clauses).replace(' else rate', ' else')}\n\ndefault rate := 0.0\n"
    interpreter = regopy.Interpreter()
    interpreter.add_module("contest.rego", text)
    bundle = interpreter.build("x = data.contest.rate")

    def decide(row: Any) -> Any:
        interpreter.set_input(row)
        output = interpreter.query_bundle(bundle)  # whose memory the binding is
        return str(output.binding("x"))

    return decide, rows


ENGINES: Final[
    Mapping[str, Callable[[list[dict[str, Any]]], tuple[Callable[[Any], Any], list[Any]]]]
] = {
    "zen-engine": _zen,
    "cel-python": _cel_python,
    "common-expression-language": _cel_rust,
    "cel-expr-python": _cel_cpp,
    "panzi-json-logic": _json_logic,
    "regopy": _rego,
}
"""By the names of their distributions."""
