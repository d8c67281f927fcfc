"""What is drawn of a live stream: pictures for those who look, and a video for players and recordings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from sportstrack.draw.annotator import Annotator
from sportstrack.images.encode import encode_image
from sportstrack.serve.drawn import drawn
from sportstrack.serve.streams.mp4 import FragmentEncoder, OnPart
from sportstrack.track.frames import TrackedFrame

PICTURE_EVERY = 1 / 15  # seconds between pictures, at least


class PictureMaker:
    """Draws in a thread of its own, so that the tracking goes on; what comes faster than it can draw is left out.

    Args:
        names: class id → name.
        draw: items and presets.
        frame_rate: frames per second.
        on_picture: called with a frame's number, from 1, and its JPEG.
        on_head: called with the head of the video.
        on_part: called with each part of the video.

    Attributes:
        pictures: whether somebody looks at pictures.
        video: whether somebody watches or records the video.
        skipped: frames that were not drawn because drawing was slower.
    """

    def __init__(
        self,
        names: Mapping[int, str],
        draw: Sequence[str],
        frame_rate: float,
        on_picture: Callable[[int, bytes], None],
        on_head: Callable[[bytes], None],
        on_part: OnPart,
    ) -> None:
        self._annotator = Annotator(names, draw=draw, frame_rate=max(frame_rate, 1.0))
        self._rate, self._on_picture, self._on_head, self._on_part = frame_rate, on_picture, on_head, on_part
        self.pictures = self.video = False
        self.skipped = 0
        self._encoder: FragmentEncoder | None = None
        self._last_picture = -1.0
        self._next: TrackedFrame | None = None
        self._newest: TrackedFrame | None = None
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="draw", daemon=True)
        self._thread.start()

    def offer(self, frame: TrackedFrame) -> None:
        """Take the newest frame; its image is this object's from now on."""
        with self._changed:
            self._newest = frame
            if not (self.pictures or self.video):
                return
            self.skipped += self._next is not None
            self._next = frame
            self._changed.notify_all()

    def snapshot(self) -> tuple[int, bytes] | None:
        """Return number and JPEG of the newest frame, drawn; None before the first one."""
        frame = self._newest
        picture = None if frame is None else drawn(frame)
        return None if frame is None or picture is None else (frame.index + 1, encode_image(picture, ".jpg"))

    def close(self) -> None:
        """Complete the video and end."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join(5.0)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._next is not None or self._ended)
                frame, self._next = self._next, None
            if frame is None:
                break
            self._make(frame)
        if self._encoder is not None:
            self._encoder.close()

    def _make(self, frame: TrackedFrame) -> None:
        if frame.image is None:
            return
        image = frame.image.copy()
        tracks = frame.tracks.with_boxes().rounded()
        where = {"index": frame.index, "time": frame.time}
        self._annotator.draw(image, tracks, frame.detections, **where, identities=frame.identities)  # type: ignore[arg-type]
        if self.video:
            if self._encoder is None:
                height, width = image.shape[:2]
                self._encoder = FragmentEncoder(width, height, self._rate, self._on_head, self._on_part)
            self._encoder.write(image, frame.time)
        if self.pictures and not 0 <= frame.time - self._last_picture < PICTURE_EVERY:
            self._last_picture = frame.time
            self._on_picture(frame.index + 1, encode_image(image, ".jpg"))
