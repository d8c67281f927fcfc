"""How fast frames reach a tracker, where a live source drops some."""

from __future__ import annotations

import itertools
from collections import deque
from statistics import median

_WINDOW = 10  # frames
_FEWEST = 3  # frames, before anything is said
_APART = 1.2  # ratio of two rates that counts as a difference


class Pace:
    """Measures the rate of the frames that arrive: the middle of the latest intervals, so that a stall does not count.

    Args:
        rate: frames per second that the tracker was made for.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._times: deque[float] = deque(maxlen=_WINDOW)

    def see(self, seconds: float) -> float | None:
        """Take the next frame's time; return the rate if it has become another one, else None."""
        self._times.append(seconds)
        if len(self._times) < _FEWEST:
            return None
        times = list(self._times)
        interval = median(later - earlier for earlier, later in itertools.pairwise(times))
        if interval <= 0 or 1 / _APART <= interval * self.rate <= _APART:
            return None
        self.rate = 1 / interval
        return self.rate
