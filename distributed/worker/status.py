"""How a worker is: its state, and what it counts, for health checks and Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from hyper.distributed.messages import State

Phase: TypeAlias = Literal["starting", "ready", "lost", "draining", "stopped"]
"""Not yet connected; takes jobs; the server does not answer; finishes what it has; over."""

_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


class Status:
    """The state of a worker, and its metrics in a registry of their own. Needs ``prometheus-client``."""

    def __init__(self, name: str, version: str) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
        from prometheus_client.process_collector import ProcessCollector

        self.name = name
        self.phase: Phase = "starting"
        self.done = 0
        """Items that were done."""
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        info = Info("hyper_worker", "What the worker is.", registry=registry)
        info.info({"name": name, "version": version})
        self.ready = Gauge("hyper_worker_ready", "1 while it takes jobs.", registry=registry)
        self.slots = Gauge("hyper_worker_slots", "Processes that work.", registry=registry)
        self.busy = Gauge("hyper_worker_busy", "Processes at an item.", registry=registry)
        self.waiting = Gauge(
            "hyper_worker_queue_depth", "Jobs that wait in the queues served.", registry=registry
        )
        self.jobs = Counter(
            "hyper_worker_jobs", "Jobs by what became of them.", ["outcome"], registry=registry
        )
        self.items = Counter(
            "hyper_worker_items",
            "Items by what became of them.",
            ["stage", "state"],
            registry=registry,
        )
        self.refused = Counter(
            "hyper_worker_refused", "Messages refused, by fault.", ["fault"], registry=registry
        )
        self.seconds = Histogram(
            "hyper_worker_item_seconds",
            "Seconds of the clock for an item.",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.cpu = Counter(
            "hyper_worker_cpu_seconds", "Seconds of the processor for items.", registry=registry
        )
        self.overhead = Histogram(
            "hyper_worker_job_overhead_seconds",
            "Seconds of a job beside its items and its wait for a process: messages, leases, contents.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.bytes = Counter(
            "hyper_worker_bytes",
            "Bytes of contents, fetched and put.",
            ["direction"],
            registry=registry,
        )
        self.outages = Counter(
            "hyper_worker_outages", "Times that the server did not answer.", registry=registry
        )
        self.deaths = Counter(
            "hyper_worker_deaths", "Processes that ended at an item.", registry=registry
        )

    def become(self, phase: Phase) -> bool:
        """Be in another phase. Returns whether it is another one; what is over stays over."""
        order = ("draining", "stopped")
        if self.phase in order and (
            phase not in order or order.index(phase) < order.index(self.phase)
        ):
            return False
        changed = phase != self.phase
        self.phase = phase
        self.ready.set(1 if phase == "ready" else 0)
        return changed

    def item(self, stage: str, state: State, seconds: float, cpu: float) -> None:
        """Count an item."""
        self.done += state == "done"
        self.items.labels(stage, state).inc()
        if seconds:
            self.seconds.labels(stage).observe(seconds)
            self.cpu.inc(cpu)

    def metrics(self) -> bytes:
        """The text that Prometheus reads."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)
