"""A small picture of a running job: the newest frame with its tracks drawn."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from sportstrack.errors import SportstrackError
from sportstrack.images.encode import encode_image
from sportstrack.images.opencv import require_cv2
from sportstrack.serve.drawn import drawn
from sportstrack.serve.jobs.sources import PREVIEW
from sportstrack.track.frames import TrackedFrame

EVERY = 2.0  # seconds between two pictures; one costs a few milliseconds
WIDEST = 960  # pixels


class Preview:
    """Writes the newest frame from time to time, whole or not at all.

    Args:
        folder: of the job.

    Attributes:
        made: whether there is a picture.
    """

    def __init__(self, folder: Path) -> None:
        self.made = False
        self._path = folder / PREVIEW
        self._next = 0.0

    def offer(self, frame: TrackedFrame) -> None:
        """Draw a frame, if it is time and there is a picture. A preview that cannot be made is no fault of the job."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY
        with suppress(OSError, SportstrackError):
            self._write(frame)

    def _write(self, frame: TrackedFrame) -> None:
        if (picture := drawn(frame)) is None:
            return
        height, width = picture.shape[:2]
        if width > WIDEST:
            cv2 = require_cv2()
            size = (WIDEST, max(round(height * WIDEST / width), 1))
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        part = self._path.with_suffix(".part")
        part.write_bytes(encode_image(picture, ".jpg"))
        part.replace(self._path)
        self.made = True
