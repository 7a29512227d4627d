"""Random descriptions go through intents and come back with the same meaning, by the comparison and by a validator."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.compare import compare
from tests.round_trip.schemas import COMPONENTS, VALUES, documents, in_three_nought, usual, wild
from tests.round_trip.test_round_trip import round_trip
from tests.round_trip.validation import taken_otherwise


@settings(max_examples=60)
@given(documents(usual))
def test_random_schemas_say_the_same(document: dict[str, Any]) -> None:
    for dialect in (document, in_three_nought(document)):
        emitted = round_trip(json.dumps(dialect).encode(), "random.json")
        note(json.dumps(dialect["components"]["schemas"]))
        assert [str(difference) for difference in compare(dialect, emitted)] == []


@settings(max_examples=60)
@given(documents(wild), st.lists(VALUES, max_size=12))
def test_random_schemas_take_the_same(document: dict[str, Any], values: list[Any]) -> None:
    note(json.dumps(document["components"]["schemas"]))
    assert taken_otherwise(document, COMPONENTS, values) == []
