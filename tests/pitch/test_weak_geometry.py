"""Marks and lines of the centre circle alone tell a camera badly: it is refused, or its error is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from sportstrack import Camera, fit_camera
from sportstrack.errors import SettingError
from sportstrack.pitch.clip.fit import fit_clip
from sportstrack.pitch.evidence import SeenFrame
from tests.helpers.seen_clips import FOOTBALL, MIDDLE, SIZE, marks_of, seen_by

CIRCLE = ("centre_spot", "near_centre_circle_halfway", "far_centre_circle_halfway", "right_centre_circle_side",
          "left_centre_circle_side", "near_halfway")  # fmt: skip
CAMERAS = [Camera((1.0, 71.0, 9.5), 2.0 + 0.1 * k, 10.0, 0.2, 1900.0, MIDDLE, -0.06) for k in range(12)]


def off(camera: Camera, truth: Camera) -> float:
    """Metres on the pitch in view, at the median."""
    pixels = np.stack(np.meshgrid(np.linspace(60, 1220, 9), np.linspace(150, 700, 7)), -1).reshape(-1, 2)
    places = truth.to_ground(pixels)
    on = (np.abs(places) < (52.5, 34)).all(1)
    return float(np.median(np.linalg.norm(camera.to_ground(pixels[on]) - places[on], axis=1)))


@pytest.mark.parametrize("height", [6.0, 9.5, 16.0])
def test_marks_on_the_circle_say_how_little_they_tell(height: float) -> None:
    truth = replace(CAMERAS[0], centre=(1.0, 71.0, height), tilt=np.degrees(np.arctan2(height, 66.0)), distortion=0.0)
    pixels, ratios = np.array([(640.0, 400.0), (300.0, 300.0), (1000.0, 300.0), (640.0, 250.0)]), []
    for seed in range(5):
        try:
            fit = fit_camera(marks_of(truth, 0, CIRCLE, seed=seed)[0].marks(), FOOTBALL, SIZE)
        except SettingError:
            continue
        told = float(np.median(fit.ground_error(1, pixels, 0.0)))
        ratios.append(off(fit.cameras[1], truth) / told)
    assert not ratios or np.sqrt(np.mean(np.square(ratios))) < 2.5


def only_circle(frames: Sequence[SeenFrame]) -> list[SeenFrame]:
    return [replace(one, lines=one.lines[(one.lines[:, 1] > 235) & (one.lines[:, 1] < 420)]) for one in frames]


@pytest.mark.parametrize("seed", range(3))
def test_lines_of_the_circle_say_how_little_they_tell(seed: int) -> None:
    seen = only_circle(seen_by(CAMERAS, seed=seed))
    try:
        fit = fit_clip(seen, marks_of(CAMERAS[2], 2, CIRCLE, seed=seed), FOOTBALL, SIZE)
    except SettingError:
        return
    for one in fit.track:
        if one.camera is not None:
            assert off(one.camera, CAMERAS[one.frame]) < 3.0 * one.error_m + 0.2
