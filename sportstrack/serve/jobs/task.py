"""What a worker is told to do, and how it tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sportstrack.errors import SettingError
from sportstrack.serve.settings import check_pixels

_EVERY = 0.25  # seconds between two messages of progress
_SAMPLE = 1.0  # seconds between two samples of the time series


@dataclass(frozen=True)
class Task:
    """One job, as its worker sees it.

    Attributes:
        id: of the job.
        kind: of work.
        source: path or address.
        url: whether it is an address.
        settings: checked.
        files: settings that are files, with their paths.
        folder: the job's own.
        limits: minutes, megapixels and upload_bytes.
        allowed: addresses that may be read, for redirects.
    """

    id: str
    kind: str
    source: str
    url: bool
    settings: dict[str, Any]
    files: dict[str, str]
    folder: str
    limits: dict[str, float]
    allowed: list[str] = field(default_factory=list)

    @property
    def results(self) -> Path:
        """Where the results go."""
        return Path(self.folder) / "results"

    @property
    def tracks(self) -> Path:
        """Where the tracks go for the player."""
        return Path(self.folder) / "tracks"

    def check_picture(self, width: int, height: int) -> None:
        """Refuse pictures that are larger than the service takes."""
        check_pixels(width, height, self.limits["megapixels"])

    def check_length(self, seconds: float) -> None:
        """Refuse a video that is longer than the service takes."""
        if seconds > self.limits["minutes"] * 60:
            raise SettingError(f"the video is longer than {self.limits['minutes']:g} minutes; cut it")


class Reporter:
    """Tells the service how far a job is; messages are few, however fast the work is.

    Args:
        send: sends a message.

    Attributes:
        preview: whether there is a picture of the newest frame.
    """

    def __init__(self, send: Callable[[Mapping[str, Any]], None]) -> None:
        self._send = send
        self.preview = False
        self._stage = ""
        self._began = self._told = 0.0
        self._first = 0
        self._sampled = time.monotonic()

    def stage(self, name: str) -> None:
        """Begin a part of the work; its progress counts from here."""
        self._stage, self._began, self._told = name, 0.0, 0.0
        self._send({"progress": {"stage": name}})

    def log(self, text: str) -> None:
        """Add a line to the job's log."""
        self._send({"log": text})

    def __call__(self, done: int, total: int | None) -> None:
        """Tell that `done` of `total` units are done; total is None where it is unknown."""
        now = time.monotonic()
        if not self._began:
            self._began, self._first = now, done
        if now - self._told < _EVERY and done != total:
            return
        self._told = now
        spent = now - self._began
        pace = (done - self._first) / spent if spent > 0.2 and done > self._first else None
        left = None if pace is None or total is None else max(total - done, 0) / pace
        self._send(
            {
                "progress": {
                    "frames_done": done,
                    "frames_total": total,
                    "frames_per_s": None if pace is None else round(pace, 2),
                    "eta_s": None if left is None else round(left, 1),
                    "stage": self._stage,
                    "preview": self.preview,
                }
            }
        )

    def is_time(self) -> bool:
        """Return whether another sample is due."""
        if (now := time.monotonic()) - self._sampled < _SAMPLE:
            return False
        self._sampled = now
        return True

    def sample(self, values: Mapping[str, float | None]) -> None:
        """Add a row to the job's time series."""
        self._send({"sample": {name: value for name, value in values.items() if value is not None}})

    def count(self, values: Mapping[str, Any]) -> None:
        """Add to the counters of the service: frames, ids, mean_scores, stages."""
        self._send({"count": dict(values)})
