"""The size of a pitch that marks fit best, to tell a user who gave another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.pitch.camera import Camera, Floats
from sportstrack.pitch.marks import Mark, Placed, place_marks
from sportstrack.pitch.model import Line, Pitch, load_pitch
from sportstrack.pitch.solve import all_residuals, pack, pixel_errors, rms, unpack

MOST = 25.0
"""Metres by which a size is changed at most."""
ENOUGH = 6
"""Marks: with fewer, nearly any size fits."""


@dataclass(frozen=True)
class FittedSize:
    """A size of a pitch, and how well it fits.

    Attributes:
        length: in metres.
        width: in metres.
        error_px: root mean square error of the marks in pixels.
    """

    length: float
    width: float
    error_px: float

    @property
    def words(self) -> str:
        """The size in words."""
        return f"a pitch of {self.length:.1f} × {self.width:.1f} m"


def has_sizes(pitch: Pitch) -> bool:
    """Return whether pitches of this sport have many sizes."""
    try:
        load_pitch(pitch.name, pitch.length + 1, pitch.width + 0.5)
    except SettingError:
        return False
    return True


def better_size(marks: Sequence[Mark], pitch: Pitch, camera: Camera) -> FittedSize | None:
    """Return the size that one frame's marks fit best, with any camera; None where the sport has one, or marks are few.

    Places move evenly with length and width, so both are fitted beside the camera by least squares.

    Args:
        marks: of one frame.
        pitch: in the size to begin with.
        camera: to begin with.
    """
    if len(marks) < ENOUGH or not has_sizes(pitch):
        return None
    from scipy.optimize import least_squares

    longer = place_marks(marks, load_pitch(pitch.name, pitch.length + 1, pitch.width))
    wider = place_marks(marks, load_pitch(pitch.name, pitch.length, pitch.width + 1))
    placed = place_marks(marks, pitch)

    def residuals(x: Floats) -> Floats:
        moved = [_moved(*three, x[-2], x[-1]) for three in zip(placed, longer, wider, strict=True)]
        return all_residuals({0: moved}, unpack(x[:-2], [0], camera.principal))

    x0 = np.concatenate([pack({0: camera}, False), [0.0, 0.0]])
    low = np.concatenate([np.full(len(x0) - 2, -np.inf), [-MOST, -MOST]])
    scale = np.array([10.0, 10.0, 10.0, 5.0, 5.0, 5.0, 0.3, 4.0, 4.0])
    done = least_squares(residuals, x0, bounds=(low, -low), x_scale=scale, loss="soft_l1", f_scale=3.0, max_nfev=200)
    length, width = (float(v) for v in done.x[-2:])
    moved = [_moved(*three, length, width) for three in zip(placed, longer, wider, strict=True)]
    error = rms(pixel_errors(unpack(done.x[:-2], [0], camera.principal)[0], moved))
    return FittedSize(pitch.length + length, pitch.width + width, error)


def _moved(one: Placed, longer: Placed, wider: Placed, length: float, width: float) -> Placed:
    """Return a mark's place on a pitch that is so many metres longer and wider."""

    def blend(a: Sequence[float], b: Sequence[float], c: Sequence[float]) -> tuple[float, ...]:
        first = np.asarray(a)
        return tuple((first + length * (np.asarray(b) - first) + width * (np.asarray(c) - first)).tolist())

    if one.point is not None and longer.point is not None and wider.point is not None:
        x, y, height = blend(one.point, longer.point, wider.point)
        return replace(one, point=(x, y, height))
    if one.line is None or longer.line is None or wider.line is None:
        return one
    line: Line = replace(
        one.line,
        start=blend(one.line.start, longer.line.start, wider.line.start),
        end=blend(one.line.end, longer.line.end, wider.line.end),
    )
    return replace(one, line=line)
