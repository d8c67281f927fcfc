"""What a frame shows of the pitch, as arrays: named places that a person or a network found, line pixels, motion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sportstrack.errors import SettingError
from sportstrack.pitch.camera import Camera, Floats
from sportstrack.pitch.marks import Mark

MARK_ERROR = 1.5
"""Pixels that a careful hand is off in each direction, in a picture 1280 wide."""


@dataclass(frozen=True, eq=False)
class PitchEvidence:
    """Places of the pitch that were found in one frame, by hand or by a network.

    Attributes:
        frame: counts from 0.
        places: N names of keypoints, straight lines or arcs, or (x, y) or (x, y, height) in metres. Of a line or an arc
            the pixel may be any point.
        pixels: (N, 2).
        sigma: (N,) standard deviation of each pixel in each direction.
        confidence: (N,) 0…1, that the place is what its name says; 1 for marks by hand.
        by_hand: someone has marked it: it may begin a clip, and what contradicts it is reported, not left out.
        camera: that a network's places told; None for marks by hand.
        no_pitch: the network has seen that the frame shows no pitch.
        score: how well the camera agrees with what the network and the picture show, 0…1.8; see `PitchCandidate`.
    """

    frame: int
    places: Sequence[str | tuple[float, ...]]
    pixels: Floats
    sigma: Floats
    confidence: Floats
    by_hand: bool = False
    camera: Camera | None = None
    no_pitch: bool = False
    score: float = 1.0

    def __post_init__(self) -> None:
        n = len(self.places)
        for name, shape in (("pixels", (n, 2)), ("sigma", (n,)), ("confidence", (n,))):
            values = np.asarray(getattr(self, name), dtype=float)
            if values.shape != shape or not np.isfinite(values).all():
                raise SettingError(f"PitchEvidence.{name}: expected {shape} finite numbers, got {values.shape}")
            object.__setattr__(self, name, values)
        if n and (self.sigma.min() <= 0 or self.confidence.min() < 0 or self.confidence.max() > 1):
            raise SettingError("PitchEvidence: sigma must be above 0 and confidence between 0 and 1")

    def __len__(self) -> int:
        return len(self.places)

    def marks(self, least: float = 0.0) -> list[Mark]:
        """Return those with at least this confidence as marks, whose frames count from 1."""
        rows = zip(self.places, self.pixels.tolist(), self.confidence.tolist(), strict=True)
        return [Mark(self.frame + 1, place, (x, y)) for place, (x, y), sure in rows if sure >= least]


def evidence_of_marks(marks: Iterable[Mark], width: int) -> dict[int, PitchEvidence]:
    """Return frame, from 0 → the evidence of marks by hand, for pictures of this width."""
    by_frame: dict[int, list[Mark]] = {}
    for mark in marks:
        by_frame.setdefault(mark.frame - 1, []).append(mark)
    sigma = MARK_ERROR * max(0.5, width / 1280)
    return {
        frame: PitchEvidence(
            frame,
            [mark.place for mark in some],
            np.array([mark.pixel for mark in some], dtype=float).reshape(-1, 2),
            np.full(len(some), sigma),
            np.ones(len(some)),
            by_hand=True,
        )
        for frame, some in sorted(by_frame.items())
    }


def _nothing(columns: int) -> Floats:
    return np.empty((0, columns))


@dataclass(frozen=True, eq=False)
class SeenFrame:
    """What a frame's picture shows without any names, in pixels of the frame.

    Attributes:
        frame: counts from 0.
        lines: (N, 3) points in the middle of thin bright lines on the field: x, y, and the angle of the line's normal
            in radians.
        before: (M, 2) points of the frame before that do not move by themselves.
        after: (M, 2) the same points in this frame; none at a cut.
        cut: another shot begins with this frame.
    """

    frame: int
    lines: Floats = field(default_factory=lambda: _nothing(3))
    before: Floats = field(default_factory=lambda: _nothing(2))
    after: Floats = field(default_factory=lambda: _nothing(2))
    cut: bool = False


def as_points(values: npt.ArrayLike, columns: int) -> Floats:
    """Return an (N, columns) array of floats."""
    return np.asarray(values, dtype=float).reshape(-1, columns)
