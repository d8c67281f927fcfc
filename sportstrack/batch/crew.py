"""What the schedule asks of those who work, wherever they are: processes of this machine, actors of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sportstrack.batch.phases import BatchTask

READY, PROGRESS, ENDED, LOST = "ready", "progress", "ended", "lost"


@dataclass(frozen=True)
class CrewEvent:
    """What has happened to a worker.

    Attributes:
        kind: ready to take a task; progress of its task; ended, the task is done or has failed; lost, the worker is
            gone with its task.
        worker: its number.
        line: of the manifest, where a task has ended.
        done: frames of the task, so far.
        expected: frames of the task, None if unknown.
        why: for what reason a worker is gone.
    """

    kind: str
    worker: int
    line: dict[str, Any] | None = None
    done: int = 0
    expected: int | None = None
    why: str = ""


class Crew(Protocol):
    """Workers that take one task each; a lost one is replaced by another of the same number.

    Attributes:
        size: how many there are, or are to be.
        title: what they are, for people.
    """

    size: int
    title: str

    def start(self) -> None:
        """Start the workers; each says when it is ready."""
        ...

    def give(self, worker: int, task: BatchTask) -> None:
        """Give a task to a worker that is ready."""
        ...

    def wait(self, seconds: float) -> Sequence[CrewEvent]:
        """Return what has happened, after at most some seconds."""
        ...

    def stop(self, patience: float) -> Sequence[CrewEvent]:
        """Ask all to stop, as after Ctrl-C, and return what happened until they had, or for so many seconds."""
        ...

    def close(self) -> None:
        """End all workers at once."""
        ...
