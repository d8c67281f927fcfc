"""SportsTrack's settings: presets, what a user may set, and what only experiments vary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sportstrack.errors import SettingError, nearest
from sportstrack.trackers.checks import check_range
from sportstrack.trackers.shapes import check_overlap

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sportstrack.keywords import SportsTrackKeywords

TICK = 1 / 25  # seconds; what is measured per time counts in ticks, whatever the frame rate

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "sports": {},
    "hockey": {"border_memory": 0.0},
    "pedestrian": {
        "high_score": 0.5,
        "new_score": 0.6,
        "spawn_overlap": 0.4,
        "position_noise": 0.015,  # pedestrians keep their heading, players do not
        "velocity_noise": 0.001,
        "camera_pairs": 3,  # a steady track cannot follow a moving camera by itself, so fewer pairs must suffice
        "camera_doubt": 1.0,
        "min_affinity": 0.3,
        "third_overlap": 0.4,
        "border_memory": 0.0,
        "box_blend": 1.0,
    },
}
"""Preset → the settings in which it differs from ``sports``."""


@dataclass(frozen=True, init=False)
class SportsTrackConfig:
    """SportsTrack's settings; ``SportsTrackConfig("hockey", memory=2.5)`` is a preset with one change.

    Lengths are in heights of the box at hand (h), times in seconds; a tick is 1/25 s. docs/trackers/sports.md has the
    formulas.

    Attributes:
        preset: where the other settings start from: ``sports``, ``hockey`` (line changes: players do not come back
            where they left) or ``pedestrian``.
        low_score: detections from this score on may continue a track that was matched in the last frame.
        high_score: detections from this score on may continue any track.
        new_score: unmatched detections from this score on start a track.
        spawn_overlap: no track starts on a box that overlaps another track's box by more than this (IoU).
        confirm_hits: detections that confirm a track, which is then reported; in a shot's first frame one is enough.
        memory: seconds that a lost track is kept.
        position_noise: standard deviation that a position gains per tick, in h.
        velocity_noise: standard deviation that a velocity gains per tick, in h per tick.
        measurement_noise: standard deviation of a box of score 0.75, in h.
        camera_shift: estimate the camera's motion from the boxes where none is handed in.
        camera_pairs: least number of pairs of tracks and boxes for that estimate.
        camera_doubt: a camera shift, in x or in y, counts if it is over this many of its standard errors.
        size_tolerance: standard deviation of the logarithm of the ratio of a track's and its box's height.
        uncertainty_weight: weight of the logarithm of the expected variance, which lowers the affinity.
        overlap_bonus: the affinity rises by this much times the IoU.
        min_affinity: least affinity of a match.
        second_overlap: least DIoU of a match with a low-score detection.
        third_overlap: least DIoU of a match of what is left after that.
        border_memory: seconds that a track is kept that left over a border of the picture; 0: none is.
        appearance_weight: share of what appearance says that counts, in nats; 0: embeddings are not used at all.
        team_weight: share of what team evidence says that counts, in nats; 0: it is not used at all.
        gallery_memory: seconds that the appearance of an ended track is kept for recognition; 0: none is.
        link_similarity: least cosine of an ended and a new track to be one.
        roster: of a class, at most so many tracks are started and reported at once, as ``{class: number}``.
        class_lock: a track keeps its class once five more detections of it than of any other have been matched.
        per_class: match detections of the same class only.
        overlap: ``box``, or ``mask``: masks, too, say whose of several tracks a detection is.
        box_blend: share of the filter's box in the smoothed box, 0…1; 0: none is given.
    """

    preset: str = "sports"
    low_score: float = 0.15
    high_score: float = 0.4
    new_score: float = 0.5
    spawn_overlap: float = 0.5
    confirm_hits: int = 2
    memory: float = 1.8
    position_noise: float = 0.05
    velocity_noise: float = 0.0125
    measurement_noise: float = 0.07
    camera_shift: bool = True
    camera_pairs: int = 6
    camera_doubt: float = 0.0
    size_tolerance: float = 0.2
    uncertainty_weight: float = 0.02
    overlap_bonus: float = 0.3
    min_affinity: float = 0.1
    second_overlap: float = 0.5
    third_overlap: float = 0.2
    border_memory: float = 10.0
    appearance_weight: float = 1.0
    team_weight: float = 1.0
    gallery_memory: float = 60.0
    link_similarity: float = 0.6
    roster: Mapping[int, int] | tuple[tuple[int, int], ...] = ()
    class_lock: bool = False
    per_class: bool = False
    overlap: str = "box"
    box_blend: float = 0.5

    def __init__(self, preset: str = "sports", **settings: Unpack[SportsTrackKeywords]) -> None:
        if preset not in PRESETS:
            raise SettingError(
                f"preset: no {preset!r}{nearest(str(preset), list(PRESETS))} (known: {', '.join(PRESETS)})"
            )
        defaults = {f.name: f.default for f in fields(self)}
        for name in settings:
            if name not in defaults:
                raise TypeError(f"unexpected setting {name!r}")
        for name, value in {**defaults, **PRESETS[preset], **settings, "preset": preset}.items():
            object.__setattr__(self, name, _pairs(value) if name == "roster" else value)
        self._check()

    def _check(self) -> None:
        check_overlap(self.overlap)
        for field in fields(self):
            value, low, high = getattr(self, field.name), *_RANGES.get(field.name, (0.0, 1e9))
            if field.type in ("float", "int"):
                check_range(field.name, value, low, high)
        if self.low_score > self.high_score:
            raise SettingError(f"low_score: expected at most high_score ({self.high_score:g}), got {self.low_score:g}")


_LEAST = 1e-6  # of a standard deviation that divides
_RANGES = {
    **dict.fromkeys(("low_score", "high_score", "new_score", "spawn_overlap", "box_blend"), (0.0, 1.0)),
    **dict.fromkeys(("second_overlap", "third_overlap", "link_similarity"), (-1.0, 1.0)),
    **dict.fromkeys(("measurement_noise", "min_affinity"), (_LEAST, 1e3)),
    **dict.fromkeys(("confirm_hits", "camera_pairs"), (1, 1e9)),
    "size_tolerance": (_LEAST, 1e6),
}  # setting → least and greatest value; others are 0 or more


@dataclass(frozen=True)
class Tuning:
    """Constants that the ablation varies; for tests and benchmarks only.

    Attributes:
        noise_gain: the variance of a box is noise_gain · (1 − score) · (measurement_noise · h)² …
        noise_floor: … where (1 − score) is taken for at least this.
        first_velocity_noise: standard deviation of a new track's velocity, in h per tick.
        camera_gain: share of the camera's shift that also changes the tracks' velocity, per tick.
        border_path: share of the camera's path since then by which the expected place of a return moves.
    """

    noise_gain: float = 4.0
    noise_floor: float = 0.05
    first_velocity_noise: float = 0.09
    camera_gain: float = 0.2
    border_path: float = 0.8


def _pairs(roster: Any) -> tuple[tuple[int, int], ...]:
    """Return the roster as sorted pairs; a YAML file or the command line brings it as a mapping or as lists."""
    pairs = roster.items() if isinstance(roster, Mapping) else roster
    try:
        whole = tuple(sorted((int(kind), int(number)) for kind, number in pairs))
    except (TypeError, ValueError) as error:
        raise SettingError(f"roster: expected {{class: number}}, got {roster!r}") from error
    if any(number < 0 for _, number in whole):
        raise SettingError(f"roster: expected numbers from 0, got {roster!r}")
    return whole
