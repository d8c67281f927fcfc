"""The records that flow through the pipeline: what is observed in a frame, and what a tracker makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sportstrack.types import Detections, FloatArray, Image, Tracks


@dataclass(frozen=True)
class Observation:
    """What a tracker is told of one frame.

    Attributes:
        detections: the boxes, with embeddings where there is an embedder.
        camera: (2, 3) affine, previous frame's pixels to this one's, or None where unknown.
        cut_confidence: how surely another shot begins with this frame, 0 (it does not) to 1.
    """

    detections: Detections
    camera: FloatArray | None = None
    cut_confidence: float = 0.0


@dataclass(frozen=True)
class TrackedFrame:
    """One frame's result.

    Attributes:
        index: number of the frame in the source, from 0.
        time: seconds since the first frame, from the source's own clock.
        tracks: the tracked boxes.
        detections: all boxes found; ``tracks.detection`` points into them.
        image: (H, W, 3) uint8 BGR, or None when a recording is replayed without its video. Copy it to keep it: the
            annotated video is drawn into the same memory.
        pts: `time` as the source's exact fraction, for the encoder; None in a replay without video.
        camera: (2, 3) affine, previous frame's pixels to this one's, or None.
        cut_confidence: how surely another shot begins with this frame, 0 (it does not) to 1.
    """

    index: int
    time: float
    tracks: Tracks
    detections: Detections
    image: Image | None = None
    pts: Fraction | None = None
    camera: FloatArray | None = None
    cut_confidence: float = 0.0
