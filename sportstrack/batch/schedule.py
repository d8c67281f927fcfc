"""Who does what next: the largest first, what fails again after a while, nothing of what is done a second time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sportstrack.batch.crew import ENDED, LOST, PROGRESS, READY, Crew, CrewEvent
from sportstrack.batch.manifest import Manifest
from sportstrack.batch.phases import JOIN, TRACK, BatchTask
from sportstrack.batch.settings import BatchSettings
from sportstrack.errors import SportstrackError

_TICK = 0.5  # seconds between two looks at the clock
_LONGEST = 300.0  # seconds between two tries
_HOPELESS = 3  # workers in a row that end before their first task
_PATIENCE = 20.0  # seconds that tasks have to end after Ctrl-C

Follow = Callable[[Mapping[str, Any]], Sequence[BatchTask]]
"""Returns the tasks that become possible when a task is done, by its line of the manifest."""


@dataclass
class RunningTask:
    """A task in the hands of a worker.

    Attributes:
        task: which.
        since: monotonic time of its beginning.
        done: frames so far.
        expected: frames in all, None if unknown.
    """

    task: BatchTask
    since: float
    done: int = 0
    expected: int | None = None

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1; 0 where that is unknown."""
        return min(1.0, self.done / self.expected) if self.expected else 0.0


@dataclass
class BatchState:
    """Where a batch stands.

    Attributes:
        waiting: tasks, with the monotonic time before which they are not tried.
        running: worker → its task.
        idle: workers that are ready.
        lines: of the manifest, of tasks that have ended in this run.
        retries: tasks that are tried again.
        work: bytes of the source, for each of the lines.
    """

    waiting: list[tuple[float, BatchTask]] = field(default_factory=list)
    running: dict[int, RunningTask] = field(default_factory=dict)
    idle: set[int] = field(default_factory=set)
    lines: list[dict[str, Any]] = field(default_factory=list)
    retries: int = 0
    work: list[int] = field(default_factory=list)


class Schedule:
    """Gives tasks to a crew until all have ended.

    Args:
        tasks: those that can begin at once.
        follow: says what can begin after a task.
        crew: those who work.
        manifest: where ends are written.
        settings: retries and waits.
        told: called with the state after each change, and now and then.
    """

    def __init__(
        self,
        tasks: Sequence[BatchTask],
        follow: Follow,
        crew: Crew,
        manifest: Manifest,
        settings: BatchSettings,
        told: Callable[[BatchState], None],
    ) -> None:
        self.state = BatchState(waiting=[(0.0, task) for task in tasks])
        self._follow, self._crew, self._manifest, self._settings, self._told = follow, crew, manifest, settings, told
        self._lost_idle = 0

    def run(self) -> list[dict[str, Any]]:
        """Do all tasks and return the lines of their ends.

        Raises:
            SportstrackError: workers cannot even start.
            KeyboardInterrupt: after Ctrl-C; tasks that were going on have been stopped.
        """
        state = self.state
        try:
            self._crew.start()
            while state.waiting or state.running:
                self._give()
                for event in self._crew.wait(_TICK):
                    self._hear(event)
                self._told(state)
        except KeyboardInterrupt:
            for event in self._crew.stop(_PATIENCE):
                if event.kind == ENDED:  # a task may just have been done
                    self._hear(event)
            raise
        finally:
            self._crew.close()
            self._manifest.flush()
        return state.lines

    def _give(self) -> None:
        now, state = time.monotonic(), self.state
        for worker in sorted(state.idle):
            due = [entry for entry in state.waiting if entry[0] <= now]
            if not due:
                return
            entry = min(due, key=lambda one: _order(one[1]))
            state.waiting.remove(entry)
            state.idle.discard(worker)
            state.running[worker] = RunningTask(entry[1], now)
            self._crew.give(worker, entry[1])

    def _hear(self, event: CrewEvent) -> None:
        state = self.state
        if event.kind == READY:
            state.idle.add(event.worker)
        elif event.kind == PROGRESS and event.worker in state.running:
            state.running[event.worker].done, state.running[event.worker].expected = event.done, event.expected
        elif event.kind == ENDED and event.worker in state.running:
            assert event.line is not None
            self._lost_idle = 0
            state.idle.add(event.worker)
            self._end(state.running.pop(event.worker).task, event.line)
        elif event.kind == LOST:
            self._lose(event)

    def _lose(self, event: CrewEvent) -> None:
        """Take note of a worker that is gone; its task is tried again."""
        self.state.idle.discard(event.worker)
        running = self.state.running.pop(event.worker, None)
        if running is None:
            self._lost_idle += 1
            if self._lost_idle >= _HOPELESS * max(1, self._crew.size):
                raise SportstrackError(f"no worker can start: {event.why}")
            return
        task = running.task
        self._end(
            task,
            {
                "video": task.video.name,
                "source": task.video.source,
                "phase": task.phase,
                "settings": task.key,
                "attempt": task.attempt,
                "state": "failed",
                "error": event.why,
                "retry": True,
            }
            | ({} if task.span is None else {"part": task.part, "span": list(task.span)}),
        )

    def _end(self, task: BatchTask, line: dict[str, Any]) -> None:
        """Write how a task ended, and queue what comes next."""
        if line["state"] == "stopped":
            return
        again = line["state"] == "failed" and line.get("retry", False) and task.attempt <= self._settings.retries
        self._manifest.add(line | ({"again": True} if again else {}))
        if again:
            wait = min(_LONGEST, self._settings.backoff * 2 ** (task.attempt - 1)) * random.uniform(0.8, 1.2)
            self.state.retries += 1
            self.state.waiting.append((time.monotonic() + wait, replace(task, attempt=task.attempt + 1)))
            return
        self.state.lines.append(line)
        self.state.work.append(task.video.size or 1)
        if line["state"] == "done":
            self.state.waiting += [(0.0, task) for task in self._follow(line)]


def _order(task: BatchTask) -> tuple[int, int, str, int]:
    """Return what tasks are sorted by: what completes a video first, then the largest."""
    return (0 if task.phase in (TRACK, JOIN) else 1, -task.video.size, task.video.name, task.part)
