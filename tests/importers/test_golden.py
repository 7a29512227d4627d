"""Documents a feature each, and the text that they become.

``golden/NAME.yaml`` is imported into one file, compared with ``golden/NAME.intent``, read back, emitted and compared with the
document. ``HYPER_UPDATE_GOLDEN=1`` writes the texts anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import pytest

from hyper.emit.openapi import emit_openapi
from hyper.importers.openapi import import_openapi
from hyper.importers.openapi.findings import Findings
from hyper.importers.openapi.loading import load
from hyper.ir.lower import lower
from hyper.lang.check import check
from tests.compare import compare
from tests.importers.trees import read_back, unformatted

FOLDER: Final = Path(__file__).parent / "golden"
NAMES: Final = sorted(path.stem for path in FOLDER.glob("*.yaml"))

FINDINGS: Final = {
    "all-of": ["W1001"],
    "objects": ["W1001", "W1001"],
}
"""The codes of what the importer has to say."""

DIFFERENCES: Final[dict[str, tuple[str, ...]]] = {
    # bounds of one type, said beside several, become bounds of that variant
    "nullable-3.1": ("components.schemas.Null.d",),
    # what cannot be resolved becomes anything
    "objects": ("schemas.Missing.a.", "schemas.Missing.b.", "schemas.Missing.c."),
    # the tag of a variant is the value that its field has, not the variant's name
    "unions": ("schemas.Implied.discriminator.mapping",),
}
"""The paths at which the emitted document differs."""


def _loaded(data: bytes) -> Any:
    findings = Findings("golden")
    return load(data, findings)


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    data = (FOLDER / f"{name}.yaml").read_bytes()
    done = import_openapi(data, "case", "single")
    text = done.files["service.intent"]
    expected = FOLDER / f"{name}.intent"
    if os.environ.get("HYPER_UPDATE_GOLDEN"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert [item.code for item in done.diagnostics] == FINDINGS.get(name, [])
    assert unformatted(done) == []
    world, said = read_back(done)
    assert [item for item in said if item.is_error] == []
    emitted = emit_openapi(lower(world, check(world)))
    original = {"paths": {}, **_loaded(data)}
    paths = [str(item) for item in compare(original, emitted)]
    allowed = DIFFERENCES.get(name, ())
    assert [item for item in paths if not any(part in item for part in allowed)] == []
    assert [part for part in allowed if not any(part in item for item in paths)] == []
