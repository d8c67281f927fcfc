"""Where everyone in a frame stands on the pitch, and how fast they are: for maps, labels and tables."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sportstrack.pitch.ball import GROUNDED, RADIUS, ball_states
from sportstrack.pitch.file import PitchTrack
from sportstrack.pitch.motion import smooth_path
from sportstrack.types import FloatArray, IntArray, Tracks

BALL_ERROR = 0.0012
"""Error of a ball's middle in each direction, as a part of the picture's width."""
_BEYOND = 20.0  # metres behind the lines; who seems to be farther away is at the horizon
_EDGE = 2.0  # pixels from the picture's lower edge, within which it cuts boxes off
_MEMORY = 0.8  # seconds that a live speed rests on
_LEAST = 0.3  # seconds from which on there is one
_BLOCK, _OVERLAP = 60.0, 5.0  # seconds of a path that are smoothed together, and of them on each side of a cut
_BALL_MEMORY = 0.5  # seconds that a live ball's state rests on


@dataclass(frozen=True, eq=False)
class FramePlaces:
    """The tracks of one frame on the pitch.

    Attributes:
        xy: (N, 2) metres, in the order of the tracks; NaN where nobody knows, and for balls that may be in the air.
        error: (N,) root mean square errors in metres.
        speed: (N,) metres per second; NaN where nobody knows.
    """

    xy: FloatArray
    error: FloatArray
    speed: FloatArray

    @classmethod
    def unknown(cls, count: int) -> FramePlaces:
        """Return that nothing is known of so many tracks."""
        return cls(np.full((count, 2), np.nan), np.full(count, np.nan), np.full(count, np.nan))


class Stand(Protocol):
    """Knows where the tracks of a video stand."""

    pitch: PitchTrack

    def at(self, frame: int, tracks: Tracks) -> FramePlaces:
        """Return where the tracks of a frame stand; frames in order, from 0."""
        ...


class LiveStand:
    """Where tracks stand as they come, from this frame and those before it.

    Args:
        pitch: where each frame sees the pitch.
        frame_rate: of the frames' numbers.
        balls: ids of the classes that are a ball.
    """

    def __init__(self, pitch: PitchTrack, frame_rate: float, balls: Sequence[int] = ()) -> None:
        self.pitch, self._rate, self._balls = pitch, frame_rate, list(balls)
        self._before: dict[int, deque[tuple[int, FloatArray]]] = {}
        self._ball: deque[tuple[int, FloatArray, float, FloatArray]] = deque()
        self._last = -1

    def at(self, frame: int, tracks: Tracks) -> FramePlaces:
        """See `Stand.at`; a frame before the last one begins anew."""
        if frame <= self._last:
            self._before.clear()
            self._ball.clear()
        self._last = frame
        xy, error = feet_on_pitch(self.pitch, np.full(len(tracks), frame), tracks.xyxy)
        speed = np.full(len(tracks), np.nan)
        is_ball = np.isin(tracks.class_id, self._balls)
        for row, track in enumerate(tracks.track_id.tolist()):
            if not is_ball[row] and np.isfinite(xy[row]).all():
                xy[row], speed[row] = self._moved(track, frame, xy[row])
        for track in [one for one, points in self._before.items() if points[-1][0] < frame - _MEMORY * self._rate]:
            del self._before[track]
        xy[is_ball], error[is_ball] = np.nan, np.nan
        for row in np.flatnonzero(is_ball & (tracks.detection >= 0))[:1]:
            xy[row], error[row] = self._rolled(frame, tracks.xyxy[row])
        return FramePlaces(xy, error, speed)

    def _moved(self, track: int, frame: int, place: FloatArray) -> tuple[FloatArray, float]:
        """Return the place and the speed by a straight line through the last moments."""
        points = self._before.setdefault(track, deque())
        points.append((frame, place.copy()))
        while points[0][0] < frame - _MEMORY * self._rate:
            points.popleft()
        times = np.array([number - frame for number, _ in points]) / self._rate
        if -times[0] < _LEAST or len(points) < 4:
            return place, float("nan")
        known = np.array([spot for _, spot in points])
        middle, centre = times.mean(), known.mean(axis=0)
        velocity = (times - middle) @ (known - centre) / ((times - middle) ** 2).sum()
        return (place + centre - middle * velocity) / 2, float(np.hypot(*velocity))

    def _rolled(self, frame: int, box: FloatArray) -> tuple[FloatArray, float]:
        xy, error, lens = ball_place(self.pitch, frame, box)
        self._ball.append((frame, xy, error, lens))
        while self._ball[0][0] < frame - _BALL_MEMORY * self._rate:
            self._ball.popleft()
        numbers, places, errors, lenses = (np.array(column) for column in zip(*self._ball, strict=True))
        if ball_states(numbers, places, errors, lenses, self._rate)[-1] == GROUNDED:
            return xy, error
        return np.full(2, np.nan), float("nan")


class KnownStand:
    """Where tracks stand that are known in advance: each path is smoothed as a whole.

    Attributes:
        frame: (N,) of each box, ascending.
        track_id: (N,).
        is_ball: (N,).
        xy: (N, 2) metres, smoothed; NaN where nobody knows.
        error: (N,) metres.
        speed: (N,) metres per second.

    Args:
        pitch: where each frame sees the pitch.
        tracks: frame, from 0 → its tracks.
        frame_rate: of the frames' numbers.
        every: how far the numbers of frames lie apart.
        balls: ids of the classes that are a ball.
    """

    def __init__(
        self,
        pitch: PitchTrack,
        tracks: Mapping[int, Tracks],
        frame_rate: float,
        *,
        every: int = 1,
        balls: Sequence[int] = (),
    ) -> None:
        self.pitch, self._rate = pitch, frame_rate
        numbers = sorted(tracks)
        empty = np.empty(0, np.int64)
        self.frame = np.repeat(np.array(numbers, np.int64), [len(tracks[number]) for number in numbers])
        self.track_id, class_id, detection = (
            np.concatenate([empty, *(getattr(tracks[number], name) for number in numbers)])
            for name in ("track_id", "class_id", "detection")
        )
        xyxy = np.concatenate([np.empty((0, 4)), *(tracks[number].xyxy for number in numbers)])
        self.is_ball = np.isin(class_id, list(balls))
        self.xy, self.error = np.full((len(xyxy), 2), np.nan), np.full(len(xyxy), np.nan)
        self.speed = np.full(len(xyxy), np.nan)
        self._steps: dict[int, tuple[IntArray, FloatArray]] = {}  # track → frames, metres up to each
        people = np.flatnonzero(~self.is_ball)
        self.xy[people], self.error[people] = feet_on_pitch(pitch, self.frame[people], xyxy[people])
        order = people[np.argsort(self.track_id[people], kind="stable")]
        for rows in np.split(order, np.flatnonzero(np.diff(self.track_id[order])) + 1) if len(order) else ():
            self._smooth(rows, every)
        self._add_ball(np.flatnonzero(self.is_ball & (detection >= 0)), xyxy)

    def at(self, frame: int, tracks: Tracks) -> FramePlaces:
        """See `Stand.at`."""
        found = FramePlaces.unknown(len(tracks))
        low, high = np.searchsorted(self.frame, (frame, frame + 1)).tolist()
        row_of = {track: low + row for row, track in enumerate(self.track_id[low:high].tolist())}
        for row, track in enumerate(tracks.track_id.tolist()):
            if (there := row_of.get(track)) is not None:
                found.xy[row], found.error[row], found.speed[row] = self.xy[there], self.error[there], self.speed[there]
        return found

    def metres(self, first: int, last: int) -> dict[int, float]:
        """Return how many metres each track walked from a frame to a later one; none without a path between them."""
        found = {}
        for track, (frame, walked) in self._steps.items():
            low, high = np.searchsorted(frame, (first, last + 1)).tolist()
            if high > low:
                found[track] = float(walked[high - 1] - (walked[low - 1] if low else 0.0))
        return found

    def _smooth(self, rows: IntArray, every: int) -> None:
        """Put smoothed places and speeds in the rows of one track; what is not on a path keeps its own place."""
        path = smooth_path(self.frame[rows], self.xy[rows], self.error[rows], self._rate, every=every)
        seen, speed = path.seen, path.speed
        there = rows[np.searchsorted(self.frame[rows], path.frame[seen])]
        self.xy[there], self.speed[there] = path.xy[seen], speed[seen]
        walked = np.cumsum(np.nan_to_num(speed)) * every / self._rate
        self._steps[int(self.track_id[rows[0]])] = (path.frame, walked)

    def _add_ball(self, rows: IntArray, xyxy: FloatArray) -> None:
        """Put the places of balls on the ground in their rows; of several balls in a frame the first counts."""
        rows = rows[np.unique(self.frame[rows], return_index=True)[1]]
        if not len(rows):
            return
        found = [ball_place(self.pitch, n, xyxy[row]) for n, row in zip(self.frame[rows].tolist(), rows, strict=True)]
        xy, error, lens = (np.array(column) for column in zip(*found, strict=True))
        grounded = ball_states(self.frame[rows], xy, error, lens, self._rate) == GROUNDED
        self.xy[rows[grounded]], self.error[rows[grounded]] = xy[grounded], error[grounded]


class MetresWalked:
    """Adds up how far each track walks as it comes: paths are smoothed minute by minute, in bounded memory.

    Args:
        frame_rate: of the frames' numbers.
        every: how far the numbers of frames lie apart.
    """

    def __init__(self, frame_rate: float, every: int = 1) -> None:
        self._rate, self._every = frame_rate, every
        self._places: dict[int, list[tuple[int, float, float, float]]] = {}
        self._swept = 0
        self._done: dict[int, tuple[int, float]] = {}  # track → frame up to which it is counted, metres

    def add(self, frame: int, track_id: IntArray, xy: FloatArray, error: FloatArray) -> None:
        """Add the places of a frame, in order; rows of NaN are places that are not known."""
        rows = zip(track_id.tolist(), xy.tolist(), error.tolist(), strict=True)
        for track, (x, y), unsure in rows:
            if np.isfinite(x):
                places = self._places.setdefault(track, [])
                places.append((frame, x, y, unsure))
                if frame - places[0][0] > _BLOCK * self._rate:
                    self._count(track, frame - round(_OVERLAP * self._rate))
        if frame >= self._swept + _BLOCK * self._rate:
            self._swept = frame
            for track in [t for t, places in self._places.items() if places[-1][0] < frame - _OVERLAP * self._rate]:
                self._count(track, frame)  # it may come back, after a gap that no path bridges
                del self._places[track]

    def metres(self) -> dict[int, float]:
        """Return track → metres walked so far, of those with a path."""
        for track, places in self._places.items():
            self._count(track, places[-1][0])
        return {track: metres for track, (_, metres) in self._done.items()}

    def _count(self, track: int, last: int) -> None:
        """Count a track's metres up to a frame, and forget the places that no later path needs."""
        frame, x, y, error = np.array(self._places[track]).T
        path = smooth_path(frame, np.column_stack([x, y]), error, self._rate, every=self._every)
        before, metres = self._done.get(track, (-1, 0.0))
        inside = (path.frame > before) & (path.frame <= last)
        if len(path):
            metres += float(np.nansum(path.speed[inside])) * self._every / self._rate
            self._done[track] = (max(before, last), metres)
        kept = last - round(_OVERLAP * self._rate)
        self._places[track] = [one for one in self._places[track] if one[0] >= kept]


def feet_on_pitch(pitch: PitchTrack, frame: IntArray, xyxy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (N, 2) places of boxes' feet in metres and (N,) their errors.

    NaN where the camera is not known, where the picture's lower edge hides the feet, and far off the pitch, where only
    the horizon is.
    """
    xy, error = pitch.feet(frame, xyxy)
    lost = (np.abs(xy) > np.array(pitch.pitch.reach) + _BEYOND).any(axis=1) | (xyxy[:, 3] > pitch.size[1] - _EDGE)
    xy[lost], error[lost] = np.nan, np.nan
    return xy, error


def ball_place(pitch: PitchTrack, frame: int, box: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    """Return where a ball would be on the ground, the error in metres, and where the camera is."""
    camera = pitch.at(frame).camera
    if camera is None:
        return np.full(2, np.nan), float("nan"), np.zeros(3)
    middle = (box[:2] + box[2:]) / 2
    error = float(camera.ground_error(middle, BALL_ERROR * pitch.size[0])[0])
    return camera.to_ground(middle, RADIUS)[0], error, np.array(camera.centre)
