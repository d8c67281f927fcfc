"""The worker: ``python -m sportstrack.serve.jobs.work`` does jobs one after the other, as the service tells it.

It ends when the service does, also by a kill. A job that is cancelled, or whose service is gone, ends as after Ctrl-C:
what was done stays readable.
"""

from __future__ import annotations

import os
import queue
import re
import signal
import sys
import threading
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from sportstrack.errors import SportstrackError, missing_package, one_line
from sportstrack.files.locks import Lock
from sportstrack.serve.jobs.child import Parent, interrupt_main
from sportstrack.serve.jobs.task import Reporter, Task
from sportstrack.video.messages import plain

_RUNNERS = {
    "track": "sportstrack.serve.jobs.run_track",
    "sot": "sportstrack.serve.jobs.run_sot",
    "refine": "sportstrack.serve.jobs.run_others",
    "evaluate": "sportstrack.serve.jobs.run_others",
    "mine": "sportstrack.serve.jobs.run_others",
}
_LAST = 20.0  # seconds that a job has to end after the service is gone
_HELD = 30.0  # seconds to wait for the worker that had the job before


class Worker:
    """Takes jobs from the service and does them in the main thread."""

    def __init__(self) -> None:
        self._tasks: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._guard = threading.Lock()
        self._running = self._cancelled = ""
        self._parent = Parent(self._hear)

    def work(self) -> int:
        """Do jobs until the service ends or is gone."""
        while (told := self._tasks.get()) is not None:
            task = Task(**told)
            try:
                self._begin(task)
                outcome = self._do(task)
            except KeyboardInterrupt:
                outcome = {"cancelled": True}
            finally:
                with self._guard, suppress(KeyboardInterrupt):
                    self._running = ""
            self._parent.send({"end": outcome, "job": task.id})
        return 0

    def _hear(self, message: dict[str, Any] | None) -> None:
        """Take a message, in a thread of its own; None: the service is gone."""
        if message is None:
            self._tasks.put(None)
            self._stop(self._running)
            threading.Timer(_LAST, os._exit, (1,)).start()
        elif "cancel" in message:
            self._stop(message["cancel"])
        else:
            self._tasks.put(message["task"])

    def _begin(self, task: Task) -> None:
        with self._guard:
            self._running = task.id
            if self._cancelled == task.id:  # before it began
                raise KeyboardInterrupt

    def _stop(self, job: str) -> None:
        with self._guard:
            self._cancelled = job
            if job and job == self._running:
                interrupt_main()

    def _do(self, task: Task) -> dict[str, Any]:
        """Do a job and return how it ended."""
        report = Reporter(self._parent.send)
        try:
            with _Held(Path(task.folder)):
                _remove_left(task.results)
                run = import_module(_RUNNERS[task.kind]).RUNNERS[task.kind]
                return {"done": run(task, report)}
        except SportstrackError as error:
            return {"failed": _without_folder(str(error), task)}
        except ModuleNotFoundError as error:
            name = (error.name or "").partition(".")[0]
            return {"failed": str(missing_package(name))}
        except MemoryError:
            return {"failed": "the memory of the service is not enough for this job"}
        except KeyboardInterrupt:
            return {"cancelled": True}
        except OSError as error:
            return {"failed": _without_folder(plain(error), task)}
        except Exception as error:
            for line in traceback.format_exception(error)[-12:]:
                report.log(one_line(line))
            return {"failed": _without_folder(f"failed unexpectedly: {type(error).__name__}: {error}", task)}
        finally:
            _settle_names(task.results)


class _Held:
    """The lock of a job's folder: a worker that has lost its service may still be at its end."""

    def __init__(self, folder: Path) -> None:
        self._lock = Lock(folder / ".job.lock", folder, "sportstrack serve")

    def __enter__(self) -> None:
        self._lock.take(wait=_HELD)

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _without_folder(text: str, task: Task) -> str:
    """Return a message without the service's own folders, which are nobody's business."""
    named = [Path(path).parent for path in (*([] if task.url else [task.source]), *task.files.values())]
    for folder in (task.results, Path(task.folder), *named):
        text = text.replace(f"{folder}{os.sep}", "").replace(str(folder), "the job's folder")
    return text


def _remove_left(folder: Path) -> None:
    """Remove what a worker that was killed had not finished."""
    for path in list(folder.glob("*.part*")) if folder.is_dir() else ():
        with suppress(OSError):
            path.unlink()


def _settle_names(folder: Path) -> None:
    """Give what was left under a temporary name a plain one, so that a client can name it."""
    if not folder.is_dir():
        return
    for path in list(folder.iterdir()):
        plain = re.sub(r"\.[0-9]+-[0-9a-f]{6}(\.final)?\.part", ".part", path.name)
        if plain != path.name and path.is_file():
            with suppress(OSError):
                path.replace(path.with_name(plain))


def main() -> int:
    """Work until told to end."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)  # the service decides when its workers end
    if hasattr(os, "nice"):
        os.nice(5)  # the page and live streams come first
    with suppress(KeyboardInterrupt):
        return Worker().work()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # threads of libraries may linger
