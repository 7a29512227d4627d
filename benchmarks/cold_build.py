"""The cold build of an imported API tree beside datamodel-code-generator, as whole processes.

    python -m benchmarks.cold_build [SPEC] [--rounds 5] [--out FILE]

``hyper build`` makes models, the service and the OpenAPI document; the peer makes models only, with its built-in formatter and with
its default ones. The import of the description is not timed, since it is done once. SPEC is the GitHub description of the corpora
beside the repository by default. The result is JSON: medians of runs taken in turns, and ratios above bare Python's time.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from benchmarks.processes import Contestant, measure, once, summary

ROOT: Final = Path(__file__).resolve().parents[1]
SPEC: Final = ROOT.parent / "shared" / "corpora" / "github.json.gz"
PEER: Final = "datamodel-code-generator"


def main() -> int:
    """Measure, and print or write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("spec", nargs="?", type=Path, default=SPEC)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if not arguments.spec.is_file():
        print(f"skipped: there is no description at {arguments.spec}", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory(prefix="hyper-bench-") as folder:
        report = run(arguments.spec, Path(folder), arguments.rounds)
    text = json.dumps(report, indent=2)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


def run(spec: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Import the description, then measure everybody."""
    tree, out, models = folder / "tree", folder / "out", folder / "models.py"
    hyper = (sys.executable, "-m", "hyper")
    once((*hyper, "import", "openapi", str(spec), "-o", str(tree)))
    plain = folder / "spec.json"
    data = spec.read_bytes()
    plain.write_bytes(gzip.decompress(data) if spec.suffix == ".gz" else data)

    def empty() -> None:
        shutil.rmtree(out, ignore_errors=True)
        models.unlink(missing_ok=True)

    build = (*hyper, "build", str(tree), "-o", str(out))
    contestants = [
        Contestant("bare python", (sys.executable, "-c", "pass"), empty),
        Contestant("hyper build", build, empty),
        Contestant("hyper build, nothing changed", build, lambda: None),
    ]
    version = _version(PEER)
    if version is None:
        print(f"{PEER} is skipped: pip install 'hypercompiler[bench]'", file=sys.stderr)
    else:
        contestants += _peers(plain, models, empty)
    figures = summary(measure(contestants, rounds))
    return {
        "benchmark": "cold",
        "spec": spec.name,
        "machine": {
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "system": platform.system(),
            "machine": platform.machine(),
        },
        "versions": {"hypercompiler": _version("hypercompiler"), PEER: version},
        "figures": figures,
        "ratios": _ratios(figures),
    }


def _peers(spec: Path, models: Path, empty: Any) -> list[Contestant]:
    command = (
        sys.executable,
        "-m",
        "datamodel_code_generator",
        *("--input", str(spec), "--input-file-type", "openapi", "--output", str(models)),
        *("--output-model-type", "pydantic_v2.BaseModel"),
    )
    return [
        Contestant(f"{PEER}, built-in formatter", (*command, "--formatters", "builtin"), empty),
        Contestant(f"{PEER}, default formatters", command, empty),
    ]


def _ratios(figures: dict[str, Any]) -> dict[str, Any]:
    """How many times longer each peer takes, whole and above bare Python, and how much memory against theirs."""
    ours, bare = figures["hyper build"], figures["bare python"]["wall_seconds"]
    return {
        name: {
            "wall": each["wall_seconds"] / ours["wall_seconds"],
            "wall_above_bare_python": (each["wall_seconds"] - bare) / (ours["wall_seconds"] - bare),
            "peak": each["peak_bytes"] / ours["peak_bytes"],
        }
        for name, each in figures.items()
        if name.startswith(PEER)
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
