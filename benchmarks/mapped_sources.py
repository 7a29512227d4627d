"""Whether large sources should be mapped: reading one, finding its digest and decoding it, in fresh processes.

    python -m benchmarks.mapped_sources [--megabytes 10] [--rounds 7]

*read* is what builds do; *mapped, copied out* is ``hyper.cache.mapped`` with its guard against files that are cut short; *mapped,
in place* looks at the map itself, and so has no guard. Prints processor time, and by how much the peak of memory grows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from typing import Final

BEFORE: Final = """
import mmap, resource, sys, time
from hashlib import sha256
from hyper.cache.mapped import MappedFile
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before, began = peak(), time.process_time()
"""
AFTER: Final = """
text = str(data, "utf-8", "strict") if sha256(data).digest() else ""
print(1e3 * (time.process_time() - began), (peak() - before) / 1e3)
"""
WAYS: Final = {
    "read": "data = open(sys.argv[1], 'rb').read()",
    "mapped, copied out": "file = MappedFile(sys.argv[1], 1); data = file.read(0, file.size)",
    "mapped, in place": """
file = open(sys.argv[1], "rb")
data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
""",
}
LINE: Final = b"    name: string  # a line of a source\n"


def main() -> int:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    with tempfile.NamedTemporaryFile() as source:
        for _ in range(arguments.megabytes):
            source.write(LINE * (10**6 // len(LINE)))
        source.flush()
        for _ in range(arguments.rounds):
            for way, code in WAYS.items():
                command = (sys.executable, "-c", f"{BEFORE}\n{code}\n{AFTER}", source.name)
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                spent, grown = map(float, done.stdout.split())
                found[way].append((spent, grown))
    for way, runs in found.items():
        print(
            json.dumps(
                {
                    "way": way,
                    "ms": round(statistics.median(spent for spent, _ in runs), 1),
                    "least_ms": round(min(spent for spent, _ in runs), 1),
                    "peak_mb": round(statistics.median(grown for _, grown in runs), 1),
                }
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
