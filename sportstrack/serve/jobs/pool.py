"""The workers: processes that do the jobs, one job each at a time, watched by a thread of the service."""

from __future__ import annotations

import shutil
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sportstrack.errors import SportstrackError
from sportstrack.serve.jobs.child import Child
from sportstrack.serve.jobs.kinds import KINDS
from sportstrack.serve.jobs.sources import SourceFinder
from sportstrack.serve.jobs.table import JobTable, ServeJob
from sportstrack.serve.service import Service
from sportstrack.serve.settings import GIB

_MODULE = "sportstrack.serve.jobs.work"
_IDLE = 60.0  # seconds that a worker without a job stays
_STOPS = 20.0  # seconds that a cancelled job has to end, before its worker is killed
_AGAIN = 5.0  # seconds after which it is told once more
_TICK = 1.0


class Pool:
    """Runs the queue.

    Args:
        service: whose settings, figures and end hold.
        jobs: the table.
        finder: finds the sources.
        on_sample: called with (job, values) for each row of a job's time series.
    """

    def __init__(
        self, service: Service, jobs: JobTable, finder: SourceFinder,
        on_sample: Callable[[str, Mapping[str, float]], None],
    ) -> None:  # fmt: skip
        self._service, self._jobs, self._finder, self._on_sample = service, jobs, finder, on_sample
        self._news = threading.Condition()
        self._slots = [_Slot(self, number) for number in range(service.settings.workers)]

    def start(self) -> None:
        """Put back what was running when the service was killed, and begin to work."""
        for job in self._jobs.find("running", 10_000, None):
            self.died(job, "the service was killed")
        for slot in self._slots:
            slot.start()

    def wake(self) -> None:
        """Tell the workers that there is something new: a job, a cancellation, the end."""
        with self._news:
            self._news.notify_all()

    def stop(self) -> None:
        """Let running jobs end for a while; what is left goes back to the queue."""
        self.wake()
        end = time.monotonic() + self._service.settings.drain
        while any(slot.is_alive() for slot in self._slots) and time.monotonic() < end:
            if self._service.hurry.wait(0.1):
                break
        for slot in self._slots:
            slot.abandon()
        for slot in self._slots:
            slot.join(_STOPS + 10.0)

    def wait(self, seconds: float) -> None:
        """Wait for news."""
        with self._news:
            self._news.wait(seconds)

    def next_job(self) -> ServeJob | None:
        """Take a job; None if there is none, or the service ends."""
        return None if self._service.stopping.is_set() else self._jobs.take()

    def is_ending(self) -> bool:
        """Return whether the service ends."""
        return self._service.stopping.is_set()

    def task(self, job: ServeJob) -> dict[str, Any]:
        """Return what the worker is told.

        Raises:
            RefusedError: the source has gone.
        """
        settings = self._service.settings
        files = {
            name: self._finder.locate(value, "recording" if name == "detections" else "result")
            for name, value in job.request.items()
            if name in KINDS[job.kind].files
        }
        return {
            "id": job.id,
            "kind": job.kind,
            "source": self._finder.locate(job.source, KINDS[job.kind].wants),
            "url": "url" in job.source,
            "settings": job.settings,
            "files": files,
            "folder": str(self._jobs.folder(job.id).resolve()),
            "limits": {
                "minutes": settings.max_minutes,
                "megapixels": settings.max_megapixels,
                "upload_bytes": settings.max_upload * GIB,
            },
            "allowed": list(settings.streams),
        }

    def hear(self, job: ServeJob, message: Mapping[str, Any]) -> None:
        """Take a worker's message."""
        if "progress" in message:
            self._jobs.progress(job.id, **message["progress"])
        elif "log" in message:
            self._jobs.log(job.id, str(message["log"]))
        elif "sample" in message:
            self._on_sample(job.id, message["sample"])
        elif "count" in message:
            self._count(message["count"])

    def now(self, job: ServeJob) -> ServeJob:
        """Return a job as it is now."""
        return self._jobs.get(job.id)

    def wants_end(self, job: ServeJob) -> bool:
        """Return whether a job was cancelled since it began."""
        return self.now(job).cancel

    def ended(self, job: ServeJob, outcome: Mapping[str, Any], *, stopped: bool) -> None:
        """Write a job's end; one that the service's own end has stopped goes back to the queue."""
        if "cancelled" in outcome and stopped and not self.wants_end(job):
            self._kept(lambda: self._jobs.again(job.id, died=False))
            return
        state = next((state for state in ("done", "failed", "cancelled") if state in outcome), "failed")
        size = folder_bytes(self._jobs.folder(job.id))
        error = str(outcome["failed"]) if state == "failed" else None
        self._kept(lambda: self._jobs.end(job.id, state, error=error, summary=outcome.get("done"), size=size))
        self._service.figures.ended.labels(job.kind, state).inc()
        self._service.figures.alive.labels("job", "").set(0)

    def died(self, job: ServeJob, how: str) -> None:
        """Begin a job anew whose worker is gone, unless that happened too often."""
        if job.cancel:
            self._kept(lambda: self._jobs.end(job.id, "cancelled", size=folder_bytes(self._jobs.folder(job.id))))
        elif job.deaths >= self._service.settings.retries:
            text = f"{how} {job.deaths + 1} times in this job; perhaps the memory was not enough: see the job's log"
            self._kept(lambda: self._jobs.end(job.id, "failed", error=text))
            self._service.figures.ended.labels(job.kind, "failed").inc()
        else:
            self._kept(lambda: self._jobs.log(job.id, f"{how}; the job starts again"))
            self._kept(lambda: self._jobs.again(job.id, died=True))

    def _kept(self, write: Callable[[], None]) -> None:
        """Write to the database, and try again for as long as the disk is full."""
        while True:
            try:
                write()
                return
            except SportstrackError:
                if self.is_ending():
                    return  # the next start finds the job running, and begins it anew
                self._service.store.use_reserve()
                time.sleep(1.0)

    def _count(self, values: Mapping[str, Any]) -> None:
        figures = self._service.figures
        for result, number in values.get("frames", {}).items():
            figures.frames.labels("job", "", result).inc(number)
        for stage, seconds in values.get("stages", {}).items():
            figures.stage_seconds.labels("job", stage).inc(seconds)
        for score in values.get("scores", ()):
            figures.mean_score.labels("job", "").observe(score)
        if "alive" in values:
            figures.alive.labels("job", "").set(values["alive"])
        figures.ids.labels("job", "").inc(values.get("ids", 0))


