"""Line pixels of one frame and the painted points they belong to, from round to round of a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.model import InView, Painted, in_view, pair
from sportstrack.pitch.clip.views import SHARED, VIEW, Sight

LINE_ERROR = 1.0 / 1000
"""Of the picture's width: standard deviation of a stretch of line that counts as one observation."""
STRETCH = 36.0 / 1000
"""Of the width: the length of such a stretch; what errs along a line errs together."""
SPACING = 5.0 / 1000
"""Of the width: line pixels are so far apart."""
STAYS = 0.4 / 1000
"""Of the width: painted points may move so far in the picture before line pixels are paired anew: that costs most."""


@dataclass(frozen=True, eq=False)
class LinePulls:
    """What each line and arc of one frame has to say, in the order of `Painted.names`.

    Attributes:
        pulls: (8, P) what it adds to the right side of the equations if all its line pixels are off by a pixel.
        off: (P,) sum of what its line pixels are off, in pixels times weights.
        weight: (P,) sum of the weights.
    """

    pulls: Floats
    off: Floats
    weight: Floats


class LineMatch:
    """Line pixels of one frame and their painted points, as a fit changes the view.

    Args:
        painted: of the pitch.
        lines: (N, 3) line pixels, as in `SeenFrame`.
        size: (width, height) of the picture.
        gate: how far, in pixels, line pixels may be from painted lines at most.

    Attributes:
        seen: the painted points in view when the pairs were found.
    """

    seen: InView
    _sight: Sight  # of the painted points of pairs
    _normal: Floats
    _lines: Floats
    _away: Floats
    _part: npt.NDArray[np.int64]  # the line or arc of each painted point

    def __init__(self, painted: Painted, lines: Floats, size: tuple[int, int], gate: float) -> None:
        self._painted, self._all, self._size, self._gate = painted, lines, size, gate
        self._points = self._paired = np.empty((0, 3))

    def go(self, shared: Floats, view: Floats) -> None:
        """Take another view."""
        if len(self._points):
            sight = Sight.of(shared, view, self._points, (self._size[0] / 2, self._size[1] / 2))
            if float(np.abs(sight.pixels - self._paired).max()) < STAYS * self._size[0]:
                self._sight = sight
                return
        self.seen = in_view(self._painted, shared, view, self._size)
        pairs = pair(self._all, self.seen, self._gate)
        index = self.seen.index[pairs.at]
        self._points, self._part = self._painted.points[index], self._painted.part[index]
        self._lines, self._away = self._all[pairs.row], pairs.away
        self._sight, self._normal = self.seen.sight.take(pairs.at), self.seen.normal[pairs.at]
        self._paired = self._sight.pixels

    def equations(self, gate: float, *, with_shared: bool = False) -> tuple[Floats, Floats]:
        """Return the normal equations of the line pixels within a gate in pixels: matrix and right side."""
        count = SHARED + VIEW if with_shared else VIEW
        if not len(self._points):
            return np.zeros((count, count)), np.zeros(count)
        off = self._off()
        across, weight = self._weighed(gate, off, with_shared=with_shared)
        return (across * weight) @ across.T, across @ (weight * off)

    def by_line(self, gate: float) -> LinePulls:
        """Return what each line and arc has to say, of the line pixels within a gate in pixels."""
        lines = len(self._painted.names)
        if not len(self._points):
            return LinePulls(np.zeros((SHARED + VIEW, lines)), np.zeros(lines), np.zeros(lines))
        off = self._off()
        across, weight = self._weighed(gate, off, with_shared=True)
        every = np.vstack([across * weight, weight * off, weight])
        sums = np.array([np.bincount(self._part, one, lines) for one in every], dtype=float)
        return LinePulls(sums[:-2], sums[-2], sums[-1])

    def explained(self, reach: float) -> float:
        """Return the part of all line pixels that is within ``reach`` pixels of painted lines."""
        if not len(self._points):
            return 0.0
        near = self._away <= reach + 1.1 * self.seen.half
        return float((near & (np.abs(self._off()) <= reach)).sum()) / len(self._all)

    def _weighed(self, gate: float, off: Floats, *, with_shared: bool) -> tuple[Floats, Floats]:
        """Return slopes across the lines, (4, N) or (8, N), and the weights of the line pixels."""
        across = self._sight.across(self._normal.T, with_shared=with_shared)
        sigma = LINE_ERROR * self._size[0]
        weight = np.square(np.clip(1 - np.square(off / max(gate, 4 * sigma)), 0, None))
        weight *= SPACING / STRETCH / sigma**2 * (np.abs(off) <= gate)
        return across, weight

    def _off(self) -> Floats:
        return np.asarray(((self._lines[:, :2] - self._sight.pixels) * self._normal).sum(1))
