"""An H.264 copy of a video that browsers cannot play, or in which they seek slowly."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sportstrack.edit.clip import EditClip
from sportstrack.errors import SportstrackError
from sportstrack.files.claim import Claim
from sportstrack.video.source import open_source
from sportstrack.video.write import VideoWriter

COMMAND = "sportstrack edit"
_KEYS = 0.5  # seconds from one key frame to the next: a seek decodes that much at most


class ClipCopies:
    """Makes the copy in a thread of its own, frame by frame with the video's times.

    Args:
        clip: the video.
        folder: where the copy goes.
        frame_rate: of a source without times.
        tell: called when there is news.
    """

    def __init__(self, clip: EditClip, folder: Path, frame_rate: float | None, tell: Callable[[], None]) -> None:
        self._clip, self._folder, self._rate, self._tell = clip, folder, frame_rate, tell
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.done, self.error = 0, ""
        self.ready: Path | None = None

    @property
    def path(self) -> Path:
        """Where the copy goes."""
        return self._folder / f"{self._clip.name}.h264.mp4"

    def state(self) -> dict[str, Any]:
        """Return how far it is, as plain values."""
        running = self._thread is not None and self._thread.is_alive() and self.ready is None
        share = int(100 * self.done / max(1, self._clip.frames))
        return {"ready": self.ready is not None, "running": running, "percent": share, "error": self.error}

    def begin(self) -> None:
        """Begin to make it, unless it is there or in the making."""
        if self.ready is None and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._run, name="copy", daemon=True)
            self._thread.start()

    def make(self, progress: Callable[[int, int | None], None] | None = None) -> None:
        """Make the copy here and now.

        Raises:
            SportstrackError: the video cannot be read, or the copy cannot be written.
        """
        clip, name = self._clip, self.path.name
        with (
            Claim(self._folder, [name], command=COMMAND, source=clip.path, inputs=[clip.path]) as claim,
            open_source(clip.path, frame_rate=self._rate) as source,
        ):
            info = source.info
            file = claim.file(name)
            with VideoWriter(
                self.path,
                info.width,
                info.height,
                info.frame_rate,
                pixel_ratio=info.pixel_ratio,
                keys=max(1, round(clip.frame_rate * _KEYS)),
                file=file,
            ) as writer:
                for frame in source:
                    writer.write(frame.image, frame.pts)
                    self.done += 1
                    if progress is not None:
                        progress(self.done, clip.frames)
                    if self._stop.is_set():
                        writer.abandon()
                        return
        self.ready = self.path

    def close(self) -> None:
        """End the making."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)

    def _run(self) -> None:
        self.done, self.error = 0, ""
        try:
            self.make(self._progress)
        except SportstrackError as error:
            self.error = str(error)
        self._tell()

    def _progress(self, done: int, frames: int | None) -> None:
        if done % max(1, (frames or 100) // 100) == 0:
            self._tell()
