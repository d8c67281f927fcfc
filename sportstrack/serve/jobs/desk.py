"""Where jobs come in and go out: checks, queue, workers, and the removal of what is old."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sportstrack.errors import SportstrackError
from sportstrack.serve.jobs.kinds import check_settings, kind_of
from sportstrack.serve.jobs.pool import Pool, remove_folder
from sportstrack.serve.jobs.sources import SourceFinder
from sportstrack.serve.jobs.table import JobTable, ServeJob
from sportstrack.serve.refusal import RefusedError
from sportstrack.serve.service import Service
from sportstrack.serve.uploads.shelf import Shelf

_SWEEP = 600.0  # seconds between two removals


class Desk:
    """The jobs and uploads of one service.

    Args:
        service: that they belong to.

    Attributes:
        jobs: the table.
        shelf: the uploads.
        finder: finds the sources of jobs.
        pool: the workers.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.jobs = JobTable(service.store, service.bell, service.settings.data)
        self.shelf = Shelf(service.store, service.settings)
        self.finder = SourceFinder(service.settings, self.shelf, self.jobs)
        self.pool = Pool(service, self.jobs, self.finder, self._sample)
        self._sweeper = threading.Thread(target=self._sweep_now_and_then, name="removal of old jobs", daemon=True)
        service.figures.refresh.append(self._measure)

    def start(self) -> None:
        """Begin to work."""
        self.pool.start()
        self._sweeper.start()

    def stop(self) -> None:
        """Let the workers end."""
        self.pool.stop()
        self._sweeper.join(10.0)

    def check_new(self, kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Check a job's settings and that there is room for it; return the settings as a worker takes them.

        Raises:
            SettingError: a setting is wrong.
            RefusedError: a name is on no list, the queue is full, there is no room, or the service ends.
        """
        if self._service.stopping.is_set():
            raise RefusedError("the service is stopping; send the job to it again later", "full", retry_after=30)
        found = check_settings(kind_of(kind), settings, self._service.settings)
        if self.jobs.counts()["queued"] >= self._service.settings.max_jobs:
            most = self._service.settings.max_jobs
            raise RefusedError(f"the queue is full ({most} jobs); wait, or cancel some", "full", retry_after=30)
        self.shelf.check_room()
        return found

    def send(self, kind: str, name: str, source: Mapping[str, Any], settings: Mapping[str, Any]) -> ServeJob:
        """Put a job into the queue.

        Raises:
            SettingError: a setting is wrong.
            RefusedError: its source is not there or not allowed, and as `check_new`.
        """
        found, known = self.check_new(kind, settings), kind_of(kind)
        settled, upload = self.finder.settle(known.wants, source)
        if self.finder.locate(settled, known.wants).lower().endswith(".npz") and "weights" not in settings:
            found.pop("weights", None)  # a recording is replayed, without a detector
        request = dict(settings)
        for file in known.files.keys() & settings.keys():
            wants = "recording" if file == "detections" else "result"
            request[file], _ = self.finder.settle(wants, _table(file, settings[file]))
        job = self.jobs.add(kind, name.strip() or self._name(settled), settled, found, request, upload)
        self.pool.wake()
        return job

    def cancel(self, key: str) -> ServeJob:
        """Ask for a job's end."""
        job = self.jobs.cancel(key)
        self.pool.wake()
        return job

    def remove(self, key: str) -> None:
        """Delete a job that has ended, and its files."""
        upload = self._service.store.one("SELECT upload FROM jobs WHERE id = ?", key)
        self.jobs.remove(key)
        remove_folder(self.jobs.folder(key))
        self._service.series.remove(f"job {key}")
        if upload is not None and upload["upload"] and not self.shelf.users(upload["upload"]):
            self.shelf.remove(upload["upload"])

    def sweep(self) -> None:
        """Remove jobs that are old, and uploads that nobody uses; take a reserve for a full disk."""
        self._service.store.keep_reserve()
        days = self._service.settings.keep_days
        if days:
            old = self._service.store.all("SELECT id FROM jobs WHERE ended < ?", time.time() - days * 86_400)
            for row in old:
                self.remove(row["id"])
        self.shelf.sweep()

    def _sweep_now_and_then(self) -> None:
        while not self._service.stopping.is_set():
            with suppress(SportstrackError, OSError):  # next time
                for sweep in (self.sweep, *self._service.sweeps):
                    sweep()
            self._service.stopping.wait(_SWEEP)

    def _name(self, source: Mapping[str, Any]) -> str:
        ((kind, value),) = source.items()
        if kind == "upload":
            return self.shelf.get(value).name
        if kind == "job":
            return self.jobs.get(value).name
        return str(value).partition("?")[0].rstrip("/").rpartition("/")[2][:200] or kind

    def _sample(self, key: str, values: Mapping[str, float]) -> None:
        self._service.series.add(f"job {key}", values)

    def _measure(self) -> None:
        counts = self.jobs.counts()
        for state, number in counts.items():
            self._service.figures.jobs.labels(state).set(number)
        self._service.figures.queue.set(counts["queued"])


def _table(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RefusedError(f'{name}: expected a file as {{"upload": ID}}, {{"path": PATH}} or {{"job": ID}}')
    return value
