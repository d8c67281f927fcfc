"""SportsTrack: follows players through pans, crossings and exits; our own, out of known parts and four new ones.

Known: constant-velocity Kalman filters (SORT), weak boxes matched last (ByteTrack), looks and a moving camera that are
handed in (BoT-SORT). New: the camera's motion is read off the boxes, so that pans cost nothing; a match is judged by
its likelihood, with a bonus for overlap; who left over a border of the picture is awaited there; looks are compared
after the average look, which is the kit, has been taken out of them. docs/trackers/sports.md explains each step.

Units: lengths are in heights of the box at hand, times in seconds, so that neither the picture's size nor its frame
rate matters. What is measured per time counts in *ticks* of 1/25 s, whatever the frame rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from sportstrack import kalman
from sportstrack.assign import clip_then_solve
from sportstrack.boxes import iou, xywh_to_xyxy, xyxy_to_xywh
from sportstrack.cost import Features, blend, known, read_looks, unit_rows, with_room
from sportstrack.errors import SettingError, nearest
from sportstrack.trackers import columns
from sportstrack.types import BoolArray, Detections, FloatArray, IntArray, Tracks, as_detections

TICK = 1 / 25  # seconds
_LEAST_ALIKE = 3  # people who must be known again to tell that a cut has not left the match
_APART = 9.0  # cost of a pair that can't be; over every limit
_NEAR = 0.05  # box heights by which no edge of a reported box is farther from the detection's

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "sports": {},
    "hockey": {"border_memory": 0.0},
    "pedestrian": {
        "high_score": 0.5,
        "new_score": 0.6,
        "spawn_overlap": 0.4,
        "position_noise": 0.015,  # who walks keeps his way; who plays doesn't
        "velocity_noise": 0.001,
        "camera_pairs": 3,  # for all the more it is the camera's motion that nobody follows by himself
        "camera_doubt": 1.0,
        "min_likeness": 0.3,
        "third_overlap": 0.4,
        "border_memory": 0.0,
        "box_blend": 1.0,
    },
    "ball": {
        "stretch": 10.0,
        "most": 1,
        "low_score": 0.05,
        "high_score": 0.2,
        "new_score": 0.3,
        "memory": 1.0,
        "border_memory": 0.0,
        "size_tolerance": 0.6,
        "second_overlap": -0.6,
        "third_overlap": -0.9,
        "box_blend": 0.0,
    },
}
"""Preset → the settings in which it differs from ``sports``."""


@dataclass(frozen=True, init=False)
class SportsTrackConfig:
    """SportsTrack's settings; ``SportsTrackConfig("hockey", memory=2.5)`` is a preset with one change.

    Attributes:
        preset: where the other settings start from: ``sports``, ``hockey`` (line changes: nobody is awaited at a
            border), ``pedestrian`` or ``ball`` (one small fast object).
        low_score: boxes from this score on may continue a track that was seen in the last frame.
        high_score: boxes from this score on may continue any track.
        new_score: unmatched boxes from this score on start a track.
        clean_score: a box under it that overlaps a better one by more than ``clean_overlap`` is left out.
        clean_overlap: see above (IoU).
        spawn_overlap: no track starts on a box that overlaps another track's box by more (IoU).
        confirm_hits: matches, the first box included, after which a track is reported; a first frame's at once.
        memory: seconds that a track is remembered without a box.
        outside_memory: the same once it is predicted outside the picture.
        position_noise: growth of the place's standard deviation in a tick, in box heights.
        velocity_noise: growth of the velocity's standard deviation in a tick, in box heights per tick.
        measurement_noise: standard deviation of a box of score 0.75, in box heights.
        noise_gain: the box's variance is this times (1 − score) of that.
        noise_floor: (1 − score) is taken for at least this.
        first_position_noise: standard deviation of a new track's place, in box heights.
        first_velocity_noise: the same of its velocity, in box heights per tick.
        lost_damping: share of a lost track's velocity that is left after a tick.
        camera_shift: read the camera's motion off the boxes where none is handed in.
        camera_margin: share of its size that a box grows on each side before overlaps count for that.
        camera_pairs: fewest pairs that tell the camera's motion.
        camera_doubt: a jump of the camera, in x or in y, counts if it is over so many of its standard errors.
        camera_gain: share of a camera's jump that also changes the tracks' velocity, per tick.
        reach: longest distance of a match, in heights of the box.
        size_tolerance: standard deviation of the logarithm of a track's and its box's height ratio.
        distance_scale: likeness falls by 1 for this much squared distance in standard deviations.
        uncertainty_weight: likeness falls by this much per logarithm of the expected spread.
        overlap_bonus: likeness rises by this much times the IoU.
        age_penalty: likeness falls by this much per tick without a box ...
        age_limit: ... for at most so many seconds.
        min_likeness: least likeness of a match.
        tentative_likeness: the same for tracks that are not confirmed yet.
        second_overlap: least DIoU of a match with a weak box.
        third_overlap: least DIoU of a match of what is left.
        border_memory: seconds that a track is awaited at the border over which it left; 0 switches that off.
        border_exit: it left there if its last box was within this share of the picture's width or height of a border.
        border_return: so near the same border is the box that it may come back by.
        border_score: least score of that box.
        border_path: share of the camera's path meanwhile that moves the place where it is awaited.
        border_spread: standard deviation of the place along the border, in box heights.
        border_growth: growth of that variance per tick.
        border_size_tolerance: as ``size_tolerance``, for coming back.
        border_decay: seconds after which coming back is e times less likely.
        border_likelihood: least likelihood of coming back.
        border_learning: seconds of video after which, where ``frame_size`` isn't known, the farthest boxes so far are
            taken for the borders.
        appearance: ``bonus`` (likeness rises by ``look_weight`` · (cosine − ``look_neutral``)), ``weighted`` (it is
            ``alpha`` · likeness + (1 − ``alpha``) · cosine) or ``none``.
        look_weight: see above.
        look_neutral: cosine that speaks neither for nor against a match.
        alpha: weight of motion in ``weighted``.
        look_momentum: share of a track's old look when a new one comes in.
        look_score: boxes under this score don't change a track's look.
        look_learning: seconds over which the average look is taken that is subtracted from all; 0 for none.
        border_look_weight: the likelihood of coming back is multiplied by exp(this · (cosine −
            ``border_look_neutral``)).
        border_look_neutral: see above.
        gallery_memory: seconds that the look of a vanished track is kept, to know it again; 0 switches that off.
        gallery_size: most looks kept.
        link_likeness: least cosine to be known again, after a long absence or a cut.
        link_margin: so much must it be ahead of the second best, from either side.
        link_hits: boxes that a new track waits for before it is compared, and reported.
        cut_share: after a cut, this share of those compared, and at least three, must look like somebody from before;
            else the shot may be of another match, with a referee in the same black, and nobody is known again.
        most: at most so many tracks at once, the longest ones; 0 for any number.
        roster: the same for single classes, as ``{class: number}``.
        ball_class: boxes of this class are the ball: one at most, faster than players, never matched with them; −1:
            none.
        ball_stretch: for motion, the ball counts as so many times higher than its box.
        stretch: the same for all others.
        class_lock: a track keeps its class once ``class_votes`` more boxes of it than of any other have been matched.
        class_votes: see above.
        per_class: match boxes of the same class only.
        box_blend: share of the filtered box in what is reported, 0…1: it trembles less than the detector does. No edge
            is moved by more than 5 % of the box's height; 0 reports the detection's own box, bit for bit.
    """

    preset: str = "sports"
    low_score: float = 0.15
    high_score: float = 0.4
    new_score: float = 0.5
    clean_score: float = 0.6
    clean_overlap: float = 0.7
    spawn_overlap: float = 0.5
    confirm_hits: int = 2
    memory: float = 1.8
    outside_memory: float = 1.2
    position_noise: float = 0.05
    velocity_noise: float = 0.0125
    measurement_noise: float = 0.07
    noise_gain: float = 4.0
    noise_floor: float = 0.05
    first_position_noise: float = 0.14
    first_velocity_noise: float = 0.09
    lost_damping: float = 0.98
    camera_shift: bool = True
    camera_margin: float = 0.5
    camera_pairs: int = 6
    camera_doubt: float = 0.0
    camera_gain: float = 0.2
    reach: float = 1.5
    size_tolerance: float = 0.2
    distance_scale: float = 8.0
    uncertainty_weight: float = 0.02
    overlap_bonus: float = 0.3
    age_penalty: float = 0.003
    age_limit: float = 0.2
    min_likeness: float = 0.1
    tentative_likeness: float = 0.3
    second_overlap: float = 0.5
    third_overlap: float = 0.2
    border_memory: float = 10.0
    border_exit: float = 0.01
    border_return: float = 0.03
    border_score: float = 0.5
    border_path: float = 0.8
    border_spread: float = 0.6
    border_growth: float = 0.02
    border_size_tolerance: float = 0.5
    border_decay: float = 8.0
    border_likelihood: float = 0.1
    border_learning: float = 10.0
    appearance: str = "bonus"
    look_weight: float = 1.5
    look_neutral: float = 0.3
    alpha: float = 0.5
    look_momentum: float = 0.9
    look_score: float = 0.4
    look_learning: float = 1.0
    border_look_weight: float = 4.0
    border_look_neutral: float = 0.4
    gallery_memory: float = 60.0
    gallery_size: int = 64
    link_likeness: float = 0.6
    link_margin: float = 0.15
    link_hits: int = 3
    cut_share: float = 0.5
    most: int = 0
    roster: tuple[tuple[int, int], ...] = ()
    ball_class: int = -1
    ball_stretch: float = 10.0
    stretch: float = 1.0
    class_lock: bool = False
    class_votes: int = 5
    per_class: bool = False
    box_blend: float = 0.5

    def __init__(self, preset: str = "sports", **settings: Any) -> None:
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
        for field in fields(self):
            value, low, high = getattr(self, field.name), *_RANGES.get(field.name, (0.0, 1e9))
            if field.type in ("float", "int"):
                columns.check_range(field.name, value, low, high)
        if self.low_score > self.high_score:
            raise SettingError(f"low_score: expected at most high_score ({self.high_score:g}), got {self.low_score:g}")
        if self.appearance not in ("bonus", "weighted", "none"):
            raise SettingError(f"appearance: expected bonus, weighted or none, got {self.appearance!r}")


_LEAST = 1e-6  # of a standard deviation that divides
_RANGES = {
    **dict.fromkeys(("low_score", "high_score", "new_score", "clean_score", "border_score", "look_score"), (0.0, 1.0)),
    **dict.fromkeys(
        ("clean_overlap", "spawn_overlap", "alpha", "look_momentum", "box_blend", "lost_damping"), (0.0, 1.0)
    ),
    **dict.fromkeys(("second_overlap", "third_overlap", "look_neutral", "border_look_neutral"), (-1.0, 1.0)),
    **dict.fromkeys(
        ("measurement_noise", "first_position_noise", "noise_floor", "stretch", "ball_stretch"), (_LEAST, 1e3)
    ),
    **dict.fromkeys(("size_tolerance", "border_size_tolerance", "border_spread", "border_decay"), (_LEAST, 1e6)),
    **dict.fromkeys(("distance_scale", "min_likeness", "border_likelihood", "noise_gain"), (_LEAST, 1e3)),
    **dict.fromkeys(("border_exit", "border_return"), (0.0, 0.5)),
    "camera_gain": (0.0, 1.0),
    "tentative_likeness": (-1e3, 1e3),
    "confirm_hits": (1, 1e9),
    "camera_pairs": (1, 1e9),
    "cut_share": (0.0, 1.0),
    "link_likeness": (-1.0, 1.0),
    "ball_class": (-1, 1e9),
}  # setting → least and greatest value; others are 0 or more


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


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis."""

    state: FloatArray  # (5, 4, T) Kalman state in xywh
    box: FloatArray  # (4, T) corners of the last detection
    path: FloatArray  # (2, T) the camera's path when it was last matched
    feature: Features  # (D, T) smoothed unit look, zero while unknown; D is 0 until embeddings come
    track_id: IntArray  # (T,) 0 until first reported
    born: IntArray  # (T,) frame of the first detection
    last: IntArray  # (T,) frame of the last match; who was not matched in the frame before is lost
    hits: IntArray  # (T,) matches, the first detection included
    confirmed: BoolArray  # (T,)
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection
    kind: IntArray  # (T,) class by majority of its detections ...
    votes: IntArray  # (T,) ... and by how many (Boyer and Moore's count)


