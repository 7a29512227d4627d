"""A cluster of servers that is asked as one: each command goes to the node that has its name."""

from __future__ import annotations

import os
from binascii import crc_hqx
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hyper.cache.remote.wire import OutageError, Refusal, Wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.cache.remote.settings import TLS, Address, Limits
    from hyper.cache.remote.wire import Command

Node: TypeAlias = tuple[str, int]

SLOTS: Final = 16384
_MOST_NODES: Final = 1000
_AT_ONCE: Final = 16
"""Nodes that are asked at the same time."""
_MAP: Final = (b"CLUSTER", b"SLOTS")


def slot_of(name: bytes) -> int:
    """The slot of a name: the CRC16 of what stands in its first braces, or of all of it, modulo 16384 (Redis Cluster
    Specification, "Key distribution model")."""
    begin = name.find(b"{")
    if begin >= 0:
        end = name.find(b"}", begin + 1)
        if end > begin + 1:
            name = name[begin + 1 : end]
    return crc_hqx(name, 0) % SLOTS


class ClusterWire:
    """As ``Wire``, for the nodes of a cluster, of which the address names one. Not for two threads at once.

    Which node has which slots is asked with the first question, and again where a node says that a slot has moved, or does not
    answer. The budget is that of each node.
    """

    def __init__(self, address: Address, tls: TLS, limits: Limits) -> None:
        """Nothing is asked yet."""
        self._address = address
        self._tls = tls
        self._limits = limits
        self._wires: dict[Node, Wire] = {}
        self._lasts: list[int] = []
        """The last slot of each range, in order."""
        self._nodes: list[Node] = []
        """Who has each range."""
        self._asked_last: Node | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._pid = 0
        self._spent = 0.0

    @property
    def spent(self) -> float:
        """Seconds that were waited for the node that took the longest."""
        return max([self._spent, *(wire.spent for wire in self._wires.values())])

    @spent.setter
    def spent(self, seconds: float) -> None:
        self._spent = seconds
        for wire in self._wires.values():
            wire.spent = seconds

    @property
    def round_trips(self) -> int:
        """Those of all nodes."""
        return sum(wire.round_trips for wire in self._wires.values())

    @property
    def connects(self) -> int:
        """Those of all nodes."""
        return sum(wire.connects for wire in self._wires.values())

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        """As ``Wire.ask``, of commands whose second word is the name that they are about. Nodes are asked at the same time.

        Raises:
            OutageError: As there; of any node.

        """
        answers: list[Any] = [None] * len(commands)
        left = list(range(len(commands)))
        try:
            for _ in range(2):
                self._ask_nodes(commands, left, answers)
                left = [at for at in left if _has_moved(answers[at])]
                if not left:
                    break
                self._forget()
        except OutageError:
            self._forget()
            raise
        return answers

    def go_on(self, commands: Sequence[Command]) -> list[Any]:
        """As ``Wire.go_on``, with the node of the question before, if that was about one only."""
        wire = self._wires.get(self._asked_last) if self._asked_last is not None else None
        if wire is None:
            raise OutageError("connection")
        return wire.go_on(commands)

    def close(self) -> None:
        """Let go of the connections."""
        for wire in self._wires.values():
            wire.close()
        threads, self._threads = self._threads, None
        if threads is not None and self._pid == os.getpid():
            threads.shutdown()

    def _ask_nodes(
        self, commands: Sequence[Command], wanted: Sequence[int], answers: list[Any]
    ) -> None:
        """Put the answers to some commands in their places."""
        if not self._lasts:
            self._learn()
        places: dict[Node, list[int]] = {}
        for at in wanted:
            place = bisect_left(self._lasts, slot_of(commands[at][1]))
            places.setdefault(self._nodes[place], []).append(at)

        def ask(node: Node) -> list[Any]:
            return self._wires[node].ask([commands[at] for at in places[node]])

        self._asked_last = next(iter(places)) if len(places) == 1 else None
        for node in places:
            self._wire(node)
        each = map(ask, places) if len(places) == 1 else self._pool().map(ask, places)
        for node, found in zip(places, each, strict=True):
            for at, answer in zip(places[node], found, strict=True):
                answers[at] = answer

    def _learn(self) -> None:
        """Ask who has what, of any node that answers."""
        home = (self._address.host, self._address.port)
        trouble: OutageError | None = None
        for node in [home, *(each for each in self._wires if each != home)]:
            try:
                (answer,) = self._wire(node).ask([_MAP])
                ranges = _ranges(answer, node[0])
            except OutageError as error:
                trouble = error
                continue
            self._lasts = [last for last, _ in ranges]
            self._nodes = [owner for _, owner in ranges]
            for gone in self._wires.keys() - {home, *self._nodes}:
                self._wires.pop(gone).close()
            return
        assert trouble is not None
        raise trouble

    def _forget(self) -> None:
        self._lasts, self._nodes, self._asked_last = [], [], None

    def _wire(self, node: Node) -> Wire:
        wire = self._wires.get(node)
        if wire is None:
            address = replace(self._address, host=node[0], port=node[1], cluster=False)
            self._wires[node] = wire = Wire(address, self._tls, self._limits)
            wire.spent = self._spent
        return wire

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None or self._pid != os.getpid():
            self._threads = ThreadPoolExecutor(_AT_ONCE, "hyper-cluster")
            self._pid = os.getpid()
        return self._threads


def _has_moved(answer: Any) -> bool:
    return isinstance(answer, Refusal) and answer.code == "MOVED"


def _ranges(answer: Any, asked: str) -> list[tuple[int, Node]]:
    """The last slot and the owner of each range, in order, which are all slots.

    ``asked`` is where a node is that names no host of its own. Raises ``OutageError`` for what no cluster says that is whole.
    """
    ranges: list[tuple[int, int, Node]] = []
    if not isinstance(answer, list) or len(answer) > SLOTS:
        raise OutageError("server")
    for each in answer:
        match each:
            case [int(first), int(last), [bytes() | None as host, int(port), *_], *_] if (
                0 < port <= 65535
            ):
                name = (host or b"").decode("ascii", "replace") or asked
                ranges.append((first, last, (name, port)))
            case _:
                raise OutageError("server")
    ranges.sort()
    expected = 0
    for first, last, _ in ranges:
        if first != expected or last < first:
            raise OutageError("server")
        expected = last + 1
    if expected != SLOTS or len({node for _, _, node in ranges}) > _MOST_NODES:
        raise OutageError("server")
    return [(last, node) for _, last, node in ranges]
