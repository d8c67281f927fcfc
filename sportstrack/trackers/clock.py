"""Time in steps: how far filters and memories move on with a frame.

A step is one frame at the tracker's frame rate, 1 / ``frame_rate`` seconds. Where frames come at that rate every frame
is one step, with times or without. Frames that a source dropped, or a rate that varies, show in their times.
"""

from __future__ import annotations

import inspect
from typing import Any, Protocol

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.types import FloatArray, Tracker, Tracks

STEADY = 0.1  # of a step: an interval so near a whole number of steps is that number …
ROUNDED = 0.001  # seconds: … or so near, because some containers round their times to a millisecond
LEAST = 0.1  # of a step; frames that are said to come faster come one by one out of a queue
LONG_GAP = 0.5  # seconds without a frame after which memories are checked before the next frame is matched
ANEW = 1.0  # seconds; a time that is earlier by more than this is another clock's
_GRAIN = 1024  # parts of a step; sums of such numbers are exact


class TimedTracker(Tracker, Protocol):
    """A tracker that is given the time of each frame, as all of this package's are."""

    def update(self, detections: Any, camera: FloatArray | None = None, time: float | None = None) -> Tracks:
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections`` of the frame.
            camera: (2, 3) affine that maps the previous frame's pixels to this one's, or None.
            time: seconds on the source's clock, later than the last frame's; None: one step after it.
        """
        ...


class StepClock:
    """Counts steps, by the times of the frames where these are known.

    Attributes:
        now: steps so far, this frame included.
        before: the same of the frame before.
        step: from that frame to this one.
        long_gap: whether there was no frame for longer than `LONG_GAP`.
    """

    __slots__ = ("_cut", "_time", "before", "long_gap", "now", "step")

    def __init__(self) -> None:
        self.now, self.before, self.step, self.long_gap = 0.0, 0.0, 1.0, False
        self._time: float | None = None  # of the last frame, in seconds
        self._cut = False

    def cut(self) -> None:
        """Let the next frame have any time; if it is no later, it counts as one step after the last one."""
        self._cut = True

    def advance(self, time: float | None, frame_rate: float) -> None:
        """Take the next frame.

        Args:
            time: its seconds on the source's clock; None: one step after the frame before. So is the first frame of
                another clock, such as the next file's, which shows in a time that is earlier by more than `ANEW`.
            frame_rate: steps per second.

        Raises:
            SettingError: if the time is no finite number, or not later than that of the frame before without being of
                another clock; nothing has changed then.
        """
        step, last = 1.0, self._time
        if time is not None:
            time = self.read(time)
            if last is not None and time > last:
                step = steps_between(last, time, frame_rate)
        elif last is not None:
            time = last + 1.0 / frame_rate
        self._time, self._cut = time, False
        self.step, self.before = step, self.now
        self.now += step
        self.long_gap = step > 1.0 and step > LONG_GAP * frame_rate

    def read(self, time: Any) -> float:
        """Return a frame's time, checked as by `advance`, which has not taken it yet."""
        try:
            seconds = float(time)
        except (TypeError, ValueError) as error:
            raise SettingError(f"time: expected seconds or None, got {time!r}") from error
        if not np.isfinite(seconds):
            raise SettingError(f"time: expected seconds or None, got {time!r}")
        if self._time is not None and 0 <= self._time - seconds <= ANEW and not self._cut:
            raise SettingError(
                f"time: expected more than the {self._time:g} s of the frame before, got {seconds:g}; "
                "cut() or reset() says that another clock begins"
            )
        return seconds

    def oldest(self, buffer: float) -> float:
        """Return the step since which a track must have been matched to be remembered after this frame.

        Args:
            buffer: steps that a lost track is remembered; at least one frame, unless 0.
        """
        return self.now - max(buffer, self.step) if buffer else self.now


def takes_time(tracker: Any) -> bool:
    """Return whether the ``update`` of a tracker has an argument ``time``."""
    try:
        return "time" in inspect.signature(tracker.update).parameters
    except (TypeError, ValueError):  # of some that are written in C
        return False


def steps_between(earlier: float, later: float, frame_rate: float) -> float:
    """Return the steps between two times in seconds: a whole number where they are near one, at least `LEAST`."""
    steps = (later - earlier) * frame_rate
    whole = round(steps)
    if whole and abs(steps - whole) <= max(STEADY, ROUNDED * frame_rate) + 1e-9:
        return float(whole)
    return max(LEAST, round(steps * _GRAIN) / _GRAIN)
