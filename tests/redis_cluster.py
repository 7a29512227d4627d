"""A cluster of Redis servers on the loopback, which tests start."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING, Any, Final

import redis

from benchmarks.remote_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Sequence

SLOTS: Final = 16384
_BUS: Final = 10_000
"""So much higher than its port is that at which a node hears of the others."""
_HIGHEST: Final = 65535


class RedisCluster:
    """Nodes that share the slots evenly, in order."""

    def __init__(self, nodes: int = 3, options: Sequence[str] = ()) -> None:
        self.nodes: list[RedisServer] = []
        self.ports: list[int] = []
        try:
            for _ in range(nodes):
                self.ports.append(_free_port(self.ports))
                # A node takes its time to say that it is well again where it was cut off, as it is at the start.
                words = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
                self.nodes.append(RedisServer(*words, *options, port=self.ports[-1]))
            self._meet()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The address of the whole, by its first node."""
        return f"redis+cluster://127.0.0.1:{self.ports[0]}"

    def ask(self, node: int, *command: str | int | bytes) -> Any:
        """A node's own answer."""
        with redis.Redis(port=self.ports[node]) as client:
            return client.execute_command(*command)

    def sizes(self) -> list[int]:
        """How many names each node has."""
        return [self.ask(node, "DBSIZE") for node in range(len(self.nodes))]

    def empty(self) -> None:
        """Forget everything."""
        for node in range(len(self.nodes)):
            self.ask(node, "FLUSHALL")

    def name_of(self, node: int) -> str:
        """What the others call a node."""
        return _text(self.ask(node, "CLUSTER", "MYID"))

    def move(self, slot: int, node: int) -> None:
        """Give an empty slot to another node."""
        for each in range(len(self.nodes)):
            self.ask(each, "CLUSTER", "SETSLOT", slot, "NODE", self.name_of(node))

    def heal(self) -> None:
        """Wait until all nodes say that the whole is well."""
        until = time.monotonic() + 60
        while not all(self._is_well(node) for node in range(len(self.nodes))):
            if time.monotonic() > until:
                raise TimeoutError("the nodes do not find together")
            time.sleep(0.02)

    def close(self) -> None:
        for each in self.nodes:
            each.close()

    def _meet(self) -> None:
        count = len(self.nodes)
        for node in range(count):
            first, last = SLOTS * node // count, SLOTS * (node + 1) // count
            self.ask(node, "CLUSTER", "ADDSLOTS", *range(first, last))
            self.ask(node, "CLUSTER", "SET-CONFIG-EPOCH", node + 1)
            if node:
                self.ask(node, "CLUSTER", "MEET", "127.0.0.1", self.ports[0])
        self.heal()

    def _is_well(self, node: int) -> bool:
        known = _text(self.ask(node, "CLUSTER", "INFO"))
        others = f"cluster_known_nodes:{len(self.nodes)}"
        return "cluster_state:ok" in known and others in known


def _text(answer: Any) -> str:
    if isinstance(answer, dict):
        return "\n".join(f"{name}:{value}" for name, value in answer.items())
    return answer.decode() if isinstance(answer, bytes) else str(answer)


def _free_port(others: Sequence[int]) -> int:
    """A port that nobody has, nor that of its bus."""
    while True:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", 0)) as one:
            port = int(one.getsockname()[1])
            if port + _BUS > _HIGHEST or port in others or port - _BUS in others:
                continue
            with socket.create_server(("127.0.0.1", port + _BUS)):
                return port
