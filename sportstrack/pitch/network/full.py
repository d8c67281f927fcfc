"""A camera of the network beside the line pixels of the full picture: how well they agree, and the camera they tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.pitch.camera import Camera, Floats
from sportstrack.pitch.clip.errors import errors, ground_in_view, on_pitch
from sportstrack.pitch.clip.joint import Joint, Key, fit_joint, frame_covariance
from sportstrack.pitch.clip.model import Painted, in_view, support
from sportstrack.pitch.clip.places import Places
from sportstrack.pitch.clip.step import GATES
from sportstrack.pitch.clip.views import camera_of, shared_of, view_of
from sportstrack.pitch.model import Pitch

HANDED_ON = 20
"""Places of one frame that are handed on with its camera."""
SPREAD = 0.012
"""Of the width: the error that they are handed on with. They begin a shot; its lines refine it."""
WIDE = (2.0, 1.0)
"""Gates for line pixels, round by round, in the narrowest one of a clip."""


@dataclass(frozen=True, eq=False)
class NamedPlaces:
    """Pixels (N, 2), their places (N, 2) in metres, and how sure each is (N,), 0…1."""

    pixels: Floats
    places: Floats
    confidence: Floats


NONE_NAMED = NamedPlaces(np.empty((0, 2)), np.empty((0, 2)), np.empty(0))


@dataclass(frozen=True, eq=False)
class LinesSeen:
    """A camera and the line pixels.

    Attributes:
        camera: without distortion.
        on: part of the painted lines in view beside which line pixels are.
        explained: part of the line pixels on the pitch that are on painted lines.
        error_m: of the ground in view, at the median, in metres.
    """

    camera: Camera
    on: float
    explained: float
    error_m: float


class FullPicture:
    """The line pixels of one frame.

    Args:
        pitch: the model.
        size: (width, height) of the frame.
        lines: (N, 3) as in `SeenFrame`.
    """

    def __init__(self, pitch: Pitch, size: tuple[int, int], lines: Floats) -> None:
        self._pitch, self._size, self._lines = pitch, size, lines
        self._painted = Painted.of(pitch)

    def look(self, camera: Camera, named: NamedPlaces) -> LinesSeen:
        """Return how well a camera agrees, as it is."""
        shared, view = shared_of(camera), view_of(camera)
        return self._seen(Joint(shared, np.eye(4), (self._key(shared, view, named),)))

    def refine(self, camera: Camera, named: NamedPlaces) -> LinesSeen | None:
        """Return the camera near one that the line pixels tell; None without any, or where they tell none."""
        shared, view = shared_of(camera), view_of(camera)
        key = self._key(shared, view, named)
        if not len(key.lines):
            return None
        try:
            for wide in WIDE:
                joint = fit_joint(
                    shared, (key,), self._painted, self._size, gate=wide * GATES[0], rounds=6, distortion=False
                )
                shared, view = joint.shared, joint.keys[0].view
                key = self._key(shared, view, named)
            found = self._seen(Joint(shared, joint.covariance, (key,)))
        except (np.linalg.LinAlgError, SettingError):  # it tells none
            return None
        return found if found.camera.centre[2] > 0.5 else None

    def _key(self, shared: Floats, view: Floats, named: NamedPlaces) -> Key:
        n = len(named.pixels)
        weight = named.confidence / (SPREAD * self._size[0]) ** 2
        points = np.column_stack([named.places, np.zeros(n)])
        places = Places(points, named.pixels, weight, np.full(n, -1), self._painted)
        return Key(0, view, on_pitch(self._pitch, shared, view, self._lines, self._size), places)

    def _seen(self, joint: Joint) -> LinesSeen:
        (key,), size = joint.keys, self._size
        at = in_view(self._painted, joint.shared, key.view, size)
        _, on, explained = support(key.lines, at, size)
        covariance = frame_covariance(joint, key, self._painted, size, gate=GATES[0])
        ground = ground_in_view(joint.shared, key.view, self._pitch, size)
        error_m = errors(joint.shared, key.view, covariance, ground, size)[1]
        return LinesSeen(camera_of(joint.shared, key.view, (size[0] / 2, size[1] / 2)), on, explained, error_m)
