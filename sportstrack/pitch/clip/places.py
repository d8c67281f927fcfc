"""Named places of one frame, ready for fits: points, points of straight lines, points of arcs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.model import STEP, Painted
from sportstrack.pitch.clip.views import VIEW, project, slopes
from sportstrack.pitch.evidence import PitchEvidence
from sportstrack.pitch.model import Pitch

_HUBER = 3.0  # standard deviations from which on a place counts less


@dataclass(frozen=True, eq=False)
class Places:
    """Named places of one frame.

    Attributes:
        points: (N, 3) in metres; of a line or an arc the point that was nearest at the last look.
        pixels: (N, 2).
        weight: (N,) confidence over variance.
        curves: N rows: None for a point; for a line or an arc its points (S, 3).
    """

    points: Floats
    pixels: Floats
    weight: Floats
    curves: tuple[Floats | None, ...]

    @classmethod
    def of(cls, evidence: PitchEvidence | None, pitch: Pitch, painted: Painted) -> Places:
        """Return the places of a frame's evidence.

        Raises:
            SettingError: a name is not on this pitch.
        """
        if evidence is None or not len(evidence):
            return cls(np.empty((0, 3)), np.empty((0, 2)), np.empty(0), ())
        points: list[Floats] = []
        curves: list[Floats | None] = []
        for place in evidence.places:
            point, curve = (None, None) if isinstance(place, str) else (place, None)
            if isinstance(place, str):
                if place in pitch.keypoints:
                    point = pitch.keypoints[place]
                elif place in painted.names:
                    curve = painted.points[painted.part == painted.names.index(place)]
                else:
                    raise SettingError(f"frame {evidence.frame + 1}: {pitch.name} has no {place!r}")
            where = curve[0] if curve is not None else np.array([*(point or ()), 0.0][:3])
            points.append(where)
            curves.append(curve)
        return cls(np.array(points), evidence.pixels, evidence.confidence / evidence.sigma**2, tuple(curves))

    def __len__(self) -> int:
        return len(self.points)

    def equations(
        self, shared: Floats, view: Floats, size: tuple[int, int], *, with_shared: bool = False
    ) -> tuple[Floats, Floats]:
        """Return the normal equations of the places: matrix and right side."""
        count = 2 * VIEW if with_shared else VIEW
        lhs, rhs = np.zeros((count, count)), np.zeros(count)
        if not len(self):
            return lhs, rhs
        points, normals = self._nearest(shared, view, size)
        pixels, jacobian = slopes(shared, view, points, (size[0] / 2, size[1] / 2), with_shared=with_shared)
        off = self.pixels - pixels
        for row, normal in enumerate(normals):
            j, r = jacobian[row], off[row]
            if normal is not None:
                j, r = normal[None] @ j, normal[None] @ r
            distance = float(np.linalg.norm(r)) * np.sqrt(self.weight[row])
            weight = self.weight[row] * min(1.0, _HUBER / max(distance, 1e-9))
            lhs += weight * j.T @ j
            rhs += weight * j.T @ r
        return lhs, rhs

    def errors(self, shared: Floats, view: Floats, size: tuple[int, int]) -> Floats:
        """Return how far each place is from where the view sees it, in pixels, (N,)."""
        points, normals = self._nearest(shared, view, size)
        (pixels,), _ = project(shared, view[None], points, (size[0] / 2, size[1] / 2))
        off = self.pixels - pixels
        return np.array(
            [
                abs(float(n @ r)) if n is not None else float(np.linalg.norm(r))
                for n, r in zip(normals, off, strict=True)
            ]
        )

    def _nearest(self, shared: Floats, view: Floats, size: tuple[int, int]) -> tuple[Floats, list[Floats | None]]:
        """Return the points, those of curves nearest to their pixels, and normals (2,) for these."""
        points = self.points.copy()
        normals: list[Floats | None] = [None] * len(self)
        principal = (size[0] / 2, size[1] / 2)
        for row, curve in enumerate(self.curves):
            if curve is None:
                continue
            (pixels,), (depth,) = project(shared, view[None], curve, principal)
            distance = np.where(depth > 0.5, np.linalg.norm(pixels - self.pixels[row], axis=1), np.inf)
            best = int(distance.argmin())
            near = slice(max(0, best - 1), best + 2)
            way = pixels[near][-1] - pixels[near][0]
            way = way / max(float(np.linalg.norm(way)), 1e-9)
            points[row], normals[row] = curve[best], np.array([-way[1], way[0]])
        return points, normals


__all__ = ["STEP", "Places"]
