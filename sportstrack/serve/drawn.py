"""One frame as a picture with its tracks drawn."""

from __future__ import annotations

from sportstrack.draw.annotator import Annotator
from sportstrack.track.frames import TrackedFrame
from sportstrack.types import Image


def drawn(frame: TrackedFrame) -> Image | None:
    """Return a copy of a frame's (H, W, 3) image with tracks and clock; None where it has no image."""
    if frame.image is None:
        return None
    return Annotator(frame.names, draw="broadcast").draw(
        frame.image.copy(),
        frame.tracks,
        frame.detections,
        index=frame.index,
        time=frame.time,
        identities=frame.identities,
    )
