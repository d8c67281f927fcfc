"""Everyone's place on the pitch: a result's boxes through the cameras of its frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.classes import ball_ids
from sportstrack.draw.packed import HUNDREDTHS, PackedTracks, returned
from sportstrack.draw.results import ResultFile
from sportstrack.draw.standing import ball_place, feet_on_pitch
from sportstrack.errors import SettingError
from sportstrack.identities import ROLES, Identities
from sportstrack.pitch import PitchTrack
from sportstrack.pitch.ball import ball_states
from sportstrack.types import BoolArray, FloatArray, IntArray, Tracks

_BLOCK = 20_000  # boxes between two reports of progress


@dataclass(frozen=True, eq=False)
class GroundPlaces:
    """N boxes of persons with their places, in the order of frames; with 16 or 32 bits, for matches are long.

    Attributes:
        frame: (N,) from 0.
        track_id: (N,).
        class_id: (N,).
        xyxy: (N, 4) pixels; (0, 4) where nobody asked for boxes.
        score: (N,); as the boxes.
        xy: (N, 2) metres; NaN where the frame's camera is not known.
        error: (N,) root mean square errors of the places in metres.
    """

    frame: NDArray[Any]
    track_id: NDArray[Any]
    class_id: NDArray[Any]
    xyxy: NDArray[Any]
    score: NDArray[Any]
    xy: NDArray[Any]
    error: NDArray[Any]

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, rows: IntArray | BoolArray) -> GroundPlaces:
        kept = {name: value[rows] for name, value in vars(self).items() if len(value) == len(self.frame)}
        return replace(self, **kept)


@dataclass(frozen=True, eq=False)
class BallPlaces:
    """The ball's N places, one a frame.

    Attributes:
        frame: (N,) from 0, ascending.
        xy: (N, 2) metres where it is if it is on the ground.
        error: (N,) metres.
        state: (N,) `sportstrack.pitch.ball.GROUNDED`, ``FLYING`` or ``UNKNOWN``.
    """

    frame: IntArray
    xy: FloatArray
    error: FloatArray
    state: IntArray


def find_places(
    result: ResultFile,
    pitch: PitchTrack,
    identities: Identities,
    frame_rate: float,
    *,
    forget: bool = False,
    boxes: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[GroundPlaces, BallPlaces]:
    """Return where persons and ball are.

    Args:
        result: the boxes.
        pitch: where the frames see the pitch.
        identities: who is who; a track may be a ball by its role.
        frame_rate: of the frames' numbers.
        forget: take the boxes out of the result; a long match needs no room for them twice.
        boxes: keep the boxes and scores of persons, too.
        progress: called with the boxes done and all boxes.

    Raises:
        SettingError: the result has no boxes in any frame whose camera is known.
    """
    numbers = sorted(result.tracks)
    packed = result.tracks if isinstance(result.tracks, PackedTracks) else _packed(result.tracks)
    if forget:
        result.tracks = {}
    frame, track_id, class_id, detection = packed.frame, packed.track_id, packed.class_id, packed.detection
    known = _frames_with_camera(pitch, int(frame.max(initial=0)))[frame]
    if not len(frame):
        raise SettingError(f"{result.path}: has no tracks")
    if not known.any():
        last = max(numbers, default=-1) + 1
        raise SettingError(
            f"{result.path}: has boxes in frames up to {last}, but none of them has a camera in the pitch file "
            f"({len(pitch)} frames); does it belong to this video?"
        )
    is_ball = _is_ball(result, identities, track_id, class_id)
    xy, error = returned((len(frame), 2), np.float32), returned((len(frame),), np.float32)
    count = int(np.count_nonzero(known & ~is_ball))
    done = 0
    for at in range(0, len(frame), _BLOCK):
        part = slice(at, at + _BLOCK)
        xy[part], error[part] = np.nan, np.nan
        some = at + np.flatnonzero(known[part] & ~is_ball[part])
        xy[some], error[some] = feet_on_pitch(pitch, frame[some], packed.boxes(some))
        done += len(some)
        if progress is not None:
            progress(done, count)
    seen = np.flatnonzero(is_ball & known & (detection >= 0))
    ball = _ball(frame[seen].astype(np.int64), packed.boxes(seen), packed.score[seen], pitch, frame_rate)
    rows = ~is_ball
    xyxy, score = np.empty((0, 4), np.float32), np.empty(0, np.float32)
    if boxes:
        xyxy = packed.xyxy[rows].astype(np.float32)
        xyxy /= HUNDREDTHS
        score = packed.score[rows].astype(np.float32)
    return GroundPlaces(frame[rows], track_id[rows], class_id[rows], xyxy, score, xy[rows], error[rows]), ball


def _frames_with_camera(pitch: PitchTrack, last: int) -> BoolArray:
    """Return whether each frame up to ``last`` has a camera."""
    known = np.zeros(last + 1, np.bool_)
    numbers = np.fromiter((one.frame for one in pitch if one.camera is not None), np.int64)
    known[numbers[numbers <= last]] = True
    return known


def _packed(tracks: Mapping[int, Tracks]) -> PackedTracks:
    """Return the tracks of all frames in a few columns."""
    numbers = sorted(tracks)
    empty = np.empty(0, np.int64)
    frame = np.repeat(np.array(numbers, np.int64), [len(tracks[number]) for number in numbers])
    track_id, class_id, detection = (
        np.concatenate([empty, *(getattr(tracks[number], name) for number in numbers)])
        for name in ("track_id", "class_id", "detection")
    )
    xyxy = np.concatenate([np.empty((0, 4)), *(tracks[number].xyxy for number in numbers)])
    score = np.concatenate([np.empty(0), *(tracks[number].score for number in numbers)])
    return PackedTracks.of(frame, xyxy, score, class_id, track_id, detection)


def _is_ball(result: ResultFile, identities: Identities, track_id: IntArray, class_id: IntArray) -> BoolArray:
    balls = [one.track_id for one in identities if one.role == "ball"]
    return np.isin(class_id, ball_ids(result.names)) | np.isin(track_id, balls)


def _ball(frame: IntArray, xyxy: FloatArray, score: FloatArray, pitch: PitchTrack, frame_rate: float) -> BallPlaces:
    order = np.lexsort((-score, frame))  # of several balls in a frame the surest
    rows = order[np.unique(frame[order], return_index=True)[1]]
    found = [ball_place(pitch, number, box) for number, box in zip(frame[rows].tolist(), xyxy[rows], strict=True)]
    xy, error, lens = (
        np.array([one[column] for one in found], float).reshape(shape)
        for column, shape in enumerate(((-1, 2), (-1,), (-1, 3)))
    )
    states = ball_states(frame[rows], xy, error, lens, frame_rate)
    return BallPlaces(frame[rows], xy, error, states.astype(np.int64))


def class_roles(names: Mapping[int, str]) -> dict[int, str]:
    """Return class id → role, of the classes that are called as a role is."""
    return {number: name.strip().lower() for number, name in names.items() if name.strip().lower() in ROLES}
