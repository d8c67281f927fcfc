"""Lines that are off alike in all frames: more frames do not help, and the told error says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from sportstrack import Camera
from sportstrack.pitch.clip.alike import alike, pulled
from sportstrack.pitch.clip.fit import fit_clip
from sportstrack.pitch.clip.joint import Joint, Key, fit_joint
from sportstrack.pitch.clip.model import Painted, in_view, pair
from sportstrack.pitch.clip.places import Places
from sportstrack.pitch.clip.views import shared_of, view_of
from sportstrack.pitch.evidence import SeenFrame
from tests.helpers.seen_clips import FOOTBALL, SIZE, marks_of, pan_and_zoom, seen_by

PAINTED = Painted.of(FOOTBALL)
CAMERAS = pan_and_zoom(60)[4:28]


def shifted(frames: Sequence[SeenFrame], cameras: Sequence[Camera], by: Mapping[int, float]) -> list[SeenFrame]:
    """Frames whose line pixels are so many pixels off across their lines; ``by``: number of the line → pixels."""
    found = []
    for one, camera in zip(frames, cameras, strict=True):
        view = in_view(PAINTED, shared_of(camera), view_of(camera), SIZE)
        pairs, lines = pair(one.lines, view, 4.0), one.lines.copy()
        off = np.array([by.get(part, 0.0) for part in PAINTED.part[view.index[pairs.at]].tolist()])
        lines[pairs.row, :2] += off[:, None] * view.normal[pairs.at]
        found.append(replace(one, lines=lines))
    return found


def joint_of(frames: Sequence[SeenFrame], cameras: Sequence[Camera]) -> Joint:
    nothing = Places.of(None, FOOTBALL, PAINTED)
    keys = tuple(Key(one.frame, view_of(c), one.lines, nothing) for one, c in zip(frames, cameras, strict=True))
    return fit_joint(shared_of(cameras[0]), keys, PAINTED, SIZE, gate=0.006, rounds=8)


@pytest.mark.parametrize("name", ["near_touchline", "far_touchline", "left_goal_line", "right_penalty_area_front"])
def test_a_camera_moves_as_told_where_a_line_is_off(name: str) -> None:
    cameras, line = pan_and_zoom(24)[::6], PAINTED.names.index(name)
    frames = seen_by(cameras, noise=0.1)
    before = joint_of(frames, cameras)
    after = joint_of(shifted(frames, cameras, {line: 0.4}), cameras)
    told = 0.4 * pulled(before, PAINTED, SIZE)[:, line]
    moved = after.shared - before.shared
    assert np.abs(moved[:3]).max() > 0.01
    np.testing.assert_allclose(moved, told, rtol=0.3, atol=0.1 * np.abs(told[:3]).max())


def test_told_errors_hold_where_lines_are_off_alike() -> None:
    pixels, ratios = np.stack(np.meshgrid(np.linspace(60, 1220, 9), np.linspace(200, 700, 6)), -1).reshape(-1, 2), []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        by = dict(enumerate(rng.normal(0, 0.6, len(PAINTED.names)).tolist()))
        seen = shifted(seen_by(CAMERAS, seed=seed), CAMERAS, by)
        track = fit_clip(seen, marks_of(CAMERAS[2], 2, seed=seed, noise=3.0), FOOTBALL, SIZE).track
        for one, camera in zip(track, CAMERAS, strict=True):
            if one.camera is not None:
                truth = camera.to_ground(pixels)
                on = (np.abs(truth) < (52.5, 34)).all(1)
                off = np.linalg.norm(one.camera.to_ground(pixels[on]) - truth[on], axis=1)
                ratios.append(np.median(off) / one.error_m)
    assert len(ratios) > 60
    assert np.median(ratios) < 1.0
    assert np.quantile(ratios, 0.9) < 1.6


def test_worse_lines_tell_a_larger_error() -> None:
    cameras = CAMERAS[::6]
    frames = seen_by(cameras, noise=0.1)
    rng = np.random.default_rng(3)
    told = []
    for scale in (0.0, 1.0):
        by = dict(enumerate((scale * rng.normal(0, 1, len(PAINTED.names))).tolist()))
        joint = joint_of(shifted(frames, cameras, by), cameras)
        found = alike(replace(joint, pulled=pulled(joint, PAINTED, SIZE)), PAINTED, SIZE)
        told.append(np.trace(found[0][1]))
    assert told[1] > 2 * told[0]
