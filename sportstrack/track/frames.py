"""The records that flow through the pipeline: what is observed in a frame, and what a tracker makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sportstrack.bystanders import Bystanders
from sportstrack.types import Detections, FloatArray, Image, Tracks


@dataclass(frozen=True, eq=False)
class Observation:
    """One frame and what is known of it. It grows from stage to stage; a replay has all of it at once.

    Attributes:
        index: number of the frame in the source, from 0.
        time: seconds since the first frame, from the source's own clock.
        detections: the boxes found, with embeddings where there is an embedder; empty before the detector has run.
        camera: (2, 3) affine, previous frame's pixels to this one's, or None where unknown.
        cut_confidence: how surely another shot begins with this frame, 0 (it does not) to 1.
        bystanders: the people off the field, who are kept from the tracker and are not in `detections`; None where no
            field was found or looked for.
        image: (H, W, 3) uint8 BGR, or None when a recording is replayed without its video. Copy it to keep it: the
            annotated video is drawn into the same memory.
        pts: `time` as the source's exact fraction, for the encoder; None in a replay without video.
    """

    index: int
    time: float
    detections: Detections = field(default_factory=Detections.empty)
    camera: FloatArray | None = None
    cut_confidence: float = 0.0
    bystanders: Bystanders | None = None
    image: Image | None = None
    pts: Fraction | None = None


@dataclass(frozen=True, eq=False)
class TrackedFrame(Observation):
    """One frame's result: an `Observation` with its tracks.

    Attributes:
        tracks: the tracked boxes; ``tracks.detection`` points into `detections`.
        names: class id → name, as the detector has them.
    """

    tracks: Tracks = field(default_factory=Tracks.empty)
    names: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, observation: Observation, tracks: Tracks, names: Mapping[int, str]) -> TrackedFrame:
        """Join what was observed and what the tracker made of it."""
        return cls(**vars(observation), tracks=tracks, names=names)

    def to_records(self) -> list[dict[str, Any]]:
        """Return a dictionary for each track, with frame, time and class name beside `Tracks.to_records`."""
        place = {"frame": self.index, "time": self.time}
        return [place | row for row in self.tracks.to_records(self.names)]

    def __repr__(self) -> str:
        counts = f"{len(self.detections)} detections, {len(self.tracks)} tracks"
        return f"<frame {self.index} at {self.time:.2f} s: {counts}>"
