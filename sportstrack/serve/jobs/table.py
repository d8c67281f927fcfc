"""All jobs of one data folder, in the database: their states, and what happened to them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack.serve.addresses import without_password
from sportstrack.serve.events import Bell
from sportstrack.serve.refusal import RefusedError, not_found
from sportstrack.serve.store import Database, loaded

SCHEMA = (
    """
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
        state TEXT NOT NULL, created REAL NOT NULL, started REAL, ended REAL, source TEXT NOT NULL,
        settings TEXT NOT NULL, request TEXT NOT NULL, upload TEXT, progress TEXT NOT NULL, error TEXT, summary TEXT,
        starts INTEGER NOT NULL DEFAULT 0, deaths INTEGER NOT NULL DEFAULT 0, cancel INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX jobs_by_state ON jobs (state, number);
    CREATE TABLE job_events (
        number INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, time REAL NOT NULL, event TEXT NOT NULL,
        data TEXT NOT NULL);
    CREATE INDEX job_events_by_job ON job_events (job, number)
    """,
)
STATES = ("queued", "running", "done", "failed", "cancelled")
ENDS = ("done", "failed", "cancelled")
_LOG = 2000  # lines of a job's log that are kept as events
_NOTHING: dict[str, Any] = {"frames_done": 0, "frames_total": None, "frames_per_s": None, "eta_s": None, "stage": ""}


@dataclass(frozen=True)
class ServeJob:
    """A row of the table.

    Attributes:
        id: of the job.
        kind: of work.
        name: that a person gave it.
        state: one of `STATES`.
        created: seconds since 1970, as the other times.
        started: or None.
        ended: or None.
        source: as it was asked for; addresses with their passwords.
        settings: as the worker takes them.
        request: the settings as they were sent.
        progress: how far it is.
        error: why it failed, or None.
        summary: what the work said at its end, or None.
        starts: how often it began.
        deaths: how often its worker was killed.
        cancel: whether it is to end.
        bytes: of its results.
    """

    id: str
    kind: str
    name: str
    state: str
    created: float
    started: float | None
    ended: float | None
    source: dict[str, Any]
    settings: dict[str, Any]
    request: dict[str, Any]
    progress: dict[str, Any]
    error: dict[str, Any] | None
    summary: dict[str, Any] | None
    starts: int
    deaths: int
    cancel: bool
    bytes: int

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state in ENDS


class JobTable:
    """The jobs.

    Args:
        store: the database.
        bell: rung with ``job ID`` and ``jobs`` when something changes.
        folder: the data folder; each job has one of its own in ``jobs/``.
    """

    def __init__(self, store: Database, bell: Bell, folder: Path) -> None:
        store.migrate("jobs", SCHEMA)
        self.store, self._bell = store, bell
        self._folder = folder / "jobs"
        self._folder.mkdir(exist_ok=True)

    def folder(self, key: str) -> Path:
        """Return the folder of a job."""
        return self._folder / key

    def add(self, kind: str, name: str, source: Mapping[str, Any], settings: Mapping[str, Any],
            request: Mapping[str, Any], upload: str | None) -> ServeJob:  # fmt: skip
        """Put a job at the end of the queue."""
        key = secrets.token_hex(8)
        self.folder(key).mkdir()
        with self.store.transaction():
            self.store.insert(
                "jobs", id=key, kind=kind, name=name, state="queued", created=time.time(), source=dict(source),
                settings=dict(settings), request=dict(request), upload=upload, progress=_NOTHING,
            )  # fmt: skip
            self._note(key, "state", {"state": "queued"})
        self._ring(key)
        return self.get(key)

    def get(self, key: str) -> ServeJob:
        """Return a job; RefusedError if there is none."""
        row = self.store.one("SELECT * FROM jobs WHERE id = ?", key)
        if row is None:
            raise not_found("job", key)
        return _job(row)

    def find(self, state: str | None, limit: int, before: float | None) -> list[ServeJob]:
        """Return jobs, the newest first."""
        question = "SELECT * FROM jobs WHERE 1"
        values: list[Any] = []
        if state is not None:
            question, values = f"{question} AND state = ?", [state]
        if before is not None:
            question, values = f"{question} AND created < ?", [*values, before]
        return [_job(row) for row in self.store.all(f"{question} ORDER BY number DESC LIMIT ?", *values, limit)]

    def counts(self) -> dict[str, int]:
        """Return state → number of jobs."""
        found = self.store.all("SELECT state, COUNT(*) AS jobs FROM jobs GROUP BY state")
        return dict.fromkeys(STATES, 0) | {row["state"]: row["jobs"] for row in found}

    def take(self) -> ServeJob | None:
        """Take the first job of the queue and let it run; None if there is none."""
        with self.store.transaction():
            row = self.store.one("SELECT id FROM jobs WHERE state = 'queued' ORDER BY number LIMIT 1")
            if row is None:
                return None
            key = row["id"]
            self.store.run(
                "UPDATE jobs SET state = 'running', started = ?, starts = starts + 1, progress = ? WHERE id = ?",
                time.time(), _progress({"stage": "starting"}), key,
            )  # fmt: skip
            self._note(key, "state", {"state": "running"})
        self._ring(key)
        return self.get(key)

    def end(self, key: str, state: str, *, error: str | None = None, summary: Any = None, size: int = 0) -> None:
        """Give a job its last state; nothing happens if it has one, so that no end is counted twice."""
        with self.store.transaction():
            message = None if error is None else {"message": error}
            changed = self.store.run(
                "UPDATE jobs SET state = ?, ended = ?, error = ?, summary = ?, bytes = ?, cancel = 0 "
                "WHERE id = ? AND state IN ('queued', 'running')",
                state, time.time(), _json(message), _json(summary), size, key,
            )  # fmt: skip
            if changed:
                self._note(key, "state", {"state": state} | ({} if message is None else {"error": message}))
        self._ring(key)

    def again(self, key: str, *, died: bool) -> None:
        """Put a running job back to its place in the queue."""
        with self.store.transaction():
            self.store.run(
                "UPDATE jobs SET state = 'queued', deaths = deaths + ?, started = NULL, progress = ? "
                "WHERE id = ? AND state = 'running'",
                int(died), _progress({}), key,
            )  # fmt: skip
            self._note(key, "state", {"state": "queued"})
        self._ring(key)

    def cancel(self, key: str) -> ServeJob:
        """Ask for a job's end: at once if it waits.

        Raises:
            RefusedError: no such job, or it has ended.
        """
        job = self.get(key)
        if job.is_over:
            raise RefusedError(f"the job has ended: {job.state}", "conflict")
        if job.state == "queued":
            self.end(key, "cancelled")
        self.store.run("UPDATE jobs SET cancel = 1 WHERE id = ? AND state = 'running'", key)
        self._ring(key)
        return self.get(key)

    def remove(self, key: str) -> None:
        """Forget a job that has ended; its folder is the caller's."""
        if not self.get(key).is_over:
            raise RefusedError("the job has not ended; cancel it first", "conflict")
        with self.store.transaction():
            self.store.run("DELETE FROM job_events WHERE job = ?", key)
            self.store.run("DELETE FROM jobs WHERE id = ?", key)
        self._ring(key)

    def progress(self, key: str, **values: Any) -> None:
        """Note how far a job is."""
        self.store.run("UPDATE jobs SET progress = ? WHERE id = ? AND state = 'running'", _progress(values), key)
        self._ring(key)

    def log(self, key: str, text: str) -> None:
        """Keep a line of a job's log."""
        with self.store.transaction():
            self._note(key, "log", {"message": text, "time": time.time()})
            self.store.run(
                "DELETE FROM job_events WHERE job = ? AND event = 'log' AND number <= (SELECT number FROM job_events "
                "WHERE job = ? AND event = 'log' ORDER BY number DESC LIMIT 1 OFFSET ?)",
                key, key, _LOG,
            )  # fmt: skip
        self._ring(key)

    def events(self, key: str, after: int, limit: int = 500) -> list[tuple[int, str, Any]]:
        """Return (number, event, data) of what happened to a job after an event."""
        question = "SELECT * FROM job_events WHERE job = ? AND number > ? ORDER BY number LIMIT ?"
        found = self.store.all(question, key, after, limit)
        return [(row["number"], row["event"], loaded(row["data"])) for row in found]

    def _note(self, key: str, event: str, data: Mapping[str, Any]) -> None:
        self.store.insert("job_events", job=key, time=time.time(), event=event, data=dict(data))

    def _ring(self, key: str) -> None:
        self._bell.ring(f"job {key}")
        self._bell.ring("jobs")


def shown_source(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job's source as everybody may see it."""
    return {name: without_password(value) if name == "url" else value for name, value in source.items()}


def _job(row: Any) -> ServeJob:
    values = {name: row[name] for name in ServeJob.__dataclass_fields__}
    for name in ("source", "settings", "request", "progress", "error", "summary"):
        values[name] = loaded(values[name])
    return ServeJob(**values | {"cancel": bool(row["cancel"])})


def _progress(values: Mapping[str, Any]) -> str:
    return _json(_NOTHING | dict(values)) or ""


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