class _Slot:
    """One worker and the thread that watches it."""

    def __init__(self, pool: Pool, number: int) -> None:
        self._pool = pool
        self._thread = threading.Thread(target=self._run, name=f"worker {number}", daemon=True)
        self._child: Child | None = None
        self._job: ServeJob | None = None
        self._abandoned = False

    def start(self) -> None:
        self._thread.start()

    def join(self, seconds: float) -> None:
        if self._thread.is_alive():
            self._thread.join(seconds)

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def abandon(self) -> None:
        """Stop the job that runs."""
        self._abandoned = True

    def _run(self) -> None:
        idle = time.monotonic()
        while True:
            try:
                job = self._pool.next_job()
                if job is not None:
                    self._do(job)
                    idle = time.monotonic()
                elif self._pool.is_ending():
                    break
                else:
                    if time.monotonic() - idle > _IDLE:
                        self._dismiss()
                    self._pool.wait(_TICK)
            except SportstrackError:  # the disk is full: nothing can be noted
                self._pool.wait(5.0)
            except Exception:  # the worker's thread must not end before the service does
                traceback.print_exc()
                self._pool.wait(5.0)
        self._dismiss()

    def _do(self, job: ServeJob) -> None:
        """Have a job done, whatever happens to the worker."""
        try:
            task = self._pool.task(job)
        except SportstrackError as error:
            self._pool.ended(job, {"failed": str(error)}, stopped=False)
            return
        self._dismiss_if_dead()
        if self._child is None:
            self._child = Child(_MODULE, on_line=lambda text: self._heard(text))
        child, self._job = self._child, job
        watch = threading.Thread(target=self._watch, args=(child, job), name=f"watch {job.id}", daemon=True)
        outcome: Mapping[str, Any] | None = None
        if child.send({"task": task}):
            watch.start()
            for message in child.messages():
                if message.get("job") == job.id and "end" in message:
                    outcome = message["end"]
                    break
                with suppress(SportstrackError):  # the disk is full: the work goes on, its progress is not seen
                    self._pool.hear(job, message)
        self._job = None
        if watch.ident is not None:
            watch.join()
        if outcome is None or "cancelled" in outcome:
            self._dismiss()  # a fresh one for the next job
        if outcome is not None:
            self._pool.ended(job, outcome, stopped=self._abandoned)
        elif self._abandoned and not self._pool.wants_end(job):
            self._pool.ended(job, {"cancelled": True}, stopped=True)
        else:
            self._pool.died(self._pool.now(job), "the worker was killed")

    def _heard(self, text: str) -> None:
        """Keep what a library says while a job runs."""
        job = self._job
        if job is not None:
            with suppress(SportstrackError):
                self._pool.hear(job, {"log": text})

    def _watch(self, child: Child, job: ServeJob) -> None:
        """Tell the worker when its job is cancelled, and kill it if it stays."""
        began = again = 0.0
        while self._job is job:
            now = time.monotonic()
            if began and now - began > _STOPS:
                child.kill()
                return
            if now > again and (began or self._abandoned or self._pool.wants_end(job)):
                child.send({"cancel": job.id})  # once more now and then: a library may have swallowed it
                began, again = began or now, now + _AGAIN
            self._pool.wait(0.2)

    def _dismiss_if_dead(self) -> None:
        if self._child is not None and self._child.process.poll() is not None:
            self._dismiss()

    def _dismiss(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


def folder_bytes(folder: Path) -> int:
    """Return the size of all files of a folder."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size if not path.is_dir() else 0
        except OSError:
            continue  # it has just gone
    return total


def remove_folder(folder: Path) -> None:
    """Remove a job's folder with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)
