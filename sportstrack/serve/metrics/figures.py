"""The counters, gauges and histograms of the service, by the names that Prometheus reads."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

psutil: Any = import_module("psutil")  # it has no types
_library: Any = prometheus_client
_library.disable_created_metrics()  # times of creation, one for each counter, that nobody looks at
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_SCORES = tuple(step / 10 for step in range(1, 11))


class ServiceFigures:
    """All figures of one service. ``work`` is job, stream or session; ``name`` is a stream's or a job's id.

    Attributes:
        registry: holds them all.
        frames: frames by result: tracked, dropped, failed.
        stage_seconds: seconds of work by stage of the pipeline.
        latency: seconds from a frame's capture to its result.
        mean_score: of a frame's boxes.
        alive: tracks in the newest frame.
        ids: ids that were created.
        reconnections: of streams.
        sessions: sessions that are open.
        streams: streams by state.
        jobs: jobs by state.
        ended: jobs that ended, by kind and state.
        queue: jobs that wait.
        requests: seconds of answers by route and status.
        alerts: alerts by rule.
        alerts_open: alerts that hold now, by rule.
        cpu: share of one core that the service and its workers use.
        memory: bytes that they hold.
        refresh: called before the figures are read; each sets the gauges of its part.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(f"sportstrack_{name}", about, labels, registry=registry)

        def gauge(name: str, about: str, *labels: str) -> Gauge:
            return Gauge(f"sportstrack_{name}", about, labels, registry=registry)

        def histogram(name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"sportstrack_{name}", about, labels, registry=registry, buckets=buckets)

        self.frames = counter("frames", "Frames by result: tracked, dropped, failed", "work", "name", "result")
        self.stage_seconds = counter("stage_seconds", "Seconds of work by stage of the pipeline", "work", "stage")
        self.latency = histogram("latency_seconds", "From a frame's capture to its result", _SECONDS, "work", "name")
        self.mean_score = histogram("mean_score", "Mean score of a frame's boxes", _SCORES, "work", "name")
        self.alive = gauge("tracks_alive", "Tracks in the newest frame", "work", "name")
        self.ids = counter("ids_created", "Ids that were created", "work", "name")
        self.reconnections = counter("reconnections", "Connections to a stream that were made anew", "name")
        self.sessions = gauge("sessions", "Sessions that are open")
        self.streams = gauge("streams", "Streams by state", "state")
        self.jobs = gauge("jobs", "Jobs by state", "state")
        self.ended = counter("jobs_ended", "Jobs that ended, by kind and state", "kind", "state")
        self.queue = gauge("queue_length", "Jobs that wait")
        self.requests = histogram("request_seconds", "Seconds until an answer begins", _SECONDS, "route", "status")
        self.alerts = counter("alerts", "Alerts by rule", "rule")
        self.alerts_open = gauge("alerts_open", "Alerts that hold now, by rule", "rule")
        self.cpu = gauge("cpu_cores", "Cores that the service and its workers use")
        self.memory = gauge("memory_bytes", "Memory that the service and its workers hold")
        self.refresh: list[Callable[[], None]] = []
        self._cpu_before = (time.monotonic(), _cpu_seconds())

    def measure(self) -> None:
        """Set the gauges to what holds now: those of the parts of the service, and of the machine."""
        for one in self.refresh:
            one()
        self.measure_machine()

    def measure_machine(self) -> None:
        """Take CPU and memory of this process and its children, since the call before."""
        now, used = time.monotonic(), _cpu_seconds()
        before, used_before = self._cpu_before
        if now - before > 0.5:
            self.cpu.set(max(used - used_before, 0.0) / (now - before))
        self._cpu_before = (now, used)
        self.memory.set(sum(map(_memory, _family())))

    def now(self) -> dict[str, float]:
        """Return all counters and gauges by name, labels added up; of histograms their sums and counts."""
        found: dict[str, float] = {}
        for metric in self.registry.collect():
            for sample in metric.samples:
                if not sample.name.endswith(("_created", "_bucket")):
                    name = sample.name.removeprefix("sportstrack_")
                    if name in ("jobs", "frames_total", "streams", "jobs_ended_total"):
                        name = f"{name}_{sample.labels.get('state') or sample.labels.get('result')}"
                    found[name] = round(found.get(name, 0.0) + sample.value, 6)
        return found

    def text(self) -> bytes:
        """Return all figures as Prometheus reads them."""
        self.measure()
        return generate_latest(self.registry)


def _family() -> list[Any]:
    own = psutil.Process()
    try:
        return [own, *own.children(recursive=True)]
    except psutil.Error:
        return [own]


def _memory(process: Any) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _cpu_seconds() -> float:
    total = 0.0
    for process in _family():
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total
