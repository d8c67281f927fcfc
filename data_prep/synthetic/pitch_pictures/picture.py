"""One picture of a football pitch, with its camera and where each line is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic.pitch_pictures import finish, others, paint, people
from data_prep.synthetic.pitch_pictures.stadium import Arena, stadium
from data_prep.synthetic.pitch_pictures.views import PitchView, sample_view
from sportstrack.types import Image

SIZE = (512, 288)
OTHER_SHARE = 0.12  # of pictures without a pitch


@dataclass(frozen=True)
class PitchPicture:
    """A picture and its truth.

    Attributes:
        image: (H, W, 3) uint8, BGR.
        view: camera and pitch; None where no pitch is to be found.
        hidden: (H, W) uint8, 255 where overlays or things before the lens hide the ground.
    """

    image: Image
    view: PitchView | None
    hidden: NDArray[np.uint8]


def render_picture(seed: int, index: int, size: tuple[int, int] = SIZE, *, others_too: bool = True) -> PitchPicture:
    """Return one picture.

    Args:
        seed: of the stadium: pitch, turf, paint, stands, boards. Seeds from 1000 on are for tests, never for training.
        index: of the picture in this stadium: camera, light, people, weather, overlays, compression.
        size: (width, height) in pixels.
        others_too: some pictures are close-ups, crowds, studios and other sports.
    """
    rng = np.random.default_rng([seed, index, 9])
    if rng.random() < OTHER_SHARE and others_too:
        image = np.ascontiguousarray(others.other_picture(rng, size))
        hidden = finish.paint_overlays(image, rng)
        return PitchPicture(finish.develop(image, rng), None, hidden)
    place = stadium(seed)
    view = sample_view(rng, place.pitch, size)
    while not enough_seen(view):
        view = sample_view(rng, place.pitch, size)
    return paint_view(view, place, [rng] * 4)


def paint_view(
    view: PitchView, place: Arena, rngs: Sequence[np.random.Generator], *, seconds: float = 0.0, number: int = 0
) -> PitchPicture:
    """Return what a camera sees.

    Args:
        view: the camera.
        place: the stadium.
        rngs: four generators: of light and ground, of people, of what is before the lens, and of what is done to the
            picture. Equal ones give equal scenes, whatever the camera sees of them.
        seconds: since the first frame of a clip.
        number: which frame of the clip it is.
    """
    ground, crowd, front, lens = rngs
    image = np.empty((view.size[1], view.size[0], 3), np.uint8)
    drawn = _for_drawing(view)
    light = paint.light_on_ground(ground, place)
    lit = paint.paint_place(image, drawn, place, light, ground)
    strokes = [*place.extra, *paint.model_strokes(drawn, place, ground)]
    paint.paint_strokes(image, drawn, strokes, lit, place.wear, int(ground.integers(16)))
    paint.paint_goals(image, drawn, ground)
    people.paint_people(image, drawn, crowd, seconds)
    hidden = np.zeros(image.shape[:2], np.uint8)
    if view.kind != "goal":
        hidden = people.paint_foreground(image, drawn, front)
    hidden = np.maximum(hidden, finish.paint_overlays(image, front))
    return PitchPicture(finish.develop(image, lens, number), view, hidden)


def _for_drawing(view: PitchView) -> PitchView:
    """Return a view in OpenCV's coordinates, in which whole numbers are the middles of pixels, not their borders."""
    x, y = view.camera.principal
    return replace(view, camera=replace(view.camera, principal=(x - 0.5, y - 0.5)))


def enough_seen(view: PitchView, least: float = 14.0) -> bool:
    """Tell whether the camera sees the ground at a sensible scale and some metres of line."""
    points = np.concatenate([part.points(1.0) for part in view.pitch.parts])
    pixels = view.camera.project(points)
    inside = np.isfinite(pixels).all(1) & (pixels >= 0).all(1) & (pixels < view.size).all(1)
    return bool(inside.sum() >= least)
