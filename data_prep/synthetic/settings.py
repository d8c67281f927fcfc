"""What a synthetic sequence is made of: its settings, its identities and the truth about one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import SportstrackError

PITCH_LENGTH, PITCH_WIDTH = 105.0, 68.0  # metres, the size that UEFA asks for

CLASSES = ("player", "goalkeeper", "referee", "ball")
PLAYER, GOALKEEPER, REFEREE, BALL = range(4)

N_PEOPLE = 23  # 0-9 left team, 10-19 right team, 20 and 21 goalkeepers, 22 referee
BALL_ID = N_PEOPLE + 1

# Random streams: each part of the scene draws from its own, so that changing one knob leaves the others alone.
STREAM_KITS, STREAM_MATCH, STREAM_CAMERA, STREAM_STADIUM, STREAM_LIGHT, STREAM_NOISE = range(6)

Array = NDArray[np.float64]
Colour = tuple[float, float, float]  # BGR, 0...255


@dataclass(frozen=True)
class Settings:
    """Everything that decides a sequence: equal settings give equal pixels and equal labels."""

    seed: int = 0
    frames: int = 250
    width: int = 1280
    height: int = 720
    fps: float = 25.0
    crowding: float = 0.4  # 0 = players keep their formation ... 1 = all swarm round the ball
    camera_speed: float = 1.0  # 0 = fixed camera ... 1 = follows the ball ... 3 = hectic
    light_change: float = 0.2  # 0 = constant ... 1 = clouds and a camera that hunts for its exposure
    cuts: int = 0  # hard cuts to another viewpoint or zoom
    view: str | None = None  # the first shot's viewpoint: one of VIEWS; None = drawn from the seed
    motion_blur: float = 0.35  # share of the frame time for which the shutter is open
    noise: float = 2.0  # standard deviation of the sensor's noise, grey levels
    shadows: bool = True
    hidden: tuple[int, ...] = ()  # ids that take part but are not drawn

    def __post_init__(self) -> None:
        """Refuse impossible values; SportstrackError names the setting."""
        self._check("seed", self.seed >= 0, "0 or more")
        self._check("frames", self.frames >= 1, "1 or more")
        self._check("width", 64 <= self.width <= 7680, "64 to 7680 pixels")
        self._check("height", 64 <= self.height <= 4320, "64 to 4320 pixels")
        self._check("fps", 1 <= self.fps <= 240, "1 to 240 frames/s")
        self._check("crowding", 0 <= self.crowding <= 1, "0 to 1")
        self._check("camera_speed", 0 <= self.camera_speed <= 3, "0 to 3")
        self._check("light_change", 0 <= self.light_change <= 1, "0 to 1")
        self._check("cuts", 0 <= 2 * self.cuts <= max(0, self.frames - 1), "0 to half the frames")
        self._check("motion_blur", 0 <= self.motion_blur <= 1, "0 to 1")
        self._check("noise", 0 <= self.noise <= 50, "0 to 50 grey levels")

        self._check("view", self.view is None or self.view in VIEWS, f"one of {', '.join(VIEWS)}")

    def _check(self, name: str, valid: bool, wanted: str) -> None:
        if not valid:
            raise SportstrackError(f"synthetic: {name} is {getattr(self, name)!r}, must be {wanted}")

    def rng(self, stream: int) -> np.random.Generator:
        """The generator of one random stream of this sequence."""
        return np.random.default_rng([self.seed, stream])


@dataclass(frozen=True)
class Identity:
    """One person or the ball through the whole sequence."""

    track_id: int
    class_id: int  # index into CLASSES
    team: str  # "left", "right" or "" (referee, ball)
    number: int | None  # on the shirt


@dataclass(frozen=True)
class FrameTruth:
    """What is in one frame: parallel arrays, one row per object that touches the image, sorted by id."""

    frame: int  # from 0
    shot: int  # counts hard cuts from 0
    track_id: NDArray[np.int64]  # (N,) 1 ... 24
    class_id: NDArray[np.int64]  # (N,) index into CLASSES
    xyxy: Array  # (N, 4) pixels: the whole body, hidden parts included, clipped to the image
    visibility: Array  # (N,) 0 ... 1: share of the object's pixels that are seen, neither covered nor outside
    pitch_xy: Array  # (N, 2) metres from the centre spot: x along the pitch, y away from the main stand
    camera: Array  # (3, 4) projection: metres (x, y, z, 1) to homogeneous pixels


def identities(settings: Settings) -> tuple[Identity, ...]:
    """The 24 identities in the order of their ids, shirt numbers drawn from the seed."""
    rng = settings.rng(STREAM_KITS)
    rows = []
    for team, side in enumerate(("left", "right")):
        numbers = rng.choice(np.arange(2, 30), 10, replace=False)
        rows += [Identity(10 * team + i + 1, PLAYER, side, int(n)) for i, n in enumerate(numbers)]
    rows += [Identity(21, GOALKEEPER, "left", 1), Identity(22, GOALKEEPER, "right", 1)]
    rows += [Identity(23, REFEREE, "", None), Identity(BALL_ID, BALL, "", None)]
    return tuple(rows)


# name: (chance for a first shot, zoom range in pixels per metre at the point looked at)
VIEWS = {
    "main": (0.5, (29.0, 46.0)),
    "side": (0.2, (30.0, 50.0)),
    "close": (0.12, (55.0, 85.0)),
    "reverse": (0.1, (30.0, 48.0)),
    "goal": (0.08, (32.0, 52.0)),
}
