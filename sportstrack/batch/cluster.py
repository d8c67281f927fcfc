"""Workers that are actors on a Ray cluster.

Each actor holds a model and does one task at a time, so that no more tasks are under way than there are actors. An
actor that is lost with its node is replaced by another one wherever there is room; its task is tried again.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from sportstrack.batch.crew import ENDED, LOST, PROGRESS, READY, CrewEvent
from sportstrack.batch.phases import BatchTask
from sportstrack.batch.settings import BatchSettings
from sportstrack.batch.worker import BatchJob, BatchWorker
from sportstrack.cli.signals import NAMES
from sportstrack.errors import OutputError, SportstrackError, one_line

_POLL = 1.0  # seconds between two questions how far a task is
_STORE = 100 << 20  # bytes of the object store of a cluster for this machine; tasks and results are small
_KNOCK = 10.0  # seconds to wait for an answer of a cluster's address
_AT_ONCE = 3  # calls that an actor answers at the same time: the task, how far it is, stop
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Actor:
    """What runs on the cluster: a worker, and answers while it works.

    Args:
        job: what the tasks share.
    """

    def __init__(self, job: BatchJob) -> None:
        import sys

        sys.path += [place for place in job.path if place not in sys.path]
        self._stopped = threading.Event()
        self._worker = BatchWorker(job, self._stopped.is_set)
        self._progress: tuple[int, int | None] = (0, None)

    def ready(self, seen: str | None) -> str | None:
        """Return None if a file is seen from here, else the name of this machine."""
        return None if seen is None or Path(seen).exists() else socket.gethostname()

    def do(self, task: BatchTask) -> dict[str, Any]:
        """Do a task and return its line of the manifest."""
        self._progress = (0, None)
        return self._worker.do(task, self._count)

    def progress(self) -> tuple[int, int | None]:
        """Return the frames done and the frames expected of the task that is going on."""
        return self._progress

    def stop(self) -> None:
        """Stop the task that is going on, as after Ctrl-C."""
        self._stopped.set()

    def _count(self, done: int, expected: int | None) -> None:
        self._progress = (done, expected)


class RayCrew:
    """Actors on a cluster; see `sportstrack.batch.crew.Crew`.

    Args:
        job: what the tasks share.
        settings: address and what each actor gets.
        tasks: how many tasks there are.

    Raises:
        SportstrackError: Ray is not installed, there is no cluster, or it has no room for a worker.
    """

    def __init__(self, job: BatchJob, settings: BatchSettings, tasks: int) -> None:
        self._ray = import_ray()
        self._job, self._settings = job, settings
        self._owned = not self._ray.is_initialized()
        if self._owned:
            _connect(self._ray, str(settings.ray))
        self.size = min(max(1, tasks), settings.workers or self._room())
        gpus = f", {settings.gpus_per_worker:g} GPU each" if settings.gpus_per_worker else ""
        self.title = f"Ray, {self.size} worker{'s' if self.size > 1 else ''}{gpus}"
        threads = settings.threads or max(1, int(settings.cpus_per_worker))
        self._kind = self._ray.remote(Actor).options(
            num_cpus=settings.cpus_per_worker,
            num_gpus=settings.gpus_per_worker,
            max_restarts=0,
            max_concurrency=_AT_ONCE,
            runtime_env={"env_vars": dict.fromkeys(_THREADS, str(threads))},
        )
        self._actors: dict[int, Any] = {}
        self._calls: dict[Any, int] = {}  # reference of what an actor is busy with → worker
        self._polls: dict[Any, int] = {}
        self._busy: set[int] = set()
        self._polled = 0.0
        self._stopping = False
        self._seen = None if "://" in job.output else Path(job.output) / f".seen-{secrets.token_hex(4)}"

    def start(self) -> None:
        """Ask for the actors; each is ready when the cluster has found a place for it."""
        if self._seen is not None:
            self._seen.touch()
        for number in range(self.size):
            self._begin(number)

    def give(self, worker: int, task: BatchTask) -> None:
        """Give a task to an actor."""
        self._busy.add(worker)
        self._calls[self._actors[worker].do.remote(task)] = worker

    def wait(self, seconds: float) -> list[CrewEvent]:
        """Return what has happened; actors that are lost have been replaced."""
        if not self._calls:
            time.sleep(seconds)
            return []
        done, _ = self._ray.wait(list(self._calls), num_returns=1, timeout=seconds)
        if done and len(self._calls) > 1:  # what else is done already
            done, _ = self._ray.wait(list(self._calls), num_returns=len(self._calls), timeout=0)
        events = [self._hear(ref) for ref in done]
        return events + self._progress()

    def stop(self, patience: float) -> list[CrewEvent]:
        """Ask the actors to stop, and wait for their tasks for a while."""
        self._stopping = True
        for worker in self._busy:
            with suppress(Exception):
                self._actors[worker].stop.remote()
        events: list[CrewEvent] = []
        end = time.monotonic() + patience
        while self._busy and time.monotonic() < end:
            events += self.wait(0.2)
        return events

    def close(self) -> None:
        """Let go of the actors, and of the cluster if it was connected to here."""
        if self._seen is not None:
            self._seen.unlink(missing_ok=True)
        for actor in self._actors.values():
            with suppress(Exception):
                self._ray.kill(actor)
        if self._owned:
            self._ray.shutdown()

    def _begin(self, number: int) -> None:
        actor = self._actors[number] = self._kind.remote(self._job)
        seen = None if self._seen is None else str(self._seen)
        self._calls[actor.ready.remote(seen)] = number

    def _hear(self, ref: Any) -> CrewEvent:
        """Return what a finished call says."""
        worker = self._calls.pop(ref)
        was_busy = worker in self._busy
        self._busy.discard(worker)
        try:
            answer = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            with suppress(Exception):
                self._ray.kill(self._actors[worker])  # it may be alive behind a network that is not
            if not self._stopping:
                self._begin(worker)
            return CrewEvent(LOST, worker, why=f"its worker or node was lost ({_short(error)})")
        if was_busy:
            return CrewEvent(ENDED, worker, line=answer)
        if answer is not None:
            raise OutputError(
                f"{self._job.output}: is not seen from {answer}; name a folder that all nodes share, or an address "
                "such as s3://bucket/season"
            )
        return CrewEvent(READY, worker)

    def _progress(self) -> list[CrewEvent]:
        """Return how far tasks are, and ask again from time to time."""
        events = []
        if self._polls:
            told, _ = self._ray.wait(list(self._polls), num_returns=len(self._polls), timeout=0)
            for ref in told:
                worker = self._polls.pop(ref)
                with suppress(self._ray.exceptions.RayError):
                    done, expected = self._ray.get(ref)
                    events.append(CrewEvent(PROGRESS, worker, done=done, expected=expected))
        if not self._polls and time.monotonic() - self._polled >= _POLL:
            self._polled = time.monotonic()
            self._polls = {self._actors[worker].progress.remote(): worker for worker in self._busy}
        return events

    def _room(self) -> int:
        """Return how many workers the cluster has room for."""
        settings, has = self._settings, self._ray.cluster_resources()
        counts = [int(has.get("CPU", 0) // settings.cpus_per_worker)]
        if settings.gpus_per_worker:
            counts.append(int(has.get("GPU", 0) // settings.gpus_per_worker))
        if min(counts) < 1:
            raise SportstrackError(
                f"the Ray cluster has {has.get('CPU', 0):g} CPUs and {has.get('GPU', 0):g} GPUs, which is not enough "
                "for one worker; ask for less with --cpus-per-worker and --gpus-per-worker, or, if the cluster grows "
                "by itself, say --workers"
            )
        return min(counts)


def import_ray() -> Any:
    """Return Ray.

    Raises:
        SportstrackError: it is not installed.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Ray's own future default, without its warning
    try:
        return import_module("ray")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "ray":
            raise
        raise SportstrackError("--ray needs the Python package ray: pip install 'sportstrack[ray]'") from None


def _connect(ray: Any, address: str) -> None:
    how: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == "local":
        how |= {"address": "local", "include_dashboard": False, "object_store_memory": _STORE}
    else:
        how["address"] = address
    try:
        _knock(address)
        with _own_signals():
            ray.init(**how)
    except (OSError, ValueError, RuntimeError) as error:
        where = "here" if address == "auto" else f"at {address}"
        raise SportstrackError(
            f"no Ray cluster {where} ({_short(error)}); start one with ray start --head, name its address, or take "
            "--ray local for one on this machine"
        ) from error


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the handlers of signals that are in force; Ray would take a polite kill for a crash."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _knock(address: str) -> None:
    """See that somebody listens there; Ray itself tries for minutes.

    Raises:
        OSError: nobody does.
    """
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK).close()


def _short(error: BaseException) -> str:
    lines: Sequence[str] = [line.strip() for line in str(error).splitlines() if line.strip()]
    return one_line(lines[0][:160]) if lines else type(error).__name__
