"""Named places of one frame, ready for fits: points, points of straight lines, points of arcs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sportstrack.errors import SettingError
from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.model import Painted
from sportstrack.pitch.clip.views import VIEW, Sight, project, slopes
from sportstrack.pitch.evidence import PitchEvidence
from sportstrack.pitch.model import Pitch

_HUBER = 3.0  # standard deviations from which on a place counts less
_FAR = 1e6  # pixels, of what is behind the camera


@dataclass(frozen=True, eq=False)
class Places:
    """Named places of one frame.

    Attributes:
        points: (N, 3) in metres; of a line or an arc any of its points.
        pixels: (N, 2).
        weight: (N,) confidence over variance.
        part: (N,) the line or arc, in the order of `Painted.names`, on which a place is anywhere; −1 for a point.
        painted: the points of the lines and arcs.
        by_hand: someone has marked them.
    """

    points: Floats
    pixels: Floats
    weight: Floats
    part: npt.NDArray[np.int64]
    painted: Painted
    by_hand: bool = False

    @classmethod
    def of(cls, evidence: PitchEvidence | None, pitch: Pitch, painted: Painted) -> Places:
        """Return the places of a frame's evidence.

        Raises:
            SettingError: a name is not on this pitch.
        """
        if evidence is None or not len(evidence):
            return cls.on_parts(np.empty((0, 2)), np.empty(0), np.empty(0, np.int64), painted)
        points, part = np.zeros((len(evidence), 3)), np.full(len(evidence), -1)
        for row, place in enumerate(evidence.places):
            point: Sequence[float] | None = None if isinstance(place, str) else place
            if isinstance(place, str):
                if place in pitch.keypoints:
                    point = pitch.keypoints[place]
                elif place in painted.names:
                    part[row] = painted.names.index(place)
                else:
                    raise SettingError(f"frame {evidence.frame + 1}: {pitch.name} has no {place!r}")
            if point is not None:
                points[row, : len(point)] = point
        weight = evidence.confidence / evidence.sigma**2
        return cls(points, evidence.pixels, weight, part, painted, evidence.by_hand)

    @classmethod
    def on_parts(cls, pixels: Floats, weight: Floats, part: npt.NDArray[np.int64], painted: Painted) -> Places:
        """Return places that are anywhere on their lines and arcs, numbered as in `Painted.names`."""
        return cls(np.zeros((len(pixels), 3)), pixels, weight, part, painted)

    def __len__(self) -> int:
        return len(self.points)

    def equations(
        self, shared: Floats, view: Floats, size: tuple[int, int], *, with_shared: bool = False
    ) -> tuple[Floats, Floats]:
        """Return the normal equations of the places: matrix and right side."""
        count = 2 * VIEW if with_shared else VIEW
        if not len(self):
            return np.zeros((count, count)), np.zeros(count)
        points, normals = self._nearest(shared, view, size)
        pixels, jacobian = slopes(shared, view, points, (size[0] / 2, size[1] / 2), with_shared=with_shared)
        off = self.pixels - pixels
        on = self.part >= 0
        across = (normals * off).sum(1)
        distance = np.where(on, np.abs(across), np.linalg.norm(off, axis=1)) * np.sqrt(self.weight)
        weight = self.weight * np.minimum(1.0, _HUBER / np.maximum(distance, 1e-9))
        slope = (normals[:, None] @ jacobian)[:, 0]
        points_only, curves_only = weight * ~on, weight * on
        lhs = np.einsum("n,nij,nik->jk", points_only, jacobian, jacobian) + (slope * curves_only[:, None]).T @ slope
        rhs = np.einsum("n,nij,ni->j", points_only, jacobian, off) + slope.T @ (curves_only * across)
        return lhs, rhs

    def errors(self, shared: Floats, view: Floats, size: tuple[int, int]) -> Floats:
        """Return how far each place is from where the view sees it, in pixels, (N,)."""
        points, normals = self._nearest(shared, view, size)
        (pixels,), _ = project(shared, view[None], points, (size[0] / 2, size[1] / 2))
        off = self.pixels - pixels
        return np.asarray(np.where(self.part >= 0, np.abs((normals * off).sum(1)), np.linalg.norm(off, axis=1)))

    def _nearest(self, shared: Floats, view: Floats, size: tuple[int, int]) -> tuple[Floats, Floats]:
        """Return the points, those of curves nearest to their pixels, and the normals of the curves, (N, 2)."""
        points, normals = self.points.copy(), np.zeros((len(self), 2))
        parts = np.unique(self.part[self.part >= 0]).tolist()
        if not parts:
            return points, normals
        seen = Sight.of(shared, view, self.painted.points, (size[0] / 2, size[1] / 2))
        ahead = seen.depth > 0.5
        every = np.where(ahead[:, None], seen.pixels, _FAR)
        for part in parts:
            rows, curve = np.flatnonzero(self.part == part), np.flatnonzero(self.painted.part == part)
            x, y = every[curve].T
            best = (np.square(self.pixels[rows, :1] - x) + np.square(self.pixels[rows, 1:] - y)).argmin(1)
            ends = [curve[np.clip(best + step, 0, len(curve) - 1)] for step in (1, -1)]
            best = curve[best]
            first, last = (np.where(ahead[end], end, best) for end in ends)
            way = every[first] - every[last]
            way = way / np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)[:, None]
            points[rows], normals[rows] = self.painted.points[best], np.column_stack([-way[:, 1], way[:, 0]])
        return points, normals