@dataclass(slots=True)
class Found:
    """The usable detections of one frame."""

    boxes: FloatArray  # (N, 4) corners
    measurement: FloatArray  # (4, N) xywh
    score: FloatArray  # (N,)
    class_id: IntArray  # (N,)
    row: IntArray  # (N,) in the caller's table
    overlap: FloatArray | None  # (N, N) IoU among themselves, None if not computed yet
    feature: Features | None  # (N, D) unit looks, zero where unknown
    owner: IntArray  # (N,) the track that took it, or −1


@dataclass(slots=True)
class Costs:
    """What it costs to match each track with each box, (T, N) each; `_APART` for what can't be."""

    likely: FloatArray  # − likeness
    plain: FloatArray  # − likeness without the penalty for age
    overlap: FloatArray  # − DIoU


@dataclass(slots=True)
class Known:
    """Vanished tracks that may be known again by their looks, oldest first."""

    feature: Features  # (D, G)
    track_id: IntArray  # (G,)
    last: IntArray  # (G,) frame of the last match
    kind: IntArray  # (G,)


class SportsTrack:
    """Likelihoods under a moving camera, with a memory for the borders of the picture.

    Args:
        config: settings.
        frame_rate: frames per second of the video; all times scale with it.
        coasting: also report lost tracks, with their predicted box and ``detection`` −1.
        strict: raise on an unusable box instead of leaving it out and counting it in `dropped`.
        frame_size: (width, height) of the picture in pixels; None takes the farthest boxes so far for its borders,
            once ``border_learning`` seconds have passed. May be set later, as an attribute.
    """

    def __init__(
        self,
        config: SportsTrackConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
        frame_size: tuple[int, int] | None = None,
    ) -> None:
        self.config = c = config or SportsTrackConfig()
        self.frame_rate = columns.check_frame_rate(frame_rate)
        self.coasting = coasting
        self.strict = strict
        self.frame_size = frame_size
        self._ticks = ticks = 1 / (TICK * self.frame_rate)  # in a frame
        # Velocities are per frame: a change per tick is the square of the frame's ticks in variance, and there are as
        # many changes as ticks.
        self._noise = _planes(ticks * c.position_noise**2, ticks**3 * c.velocity_noise**2)
        self._first_var = _planes(c.first_position_noise**2, ticks**2 * c.first_velocity_noise**2)
        self._damping = c.lost_damping**ticks
        self._camera_gain = 1 - (1 - c.camera_gain) ** ticks
        self._memory, self._outside_memory = self._frames(c.memory), self._frames(c.outside_memory)
        self._border_memory, self._gallery_memory = self._frames(c.border_memory), self._frames(c.gallery_memory)
        self._caps = dict(c.roster) | ({c.ball_class: 1} if c.ball_class >= 0 else {})
        self._wide = np.array([1.0, 1.0, 1 + 2 * c.camera_margin, 1 + 2 * c.camera_margin])[:, None]
        self.reset()

    @property
    def frame_size(self) -> tuple[int, int] | None:
        """(width, height) of the picture in pixels, None if not known; SettingError if set to anything else."""
        return self._frame_size

    @frame_size.setter
    def frame_size(self, size: tuple[int, int] | None) -> None:
        if size is not None and not (len(size) == 2 and all(0 < side < np.inf for side in size)):
            raise SettingError(f"frame_size: expected (width, height) in pixels or None, got {size!r}")
        self._frame_size = size

    def _frames(self, seconds: float) -> int:
        return round(seconds * self.frame_rate)

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._frame = 0
        self._last_id = 0
        self.dropped = 0
        self._extent = np.zeros(2)  # (2,) the farthest corner so far
        self._look_sum = np.zeros(0, np.float32)  # (D,) of the looks in the average
        self._look_count = 0
        self._look_frames = 0
        none = columns.NONE
        self._known = Known(np.empty((0, 0), np.float32), none, none, none)
        self._restart()

    def cut(self) -> None:
        """Let the next frame belong to another shot: no track goes on, but who looks the same may be known again."""
        self._remember(self._rows.track_id.nonzero()[0])
        self._restart()

    def _restart(self) -> None:
        none = columns.NONE
        unseen = np.empty((len(self._look_sum), 0), np.float32)
        state, corners, nobody = np.empty((5, 4, 0)), np.empty((4, 0)), np.empty(0, np.bool_)
        self._rows = Rows(
            state, corners, corners[:2], unseen, none, none, none, none, nobody, np.empty(0), none, none, none
        )
        self._first = self._frame + 1  # frame of the shot
        self._flow = np.zeros(2)  # (2,) median displacement of the boxes in the last frame
        self._path = np.zeros(2)  # (2,) sum of it: where the camera's view has gone
        self._told = False  # the camera's motion is handed in
        self._same_match = False  # as the shot before

    def update(self, detections: Any, camera: FloatArray | None = None) -> Tracks:
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks. Their embeddings,
                where given, are used.
            camera: (2, 3) affine that maps the previous frame's pixels to this one's; None reads the camera's motion
                off the boxes.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if the camera is not an invertible affine, or embeddings change their length.
        """
        detections = as_detections(detections)
        camera = None if camera is None else columns.read_camera(camera)
        found = self._read(detections)
        self._frame += 1
        self._learn(found)
        self._predict()
        self._follow(found, camera)
        lost = self._frame - self._rows.last  # (T,) frames since it was matched, at least 1
        self._associate(found, lost)
        self._return(found, lost)
        self._correct(found, lost)
        self._spawn(found)
        tracks = self._report(found)
        self._forget()
        return tracks

    # --- what comes in -----------------------------------------------------------------------------------------------

    def _read(self, detections: Detections) -> Found:
        """Return the boxes that count; nothing of the tracker has changed if it raises."""
        c = self.config
        looks = None if c.appearance == "none" else read_looks(detections.embedding, len(self._look_sum))
        boxes, score, class_id, row, dropped = columns.read(detections, c.low_score, self.strict)
        self.dropped += dropped
        overlap = None
        if len(row) > 1 and score.min() < c.clean_score:
            overlap = iou(boxes, boxes)
            keep = self._clean(overlap, score, class_id)
            if len(keep) < len(row):
                boxes, score, class_id, row = boxes[keep], score[keep], class_id[keep], row[keep]
                overlap = overlap.take(keep, axis=0).take(keep, axis=1)
        feature = None if looks is None else unit_rows(looks[row])
        measurement = xyxy_to_xywh(boxes)
        return Found(boxes, measurement, score, class_id, row, overlap, feature, columns.nobody(len(row)))

    def _clean(self, overlap: FloatArray, score: FloatArray, class_id: IntArray) -> IntArray:
        """Return the boxes that are no weaker double of another."""
        double = overlap > self.config.clean_overlap
        np.fill_diagonal(double, False)
        if self._separate:
            double &= class_id[:, None] == class_id
        if double.any():
            rank = np.empty(len(score), np.int64)
            rank[(-score).argsort(kind="stable")] = np.arange(len(score))
            double &= rank < rank[:, None]
            double &= (score < self.config.clean_score)[:, None]
        return (~double.any(axis=1)).nonzero()[0]

    @property
    def _separate(self) -> bool:
        """Boxes of different classes are different things."""
        return self.config.per_class or self.config.ball_class >= 0 or self.config.class_lock

    def _learn(self, found: Found) -> None:
        """Take note of the picture's borders and of the average look."""
        if self._frame_size is None and len(found.boxes):
            np.maximum(self._extent, found.boxes[:, 2:].max(axis=0), out=self._extent)
        if found.feature is None:
            return
        if not len(self._look_sum):
            self._look_sum = np.zeros(found.feature.shape[1], np.float32)
        self._rows.feature = with_room(self._rows.feature, len(self._rows.last), len(self._look_sum))
        count = int(np.count_nonzero(known(found.feature)))
        # Two looks have no average to speak of: a lone player's would be his own.
        if self._look_frames < self._frames(self.config.look_learning) and count > 2:
            self._look_sum = self._look_sum + found.feature.sum(axis=0)
            self._look_count += count
            self._look_frames += 1

    def _size(self) -> FloatArray | None:
        """Return the picture's (width, height), or None while unknown."""
        if self._frame_size is not None:
            return np.array(self._frame_size, dtype=np.float64)
        return self._extent if self._frame > self._frames(self.config.border_learning) else None

    def _height(self, height: FloatArray, class_id: IntArray) -> FloatArray:
        """Return the heights by which motion is measured."""
        c = self.config
        if c.ball_class >= 0:
            return height * np.where(class_id == c.ball_class, c.ball_stretch, c.stretch)
        return height if c.stretch == 1.0 else height * c.stretch

    # --- motion ------------------------------------------------------------------------------------------------------

    def _predict(self) -> None:
        rows, state = self._rows, self._rows.state
        if not len(rows.last):
            return
        state[1, 2:] = 0.0  # sizes have no trend worth following
        lost = (rows.last < self._frame - 1).nonzero()[0]
        if len(lost):
            state[1, :2, lost] *= self._damping
        height = self._height(state[0, 3], rows.class_id)
        rows.state = kalman.predict(state, self._noise * (height * height))

    def _follow(self, found: Found, camera: FloatArray | None) -> None:
        """Move all tracks, lost ones too, along with the camera."""
        rows = self._rows
        self._told = camera is not None
        if camera is not None:
            rows.state = _warped(rows.state, camera)
            self._flow = self._view_shift(found, camera)
        elif self.config.camera_shift and (shift := self._shift(found)) is not None:
            rows.state[0, :2] += shift
            rows.state[1, :2] += self._camera_gain * shift

    def _view_shift(self, found: Found, camera: FloatArray) -> FloatArray:
        """Return (2,) how far the camera moves what is at the middle of the picture (or of the boxes)."""
        size = self._size()
        if size is not None:
            middle = size / 2
        else:
            middle = found.measurement[:2].mean(axis=1) if len(found.score) else np.zeros(2)
        moved: FloatArray = camera[:, :2].dot(middle) + camera[:, 2] - middle
        return moved

    def _shift(self, found: Found) -> FloatArray | None:
        """Return (2, 1): the median way from predictions to the boxes next to them, or None where too few tell."""
        rows, least = self._rows, self.config.camera_pairs
        seen = ((rows.last == self._frame - 1) & (rows.hits >= 2)).nonzero()[0]
        high = (found.score >= self.config.high_score).nonzero()[0]
        if min(len(seen), len(high)) < least:
            return None
        track, box = rows.state[0].take(seen, axis=1), found.measurement.take(high, axis=1)
        overlap = iou(xywh_to_xyxy(track * self._wide), xywh_to_xyxy(box * self._wide))
        best = overlap.argmax(axis=1)
        own = np.arange(len(seen))
        mutual = ((overlap.argmax(axis=0)[best] == own) & (overlap[own, best] > 0)).nonzero()[0]
        if len(mutual) < least:
            return None
        jump = _median(box[:2].take(best[mutual], axis=1) - track[:2].take(mutual, axis=1))[:, None]
        return self._beyond_doubt(jump, seen[mutual], box[3].take(best[mutual])) if self.config.camera_doubt else jump

    def _beyond_doubt(self, jump: FloatArray, track: IntArray, height: FloatArray) -> FloatArray:
        """Return the jump (2, 1) without what may be the chance of these pairs; π/2 is a median's loss to a mean."""
        c = self.config
        variance = self._rows.state[2, :2].take(track, axis=1) + (c.measurement_noise * height) ** 2
        error = np.pi / 2 * variance.mean(axis=1, keepdims=True) / len(track)
        return np.asarray(np.where(jump * jump > c.camera_doubt**2 * error, jump, 0.0))

    # --- matching ----------------------------------------------------------------------------------------------------

    def _associate(self, found: Found, lost: IntArray) -> None:
        """Match in four stages, the most certain first."""
        c, rows, owner = self.config, self._rows, found.owner
        if not (len(lost) and len(owner)):
            return
        confident = found.score >= c.high_score
        high, low = confident.nonzero()[0], (~confident).nonzero()[0]
        pool, tentative = (rows.confirmed & (lost <= self._memory)).nonzero()[0], (~rows.confirmed).nonzero()[0]
        costs = self._compare(found, lost)
        self._match(costs.likely, pool, high, c.min_likeness, owner)
        pool = pool[rows.last[pool] < self._frame]
        if len(low):
            self._match(costs.overlap, pool[lost[pool] == 1], low, c.second_overlap, owner)
            pool = pool[rows.last[pool] < self._frame]
        high = high[owner[high] < 0]
        self._match(costs.overlap, pool, high, c.third_overlap, owner)
        high = high[owner[high] < 0]
        self._match(costs.plain, tentative, high, c.tentative_likeness, owner)

    def _match(self, cost: FloatArray, tracks: IntArray, boxes: IntArray, least: float, owner: IntArray) -> None:
        self._rows.last[columns.match(cost, tracks, boxes, -least, owner)] = self._frame

    def _compare(self, found: Found, lost: IntArray) -> Costs:
        """Compute the costs of all pairs within reach."""
        c, rows = self.config, self._rows
        t, n = self._near(found)
        track, box = rows.state[0].take(t, axis=1), found.measurement.take(n, axis=1)
        overlap, distance_overlap = _overlaps(track, box)
        likeness = self._likeness(track, box, rows.state[2, :2].take(t, axis=1), found.class_id[n])
        good = likeness > c.min_likeness  # no bonus makes a match of what isn't one without
        likeness += c.overlap_bonus * overlap * good
        if found.feature is not None:
            likeness = self._with_looks(likeness, self._similarity(found.feature)[t, n], good)
        age = np.minimum((lost[t] - 1) * self._ticks, c.age_limit / TICK)
        least = np.minimum(likeness, c.min_likeness)  # age alone forbids nothing
        aged = np.where(good, np.maximum(likeness - c.age_penalty * age, least), likeness)
        cost = np.empty((3, len(lost), len(found.score)))
        cost.fill(_APART)
        cost[:, t, n] = -np.array((aged, likeness, distance_overlap))
        return Costs(*cost)

    def _likeness(self, track: FloatArray, box: FloatArray, variance: FloatArray, class_id: IntArray) -> FloatArray:
        """Return (P,): how probable each box is where its track's filter expects it, less so the wider the guess."""
        c = self.config
        height = self._height(box[3], class_id)
        variance += (c.measurement_noise * height) ** 2
        away = box[:2] - track[:2]
        distance = (away * away / variance).sum(axis=0)
        distance += (np.log(box[3] / track[3]) / c.size_tolerance) ** 2
        spread = np.log(variance[0] * variance[1] / height**4)
        likeness: FloatArray = 1.0 - distance / c.distance_scale - c.uncertainty_weight * spread
        return likeness

    def _near(self, found: Found) -> tuple[IntArray, IntArray]:
        """Return the pairs (tracks, boxes) whose centres are within reach."""
        rows, box = self._rows, found.measurement
        reach = self.config.reach * self._height(box[3], found.class_id)
        centre, low, high = rows.state[0, :2, :, None], (box[:2] - reach)[:, None], (box[:2] + reach)[:, None]
        inside = centre >= low
        inside &= centre <= high
        near = inside[0] & inside[1]
        if self._separate:
            near &= self._same_class(found.class_id)
        t, n = near.nonzero()
        way = centre[:, t, 0] - box[:2].take(n, axis=1)
        way *= way
        round_ = way[0] + way[1] <= reach[n] ** 2
        return (t, n) if round_.all() else (t[round_], n[round_])

    def _same_class(self, class_id: IntArray, tracks: IntArray | slice = slice(None)) -> BoolArray:
        """Return (T, N): which boxes are of a class that a track may take."""
        c, rows = self.config, self._rows
        kind = rows.class_id[tracks][:, None]
        if c.per_class:
            return np.asarray(kind == class_id)
        same = np.ones((len(kind), len(class_id)), np.bool_)
        if c.ball_class >= 0:
            same &= (kind == c.ball_class) == (class_id == c.ball_class)
        if c.class_lock:
            same &= (rows.votes[tracks] < c.class_votes)[:, None] | (rows.kind[tracks][:, None] == class_id)
        return same

    # --- looks -------------------------------------------------------------------------------------------------------

    def _similarity(self, feature: Features) -> FloatArray:
        """Return the (T, N) cosines of looks without the average look; NaN where either isn't known."""
        ours, theirs = self._centred(self._rows.feature.T), self._centred(feature)
        similarity: FloatArray = ours.dot(theirs.T).astype(np.float64)
        similarity[~known(ours)] = np.nan
        similarity[:, ~known(theirs)] = np.nan
        return similarity

    def _centred(self, feature: Features) -> Features:
        if not self._look_count:
            return feature
        return unit_rows(np.where(known(feature)[:, None], feature - self._look_sum / self._look_count, 0.0))

    def _with_looks(self, likeness: FloatArray, cosine: FloatArray, good: BoolArray) -> FloatArray:
        c = self.config
        if c.appearance == "weighted":
            changed = c.alpha * likeness + (1 - c.alpha) * cosine
        else:
            changed = likeness + c.look_weight * (cosine - c.look_neutral)
        return np.asarray(np.where(good & ~np.isnan(cosine), changed, likeness))

    # --- coming back over a border -----------------------------------------------------------------------------------

    def _return(self, found: Found, lost: IntArray) -> None:
        """Match the boxes left at a border with the tracks that left there."""
        c, rows, size = self.config, self._rows, self._size()
        free = ((found.owner < 0) & (found.score >= max(c.border_score, c.high_score))).nonzero()[0]
        if not (self._border_memory and len(free) and size is not None):
            return
        gone = (rows.confirmed & (rows.last < self._frame)).nonzero()[0]
        if not len(gone):
            return
        left_at = _borders(rows.box.take(gone, axis=1), size, c.border_exit)
        back_at = _borders(found.boxes[free].T, size, c.border_return)
        same = left_at[:, :, None] & back_at[:, None]  # (4, T, N)
        if self._separate:
            same &= self._same_class(found.class_id[free], gone)
        if not same.any():
            return
        cost = -self._likelihood(found, free, gone, lost[gone], same)
        t, b = clip_then_solve(cost, -c.border_likelihood)
        track, box = gone[t], free[b]
        found.owner[box] = track
        rows.last[track] = self._frame
        again = lost[track] > self._memory  # the filter has forgotten more than it knows
        rows.state[:, :, track[again]] = self._start(found, box[again])

    def _likelihood(self, found: Found, free: IntArray, gone: IntArray, lost: IntArray, same: BoolArray) -> FloatArray:
        """Return (T, N): how likely it is that a track that left over a border is this box there."""
        c, rows = self.config, self._rows
        old, new = xyxy_to_xywh(rows.box[:, gone].T)[:, :, None], found.measurement[:, free]
        awaited = old[:2] + c.border_path * (self._path[:, None] - rows.path[:, gone])[:, :, None]
        away = ((new[:2, None] - awaited) / ((old[3] + new[3]) / 2)) ** 2
        # at a border at the side the way along it is vertical, at the top and bottom horizontal
        along = np.minimum(
            np.where(same[:2].any(axis=0), away[1], np.inf), np.where(same[2:].any(axis=0), away[0], np.inf)
        )
        ticks = (lost * self._ticks)[:, None]
        exponent = -along / (2 * c.border_spread**2 * (1 + c.border_growth * ticks))
        exponent -= 0.5 * (np.log(new[3] / old[3]) / c.border_size_tolerance) ** 2
        exponent -= ticks * (TICK / c.border_decay)
        if found.feature is not None:
            cosine = self._similarity(found.feature)[gone[:, None], free]
            exponent += np.where(np.isnan(cosine), 0.0, c.border_look_weight * (cosine - c.border_look_neutral))
        return np.asarray(np.exp(np.minimum(exponent, 0.0)))

    # --- what the matches change -------------------------------------------------------------------------------------

    def _correct(self, found: Found, lost: IntArray) -> None:
        c, rows = self.config, self._rows
        box = (found.owner >= 0).nonzero()[0]
        track, score, class_id = found.owner[box], found.score[box], found.class_id[box]
        measurement, corners = found.measurement.take(box, axis=1), found.boxes[box].T
        if not self._told:
            steady = (lost[track] == 1).nonzero()[0]
            moved = (corners - rows.box.take(track, axis=1)).take(steady, axis=1)
            self._flow = _median(moved[:2] + moved[2:]) / 2 if len(steady) > 2 else self._flow / 2
        self._path = self._path + self._flow
        if not len(track):
            return
        height = c.measurement_noise * self._height(measurement[3], class_id)
        noise = c.noise_gain * height * height * np.maximum(1.0 - score, c.noise_floor)
        rows.state[:, :, track] = kalman.update(rows.state.take(track, axis=2), measurement, noise)
        rows.box[:, track] = corners
        rows.path[:, track] = self._path[:, None]
        rows.hits[track] += 1
        rows.confirmed[track] |= rows.hits[track] >= c.confirm_hits
        rows.score[track] = score
        rows.class_id[track] = class_id
        if c.class_lock:
            self._vote(track, class_id)
        if found.feature is not None:
            sure = score >= c.look_score
            track, box = track[sure], box[sure]
            rows.feature[:, track] = blend(rows.feature[:, track].T, found.feature[box], c.look_momentum).T

    def _vote(self, track: IntArray, class_id: IntArray) -> None:
        rows = self._rows
        votes = rows.votes[track] + np.where(rows.kind[track] == class_id, 1, -1)
        rows.kind[track] = np.where(votes < 0, class_id, rows.kind[track])
        rows.votes[track] = np.abs(votes)

    def _spawn(self, found: Found) -> None:
        """Start tracks on confident boxes that nobody took and nobody stands on."""
        free = ((found.owner < 0) & (found.score >= max(self.config.new_score, self.config.high_score))).nonzero()[0]
        if not len(free):
            return
        new = self._within_caps(found, self._clear(found, free))
        if len(new):
            found.owner[new] = np.arange(len(self._rows.last), len(self._rows.last) + len(new))
            self._rows = columns.append(self._rows, self._born(found, new))

    def _clear(self, found: Found, free: IntArray) -> IntArray:
        """Return those of the free boxes that overlap neither a taken box nor a better free one."""
        if found.overlap is None:
            found.overlap = iou(found.boxes, found.boxes)
        clash = found.overlap.take(free, axis=0) > self.config.spawn_overlap
        if self._separate:
            clash &= found.class_id[free][:, None] == found.class_id
        clash[np.arange(len(free)), free] = False
        taken = found.owner >= 0
        if self.config.class_lock:
            hidden = self._hidden(found, free)
            free, clash = free[~hidden], clash[~hidden]
        if not (clash & (taken | (found.score >= self.config.new_score))).any():
            return free
        order = (-found.score[free]).argsort(kind="stable")
        new = []
        for i in order.tolist():
            if not (clash[i] & taken).any():
                taken[free[i]] = True
                new.append(free[i])
        return np.sort(np.array(new, np.int64))

    def _hidden(self, found: Found, free: IntArray) -> BoolArray:
        """Return (F,): boxes on a locked track of another class that was just seen: a detector's slip."""
        rows, c = self._rows, self.config
        recent = rows.last >= self._frame - max(1, self._frames(c.age_limit))
        locked = ((rows.votes >= c.class_votes) & (rows.last < self._frame) & recent).nonzero()[0]
        on = iou(xywh_to_xyxy(rows.state[0].take(locked, axis=1)), found.boxes[free]) > c.spawn_overlap
        hidden: BoolArray = (on & (rows.kind[locked][:, None] != found.class_id[free])).any(axis=0)
        return hidden

    def _within_caps(self, found: Found, new: IntArray) -> IntArray:
        """Return those of the new boxes, best first, for which there is a place left."""
        if not (self._caps or self.config.most) or not len(new):
            return new
        order = new[(-found.score[new]).argsort(kind="stable")]
        return np.sort(order[self._room(found.class_id[order], found.class_id[found.owner >= 0])])

    def _room(self, class_id: IntArray, taken: IntArray = columns.NONE) -> BoolArray:
        """Return (K,): for which of these classes, best first, a place is left beside those that are taken."""
        room = np.ones(len(class_id), np.bool_)
        for kind, most in self._caps.items():
            left = max(0, most - int(np.count_nonzero(taken == kind)))
            room[(class_id == kind).nonzero()[0][left:]] = False
        if self.config.most:
            room[room.nonzero()[0][max(0, self.config.most - len(taken)) :]] = False
        return room

    def _start(self, found: Found, new: IntArray) -> FloatArray:
        """Return (5, 4, K) states of tracks that start on these boxes, moving as the others do."""
        measurement = found.measurement.take(new, axis=1)
        height = self._height(measurement[3], found.class_id[new])
        state = kalman.initiate(measurement, self._first_var * (height * height))
        if not self._told:  # else the camera has been taken out of the velocities
            state[1, :2] = self._flow[:, None]
        return state

    def _born(self, found: Found, new: IntArray) -> Rows:
        count, length = len(new), len(self._rows.feature)
        zeros = np.zeros(count, np.int64)
        now, one = zeros + self._frame, zeros + 1
        feature = np.zeros((length, count), np.float32)
        if found.feature is not None:
            sure = found.score[new] >= self.config.look_score
            feature = np.where(sure, found.feature[new].T, np.float32(0.0))
        kind = found.class_id[new]
        return Rows(
            state=self._start(found, new),
            box=found.boxes[new].T,
            path=self._path[:, None] + np.zeros((1, count)),
            feature=feature,
            track_id=zeros,
            born=now,
            last=now,
            hits=one,
            confirmed=one >= (1 if self._frame == self._first else self.config.confirm_hits),
            score=found.score[new],
            class_id=kind,
            kind=kind,
            votes=one,
        )

    # --- what goes out -----------------------------------------------------------------------------------------------

    def _report(self, found: Found) -> Tracks:
        c, rows = self.config, self._rows
        shown = (found.owner >= 0).nonzero()[0]
        shown = shown[rows.confirmed[found.owner[shown]]]
        if len(self._known.last):
            shown = self._recognise(found, shown)
        if self._caps or c.most:
            shown = self._longest(found, shown)
        owner, row, boxes = found.owner[shown], found.row[shown], found.boxes.take(shown, axis=0)
        if c.box_blend:
            boxes = self._steadied(boxes, owner)
        track_id, self._last_id = columns.ids_of(rows.track_id, owner, self._last_id)
        if self.coasting:
            coast = self._coasting(owner)
            places = xywh_to_xyxy(rows.state[0].take(coast, axis=1))
            owner, row, boxes = columns.with_coasting(owner, row, boxes, coast, places)
            track_id = rows.track_id[owner]
        return Tracks.trusted(boxes, rows.score[owner], rows.class_id[owner], track_id, row)

    def _steadied(self, boxes: FloatArray, owner: IntArray) -> FloatArray:
        """Return (M, 4) corners between the detections' and those of their tracks' filters, near the detections'."""
        way: FloatArray = xywh_to_xyxy(self._rows.state[0].take(owner, axis=1))
        way -= boxes
        way *= self.config.box_blend
        near = _NEAR * (boxes[:, 3:] - boxes[:, 1:2])
        np.minimum(way, near, out=way)
        np.maximum(way, -near, out=way)
        return np.asarray(boxes + way)

    def _longest(self, found: Found, shown: IntArray) -> IntArray:
        """Return what is reported where there may be at most so many: those matched most often."""
        order = shown[(-self._rows.hits[found.owner[shown]]).argsort(kind="stable")]
        return np.sort(order[self._room(found.class_id[order])])

    def _coasting(self, shown: IntArray) -> IntArray:
        """Return the lost tracks that are reported beside those shown."""
        rows = self._rows
        lost = self._frame - rows.last
        corners = xywh_to_xyxy(rows.state[0])
        real = (corners[:, 2:] > corners[:, :2]).all(axis=1)  # far out, a small size can drown in rounding
        coast = ((lost > 0) & (lost <= self._memory) & (rows.track_id > 0) & real).nonzero()[0]
        if self._caps or self.config.most:
            coast = coast[(-rows.hits[coast]).argsort(kind="stable")]
            coast = coast[self._room(rows.class_id[coast], rows.class_id[shown])]
        return coast

    def _forget(self) -> None:
        rows = self._rows
        lost = self._frame - rows.last
        if not lost.any():
            return
        limit, size = np.full(len(lost), self._memory), self._size()
        if size is not None:
            centre = rows.state[0, :2]
            limit[((centre < 0) | (centre > size[:, None])).any(axis=0)] = min(self._outside_memory, self._memory)
            if self._border_memory:
                at_border = _borders(rows.box, size, self.config.border_exit).any(axis=0)
                limit[at_border] = np.maximum(limit[at_border], self._border_memory)
        alive = (lost <= limit) & (rows.confirmed | (lost == 0))
        if alive.all():
            return
        self._remember((~alive & (rows.track_id > 0)).nonzero()[0])
        self._rows = columns.keep(rows, alive.nonzero()[0])

    # --- knowing again -----------------------------------------------------------------------------------------------

    def _remember(self, tracks: IntArray) -> None:
        """Keep the looks of tracks that end; the oldest give way."""
        rows, c = self._rows, self.config
        if not (self._gallery_memory and len(tracks) and len(rows.feature)):
            return
        tracks = tracks[rows.feature[:, tracks].any(axis=0)]
        kept = with_room(self._known.feature, len(self._known.last), len(rows.feature))
        gone = Known(rows.feature[:, tracks], rows.track_id[tracks], rows.last[tracks], rows.kind[tracks])
        joined = columns.append(Known(kept, self._known.track_id, self._known.last, self._known.kind), gone)
        order = joined.last.argsort(kind="stable")
        order = order[joined.last[order] >= self._frame - self._gallery_memory]
        self._known = columns.keep(joined, order[max(0, len(order) - c.gallery_size) :])

    def _recognise(self, found: Found, shown: IntArray) -> IntArray:
        """Give new tracks the ids of vanished ones that look the same; return who is reported."""
        c, rows = self.config, self._rows
        self._known = columns.keep(self._known, (self._known.last >= self._frame - self._gallery_memory).nonzero()[0])
        owner = found.owner[shown]
        nameless = (rows.track_id[owner] == 0) & rows.feature[:, owner].any(axis=0)
        ready = nameless & (rows.hits[owner] >= c.link_hits)
        if ready.any() and len(self._known.last):
            self._link(owner[ready])
        waiting = nameless & ~ready
        return shown[~waiting] if len(self._known.last) or not waiting.any() else shown

    def _link(self, tracks: IntArray) -> None:
        c, rows, gone = self.config, self._rows, self._known
        cosine = self._centred(rows.feature[:, tracks].T).dot(self._centred(gone.feature.T).T).astype(np.float64)
        cosine[rows.born[tracks][:, None] <= gone.last] = -1.0  # who was seen together is not the same
        if self._separate:
            cosine[rows.kind[tracks][:, None] != gone.kind] = -1.0
        sure = (cosine >= c.link_likeness) & (cosine - _rival(cosine) >= c.link_margin)
        sure &= cosine - _rival(cosine.T).T >= c.link_margin
        before = gone.last < self._first  # a cut lies between
        alike = int(np.count_nonzero(sure[:, before].any(axis=1)))
        self._same_match |= alike >= max(_LEAST_ALIKE, c.cut_share * len(tracks))
        sure &= ~before | self._same_match
        t, g = clip_then_solve(np.where(sure, -cosine, _APART), -c.link_likeness)
        rows.track_id[tracks[t]] = gone.track_id[g]
        left = np.ones(len(gone.last), np.bool_)
        left[g] = False
        self._known = columns.keep(gone, left.nonzero()[0])


