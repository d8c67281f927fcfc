"""What a synthetic sequence is made of: its settings, its identities and the truth about one frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import SettingError
from sportstrack.limits import MAX_FRAMES
from sportstrack.masks import Masks
from sportstrack.options import check_options, option

PITCH_LENGTH, PITCH_WIDTH = 105.0, 68.0  # metres, the size that UEFA asks for

CLASSES = ("player", "goalkeeper", "referee", "ball")
PLAYER, GOALKEEPER, REFEREE, BALL = range(4)

N_PEOPLE = 23  # 0-9 left team, 10-19 right team, 20 and 21 goalkeepers, 22 referee
BALL_ID = N_PEOPLE + 1

# Random streams: each part of the scene draws from its own, so that a change of one setting leaves the others alone.
STREAM_KITS, STREAM_MATCH, STREAM_CAMERA, STREAM_STADIUM, STREAM_LIGHT, STREAM_NOISE, STREAM_BYSTANDERS = range(7)
STREAM_VARIED, STREAM_LIGHTING = 7, 8

FIRST_TEST_SEED = 1000
"""Sequences with varied kits and this seed or a greater one are for testing: nothing is trained or tuned on them."""

Array = NDArray[np.float64]
Colour = tuple[float, float, float]  # BGR, 0...255


KITS = ("plain", "varied")
DARK = ("dusk", "floodlight", "night")
LIGHTINGS = ("even", "varied", *DARK)
SURFACES = ("grass", "parquet", "ice", "sand")
VIEWS = {
    "main": (0.5, (29.0, 46.0)),
    "side": (0.2, (30.0, 50.0)),
    "close": (0.12, (55.0, 85.0)),
    "reverse": (0.1, (30.0, 48.0)),
    "goal": (0.08, (32.0, 52.0)),
}
"""Viewpoint → chance for a first shot, and zoom range in pixels per metre at the point looked at."""


@dataclass(frozen=True)
class Settings:
    """Everything that decides a sequence: equal settings give equal pixels and equal labels.

    Attributes:
        seed: same seed, same random choices.
        frames: frames per sequence.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        frame_rate: frames per second.
        crowding: 0 keeps players in their formation, 1 draws all to the ball.
        camera_speed: 0 is a fixed camera, 1 follows the ball, 3 is hectic.
        light_change: 0 is constant light, 1 has clouds and a camera that searches for its exposure.
        cuts: shot changes to another viewpoint or zoom.
        view: viewpoint of the first shot; None is drawn from the seed.
        motion_blur: share of the frame time for which the shutter is open.
        noise: standard deviation of the sensor's noise, in grey levels.
        shadows: draw shadows.
        surface: what the field is made of.
        kits: plain (easy to tell apart) or varied (as different, and as alike, as real ones).
        lighting: even; varied: shadows over a part of the pitch, pools of floodlight, a cast of colour; dusk,
            floodlight or night. The last three have the noise of a sensor that gets little light.
        bystanders: people off the field, in the stands and on the camera's side; they are no objects of the truth.
        hidden: ids that take part but are not drawn.

    Raises:
        SettingError: a value out of range.
    """

    seed: int = option(0, "same seed, same random choices", low=0)
    frames: int = option(250, "frames per sequence", low=1, high=MAX_FRAMES, metavar="N")
    width: int = option(1280, "of the picture, in pixels", low=64, high=7680)
    height: int = option(720, "of the picture, in pixels", low=64, high=4320)
    frame_rate: float = option(25.0, "frames per second", low=1, high=240, metavar="FPS")
    crowding: float = option(
        0.4, "0 keeps players in their formation, 1 draws all to the ball", low=0, high=1, metavar="0..1"
    )
    camera_speed: float = option(
        1.0, "0 is a fixed camera, 1 follows the ball, 3 is hectic", low=0, high=3, metavar="0..3"
    )
    light_change: float = option(
        0.2, "0 is constant light, 1 has clouds and a camera that searches for its exposure", low=0, high=1,
        metavar="0..1",
    )  # fmt: skip
    cuts: int = option(0, "shot changes to another viewpoint or zoom", low=0, high=MAX_FRAMES, metavar="N")
    view: str | None = option(None, "viewpoint of the first shot", choices=tuple(VIEWS), shown="drawn from the seed")
    motion_blur: float = option(0.35, "share of the frame time for which the shutter is open", low=0, high=1)
    noise: float = option(2.0, "standard deviation of the sensor's noise, in grey levels", low=0, high=50)
    shadows: bool = option(True, "draw shadows")
    surface: str = option("grass", "what the field is made of", choices=SURFACES)
    kits: str = option(
        "plain", "plain (easy to tell apart) or varied (as different, and as alike, as real ones)",
        choices=KITS,
    )  # fmt: skip
    lighting: str = option(
        "even",
        "even; varied: shadows over a part of the pitch, pools of floodlight, a cast of colour; dusk, floodlight or "
        "night",
        choices=LIGHTINGS,
    )
    bystanders: int = option(
        0, "people off the field, in the stands and on the camera's side", low=0, high=80, metavar="N"
    )
    hidden: tuple[int, ...] = option((), "ids that take part but are not drawn")

    def __post_init__(self) -> None:
        check_options(self)
        if 2 * self.cuts > max(0, self.frames - 1):
            raise SettingError(f"cuts: expected at most half of the {self.frames} frames, got {self.cuts}")

    def rng(self, stream: int) -> np.random.Generator:
        """The generator of one random stream of this sequence."""
        return np.random.default_rng([self.seed, stream])


@dataclass(frozen=True)
class Participant:
    """One person or the ball through the whole sequence."""

    track_id: int
    class_id: int  # index into CLASSES
    team: str  # "left", "right" or "" (referee, ball)
    number: int | None  # on the shirt


@dataclass(frozen=True)
class FrameTruth:
    """What is in one frame: parallel arrays, one row per object that touches the image, sorted by id."""

    frame: int  # from 0
    shot: int  # counts shot changes from 0
    track_id: NDArray[np.int64]  # (N,) 1 ... 24
    class_id: NDArray[np.int64]  # (N,) index into CLASSES
    xyxy: Array  # (N, 4) pixels: the whole body, hidden parts included, clipped to the image
    visibility: Array  # (N,) 0 ... 1: share of the object's pixels that are seen, neither covered nor outside
    pitch_xy: Array  # (N, 2) metres from the centre spot: x along the pitch, y away from the main stand
    camera: Array  # (3, 4) projection: metres (x, y, z, 1) to homogeneous pixels
    bystander_xyxy: Array = field(default_factory=lambda: np.empty((0, 4)))  # (K, 4) pixels, of people off the field
    number_xyxy: Array = field(default_factory=lambda: np.empty((0, 4)))  # (N, 4) pixels, the digits' box; NaN: none
    number_visibility: Array = field(default_factory=lambda: np.empty(0))  # (N,) 0 ... 1: share of that box seen
    number_facing: Array = field(default_factory=lambda: np.empty(0))  # (N,) cosine: 1 if the digits face the lens
    visible: Masks | None = None  # N masks of the pixels that are seen; they share none. None if not asked for
    whole: Masks | None = None  # N masks of the whole body, hidden pixels included, within the image


def identities(settings: Settings) -> tuple[Participant, ...]:
    """The 24 identities in the order of their ids, shirt numbers drawn from the seed."""
    rng = settings.rng(STREAM_KITS)
    rows = []
    varied = settings.kits == "varied"
    choice = np.arange(2, 100 if varied else 30)
    chance = np.where(choice < 30, 4.0, 1.0)  # low numbers are the usual ones
    for team, side in enumerate(("left", "right")):
        numbers = rng.choice(choice, 10, replace=False, p=chance / chance.sum() if varied else None)
        rows += [Participant(10 * team + i + 1, PLAYER, side, int(n)) for i, n in enumerate(numbers)]
    for track_id, side in ((21, "left"), (22, "right")):
        taken = {row.number for row in rows if row.team == side}
        free = [number for number in (1, 12, 13, 23, 31, 99) if number not in taken]
        rows.append(Participant(track_id, GOALKEEPER, side, int(rng.choice(free)) if varied else 1))
    rows += [Participant(23, REFEREE, "", None), Participant(BALL_ID, BALL, "", None)]
    return tuple(rows)
