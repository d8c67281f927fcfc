"""The records that flow through the pipeline: what is observed in a frame, and what a tracker makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from sportstrack.bystanders import Bystanders
from sportstrack.classes import ball_ids
from sportstrack.identities.table import ATTRIBUTES, Identity
from sportstrack.pitch.file import PitchTrack
from sportstrack.types import Detections, FloatArray, Image, Tracks

PITCH_COLUMNS = ("pitch_x", "pitch_y", "pitch_error")


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
        pitch: where the clip's frames see the pitch; None where that is not known.
        identities: track → team, role, number and name, as far as they are known by then.
        joined: the ids that other tracks had before, and that tracks of this frame were given anew because there are
            no more ids than people (`sportstrack.track.capped`). What is known of such an id may be another person's.
    """

    tracks: Tracks = field(default_factory=Tracks.empty)
    names: Mapping[int, str] = field(default_factory=dict)
    pitch: PitchTrack | None = None
    identities: Mapping[int, Identity] = field(default_factory=dict)
    joined: frozenset[int] = frozenset()

    @classmethod
    def of(
        cls, observation: Observation, tracks: Tracks, names: Mapping[int, str], pitch: PitchTrack | None = None
    ) -> TrackedFrame:
        """Join what was observed and what the tracker made of it."""
        return cls(**vars(observation), tracks=tracks, names=names, pitch=pitch)

    @property
    def pitch_xy(self) -> FloatArray:
        """(N, 2) where each track stands on the pitch, in metres from the centre spot.

        The foot point is the middle of the box's lower edge. NaN where the frame's camera is not known, and for a ball,
        which may fly.
        """
        return self._ground[0]

    @property
    def pitch_error(self) -> FloatArray:
        """(N,) root mean square error of `pitch_xy` in metres, of camera and foot point together; NaN as there."""
        return self._ground[1]

    @cached_property
    def _ground(self) -> tuple[FloatArray, FloatArray]:
        boxes = self.tracks.with_boxes().xyxy
        if self.pitch is None:
            return np.full((len(boxes), 2), np.nan), np.full(len(boxes), np.nan)
        metres, errors = self.pitch.feet(self.index, boxes)
        balls = np.isin(self.tracks.class_id, ball_ids(self.names))
        metres[balls], errors[balls] = np.nan, np.nan
        return metres, errors

    def to_records(self) -> list[dict[str, Any]]:
        """Return a dictionary for each track, with frame, time and class name beside `Tracks.to_records`.

        Where the pitch is known there are pitch_x, pitch_y and pitch_error, too, in metres; where anything is known of
        the tracks there are team, role, number and name, "" where unknown.
        """
        place = {"frame": self.index, "time": self.time}
        rows = [place | row for row in self.tracks.to_records(self.names)]
        if self.pitch is not None:
            numbers = np.column_stack([self.pitch_xy, self.pitch_error]).tolist()
            places = [dict(zip(PITCH_COLUMNS, three, strict=True)) for three in numbers]
            rows = [row | place for row, place in zip(rows, places, strict=True)]
        if self.identities:
            nobody = Identity(0)
            known = [self.identities.get(row["track_id"], nobody) for row in rows]
            rows = [row | {a: getattr(one, a) for a in ATTRIBUTES} for row, one in zip(rows, known, strict=True)]
        return rows

    def __repr__(self) -> str:
        counts = f"{len(self.detections)} detections, {len(self.tracks)} tracks"
        return f"<frame {self.index} at {self.time:.2f} s: {counts}>"
