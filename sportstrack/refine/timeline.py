"""Frames that were tracked, and their places in time: where some are missing, places stay free for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.refine.table import TrackTable
from sportstrack.trackers.clock import StepClock
from sportstrack.types import FloatArray, IntArray

_LONGEST = 60.0  # seconds without a frame that count


@dataclass(frozen=True, eq=False)
class Timeline:
    """The frames of a run.

    Attributes:
        number: (F,) the video's own numbers of the frames that were tracked, ascending.
        place: (F,) their places, from 0, ascending; one place is one frame at the frame rate.
    """

    number: IntArray
    place: IntArray

    @classmethod
    def of(
        cls, frames: Sequence[int] | IntArray, times: Sequence[float] | FloatArray | None, frame_rate: float
    ) -> Timeline:
        """Arrange frames; arguments and errors as `sportstrack.refine.refine_tracks`."""
        number = np.asarray(frames, np.int64)
        return cls(number, _places(len(number), times, frame_rate))

    @property
    def length(self) -> int:
        """Places, the free ones included."""
        return int(self.place[-1]) + 1 if len(self.place) else 0

    def placed(self, table: TrackTable) -> TrackTable:
        """Return a table with places instead of frame numbers."""
        return replace(table, frame=self.place[np.searchsorted(self.number, table.frame)])

    def camera(self, camera: FloatArray | None) -> FloatArray | None:
        """Return the affines of all places from (F, 2, 3) ones of the frames."""
        if camera is None or self.length == len(self.place):
            return camera
        return _with_missing(camera, self.place, self.length)

    def cuts(self, cuts: Sequence[int]) -> list[int]:
        """Return the places of frame numbers with which another shot begins; of the next one where that is no frame."""
        after = np.searchsorted(self.number, np.asarray(cuts, np.int64))
        found: list[int] = np.append(self.place, self.length)[after].tolist()
        return found

    def back(self, table: TrackTable) -> TrackTable:
        """Return a table with frame numbers again, without the boxes at places that no frame has."""
        table = table[np.isin(table.frame, self.place)]
        return replace(table, frame=self.number[np.searchsorted(self.place, table.frame)])


def _places(count: int, times: Sequence[float] | FloatArray | None, frame_rate: float) -> IntArray:
    """Return (F,) the places of frames, with places between them for those that are missing; ascending.

    A gap counts as a minute at most: by then nothing depends on how long it was.

    Raises:
        SettingError: another number of times than of frames, or times that do not ascend.
    """
    if times is None or not count:
        return np.arange(count)
    if len(times) != count:
        raise SettingError(f"times: expected {count}, one for each frame, got {len(times)}")
    clock, steps = StepClock(), []
    for time in np.asarray(times, np.float64).tolist():
        clock.advance(time, frame_rate)
        steps.append(min(clock.step, _LONGEST * frame_rate))
    place = np.rint(np.cumsum(steps) - steps[0]).astype(np.int64)
    order = np.arange(count)
    return np.asarray(np.maximum.accumulate(place - order) + order)  # no two frames have one place


def _with_missing(camera: FloatArray, place: IntArray, length: int) -> FloatArray:
    """Return (length, 2, 3) affines; the frame after missing ones has the whole motion since the frame before them."""
    whole = np.tile(np.eye(2, 3), (length, 1, 1))
    whole[place] = camera
    return whole
