"""Modules of WebAssembly in Node: one process, to which memory and calls are sent, and which gives memory back."""

from __future__ import annotations

import atexit
import base64
import json
import shutil
import subprocess
from typing import Any, Final

_PROGRAM: Final = r"""
const modules = new Map();
const bytes = (text) => Buffer.from(text, "base64");
const argument = (exports, base) => ([kind, value]) => {
  if (kind === "at") return base + value;
  const view = new DataView(new ArrayBuffer(8));
  bytes(value).forEach((byte, place) => view.setUint8(place, byte));
  if (kind === "int") return view.getBigInt64(0, true);
  return kind === "float" ? view.getFloat64(0, true) : view.getUint8(0);
};
const answer = (asked) => {
  if (asked.module !== undefined) {
    const made = new WebAssembly.Module(bytes(asked.module));
    const imports = WebAssembly.Module.imports(made).length;
    modules.set(asked.name, new WebAssembly.Instance(made, {}).exports);
    return { imports };
  }
  if (asked.forget !== undefined) { modules.delete(asked.forget); return {}; }
  const exports = modules.get(asked.name);
  const base = exports.__heap_base.value, given = bytes(asked.memory);
  const lacking = base + given.length - exports.memory.buffer.byteLength;
  if (lacking > 0) exports.memory.grow(Math.ceil(lacking / 65536));
  const memory = new Uint8Array(exports.memory.buffer);
  memory.set(given, base);
  const view = new DataView(exports.memory.buffer);
  for (const [place, address] of asked.pointers) view.setUint32(base + place, base + address, true);
  const status = exports[asked.function](...asked.args.map(argument(exports, base)));
  const [from, to] = asked.give;
  return { status: Number(status), memory: Buffer.from(memory.slice(base + from, base + to)).toString("base64") };
};
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  let said;
  try { said = answer(JSON.parse(line)); } catch (error) { said = { error: String(error.stack) }; }
  process.stdout.write(JSON.stringify(said) + "\n");
});
"""

NODE: Final = shutil.which("node")


class Node:
    """The process."""

    def __init__(self) -> None:
        assert NODE is not None
        self._process = subprocess.Popen(
            [NODE, "-e", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        atexit.register(self.close)

    def ask(self, **asked: Any) -> dict[str, Any]:
        """Send a request, and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(asked)}\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    def load(self, name: str, module: bytes) -> None:
        """Make an instance of a module that imports nothing."""
        assert self.ask(name=name, module=coded(module)) == {"imports": 0}

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def coded(data: bytes) -> str:
    """Bytes as JSON has them."""
    return base64.b64encode(data).decode()