def _planes(position: float, velocity: float) -> FloatArray:
    return np.array([0.0, 0.0, position, 0.0, velocity])[:, None, None]


def _median(values: FloatArray) -> FloatArray:
    """Return the median of each row; np.median takes 20 times as long on so few."""
    count = values.shape[1]
    ordered = np.sort(values, axis=1)
    return (ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2


def _overlaps(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (P,) IoU and DIoU (IoU less the squared distance of the centres per diagonal) of pairs of xywh planes."""
    away, half = np.abs(b[:2] - a[:2]), (a[2:] + b[2:]) / 2
    inner = np.minimum(np.minimum(a[2:], b[2:]), half - away)
    outer = np.maximum(np.maximum(a[2:], b[2:]), half + away)
    shared = np.maximum(inner, 0.0).prod(axis=0)
    overlap = shared / (a[2:].prod(axis=0) + b[2:].prod(axis=0) - shared)
    return overlap, overlap - (away * away).sum(axis=0) / (outer * outer).sum(axis=0)


def _borders(corners: FloatArray, size: FloatArray, margin: float) -> BoolArray:
    """Return (4, T): which boxes (4, T) are at the left, right, top and bottom border of the picture."""
    edge = (size * margin)[:, None]
    near = np.empty((4, corners.shape[1]), np.bool_)
    near[::2] = corners[:2] <= edge
    near[1::2] = corners[2:] >= size[:, None] - edge
    return near


def _warped(state: FloatArray, camera: FloatArray) -> FloatArray:
    """Return the state in the pixels of a camera that has moved; sizes follow its zoom, shapes don't turn."""
    linear = camera[:, :2]
    moved: FloatArray = state.copy()
    for plane in (0, 1):
        moved[plane, :2] = linear.dot(state[plane, :2])
    moved[0, :2] += camera[:, 2:]
    for plane in (2, 3, 4):
        moved[plane, :2] = (linear * linear).dot(state[plane, :2])
    zoom = abs(float(linear[0, 0] * linear[1, 1] - linear[0, 1] * linear[1, 0]))
    moved[:2, 2:] *= zoom**0.5
    moved[2:, 2:] *= zoom
    return moved


def _rival(values: FloatArray) -> FloatArray:
    """Return, for each entry, the best other one of its row; −1 where there is none."""
    if values.shape[1] < 2:
        return np.full(values.shape, -1.0)
    second, best = np.partition(values, -2, axis=1)[:, -2:].T
    return np.asarray(np.where(values == best[:, None], second[:, None], best[:, None]))
