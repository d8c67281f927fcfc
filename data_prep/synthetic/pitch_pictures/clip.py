"""Clips of a stadium: one camera that pans and zooms from a fixed place, with cuts to other pictures and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from data_prep.synthetic.pitch_pictures import finish, others
from data_prep.synthetic.pitch_pictures.picture import SIZE, PitchPicture, enough_seen, paint_view
from data_prep.synthetic.pitch_pictures.stadium import stadium
from data_prep.synthetic.pitch_pictures.views import PitchView, sample_view
from sportstrack.pitch import Camera

RATE = 25.0
AWAY = 25  # frames of a close-up between two shots of the camera


def render_clip(
    seed: int, index: int, frames: int, size: tuple[int, int] = SIZE, *, returns: int = 0
) -> Iterator[tuple[int, PitchPicture]]:
    """Yield (shot, picture) of each frame; pictures of another kind between two shots have no view.

    Args:
        seed: of the stadium, as in `render_picture`.
        index: of the clip in this stadium.
        frames: of each shot of the camera.
        size: (width, height) in pixels.
        returns: times that a close-up follows and the camera comes back, from the same place, looking elsewhere.
    """
    rng = np.random.default_rng([seed, index, 10])
    place = stadium(seed)
    view = sample_view(rng, place.pitch, size)
    for shot in range(returns + 1):
        if shot:
            yield from _other(rng, size, 2 * shot - 1)
        path = _path(rng, view, elsewhere=shot > 0)
        while not (enough_seen(path[0]) and enough_seen(path[1])):
            view = view if shot else sample_view(rng, place.pitch, size)
            path = _path(rng, view, elsewhere=shot > 0)
        for frame in range(frames):
            here = replace(path[0], camera=_between(path[0].camera, path[1].camera, frame / max(1, frames - 1)))
            rngs = [np.random.default_rng([seed, index, 11, stream]) for stream in range(4)]
            yield 2 * shot, paint_view(here, place, rngs, seconds=frame / RATE + 20 * shot, number=frame)


def _other(rng: np.random.Generator, size: tuple[int, int], shot: int) -> Iterator[tuple[int, PitchPicture]]:
    """Yield a picture without a pitch that moves a little."""
    wide = (int(size[0] * 1.1), int(size[1] * 1.1))
    image = others.other_picture(rng, wide)
    for frame in range(AWAY):
        x, y = 2 * frame % (wide[0] - size[0]), frame % (wide[1] - size[1])
        part = np.ascontiguousarray(image[y : y + size[1], x : x + size[0]])
        picture = finish.develop(part, np.random.default_rng(shot), frame)
        yield shot, PitchPicture(picture, None, np.zeros(part.shape[:2], np.uint8))


def _path(rng: np.random.Generator, view: PitchView, *, elsewhere: bool) -> tuple[PitchView, PitchView]:
    """Return where a shot begins and where it ends: two views from one place."""
    half = np.array([view.pitch.length, view.pitch.width]) / 2
    camera = view.camera
    (aim,) = camera.to_ground([camera.principal])
    if not np.isfinite(aim).all():
        aim = np.zeros(2)
    aim = np.clip(aim, -half, half)
    wide = _distance(camera, aim) / camera.focal
    ends = []
    for moves in (elsewhere, True):
        if moves:
            aim = np.clip(aim + rng.normal(0, (12.0, 4.0)), -0.9 * half, 0.9 * half)
            wide *= float(np.exp(rng.normal(0, 0.2)))
        ends.append(replace(view, camera=_towards(camera, aim, wide)))
    return ends[0], ends[1]


def _distance(camera: Camera, aim: np.ndarray) -> float:
    return float(np.linalg.norm(np.subtract((*aim, 0.0), camera.centre)))


def _towards(camera: Camera, aim: np.ndarray, wide: float) -> Camera:
    """Return the camera turned to a place on the ground, with a pixel as wide there as ``wide`` metres."""
    ahead = aim - camera.centre[:2]
    tilt = np.degrees(np.arctan2(camera.centre[2], np.hypot(*ahead)))
    pan = np.degrees(np.arctan2(ahead[0], -ahead[1]))
    return replace(camera, pan=float(pan), tilt=float(tilt), focal=_distance(camera, aim) / wide)


def _between(a: Camera, b: Camera, part: float) -> Camera:
    """Return a camera on the way from one to the other, which starts and stops softly."""
    t = part * part * (3 - 2 * part)
    turn = (b.pan - a.pan + 180) % 360 - 180
    return replace(
        a,
        pan=float(a.pan + t * turn),
        tilt=float(a.tilt + t * (b.tilt - a.tilt)),
        focal=float(np.exp(np.log(a.focal) * (1 - t) + np.log(b.focal) * t)),
    )
