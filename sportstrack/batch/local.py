"""Workers that are processes of this machine.

Each runs ``python -m sportstrack.batch.work`` with threads and GPU of its own, and exchanges messages over pipes; it
ends when the batch does, also by a kill.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from sportstrack.batch.crew import ENDED, LOST, PROGRESS, READY, CrewEvent
from sportstrack.batch.phases import BatchTask
from sportstrack.batch.worker import BatchJob
from sportstrack.errors import one_line

_HEAD = struct.Struct("<I")
_MODULE = "sportstrack.batch.work"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def send(stream: IO[bytes], message: Any) -> None:
    """Write a message; OSError if nobody reads it any more."""
    data = pickle.dumps(message)
    stream.write(_HEAD.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Wait for a message and return it; None if no more come."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    data = stream.read(_HEAD.unpack(head)[0])
    return pickle.loads(data)  # of our own child


class LocalCrew:
    """Processes of this machine; see `sportstrack.batch.crew.Crew`.

    Args:
        job: what the tasks share.
        size: number of processes.
        threads: of each.
        gpus: ids of GPUs, shared out evenly; empty leaves that to the settings.
    """

    def __init__(self, job: BatchJob, size: int, threads: int, gpus: Sequence[str] = ()) -> None:
        self.size, self.threads = size, threads
        self.title = f"{size} worker{'s' if size > 1 else ''} of {threads} thread{'s' if threads > 1 else ''}"
        self._job, self._gpus = job, gpus
        self._events: queue.Queue[CrewEvent] = queue.Queue()
        self._children: dict[int, _WorkerProcess] = {}
        self._stopping = False

    def start(self) -> None:
        """Start the processes."""
        for number in range(self.size):
            self._begin(number)

    def give(self, worker: int, task: BatchTask) -> None:
        """Give a task to a process; one that is gone says so by an event."""
        self._children[worker].send(("task", task))

    def wait(self, seconds: float) -> list[CrewEvent]:
        """Return what has happened; the processes that are gone have been replaced."""
        events: list[CrewEvent] = []
        with suppress(queue.Empty):
            events.append(self._events.get(timeout=seconds))
            while True:
                events.append(self._events.get_nowait())
        for event in events:
            if event.kind == LOST and not self._stopping:
                self._children[event.worker].hang_up()
                self._begin(event.worker)
        return events

    def stop(self, patience: float) -> list[CrewEvent]:
        """Ask the processes to stop, and wait for them for a while."""
        self._stopping = True
        for child in self._children.values():
            child.send(("stop", None))
            child.hang_up()
        end, events = time.monotonic() + patience, []
        while any(child.is_alive for child in self._children.values()) and time.monotonic() < end:
            events += self.wait(0.1)
        return events + self.wait(0.01)

    def close(self) -> None:
        """End the processes: what is idle by itself, what is not at once."""
        self._stopping = True
        for child in self._children.values():
            child.hang_up()
        for child in self._children.values():
            child.end()

    def _begin(self, number: int) -> None:
        gpu = self._gpus[number % len(self._gpus)] if self._gpus else None
        environment = os.environ | dict.fromkeys(_THREADS, str(self.threads))
        if gpu is not None:
            environment["CUDA_VISIBLE_DEVICES"] = gpu
        self._children[number] = _WorkerProcess(number, self._job, environment, self._events)


class _WorkerProcess:
    """One process, and the thread that reads what it says."""

    def __init__(
        self, number: int, job: BatchJob, environment: Mapping[str, str], events: queue.Queue[CrewEvent]
    ) -> None:
        self._number, self._events, self._last = number, events, ""
        more: dict[str, Any] = {"start_new_session": True}  # Ctrl-C in a terminal is for the batch, which tells its own
        if sys.platform == "win32":
            more = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self.process = subprocess.Popen(
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            **more,
        )
        self.send(("job", job))
        self._words = threading.Thread(target=self._read_words, name=f"words of worker {number}", daemon=True)
        self._words.start()
        threading.Thread(target=self._read, name=f"worker {number}", daemon=True).start()

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def send(self, message: Any) -> None:
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):  # it is gone, and says so by an event
            send(self.process.stdin, message)

    def hang_up(self) -> None:
        """Close its input, which ends it when it is idle."""
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):
            self.process.stdin.close()

    def end(self) -> None:
        try:
            self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream, suppress(OSError, EOFError, pickle.UnpicklingError):
            while (message := receive(stream)) is not None:
                kind, content = message
                if kind == "ready":
                    self._events.put(CrewEvent(READY, self._number))
                elif kind == "progress":
                    self._events.put(CrewEvent(PROGRESS, self._number, done=content[0], expected=content[1]))
                else:
                    self._events.put(CrewEvent(ENDED, self._number, line=content))
        status = self.process.wait()
        self._words.join(1.0)
        self._events.put(CrewEvent(LOST, self._number, why=_how_it_ended(status, self._last)))

    def _read_words(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream, suppress(OSError, ValueError):
            while line := stream.readline(10_000):
                self._last = one_line(line.decode("utf-8", "replace").strip()) or self._last


def _how_it_ended(status: int, words: str) -> str:
    """Say in one line how a process ended that should not have."""
    if status < 0:
        name = signal.Signals(-status).name if -status in {int(one) for one in signal.Signals} else f"signal {-status}"
        memory = ", perhaps for memory: try fewer --workers" if name == "SIGKILL" else ""
        return f"its worker was killed ({name}{memory})"
    return f"its worker ended with status {status}" + (f": {words}" if words else "")
